//! One entry of the cache.

use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::folder::RunFolder;
use crate::outputs::{FileHash, Files};

/// The format of entries.
const SCHEMA: &str = "twinprint-cache/1";
/// The file that describes an entry.
const FILE: &str = "entry.json";

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The epochs of one recording.
    Recording,
    /// The epochs of a run, in one file.
    Epochs,
    /// The encoders of a run.
    Train,
    /// The prints of a run.
    Embed,
}

impl Kind {
    /// Every kind, in the order of the stages.
    pub const ALL: [Self; 4] = [Self::Recording, Self::Epochs, Self::Train, Self::Embed];

    /// The name of its folder in the cache.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Epochs => "epochs",
            Self::Train => "train",
            Self::Embed => "embed",
        }
    }
}

/// What an entry says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    schema: String,
    kind: Kind,
    key: String,
    /// What the stage said when it was done.
    pub(super) said: String,
    /// Its files, by their path in it.
    pub(super) files: Files,
}

impl Entry {
    pub(super) fn new(kind: Kind, key: &str, files: Files, said: &str) -> Self {
        Self { schema: SCHEMA.to_owned(), kind, key: key.to_owned(), said: said.to_owned(), files }
    }

    /// Reads the entry in a folder; nothing where there is none of this format.
    pub(super) fn read(place: &Path) -> Option<Self> {
        let text = fs::read_to_string(place.join(FILE)).ok()?;
        serde_json::from_str(&text).ok().filter(|entry: &Self| entry.schema == SCHEMA)
    }

    pub(super) fn write(&self, place: &Path) -> Result<(), RunError> {
        RunFolder::at(place).write_json(FILE, self)
    }

    /// Reads every file again.
    ///
    /// # Errors
    /// The first that is missing or has other content, in words.
    pub(super) fn check(&self, place: &Path) -> Result<(), String> {
        let wrong = |(name, hash): (&String, &FileHash)| match FileHash::of(&place.join(name)) {
            Ok(found) if found == *hash => None,
            Ok(_) => Some(format!("{name} was changed")),
            Err(_) => Some(format!("{name} is missing")),
        };
        self.files.par_iter().find_map_first(wrong).map_or(Ok(()), Err)
    }
}
