//! Prints, classical features and epochs of a run in one file that other programs open.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ndarray::{Array2, ArrayView2, Axis};
use polars::prelude::{CsvWriter, KeyValueMetadata, ParquetWriter, SerWriter};
use twinprint_encoder::{Compute, Model};
use twinprint_features::{DEFAULT_H_FREQ, DEFAULT_L_FREQ, Feature, View, names};
use twinprint_protocol::Role;
use twinprint_signal::RecordingKey;
use twinprint_store::RowInfo;
use twinprint_store::epochs::EpochFile;
use twinprint_store::export::{EpochShape, ExportWriter, Table};
use twinprint_store::prints::{ENCODER_HASH, PLAN_HASH, PrintFile, VERSION};

use super::columns::{Numbers, frame};
use crate::PipelineError;
use crate::folder::RunFolder;
use crate::gallery::plan_of;

/// What a file of features may hold besides the prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// Logarithm of the power in the usual bands, per channel.
    BandPowers,
    /// Logarithm of the power density at every frequency from 1 to 40 Hz, per channel.
    LogPsd,
    /// The epochs themselves.
    Epochs,
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// HDF5: h5py, MATLAB, Octave, Julia, R.
    Hdf5,
    /// Parquet: pandas, polars, DuckDB, R.
    Parquet,
    /// Text.
    Csv,
}

/// Edges of the usual bands in hertz: delta, theta, alpha, beta, low gamma.
const BANDS: [(f64, f64); 5] = [(1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 40.0)];
/// Rows in memory at a time.
const ROWS: usize = 256;

impl Content {
    const ALL: [(Self, &str); 3] =
        [(Self::BandPowers, "band-powers"), (Self::LogPsd, "log-psd"), (Self::Epochs, "epochs")];
}

impl FromStr for Content {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(_, known)| *known == name);
        known
            .map(|(content, _)| content)
            .ok_or_else(|| format!("{name:?}: choose from band-powers, log-psd, epochs"))
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "hdf5" | "h5" => Ok(Self::Hdf5),
            "parquet" => Ok(Self::Parquet),
            "csv" => Ok(Self::Csv),
            _ => Err(format!("{name:?}: choose from hdf5, parquet, csv")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hdf5 => "HDF5",
            Self::Parquet => "parquet",
            Self::Csv => "CSV",
        })
    }
}

/// What to export and where to.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The run folder.
    pub run: PathBuf,
    /// The file to write.
    pub to: PathBuf,
    /// Its kind; by default what its name ends in.
    pub format: Option<Format>,
    /// What to write besides the prints.
    pub with: Vec<Content>,
    /// Rows of people in these roles; `test` is those the encoder of their fold never saw.
    pub roles: Vec<String>,
    /// Rows of this fold only.
    pub fold: Option<usize>,
    /// Replace a file that is there.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The kind of file.
    pub format: Format,
    /// Rows.
    pub rows: usize,
    /// Columns of numbers, epochs not counted.
    pub columns: usize,
}

/// Writes the file; it appears under its name only when it is complete. Memory holds some hundred rows, and whose all are.
///
/// # Errors
/// When the run is not complete, nothing matches, a file is there, or it cannot hold what is asked for.
pub fn export(options: &ExportOptions) -> Result<Exported, PipelineError> {
    let format = format_of(options)?;
    let source = Source::open(options)?;
    let columns = source.blocks.iter().map(|block| block.names.len()).sum();
    match format {
        Format::Hdf5 => source.write_hdf5(&options.to)?,
        Format::Parquet => source.write_parquet(&options.to)?,
        Format::Csv => source.write_csv(&options.to)?,
    }
    Ok(Exported { format, rows: source.rows.len(), columns })
}

fn format_of(options: &ExportOptions) -> Result<Format, PipelineError> {
    let to = &options.to;
    let ending = to.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let by_name = match ending.as_str() {
        "h5" | "hdf5" => Some(Format::Hdf5),
        other => Format::from_str(other).ok(),
    };
    let format = options.format.or(by_name).ok_or_else(|| {
        PipelineError::Request(format!(
            "--to {}: the name does not say what to write: end it in .h5, .parquet or .csv (or .safetensors for the encoder's weights), or write --format",
            to.display()
        ))
    })?;
    if format != Format::Hdf5 && options.with.contains(&Content::Epochs) {
        return Err(PipelineError::Request(format!(
            "--with epochs: {format} has no place for three axes: write an .h5 file"
        )));
    }
    if to.exists() && !options.force {
        return Err(PipelineError::Request(format!(
            "--to {}: a file is there already: choose another name, or replace it with --force",
            to.display()
        )));
    }
    Ok(format)
}

