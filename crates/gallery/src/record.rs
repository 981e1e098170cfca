//! What a gallery remembers of a person besides the template.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use twinprint_signal::counted;

/// What became of the epochs of a recording on their way to a template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Acquisition {
    /// Epochs the recordings hold, none overlapping another.
    pub epochs: usize,
    /// Epochs left out, by reason.
    pub rejected: BTreeMap<String, usize>,
    /// Epochs the template was made from.
    pub used: usize,
}

impl Acquisition {
    /// Epochs left out.
    pub fn rejected_total(&self) -> usize {
        self.rejected.values().sum()
    }

    /// Epochs that were fit for use.
    pub fn clean(&self) -> usize {
        self.epochs.saturating_sub(self.rejected_total())
    }

    /// The counts in words.
    pub fn sentence(&self) -> String {
        let reasons: Vec<String> =
            self.rejected.iter().filter(|(_, n)| **n > 0).map(|(why, n)| format!("{n} {why}")).collect();
        let reasons = if reasons.is_empty() {
            "none left out".to_owned()
        } else {
            format!("left out: {}", reasons.join(", "))
        };
        format!("{}, {} clean, {reasons}", counted(self.epochs, "epoch"), self.clean())
    }

    /// Adds the counts of another recording.
    pub fn add(&mut self, other: &Self) {
        self.epochs += other.epochs;
        self.used += other.used;
        for (why, count) in &other.rejected {
            *self.rejected.entry(why.clone()).or_default() += count;
        }
    }
}

/// A recording that stands behind a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name, without its folder.
    pub name: String,
    /// A hash of its samples, without the header.
    pub samples: String,
}

/// What happened to a person's template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// Enrolled for the first time.
    Enrolled,
    /// New epochs joined the old ones.
    Appended,
    /// New epochs moved the template by a share.
    Weighted,
    /// New epochs took the place of the old ones.
    Replaced,
    /// Projected and sealed under another key.
    Reissued,
    /// Removed.
    Revoked,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What was done to the template.
    pub what: Happening,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The recordings it came from.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// What became of their epochs.
    #[serde(default)]
    pub acquisition: Acquisition,
    /// Whether a refusal was overridden.
    #[serde(default)]
    pub forced: bool,
}

impl Event {
    /// An entry that no recording stands behind.
    pub(crate) fn without_recording(what: Happening, at: &str) -> Self {
        Self {
            what,
            at: at.to_owned(),
            sources: Vec::new(),
            acquisition: Acquisition::default(),
            forced: false,
        }
    }
}
