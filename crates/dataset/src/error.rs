//! What can go wrong between a folder and a list of recordings.

use std::path::PathBuf;

use twinprint_signal::{IdentityError, RecordingKey};

/// A folder, a table or a setting from which no sound list of recordings can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A setting has a value it cannot have.
    #[error("dataset.{key} = {value}: {limit}; {remedy}")]
    Setting {
        /// The key below `[dataset]`.
        key: String,
        /// The value given.
        value: String,
        /// What it must be.
        limit: String,
        /// What to write instead.
        remedy: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The dataset's folder is not there.
    #[error("dataset.root: there is no folder {}: give the dataset's folder, or download it with `twinprint fetch`", .0.display())]
    NoRoot(PathBuf),
    /// The folder holds nothing that the layout describes.
    #[error("no recordings in {}: {expected}; {found}", root.display())]
    Empty {
        /// The folder looked into.
        root: PathBuf,
        /// What the layout expects.
        expected: String,
        /// What is there instead, and what to do.
        found: String,
    },
    /// A table cannot be read as one.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What is wrong, with the line where there is one, and what to do.
        reason: String,
    },
    /// A JSON sidecar cannot be read.
    #[error("{}: not a BIDS sidecar: {reason}", path.display())]
    Sidecar {
        /// The sidecar.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Two files claim to be one recording.
    #[error("{} and {} are both recording {key}: move one of them away, or tell them apart in the layout", first.display(), second.display())]
    Duplicate {
        /// The recording.
        key: Box<RecordingKey>,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// A file name fits the pattern in more than one way.
    #[error(
        "{file:?} fits the pattern {pattern:?} as {first} and as {second}: separate the placeholders by text that no value contains"
    )]
    Ambiguous {
        /// The file, relative to the root.
        file: String,
        /// The pattern.
        pattern: String,
        /// One reading.
        first: String,
        /// Another reading.
        second: String,
    },
    /// A part of a file name cannot be an identity.
    #[error("{}", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// Why.
        source: IdentityError,
    },
    /// A manifest cannot be used.
    #[error("manifest {name}: {reason}")]
    Manifest {
        /// The manifest's name or path.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
}
