//! The `[dataset]` table of a pipeline: where the files are and how they are named.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::template::Template;
use crate::text::TextTable;

/// Which recordings to use.
///
/// A person may be named with or without `sub-`.
///
/// ```
/// use twinprint_dataset::synth::{self, Cohort};
/// use twinprint_dataset::{Plan, discover};
///
/// # let folder = tempfile::tempdir()?;
/// let root = folder.path().join("cohort");
/// let cohort = Cohort { subjects: 3, sessions: 2, seconds: 2.0, channels: 4, ..Cohort::default() };
/// synth::write(&cohort, &root, &mut |_, _| {})?;
///
/// let found = discover(&Plan { root, exclude_subjects: vec!["02".to_owned()], ..Plan::default() })?;
/// let keys: Vec<String> = found.recordings.iter().map(|recording| recording.key.to_string()).collect();
/// assert_eq!(keys[0], "sub-01/ses-1/ses-1_task-rest");
/// assert_eq!((found.subjects().len(), keys.len()), (2, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Dataset")]
pub struct Plan {
    /// The dataset's folder; a relative path starts at the pipeline's file.
    #[schemars(length(min = 1))]
    pub root: PathBuf,
    /// How its files are named. Default: BIDS.
    pub layout: Layout,
    /// The people to use, with or without `sub-`; all where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// The people to leave out, with or without `sub-`. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_subjects: Vec<String>,
    /// The files to leave out, as `subject/session/recording`. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^[^/]+/[^/]+/[^/]+$")))]
    pub exclude_recordings: Vec<String>,
    /// Use the first so many people in the order of their names, 1 or more. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_subjects: Option<usize>,
    /// Whether files that break their format are read as far as is certain, with a list of what was done, rather than refused. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("default" = false))]
    pub lenient: bool,
}

/// How a dataset's files are named; `kind` tells which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Layout {
    /// BIDS-EEG: `sub-01/ses-1/eeg/sub-01_ses-1_task-rest_run-01_eeg.edf`.
    Bids(Bids),
    /// Names that follow a pattern: `Subject{subject}_{recording}.edf`.
    Pattern(Pattern),
    /// What a manifest says.
    Manifest {
        /// `eegmat`, `eegmmidb`, `guinea-bissau`, `muse-cueing`, or the path of a manifest ending in `.toml`.
        #[schemars(length(min = 1))]
        name: String,
    },
}

impl Default for Layout {
    fn default() -> Self {
        Self::Bids(Bids::default())
    }
}

/// A BIDS-EEG folder (Pernet et al., 2019, EEG-BIDS, Scientific Data 6:103).
///
/// Values are written without their key: `task = "rest"`, `sessions = ["1"]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bids {
    /// The task to use, without its key: `rest`. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The sessions to use, without their key: `1`; all where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// The runs to use, without their key: `01`; all where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
    /// The folder below the subject or session. Default: `eeg`.
    #[schemars(regex(pattern = r"^[^/_.]+$"))]
    pub datatype: String,
    /// The last part of a recording's name. Default: `eeg`.
    #[schemars(regex(pattern = r"^[^/_.]+$"))]
    pub suffix: String,
}

impl Default for Bids {
    fn default() -> Self {
        Self {
            task: None,
            sessions: Vec::new(),
            runs: Vec::new(),
            datatype: "eeg".to_owned(),
            suffix: "eeg".to_owned(),
        }
    }
}

/// Files named by a pattern.
///
/// Placeholders take one or more characters other than `/`: `{subject}` (needed), `{session}`, `{task}`, `{run}`,
/// `{recording}`, and `{_}` for text that says nothing. A placeholder that appears twice must take the same text twice.
///
/// The recording's id is the value of `{recording}` where the pattern has neither session, task nor run; else those parts
/// and it in the manner of BIDS (`ses-1_task-rest_run-01_2`). Without `{session}` all recordings of a person are one visit, `1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pattern {
    /// The path of a recording below the root, `/` between folders, with placeholders: `{subject}` (needed), `{session}`, `{task}`,
    /// `{run}`, `{recording}`, and `{_}` for text that says nothing. Each takes one or more characters other than `/`.
    #[schemars(length(min = 1))]
    pub pattern: String,
    /// The table of people, below the root: tab-separated, or comma-separated where it ends in `.csv`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participants: Option<PathBuf>,
    /// The column of that table that names the people. Default: `participant_id`.
    pub participants_id: String,
    /// Labels for each value of `{recording}`, as `{ "1" = { task = "rest" } }`. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub recording_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// How recordings as text are laid out. Default: as their header says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextTable>,
}

