//! Why a plan and a cohort do not go together.

use twinprint_signal::{FoldIndex, RecordingKey, SubjectId};

use crate::PlanError;

/// A plan that the recordings at hand cannot carry out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProtocolError {
    /// A setting is out of range on its own.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Two recordings share one name.
    #[error(
        "recording {0} is listed twice: recording ids must be unique within a subject and session; rename one in the dataset"
    )]
    Repeated(Box<RecordingKey>),
    /// A selector matches nothing.
    #[error("protocol.{key}: {entry:?} names no recording; there are {known}; write one of those")]
    Unmatched {
        /// The key below `protocol`.
        key: &'static str,
        /// The entry that matches nothing.
        entry: String,
        /// The recording ids, session ids and labels there are.
        known: String,
    },
    /// A person has nothing to enrol or to probe with.
    #[error(
        "subject {subject} has no recording to {purpose} with, only {recordings}; add one, change protocol.{purpose}.recordings, or set protocol.on_short = \"drop\" to do no more than train on them"
    )]
    Missing {
        /// Whose recordings they are.
        subject: SubjectId,
        /// `enrol` or `probe`.
        purpose: &'static str,
        /// The recordings there are of the person.
        recordings: String,
    },
    /// The label to stratify by is absent.
    #[error(
        "protocol.stratify = {label:?}: recording {key} has no such label; it has {known}; choose one that every recording has, or leave protocol.stratify out"
    )]
    NoLabel {
        /// The label to stratify by.
        label: String,
        /// The recording without it.
        key: Box<RecordingKey>,
        /// The labels it has.
        known: String,
    },
    /// The label to stratify by changes within a person.
    #[error(
        "protocol.stratify = {label:?}: {first_key} has {first:?} but {second_key} has {second:?}; stratify by a label that is one per subject"
    )]
    LabelChanges {
        /// The label to stratify by.
        label: String,
        /// One recording of the person.
        first_key: Box<RecordingKey>,
        /// The value it has.
        first: String,
        /// Another recording of the same person.
        second_key: Box<RecordingKey>,
        /// The value that one has.
        second: String,
    },
    /// Too few people for the folds.
    #[error(
        "protocol.folds = {folds} with {} who can be tested: every fold needs at least 2 of them to have non-mated comparisons; {}",
        twinprint_signal::counted(*subjects, "subject"),
        folds_remedy(*subjects)
    )]
    TooFewSubjects {
        /// Folds asked for.
        folds: usize,
        /// Subjects who can be tested.
        subjects: usize,
    },
    /// Nobody, or one person, is left to learn from.
    #[error(
        "fold {fold} has {} after {dev} for dev and {test} for test: training needs at least 2; lower protocol.dev_subjects or raise protocol.folds",
        twinprint_signal::counted(*left, "training subject")
    )]
    NoTraining {
        /// The number of the fold, from 0.
        fold: usize,
        /// Training subjects left.
        left: usize,
        /// Dev subjects asked for.
        dev: usize,
        /// Subjects who are tested in it.
        test: usize,
    },
    /// A pool is no whole number of epochs.
    #[error(
        "protocol.{key} = {seconds} s is not a whole number of epochs of {epoch_seconds} s; write {nearest}"
    )]
    NotWholeEpochs {
        /// The key below `protocol`.
        key: &'static str,
        /// Seconds asked for.
        seconds: f64,
        /// Seconds an epoch.
        epoch_seconds: f64,
        /// The nearest lengths that fit.
        nearest: String,
    },
    /// Fewer recordings than a person's templates are to be made from.
    #[error(
        "protocol.enrol.recordings_per_template: subject {subject} has {} to enrol with, and {wanted} are wanted; ask for fewer, name more in protocol.enrol.recordings, or set protocol.on_short = \"drop\" to count it as a failure to enrol",
        twinprint_signal::counted(*there, "recording")
    )]
    TooFewRecordings {
        /// Whose they are.
        subject: SubjectId,
        /// Recordings there are.
        there: usize,
        /// Recordings wanted for all templates.
        wanted: usize,
    },
    /// Too few seconds, recorded or clean.
    #[error(
        "protocol.{purpose}.seconds = {seconds}: recording {key} has {} s {counted}, and {wanted} s are wanted to {purpose}; {}, or set protocol.on_short = \"drop\" to count it as a failure to {}",
        tenths(*available),
        remedy(*seconds * *available / *wanted, counted),
        if *purpose == "enrol" { "enrol" } else { "acquire" }
    )]
    TooShort {
        /// The recording, or the longest of several.
        key: Box<RecordingKey>,
        /// Seconds that the plan asks for, of a template or a probe.
        seconds: f64,
        /// Seconds there are.
        available: f64,
        /// What those seconds are: `recorded`, or [`CLEAN`].
        counted: &'static str,
        /// Seconds wanted: of all templates, or of the longest probe.
        wanted: f64,
        /// `enrol` or `probe`.
        purpose: &'static str,
    },
    /// A problem of one of several cohorts.
    #[error("cohort {name}: {problem}")]
    Cohort {
        /// The cohort's name.
        name: String,
        /// What is wrong with it.
        problem: Box<ProtocolError>,
    },
    /// Dropping what is too short has left nothing on one side.
    #[error(
        "fold {fold}: nobody in role {role} can {purpose}: {wanted} s of clean epochs{} are wanted, and the longest, {key}, has {} s; ask for fewer in protocol.{purpose}.seconds{}, name other recordings in protocol.{purpose}.recordings, or loosen the rejection",
        from_recordings(*recordings),
        tenths(*available),
        if *recordings == 1 { "" } else { " or protocol.enrol.recordings_per_template" }
    )]
    AllTooShort {
        /// The number of the fold, from 0.
        fold: FoldIndex,
        /// The role's name.
        role: &'static str,
        /// `enrol` or `probe`.
        purpose: &'static str,
        /// The recording that has most.
        key: RecordingKey,
        /// Clean seconds that it has, 0 where there are fewer recordings than a template is made from.
        available: f64,
        /// Clean seconds wanted.
        wanted: f64,
        /// Recordings wanted for a template, 0 for all there are.
        recordings: usize,
    },
    /// The length of an epoch is no length.
    #[error("epochs of {0} s: an epoch's length must be finite and above 0")]
    EpochSeconds(f64),
    /// A fold was asked for trials of people who only train.
    #[error(
        "fold {fold} has nobody to compare in role {role}; set protocol.dev_subjects above 0 for dev trials"
    )]
    EmptyRole {
        /// The number of the fold, from 0.
        fold: FoldIndex,
        /// The role's name.
        role: &'static str,
    },
}

