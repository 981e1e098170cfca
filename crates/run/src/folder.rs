//! A run folder: filled under a temporary name, given its final one when every stage is done.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use twinprint_protocol::Role;
use twinprint_signal::FoldIndex;
use twinprint_staged::{Readers, Staged};

use crate::{RunError, System};

/// The file of trials.
pub const TRIALS: &str = "trials.parquet";
/// The prints people take elsewhere: of the encoder, of people it never saw; stored here alone.
pub const PRINTS: &str = "prints.h5";
/// The record of what was fitted on whom.
pub const PROVENANCE: &str = "provenance.json";
/// The file of scores.
pub const SCORES: &str = "scores.parquet";
/// The file of results.
pub const RESULTS: &str = "results.json";
/// The file of what a page draws of the scores.
pub const CURVES: &str = "curves.json";
/// The file of attacks on the encoders, where they were tried.
pub const ATTACKS: &str = "attacks.json";
/// The file of epochs.
pub const EPOCHS: &str = "epochs.h5";
/// The folder of the epochs of cohorts that keep their own montage, a file each.
pub const COHORT_EPOCHS: &str = "cohorts";
/// The file of what was done to the recordings: every order of operations that one of them went through.
pub const OPERATIONS: &str = "operations.json";
/// The file of signal quality, a row a recording.
pub const QUALITY: &str = "quality.parquet";
/// The file of leaks that were allowed among the windows of the trials; usually an empty list.
pub const WINDOW_LEAKS: &str = "leaks.json";
/// The file of leaks that were allowed among what was fitted; usually an empty list.
pub const FIT_LEAKS: &str = "leaks-of-fits.json";
/// The folder of the prints of every system, but for those in [`PRINTS`].
pub const SYSTEMS: &str = "systems";
/// The folder of what was learnt to be joined to the encoders.
pub const JOINED: &str = "joined";
/// What a model said that the run started from.
pub const CARRIED: &str = "carried.json";
/// The folder of the encoder that is fitted to everybody.
pub const FINAL_MODEL: &str = "model";
/// The file of the final model's thresholds, in its folder.
pub const THRESHOLDS: &str = "thresholds.json";
/// The log of a fold's training.
pub const TRAINING: &str = "training.csv";
/// What the later stages need to know of the recordings, which they do not open.
pub const COHORT: &str = "cohort.json";
/// Who trains and who is tested, fold by fold.
pub const SPLIT: &str = "split.json";

/// Within the folder of something that is being learnt, the folder of its checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// Everything the first stage leaves for the others.
pub(crate) const PREPROCESSED: [&str; 7] = [EPOCHS, QUALITY, OPERATIONS, SPLIT, COHORT, TRIALS, WINDOW_LEAKS];

/// Where a run's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    root: PathBuf,
}

impl RunFolder {
    /// The folder at `root`, whether or not it exists.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The path of the folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The first file that `preprocess` leaves and that is not there, as in folders of earlier versions.
    pub(crate) fn missing_of_preprocess(&self) -> Option<PathBuf> {
        PREPROCESSED.iter().map(|name| self.path(name)).find(|path| !path.is_file())
    }

    /// The folder of one fold.
    pub fn fold(&self, index: FoldIndex) -> PathBuf {
        self.root.join(format!("fold-{index}"))
    }

    /// The file with a system's prints of people in a role, which may hold those of other roles too.
    pub fn prints(&self, system: System, role: Role) -> PathBuf {
        match (system, role) {
            (System::Encoder, Role::Test) => self.path(PRINTS),
            _ => self.path(SYSTEMS).join(format!("{system}.h5").replace(':', "-")),
        }
    }

    /// The folder of the encoder that is fitted to everybody.
    pub fn final_model(&self) -> PathBuf {
        self.root.join(FINAL_MODEL)
    }

    /// Makes the folder and its parents.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn create(&self) -> Result<(), RunError> {
        create_folder(&self.root)
    }

    /// Reads one of its JSON files.
    ///
    /// # Errors
    /// When the file is missing or not what its stage wrote.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunError> {
        let path = self.path(name);
        let text =
            fs::read_to_string(&path).map_err(|source| RunError::Read { path: path.clone(), source })?;
        serde_json::from_str(&text).map_err(|error| {
            RunError::run_folder(
                path,
                format!("not what its stage wrote ({error}); run the pipeline again with --force"),
            )
        })
    }

    /// Writes one of its JSON files, whole or not at all.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let path = self.path(name);
        let mut text = serde_json::to_string_pretty(value).map_err(|error| {
            RunError::run_folder(path.clone(), format!("cannot be put into JSON: {error}"))
        })?;
        text.push('\n');
        write_text(&path, &text)
    }
}

/// Makes a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), RunError> {
    fs::create_dir_all(path).map_err(|source| RunError::Write { path: path.to_owned(), source })
}

/// Writes a text file, whole or not at all.
pub fn write_text(path: &Path, text: &str) -> Result<(), RunError> {
    write_atomically(path, |file| {
        file.write_all(text.as_bytes()).map_err(|source| RunError::Write { path: path.to_owned(), source })
    })
}

/// Removes a file, where there is one.
pub(crate) fn remove_file(path: PathBuf) -> Result<(), RunError> {
    match fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(RunError::Write { path, source }),
        _ => Ok(()),
    }
}

/// Removes a folder, where there is one.
pub(crate) fn remove(path: PathBuf) -> Result<(), RunError> {
    if path.exists() {
        fs::remove_dir_all(&path).map_err(|source| RunError::Write { path, source })?;
    }
    Ok(())
}

/// Writes a table as comma-separated values, whole or not at all: the columns' names, then the rows.
pub(crate) fn write_csv<const N: usize>(
    path: &Path,
    header: [&str; N],
    rows: &[[String; N]],
) -> Result<(), RunError> {
    write_atomically(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        writer
            .write_record(header)
            .and_then(|()| rows.iter().try_for_each(|row| writer.write_record(row)))
            .map_err(std::io::Error::from)
            .and_then(|()| writer.flush())
            .map_err(|source| RunError::Write { path: path.to_owned(), source })
    })
}

/// Lets `write` fill a temporary file in the same folder, then gives it its name; on failure nothing is left.
pub fn write_atomically<E: From<RunError>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let mut staged = Staged::new(path, Readers::AsUsual).map_err(RunError::from)?;
    write(staged.file())?;
    Ok(staged.publish().map_err(RunError::from)?)
}
