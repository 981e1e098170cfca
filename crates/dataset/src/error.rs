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
        /// What the operating system says.
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
        /// Where the table lies.
        path: PathBuf,
        /// What is wrong, with the line where there is one, and what to do.
        reason: String,
    },
    /// A table is not text.
    #[error("{}: the table must be text in UTF-8: convert it", path.display())]
    Encoding {
        /// Where the table lies.
        path: PathBuf,
        /// The record that is not UTF-8.
        source: csv::Error,
    },
    /// A sidecar is no JSON object.
    #[error("{}: not a BIDS sidecar, which holds one JSON object", path.display())]
    Json {
        /// Where the sidecar lies.
        path: PathBuf,
        /// Where it breaks off from JSON.
        source: serde_json::Error,
    },
    /// A JSON sidecar holds what it cannot hold.
    #[error("{}: not a BIDS sidecar: {reason}", path.display())]
    Sidecar {
        /// Where the sidecar lies.
        path: PathBuf,
        /// The key and its value, and what it must be.
        reason: String,
    },
    /// A side-car is about another recording than the one it lies beside.
    #[error("its {sidecar} is about another recording: {why}. Correct the table, or move it away")]
    Unapplied {
        /// Which side-car.
        sidecar: &'static str,
        /// What it says, and what the file has.
        why: String,
    },
    /// Two people of the dataset have names that differ as two spellings of one name do.
    #[error(
        "are {first:?} and {second:?} one person? They differ in no more than zeros in front, case, spaces or a hyphen: spell a person alike everywhere, or leave one of them out with dataset.exclude_subjects"
    )]
    OnePersonTwice {
        /// A name.
        first: String,
        /// The other name.
        second: String,
    },
    /// Two files claim to be one recording.
    #[error("{} and {} are both recording {key}: move one of them away, or tell them apart in the layout", first.display(), second.display())]
    Duplicate {
        /// The name that both have.
        key: Box<RecordingKey>,
        /// The file found first.
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
        /// The pattern as the plan has it.
        pattern: String,
        /// The placeholders and their values in one reading.
        first: String,
        /// The same in another reading.
        second: String,
    },
    /// A part of a file name cannot be an identity.
    #[error("{}", path.display())]
    Identity {
        /// The file that is named so.
        path: PathBuf,
        /// What an identity may not contain.
        source: IdentityError,
    },
    /// A manifest has a key too many or too few, or is no TOML.
    #[error("manifest {name} has not the keys of a manifest")]
    Toml {
        /// The manifest's name or path.
        name: String,
        /// The line and the key.
        source: Box<toml::de::Error>,
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