/// Seconds in epochs that survived rejection, none overlapping another.
pub(crate) const CLEAN: &str = "of clean epochs";

/// Seconds to show, rounded down so that what is advised suffices.
fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0 + 1e-6).floor() / 10.0
}

/// From how many recordings a template is made, where that is not one.
fn from_recordings(recordings: usize) -> String {
    match recordings {
        0 => " of all recordings together".to_owned(),
        1 => String::new(),
        several => format!(" from {several} recordings"),
    }
}

fn remedy(limit: f64, counted: &str) -> String {
    let less = match tenths(limit) {
        0.0 => "leave the recording out".to_owned(),
        limit => format!("ask for {limit} s or less"),
    };
    if counted == CLEAN { format!("{less}, loosen the rejection") } else { less }
}

impl ProtocolError {
    /// The same about a cohort, where it has a name.
    pub(crate) fn of_cohort(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => Self::Cohort { name: name.to_owned(), problem: Box::new(self) },
            None => self,
        }
    }

    /// The key of the plan that the error is about, from its root: `protocol.enrol.seconds`.
    pub fn key(&self) -> String {
        let below = match self {
            Self::Plan(error) => error.key,
            Self::Unmatched { key, .. } | Self::NotWholeEpochs { key, .. } => key,
            Self::Missing { purpose: "enrol", .. } => "enrol.recordings",
            Self::Missing { .. } => "probe.recordings",
            Self::NoLabel { .. } | Self::LabelChanges { .. } => "stratify",
            Self::TooFewSubjects { .. } => "folds",
            Self::TooFewRecordings { .. } => "enrol.recordings_per_template",
            Self::NoTraining { .. } | Self::EmptyRole { .. } => "dev_subjects",
            Self::TooShort { purpose: "enrol", .. } | Self::AllTooShort { purpose: "enrol", .. } => {
                "enrol.seconds"
            }
            Self::TooShort { .. } | Self::AllTooShort { .. } => "probe.seconds",
            Self::Repeated(_) => return "dataset".to_owned(),
            Self::Cohort { problem, .. } => return problem.key(),
            Self::EpochSeconds(_) => return "preprocess.epochs.duration".to_owned(),
        };
        format!("protocol.{below}")
    }
}
/// What to do where so many people can be tested; no number of folds does for fewer than four.
fn folds_remedy(subjects: usize) -> String {
    match subjects / 2 {
        0 | 1 => "even the fewest folds, 2, need 4 subjects: add people, each with a recording to enrol and one to probe".to_owned(),
        most => format!("write folds = {most} or fewer, or add subjects"),
    }
}
