//! Prints, classical features and epochs of a run in one file that other programs open.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use polars::prelude::{CsvWriter, KeyValueMetadata, ParquetWriter, SerWriter};
use twinprint_store::RowInfo;
use twinprint_store::export::{EpochShape, ExportWriter, Table};

use super::columns::{Numbers, frame};
use super::options::{ExportOptions, Exported, Format};
use super::source::Source;
use super::weights::WEIGHTS_HASH;
use crate::ForeignError;

/// Writes the file; it appears under its name only when it is complete. Memory holds some hundred rows, and whose all are.
///
/// # Errors
/// When the run is not complete, nothing matches, a file is there, or it cannot hold what is asked for.
pub fn export(options: &ExportOptions) -> Result<Exported, ForeignError> {
    let format = options.settle()?;
    let source = Source::open(options)?;
    let columns = source.blocks.iter().map(|block| block.names.len()).sum();
    match format {
        Format::Hdf5 => source.write_hdf5(&options.to)?,
        Format::Parquet => source.write_parquet(&options.to)?,
        Format::Csv => source.write_csv(&options.to)?,
    }
    let weights = source.attributes.get(WEIGHTS_HASH).cloned();
    Ok(Exported { format, rows: source.rows.len(), columns, weights })
}

impl Source {
    fn write_hdf5(&self, path: &Path) -> Result<(), ForeignError> {
        let failed = |error| ForeignError::export(error);
        let tables: Vec<Table> = self
            .blocks
            .iter()
            .map(|block| Table {
                name: block.name.to_owned(),
                columns: block.names.clone(),
                units: block.units.to_owned(),
            })
            .collect();
        let shape = EpochShape {
            channels: self.epochs.channels().to_vec(),
            samples: self.epochs.samples().dim().2,
            rate: self.epochs.rate(),
        };
        let shape = self.with_epochs.then_some(&shape);
        let mut writer = ExportWriter::create(path, &tables, shape, &self.attributes).map_err(failed)?;
        self.each(|tables, epochs, infos| {
            let views: Vec<ArrayView2<'_, f32>> = tables.iter().map(|table| table.view()).collect();
            writer.append(&views, epochs, infos).map_err(failed)
        })?;
        writer.finish().map_err(failed)
    }

    fn write_parquet(&self, path: &Path) -> Result<(), ForeignError> {
        let broken = |source| ForeignError::Table { path: path.to_owned(), source };
        let metadata = self.described().into_iter().collect();
        twinprint_run::folder::write_atomically(path, |file: &mut File| {
            let schema = self.frame(&[], &[])?.schema().clone();
            let mut writer = ParquetWriter::new(file)
                .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
                .batched(&schema)
                .map_err(broken)?;
            self.each(|tables, _, infos| writer.write_batch(&self.frame(tables, infos)?).map_err(broken))?;
            writer.finish().map(drop).map_err(broken)
        })
    }

    /// The table as text, and beside it `NAME.json` with what HDF5 and parquet keep inside.
    fn write_csv(&self, path: &Path) -> Result<(), ForeignError> {
        let broken = |source| ForeignError::Table { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(&self.described())
            .map_err(|error| ForeignError::Request(error.to_string()))?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".json");
        twinprint_run::folder::write_text(Path::new(&beside), &(text + "\n"))?;
        twinprint_run::folder::write_atomically(path, |file: &mut File| {
            let schema = self.frame(&[], &[])?.schema().clone();
            let mut writer = CsvWriter::new(file).include_header(true).batched(&schema).map_err(broken)?;
            self.each(|tables, _, infos| writer.write_batch(&self.frame(tables, infos)?).map_err(broken))?;
            writer.finish().map_err(broken)
        })
    }

    fn frame(
        &self,
        tables: &[Array2<f32>],
        infos: &[RowInfo],
    ) -> Result<polars::prelude::DataFrame, ForeignError> {
        let labels: BTreeSet<&String> = self.infos.iter().flat_map(|info| info.epoch.labels.keys()).collect();
        let labels: Vec<String> = labels.into_iter().cloned().collect();
        let empty: Vec<Array2<f32>> = match tables {
            [] => self.blocks.iter().map(|block| Array2::zeros((0, block.names.len()))).collect(),
            _ => Vec::new(),
        };
        let tables = if tables.is_empty() { &empty } else { tables };
        let numbers: Vec<Numbers<'_>> = self
            .blocks
            .iter()
            .zip(tables)
            .map(|(block, table)| Numbers { names: &block.names, values: table.view() })
            .collect();
        frame(infos, &labels, &numbers)
            .map_err(|source| ForeignError::Table { path: PathBuf::from("the export"), source })
    }

    /// The attributes, with an explanation, for files that have no attributes of their own on columns.
    fn described(&self) -> BTreeMap<String, String> {
        let units: Vec<String> =
            self.blocks.iter().map(|block| format!("{}: {}", block.name, block.units)).collect();
        let readme = format!(
            "One row an epoch. subject, session, recording, start_second (seconds from the recording's start), fold (the fold whose encoder made the print), role (that of the person in that fold) and label_* say whose a row is; print_* are the print's numbers, further columns features named by kind, channel and band. Units: {}. Prints of different folds come from different encoders and cannot be compared.",
            units.join("; ")
        );
        let mut all = self.attributes.clone();
        all.insert("README".to_owned(), readme);
        all.insert("schema".to_owned(), twinprint_store::export::SCHEMA.to_owned());
        all
    }
}