impl Default for Pattern {
    fn default() -> Self {
        Self {
            pattern: String::new(),
            participants: None,
            participants_id: "participant_id".to_owned(),
            recording_labels: BTreeMap::new(),
            text: None,
        }
    }
}

impl Plan {
    /// Checks everything that can be checked without looking at the folder.
    ///
    /// # Errors
    /// [`DatasetError::Setting`] for the first value outside its range.
    pub fn validate(&self) -> Result<(), DatasetError> {
        if self.root.as_os_str().is_empty() {
            return Err(setting(
                "root",
                "\"\"",
                "a dataset needs a folder",
                "write root = \"path/of/the/dataset\"",
            ));
        }
        if self.max_subjects == Some(0) {
            return Err(setting(
                "max_subjects",
                "0",
                "it must be 1 or more",
                "leave it out to use everybody",
            ));
        }
        if let Some(both) = self.subjects.iter().find(|s| self.exclude_subjects.contains(s)) {
            return Err(setting(
                "exclude_subjects",
                &format!("{both:?}"),
                "the same person is in dataset.subjects",
                "remove the name from one of the two",
            ));
        }
        if let Some(odd) = self.exclude_recordings.iter().find(|r| r.split('/').count() != 3) {
            return Err(setting(
                "exclude_recordings",
                &format!("{odd:?}"),
                "a recording is named subject/session/recording",
                "copy the name from the list that `twinprint check` prints",
            ));
        }
        self.layout.validate()
    }
}

impl Layout {
    pub(crate) fn validate(&self) -> Result<(), DatasetError> {
        match self {
            Self::Bids(bids) => bids.validate(),
            Self::Pattern(pattern) => pattern.validate(),
            Self::Manifest { name } if name.is_empty() => Err(setting(
                "layout.name",
                "\"\"",
                "a manifest needs a name",
                "write \"eegmat\", or the path of one ending in .toml",
            )),
            Self::Manifest { .. } => Ok(()),
        }
    }
}

impl Bids {
    fn validate(&self) -> Result<(), DatasetError> {
        let named = [("datatype", &self.datatype), ("suffix", &self.suffix)];
        for (key, value) in named {
            if value.is_empty() || value.contains(['/', '_', '.']) {
                return Err(setting(
                    &format!("layout.{key}"),
                    &format!("{value:?}"),
                    "it must be one part of a BIDS name, without `/`, `_` or `.`",
                    "write \"eeg\"",
                ));
            }
        }
        let values = self.task.iter().map(|v| ("task", v));
        let values = values.chain(self.sessions.iter().map(|v| ("sessions", v)));
        for (key, value) in values.chain(self.runs.iter().map(|v| ("runs", v))) {
            if value.is_empty() || value.contains(['-', '_', '/']) {
                return Err(setting(
                    &format!("layout.{key}"),
                    &format!("{value:?}"),
                    "a value is written without its key and has no `-`, `_` or `/`",
                    "write \"rest\" for task-rest, \"1\" for ses-1",
                ));
            }
        }
        Ok(())
    }
}

impl Pattern {
    pub(crate) fn template(&self) -> Result<Template, DatasetError> {
        Template::parse(&self.pattern).map_err(|reason| {
            setting(
                "layout.pattern",
                &format!("{:?}", self.pattern),
                &reason,
                "write something like \"Subject{subject}_{recording}.edf\"",
            )
        })
    }

    fn validate(&self) -> Result<(), DatasetError> {
        let template = self.template()?;
        let rate = self.text.as_ref().and_then(|text| text.rate);
        if let Some(rate) = rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            return Err(setting(
                "layout.text.rate",
                &rate.to_string(),
                "it must be above 0",
                "write the samples a second, as in rate = 256.0",
            ));
        }
        if !self.recording_labels.is_empty() && !template.has("recording") {
            return Err(setting(
                "layout.recording_labels",
                "{…}",
                "labels go by the value of {recording}, which the pattern does not have",
                "name that part of the pattern {recording}",
            ));
        }
        if let Some(path) = &self.participants
            && !is_below(path)
        {
            return Err(setting(
                "layout.participants",
                &format!("{:?}", path.display().to_string()),
                "the table of people is given relative to the root and lies below it",
                "write \"participants.tsv\"",
            ));
        }
        Ok(())
    }
}

/// Whether a path is relative and stays below its start.
pub(crate) fn is_below(path: &Path) -> bool {
    path.components().all(|c| matches!(c, Component::Normal(_))) && path.components().next().is_some()
}

pub(crate) fn setting(key: &str, value: &str, limit: &str, remedy: &str) -> DatasetError {
    DatasetError::Setting {
        key: key.to_owned(),
        value: value.to_owned(),
        limit: limit.to_owned(),
        remedy: remedy.to_owned(),
    }
}
