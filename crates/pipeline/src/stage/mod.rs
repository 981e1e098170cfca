//! The stages of a run, in order; each reads what the ones before it wrote.

pub(crate) mod embed;
pub(crate) mod evaluate;
pub(crate) mod preprocess;
pub(crate) mod report;
pub(crate) mod train;

pub use report::write_report;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use twinprint_encoder::Compute;
use twinprint_protocol::{Notice, Split};

use crate::cohort::Cohort;
use crate::folder::RunFolder;
use crate::{PipelineError, Plan, Progress};

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

/// What every stage is given.
pub(crate) struct Context<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) cohort: &'a Cohort,
    pub(crate) split: &'a Split,
    pub(crate) notices: &'a [Notice],
    pub(crate) device: &'a Compute,
    pub(crate) folder: &'a RunFolder,
    pub(crate) progress: &'a dyn Progress,
}

impl Context<'_> {
    /// Runs one stage and says what it made.
    pub(crate) fn run(&self, stage: Stage) -> Result<String, PipelineError> {
        match stage {
            Stage::Preprocess => preprocess::run(self),
            Stage::Train => train::run(self),
            Stage::Embed => embed::run(self),
            Stage::Evaluate => evaluate::run(self),
            Stage::Report => report::run(self.folder),
        }
    }

    /// How many steps a stage will report.
    pub(crate) fn steps(&self, stage: Stage) -> Option<u64> {
        match stage {
            Stage::Preprocess => Some(self.cohort.members.len() as u64),
            Stage::Train => Some(self.split.folds.len() as u64 * train::steps_of_fold(self.plan)),
            Stage::Embed => Some(self.split.folds.len() as u64 * self.plan.systems().len() as u64),
            Stage::Evaluate | Stage::Report => None,
        }
    }
}
