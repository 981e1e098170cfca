//! The recordings of a cohort.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::DatasetError;
use crate::text::TextTable;
use twinprint_signal::{Annotation, ChannelName, Day, Hertz, RecordingKey, SubjectId};

/// One recording on disk and what the dataset says about it; the samples are not read.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingFile {
    /// The file to open.
    pub path: PathBuf,
    /// Whose it is, of which visit, and which of the files of that visit.
    pub key: RecordingKey,
    /// Task, run, further BIDS entities, and the person's row of the participants table.
    pub labels: BTreeMap<String, String>,
    /// The day it was recorded, where the dataset says it.
    pub day: Option<Day>,
    /// EEG channels that the dataset marks as bad: to be left out or interpolated.
    pub bad_channels: Vec<ChannelName>,
    /// Channels that are no scalp EEG (ECG, EOG, a derivation between the ears): to be left out, never interpolated.
    pub other_channels: Vec<ChannelName>,
    /// All channels that `channels.tsv` lists; empty where there is none.
    pub listed_channels: Vec<ChannelName>,
    /// The events of `events.tsv`; absent where the file's own annotations hold.
    pub events: Option<Vec<Annotation>>,
    /// The frequency of the mains, where the dataset says it.
    pub line_frequency: Option<Hertz>,
    /// The sampling rate that the sidecar states, to be compared with the file's own.
    pub sampling_frequency: Option<Hertz>,
    /// How the file is laid out where it is text, as the plan states.
    pub text: Option<TextTable>,
}

impl RecordingFile {
    /// Whether what the dataset says of channels and events is about this recording: `present` are the channels of the
    /// file itself, `seconds` its length. Gives back what a side-car says that applies to nothing, a sentence each.
    ///
    /// # Errors
    /// When `channels.tsv` lists none of the file's channels: it belongs to another recording, and without it bad channels
    /// would pass for good ones. Events outside the recording are said: one table may serve several recordings.
    pub fn check_sidecars(&self, present: &[ChannelName], seconds: f64) -> Result<Vec<String>, DatasetError> {
        let mut said = Vec::new();
        let names =
            |of: &[&ChannelName]| some_of(&of.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        let unknown: Vec<&ChannelName> =
            self.listed_channels.iter().filter(|name| !present.contains(name)).collect();
        if !unknown.is_empty() && unknown.len() == self.listed_channels.len() {
            return Err(DatasetError::Unapplied {
                sidecar: "channels.tsv",
                why: format!(
                    "it lists {}; the file has {}",
                    names(&unknown),
                    names(&present.iter().collect::<Vec<_>>())
                ),
            });
        }
        if !unknown.is_empty() {
            said.push(format!(
                "channels.tsv lists channels that the file does not have: {}",
                names(&unknown)
            ));
        }
        let unlisted: Vec<&ChannelName> =
            present.iter().filter(|name| !self.listed_channels.contains(name)).collect();
        if !self.listed_channels.is_empty() && !unlisted.is_empty() {
            said.push(format!(
                "channels.tsv does not list channels of the file, which are taken as EEG: {}",
                names(&unlisted)
            ));
        }
        let events = self.events.as_deref().unwrap_or_default();
        let outside = events.iter().filter(|event| !(0.0..seconds).contains(&event.onset.get())).count();
        if outside > 0 {
            said.push(format!(
                "{outside} of {} events of events.tsv lie outside the recording",
                events.len()
            ));
        }
        Ok(said)
    }
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
