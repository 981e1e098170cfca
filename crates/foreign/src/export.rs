//! Prints, classical features and epochs of a run in one file that other programs open.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use polars::error::PolarsError;
use polars::prelude::{Column, DataFrame, KeyValueMetadata, ParquetWriter};
use twinprint_run::folder::{write_atomically, write_text};
use twinprint_signal::{RowInfo, Whole};
use twinprint_store::export::{EpochShape, ExportWriter, SCHEMA, Table};
use twinprint_store::prints::WEIGHTS_HASH;

use crate::ForeignError;
use crate::columns::{KEYS, LABEL};
use crate::options::{ExportOptions, Exported, Format};
use crate::source::{Block, Source};

/// What cannot be done with a file that cannot be written.
const UNWRITTEN: &str = "it cannot be written: look whether the disk is full";

/// Writes the file; it appears under its name only when it is complete. Memory holds some hundred rows, and whose all are.
///
/// # Errors
/// When the run is not complete, nothing matches, a file is there, or it cannot hold what is asked for.
///
/// ```
/// use twinprint_foreign::{ExportOptions, export};
/// use twinprint_signal::FoldIndex;
///
/// let options = ExportOptions { fold: Some(FoldIndex(0)), ..ExportOptions::new("reports/eegmat-1a2b3c4d", "features.h5") };
/// match export(&options) {
///     Ok(exported) => println!("{} rows of {} numbers", exported.rows, exported.columns),
///     Err(error) => assert!(error.to_string().contains("eegmat-1a2b3c4d"), "no such run here: {error}"),
/// }
/// ```
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
        let table = |block: &Block| Table {
            name: block.name.to_owned(),
            columns: block.names.clone(),
            units: block.units.to_owned(),
        };
        let tables: Vec<Table> = self.blocks.iter().map(table).collect();
        let shape = EpochShape {
            channels: self.epochs.channels().to_vec(),
            samples: self.epochs.samples().dim().2,
            rate: self.epochs.rate(),
        };
        let shape = self.with_epochs.then_some(&shape);
        let mut writer = ExportWriter::create(path, &tables, shape, &self.attributes)?;
        self.each(|tables, epochs, infos| {
            let views: Vec<ArrayView2<'_, f32>> = tables.iter().map(|table| table.view()).collect();
            Ok(writer.append(&views, epochs, infos)?)
        })?;
        Ok(writer.finish()?)
    }

    fn write_parquet(&self, path: &Path) -> Result<(), ForeignError> {
        let broken = |error: PolarsError| ForeignError::because(path, UNWRITTEN)(Whole(error));
        let metadata = self.described().into_iter().collect();
        write_atomically(path, |file: &mut File| {
            let empty = self.blocks.iter().map(|block| Array2::zeros((0, block.names.len())));
            let schema = self.frame(&empty.collect::<Vec<_>>(), &[]).map_err(broken)?.schema().clone();
            let mut writer = ParquetWriter::new(file)
                .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
                .batched(&schema)
                .map_err(broken)?;
            self.each(|tables, _, infos| {
                let frame = self.frame(tables, infos).map_err(broken)?;
                writer.write_batch(&frame).map_err(broken)
            })?;
            writer.finish().map(drop).map_err(broken)
        })
    }

    /// The table as text, and beside it `NAME.json` with what HDF5 and parquet keep inside.
    fn write_csv(&self, path: &Path) -> Result<(), ForeignError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".json");
        let beside = PathBuf::from(beside);
        let text = serde_json::to_string_pretty(&self.described())
            .map_err(ForeignError::because(&beside, UNWRITTEN))?;
        write_text(&beside, &(text + "\n"))?;
        let broken = |error: csv::Error| ForeignError::because(path, UNWRITTEN)(error);
        let labels = self.labels();
        write_atomically(path, |file: &mut File| {
            let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(file);
            writer.write_record(self.names()).map_err(broken)?;
            self.each(|tables, _, infos| {
                for (row, info) in infos.iter().enumerate() {
                    let key = &*info.epoch.key;
                    let labels: Vec<_> = labels.iter().map(|label| info.epoch.labels.get(*label)).collect();
                    let numbers: Vec<f32> = tables.iter().flat_map(|table| table.row(row)).copied().collect();
                    let start = info.epoch.start.get();
                    writer.serialize((key, start, info.fold, &info.role, labels, numbers)).map_err(broken)?;
                }
                Ok(())
            })?;
            writer.flush().map_err(ForeignError::because(path, UNWRITTEN))
        })
    }

    /// The names of the labels that some row has.
    fn labels(&self) -> BTreeSet<&String> {
        self.infos.iter().flat_map(|info| info.epoch.labels.keys()).collect()
    }

    /// The names of the columns of a table that has all in one: identity, labels, then the numbers of every block.
    fn names(&self) -> Vec<String> {
        let keys = KEYS.map(str::to_owned).into_iter();
        let labels = self.labels().into_iter().map(|label| format!("{LABEL}{label}"));
        keys.chain(labels).chain(self.blocks.iter().flat_map(|block| block.names.iter().cloned())).collect()
    }

    /// Some rows as a table with the columns of [`Source::names`].
    fn frame(&self, tables: &[Array2<f32>], infos: &[RowInfo]) -> Result<DataFrame, PolarsError> {
        let text =
            |of: &dyn Fn(&RowInfo) -> Option<&str>| infos.iter().map(of).collect::<Vec<Option<&str>>>();
        let starts: Vec<f64> = infos.iter().map(|info| info.epoch.start.get()).collect();
        let folds: Vec<Option<u32>> = infos.iter().map(|info| info.fold.map(|fold| fold.0)).collect();
        let mut columns = vec![
            Column::new(KEYS[0].into(), text(&|info| Some(info.epoch.key.subject.as_str()))),
            Column::new(KEYS[1].into(), text(&|info| Some(info.epoch.key.session.as_str()))),
            Column::new(KEYS[2].into(), text(&|info| Some(info.epoch.key.recording.as_str()))),
            Column::new(KEYS[3].into(), starts),
            Column::new(KEYS[4].into(), folds),
            Column::new(KEYS[5].into(), text(&|info| info.role.as_deref())),
        ];
        for label in self.labels() {
            let values = text(&|info| info.epoch.labels.get(label).map(String::as_str));
            columns.push(Column::new(format!("{LABEL}{label}").into(), values));
        }
        for (block, table) in self.blocks.iter().zip(tables) {
            for (name, column) in block.names.iter().zip(table.columns()) {
                columns.push(Column::new(name.as_str().into(), column.to_vec()));
            }
        }
        DataFrame::new_infer_height(columns)
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
        all.insert("schema".to_owned(), SCHEMA.to_owned());
        all
    }
}
