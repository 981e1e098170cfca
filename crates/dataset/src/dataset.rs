//! The recordings of a cohort.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use twinprint_signal::{Annotation, ChannelName, Hertz, RecordingKey, SubjectId};

/// One recording on disk and what the dataset says about it; the samples are not read.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingFile {
    /// The EDF or BDF file.
    pub path: PathBuf,
    /// Whose it is, of which visit, and which of the files of that visit.
    pub key: RecordingKey,
    /// Task, run, further BIDS entities, and the person's row of the participants table.
    pub labels: BTreeMap<String, String>,
    /// EEG channels that the dataset marks as bad: to be left out or interpolated.
    pub bad_channels: Vec<ChannelName>,
    /// Channels that are no scalp EEG (ECG, EOG, a derivation between the ears): to be left out, never interpolated.
    pub other_channels: Vec<ChannelName>,
    /// The events of `events.tsv`; absent where the file's own annotations hold.
    pub events: Option<Vec<Annotation>>,
    /// The frequency of the mains, where the dataset says it.
    pub line_frequency: Option<Hertz>,
    /// The sampling rate that the sidecar states, to be compared with the file's own.
    pub sampling_frequency: Option<Hertz>,
}

/// The recordings of a cohort.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dataset {
    /// The recordings, sorted by key; no key appears twice.
    pub recordings: Vec<RecordingFile>,
    /// Everything left out or odd, each with the reason.
    pub notices: Vec<String>,
}

impl Dataset {
    /// The people, in the order of their names.
    pub fn subjects(&self) -> BTreeSet<&SubjectId> {
        self.recordings.iter().map(|r| &r.key.subject).collect()
    }
}

/// The first few of many names, and how many more there are.
pub(crate) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