/// A block of columns of the file.
struct Block {
    name: &'static str,
    units: &'static str,
    names: Vec<String>,
    feature: Option<Feature>,
}

/// The rows to write and where their numbers come from.
struct Source {
    prints: PrintFile,
    epochs: EpochFile,
    /// Rows of the file of prints, and of the file of epochs.
    rows: Vec<(usize, usize)>,
    infos: Vec<RowInfo>,
    blocks: Vec<Block>,
    with_epochs: bool,
    attributes: BTreeMap<String, String>,
}

impl Source {
    fn open(options: &ExportOptions) -> Result<Self, PipelineError> {
        let folder = RunFolder::at(&options.run);
        let missing = |path: PathBuf, error: &dyn fmt::Display| PipelineError::RunFolder {
            path,
            reason: format!("{error}; give a run folder whose `embed` stage is done"),
        };
        let place = folder.path("systems").join("encoder.h5");
        let prints = PrintFile::open(&place).map_err(|error| missing(place, &error))?;
        let place = folder.path("epochs.h5");
        let epochs = EpochFile::open(&place).map_err(|error| missing(place, &error))?;
        let rows = choose(options, &prints, &epochs)?;
        let infos: Vec<RowInfo> = rows.iter().map(|&(row, _)| prints.infos()[row].clone()).collect();
        let blocks = blocks(options, &prints, &epochs)?;
        let attributes = attributes(&folder, &prints, &epochs, &infos)?;
        let with_epochs = options.with.contains(&Content::Epochs);
        Ok(Self { prints, epochs, rows, infos, blocks, with_epochs, attributes })
    }

    /// Calls `write` with some hundred rows at a time: a table a block, epochs where wanted, and whose they are.
    fn each(
        &self,
        mut write: impl FnMut(
            &[Array2<f32>],
            Option<ndarray::ArrayView3<'_, f32>>,
            &[RowInfo],
        ) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        for (rows, infos) in self.rows.chunks(ROWS).zip(self.infos.chunks(ROWS)) {
            let of_prints: Vec<usize> = rows.iter().map(|(row, _)| *row).collect();
            let of_epochs: Vec<usize> = rows.iter().map(|(_, row)| *row).collect();
            let needs_epochs = self.with_epochs || self.blocks.iter().any(|block| block.feature.is_some());
            let epochs = needs_epochs.then(|| self.epochs.samples().select(Axis(0), &of_epochs));
            let mut tables = Vec::with_capacity(self.blocks.len());
            for block in &self.blocks {
                tables.push(match (&block.feature, &epochs) {
                    (Some(feature), Some(epochs)) => feature
                        .compute(View { samples: epochs.view(), rate: self.epochs.rate().get() })
                        .map_err(|error| PipelineError::stage("export", error))?,
                    _ => self.prints.prints().select(Axis(0), &of_prints),
                });
            }
            let epochs = epochs.as_ref().filter(|_| self.with_epochs).map(|epochs| epochs.view());
            write(&tables, epochs, infos)?;
        }
        Ok(())
    }

