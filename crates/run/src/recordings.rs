//! What the first stage leaves for the later ones about the recordings, so that they open none: `cohort.json`.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use twinprint_protocol::Notice;
use twinprint_report::results::AllowedLeak;
use twinprint_signal::{Day, RecordingKey, SubjectId};

use crate::cohort::Cohort;
use crate::folder::{COHORT, FIT_LEAKS, RunFolder, WINDOW_LEAKS};
use crate::{Plan, RunError, leaks};

/// What is known of the recordings beside their epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordingList {
    /// Every recording.
    pub(crate) recordings: Vec<KnownRecording>,
    /// Sentences that every reader of the numbers must see.
    pub(crate) caveats: Vec<String>,
    /// Leaks among people and files that were allowed.
    leaks: Vec<AllowedLeak>,
}

/// A recording of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownRecording {
    /// Whose it is, and its names.
    #[serde(flatten)]
    pub key: RecordingKey,
    /// Its length in seconds.
    pub seconds: f64,
    /// BLAKE3 of what follows the file's header, in hexadecimal: the same for a copy under another name. Empty in runs of earlier
    /// versions.
    #[serde(default)]
    pub samples: String,
    /// Days since the person's first recording, where both are dated. The dates themselves are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<i64>,
}

impl RecordingList {
    /// Puts down what a survey of the recordings found.
    pub(crate) fn of(plan: &Plan, cohort: &Cohort, notices: &[Notice]) -> Self {
        let mut first: BTreeMap<&SubjectId, Day> = BTreeMap::new();
        for (member, day) in cohort.members.iter().filter_map(|member| Some((member, member.day?))) {
            let earliest = first.entry(&member.facts.key.subject).or_insert(day);
            *earliest = day.min(*earliest);
        }
        let known = |member: &crate::cohort::Member| KnownRecording {
            key: member.facts.key.clone(),
            seconds: member.facts.seconds,
            samples: member.facts.content_hash.clone(),
            day: member.day.and_then(|day| Some(day.since(*first.get(&member.facts.key.subject)?))),
        };
        Self {
            recordings: cohort.members.iter().map(known).collect(),
            caveats: caveats(plan, cohort, notices),
            leaks: leaks::grouped(notices),
        }
    }

    /// Reads what the first stage left.
    pub(crate) fn read(folder: &RunFolder) -> Result<Self, RunError> {
        folder.read_json(COHORT)
    }

    /// Every leak of the run: those found before it, those among its windows and those among what was fitted.
    ///
    /// # Errors
    /// When a file of the latter cannot be read: a leaky run must not pass for an honest one.
    pub(crate) fn all_leaks(&self, folder: &RunFolder) -> Result<Vec<AllowedLeak>, RunError> {
        let mut leaks = self.leaks.clone();
        let of_windows: Vec<AllowedLeak> = folder.read_json(WINDOW_LEAKS)?;
        // Earlier versions wrote those of fits among those of windows.
        let apart = folder.path(FIT_LEAKS).is_file();
        let of_fits: Vec<AllowedLeak> = if apart { folder.read_json(FIT_LEAKS)? } else { Vec::new() };
        for leak in of_windows.into_iter().chain(of_fits) {
            if !leaks.iter().any(|known| known.leak == leak.leak) {
                leaks.push(leak);
            }
        }
        Ok(leaks)
    }

    /// The length of every recording in seconds.
    pub(crate) fn lengths(&self) -> HashMap<&RecordingKey, f64> {
        self.recordings.iter().map(|known| (&known.key, known.seconds)).collect()
    }
}

/// Sentences to stand above the numbers, each once.
fn caveats(plan: &Plan, cohort: &Cohort, notices: &[Notice]) -> Vec<String> {
    let mut caveats = Vec::new();
    if cohort.synthetic {
        caveats.push(
            "Synthetic cohort: made by twinprint from known causes, for learning and testing. Its numbers say nothing about people."
                .to_owned(),
        );
    }
    caveats.extend(plan.config().protocol.variant.caveat().map(str::to_owned));
    caveats.extend(cohort.caveats.iter().cloned());
    for notice in notices.iter().filter(|notice| !notice.leaky()) {
        if !caveats.contains(&notice.text) {
            caveats.push(notice.text.clone());
        }
    }
    caveats
}
