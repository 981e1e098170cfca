//! The names of the stages, in their order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of the road, done whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Recordings to epochs, folds and trials.
    Preprocess,
    /// Epochs of the training subjects to an encoder a fold.
    Train,
    /// Epochs to prints, of the encoder and of every baseline.
    Embed,
    /// Prints to scores and results.
    Evaluate,
    /// Results to a page.
    Report,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 5] = [Self::Preprocess, Self::Train, Self::Embed, Self::Evaluate, Self::Report];

    /// The name in commands and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preprocess => "preprocess",
            Self::Train => "train",
            Self::Embed => "embed",
            Self::Evaluate => "evaluate",
            Self::Report => "report",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|stage| stage.name()).collect();
            format!("there is no stage {name:?}: choose from {}", names.join(", "))
        })
    }
}