    fn write_hdf5(&self, path: &Path) -> Result<(), PipelineError> {
        let failed = |error| PipelineError::stage("export", error);
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

    fn write_parquet(&self, path: &Path) -> Result<(), PipelineError> {
        let broken = |source| PipelineError::Table { path: path.to_owned(), source };
        let metadata = self.described().into_iter().collect();
        crate::folder::write_atomically(path, |file: &mut File| {
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
    fn write_csv(&self, path: &Path) -> Result<(), PipelineError> {
        let broken = |source| PipelineError::Table { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(&self.described())
            .map_err(|error| PipelineError::Request(error.to_string()))?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".json");
        crate::folder::write_text(Path::new(&beside), &(text + "\n"))?;
        crate::folder::write_atomically(path, |file: &mut File| {
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
    ) -> Result<polars::prelude::DataFrame, PipelineError> {
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
            .map_err(|source| PipelineError::Table { path: PathBuf::from("the export"), source })
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

/// The rows asked for, each with its epoch's row.
fn choose(
    options: &ExportOptions,
    prints: &PrintFile,
    epochs: &EpochFile,
) -> Result<Vec<(usize, usize)>, PipelineError> {
    let known = [Role::Train, Role::Dev, Role::Test].map(Role::name);
    if let Some(unknown) = options.roles.iter().find(|role| !known.contains(&role.as_str())) {
        return Err(PipelineError::Request(format!("--roles {unknown}: choose from {}", known.join(", "))));
    }
    let places: HashMap<(&RecordingKey, u64), usize> = epochs
        .infos()
        .iter()
        .enumerate()
        .map(|(row, info)| ((&*info.key, info.start.get().to_bits()), row))
        .collect();
    let mut rows = Vec::new();
    for (row, info) in prints.infos().iter().enumerate() {
        let role = info.role.as_deref().is_some_and(|role| options.roles.iter().any(|wanted| wanted == role));
        let fold = options.fold.is_none_or(|fold| info.fold == Some(fold as u32));
        if !(role && fold) {
            continue;
        }
        let place = places.get(&(&*info.epoch.key, info.epoch.start.get().to_bits()));
        let place = place.copied().ok_or_else(|| PipelineError::RunFolder {
            path: options.run.join("epochs.h5"),
            reason: format!(
                "it has no epoch of {} at {}, of which there is a print: run `twinprint embed` again",
                info.epoch.key, info.epoch.start
            ),
        })?;
        rows.push((row, place));
    }
    if rows.is_empty() {
        return Err(PipelineError::Request(format!(
            "no print matches --roles {}{}: the run has {} prints in other roles or folds",
            options.roles.join(","),
            options.fold.map_or_else(String::new, |fold| format!(" --fold {fold}")),
            prints.infos().len()
        )));
    }
    Ok(rows)
}

fn blocks(
    options: &ExportOptions,
    prints: &PrintFile,
    epochs: &EpochFile,
) -> Result<Vec<Block>, PipelineError> {
    let mut blocks = vec![Block {
        name: "prints",
        units: "1",
        names: (0..prints.dim()).map(|k| format!("print_{k}")).collect(),
        feature: None,
    }];
    let wanted: BTreeSet<Content> = options.with.iter().copied().collect();
    for content in wanted {
        let (name, feature) = match content {
            Content::BandPowers => ("band_powers", Feature::BandPowers { bands: BANDS.to_vec() }),
            Content::LogPsd => {
                ("log_psd", Feature::LogPsd { l_freq: DEFAULT_L_FREQ, h_freq: DEFAULT_H_FREQ })
            }
            Content::Epochs => continue,
        };
        let view = View { samples: epochs.samples(), rate: epochs.rate().get() };
        let names = names(&feature, view, epochs.channels())
            .map_err(|error| PipelineError::Request(format!("--with {name}: {error}")))?;
        blocks.push(Block { name, units: "ln(µV²/Hz)", names, feature: Some(feature) });
    }
    Ok(blocks)
}

/// What the file says of itself: hashes, versions, channels and rate; never a patient field.
fn attributes(
    folder: &RunFolder,
    prints: &PrintFile,
    epochs: &EpochFile,
    infos: &[RowInfo],
) -> Result<BTreeMap<String, String>, PipelineError> {
    let (config, plan_hash) = plan_of(folder)?;
    let channels: Vec<&str> = epochs.channels().iter().map(|name| name.as_str()).collect();
    let mut all = BTreeMap::from([
        (PLAN_HASH.to_owned(), plan_hash),
        (VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("run".to_owned(), config.name.clone()),
        ("channels".to_owned(), channels.join(" ")),
        ("rate_hz".to_owned(), epochs.rate().get().to_string()),
        ("epoch_seconds".to_owned(), (epochs.samples().dim().2 as f64 / epochs.rate().get()).to_string()),
        ("dim".to_owned(), prints.dim().to_string()),
    ]);
    let public = folder.path("prints.h5");
    let file = PrintFile::open(&public)
        .map_err(|error| PipelineError::RunFolder { path: public, reason: error.to_string() })?;
    if let Some(hash) = file.attributes().get(ENCODER_HASH) {
        all.insert(ENCODER_HASH.to_owned(), hash.clone());
    }
    let folds: BTreeSet<u32> = infos.iter().filter_map(|info| info.fold).collect();
    for fold in folds {
        let model = Model::load(&folder.fold(fold as usize), &Compute::cpu())
            .map_err(|error| PipelineError::stage("export", error))?;
        let hash = model.content_hash().map_err(|error| PipelineError::stage("export", error))?;
        all.insert(format!("encoder_hash_fold_{fold}"), hash);
    }
    Ok(all)
}
