//! What to export, and to which kind of file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use twinprint_protocol::Role;
use twinprint_signal::FoldIndex;

use crate::ForeignError;

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

impl Content {
    const ALL: [(Self, &str); 3] =
        [(Self::BandPowers, "band-powers"), (Self::LogPsd, "log-psd"), (Self::Epochs, "epochs")];
}

impl FromStr for Content {
    type Err = ForeignError;

    fn from_str(name: &str) -> Result<Self, ForeignError> {
        let known = Self::ALL.into_iter().find(|(_, known)| *known == name);
        known
            .map(|(content, _)| content)
            .ok_or_else(|| unknown("--with", name, &Self::ALL.map(|(_, name)| name)))
    }
}

impl FromStr for Format {
    type Err = ForeignError;

    fn from_str(name: &str) -> Result<Self, ForeignError> {
        match name {
            "hdf5" | "h5" => Ok(Self::Hdf5),
            "parquet" => Ok(Self::Parquet),
            "csv" => Ok(Self::Csv),
            _ => Err(unknown("--format", name, &["hdf5", "parquet", "csv"])),
        }
    }
}

fn unknown(option: &'static str, name: &str, known: &[&str]) -> ForeignError {
    ForeignError::option(option, format!("{name:?} is unknown: choose from {}", known.join(", ")))
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
    /// The run folder whose prints are written.
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
    pub fold: Option<FoldIndex>,
    /// A file of weights, laid out as [`crate::export_weights`] does: prints are made with them in place of those of the
    /// fold's encoder (fold 0 where none is given).
    pub weights: Option<PathBuf>,
    /// Replace a file that is there.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The kind of file.
    pub format: Format,
    /// How many rows were written.
    pub rows: usize,
    /// Columns of numbers, epochs not counted.
    pub columns: usize,
    /// The BLAKE3 hash of the file of weights that the prints were made with, where it was not the run's.
    pub weights: Option<String>,
}

impl ExportOptions {
    /// The prints of people whom their fold's encoder never saw, to a new file.
    pub fn new(run: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        Self {
            run: run.into(),
            to: to.into(),
            format: None,
            with: Vec::new(),
            roles: vec![Role::Test.name().to_owned()],
            fold: None,
            weights: None,
            force: false,
        }
    }

    /// The kind of file to write.
    ///
    /// # Errors
    /// When the name does not say, the kind cannot hold what is asked for, or a file is there.
    pub(super) fn settle(&self) -> Result<Format, ForeignError> {
        let to = &self.to;
        let ending = to.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let by_name = match ending.as_str() {
            "h5" | "hdf5" => Some(Format::Hdf5),
            other => Format::from_str(other).ok(),
        };
        let format = self.format.or(by_name).ok_or_else(|| {
            ForeignError::Request(format!(
                "--to {}: the name does not say what to write: end it in .h5, .parquet or .csv (or .safetensors for the encoder's weights), or write --format",
                to.display()
            ))
        })?;
        if format != Format::Hdf5 && self.with.contains(&Content::Epochs) {
            return Err(ForeignError::Request(format!(
                "--with epochs: {format} has no place for three axes: write an .h5 file"
            )));
        }
        refuse_replacing(to, self.force)?;
        Ok(format)
    }
}

/// Refuses a file that is there, unless it may be replaced.
pub(crate) fn refuse_replacing(to: &Path, force: bool) -> Result<(), ForeignError> {
    if force || !to.exists() {
        return Ok(());
    }
    Err(ForeignError::Request(format!(
        "--to {}: a file is there already: choose another name, or replace it with --force",
        to.display()
    )))
}
