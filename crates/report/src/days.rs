//! An error rate at some days between enrolment and probe.

use serde::{Deserialize, Serialize};
use twinprint_signal::Estimate;

/// Verification by one system at one probe length, of the probes that were recorded so many days after their person's template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaysRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// The fewest days between the last recording of the template and the probe.
    pub from_days: u32,
    /// The most; absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_days: Option<u32>,
    /// People with such a probe.
    pub people: usize,
    /// Comparisons of a person with themselves, so many days apart.
    pub mated: usize,
    /// Comparisons of the same probes with the templates of other people.
    pub non_mated: usize,
    /// Equal error rate with one threshold for all of them, 0 to 1; absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer: Option<Estimate>,
}

impl DaysRow {
    /// `the same day`, `1 to 7 days`, `more than 365 days`.
    pub fn interval(&self) -> String {
        match (self.from_days, self.to_days) {
            (0, Some(0)) => "the same day".to_owned(),
            (from, Some(to)) => format!("{from} to {to} days"),
            (from, None) => format!("more than {} days", from.saturating_sub(1)),
        }
    }
}
