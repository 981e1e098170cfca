//! The leaks by name, and what is shown when one is found.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_signal::FoldIndex;

/// A way for knowledge of the test to reach what is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leak {
    /// A person has two of the roles train, dev and test in one fold.
    SubjectInTwoRoles,
    /// One file under two names: of two people, or in two roles of one person.
    DuplicateRecording,
    /// Windows of different roles overlap, touch, or lie closer than the guard gap in one recording.
    WindowsWithoutGuard,
    /// Enrolment and probes come from one recording under a protocol across recordings.
    SameRecording,
    /// Enrolment and probes come from one session under a protocol across sessions.
    SameSession,
    /// A filter ran after the epochs were cut, so that its edges or its state tie neighbouring epochs together.
    FilterAfterEpoching,
    /// Weights, a scaler, whitening, a normalisation or a threshold were fitted on people who are tested.
    FittedOnTest,
    /// A column that tells who the person is stands among the features.
    IdentityInFeatures,
}

impl Leak {
    /// Every leak that is looked for.
    pub const ALL: [Self; 8] = [
        Self::SubjectInTwoRoles,
        Self::DuplicateRecording,
        Self::WindowsWithoutGuard,
        Self::SameRecording,
        Self::SameSession,
        Self::FilterAfterEpoching,
        Self::FittedOnTest,
        Self::IdentityInFeatures,
    ];

    /// The name by which it is allowed: `subject-in-two-roles`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SubjectInTwoRoles => "subject-in-two-roles",
            Self::DuplicateRecording => "duplicate-recording",
            Self::WindowsWithoutGuard => "windows-without-guard",
            Self::SameRecording => "same-recording",
            Self::SameSession => "same-session",
            Self::FilterAfterEpoching => "filter-after-epoching",
            Self::FittedOnTest => "fitted-on-test",
            Self::IdentityInFeatures => "identity-in-features",
        }
    }

    /// Why the numbers cannot be believed, in one clause.
    pub fn why(self) -> &'static str {
        match self {
            Self::SubjectInTwoRoles => "what was learnt about a person helps when that person is tested",
            Self::DuplicateRecording => {
                "a file compared with itself is a perfect match that no new recording repeats"
            }
            Self::WindowsWithoutGuard => {
                "neighbouring windows share filtered samples and the state of the moment"
            }
            Self::SameRecording => {
                "drift, impedance and noise of one recording pass for traits of the person"
            }
            Self::SameSession => "electrodes that stay on pass for traits of the person",
            Self::FilterAfterEpoching => {
                "a filter run on cut epochs carries samples or state across their borders"
            }
            Self::FittedOnTest => "what is fitted on the test knows the test",
            Self::IdentityInFeatures => "a column that says who the person is is a name tag, not a feature",
        }
    }

    /// What to change so that the leak is gone.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::SubjectInTwoRoles => {
                "give each subject one role a fold, or choose variant = \"seen-subjects\""
            }
            Self::DuplicateRecording => {
                "remove one of the two files, or correct the subject it is filed under"
            }
            Self::WindowsWithoutGuard => {
                "raise protocol.guard_seconds, or take the roles from different recordings"
            }
            Self::SameRecording => {
                "name other recordings in protocol.probe.recordings, or choose variant = \"within-recording\""
            }
            Self::SameSession => {
                "name another session in protocol.probe.recordings, or choose variant = \"cross-recording\""
            }
            Self::FilterAfterEpoching => "move the filter before the epochs are cut",
            Self::FittedOnTest => "fit on the training subjects of the fold only",
            Self::IdentityInFeatures => "take the column out of the features",
        }
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no leak's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not the name of a leak: write one of {}", Leak::ALL.map(Leak::name).join(", "))]
pub struct UnknownLeak {
    /// The name given.
    pub name: String,
}

impl FromStr for Leak {
    type Err = UnknownLeak;

    fn from_str(name: &str) -> Result<Self, UnknownLeak> {
        Self::ALL
            .into_iter()
            .find(|leak| leak.name() == name)
            .ok_or_else(|| UnknownLeak { name: name.to_owned() })
    }
}

/// One of the two offending rows: the part it plays, what it names, and the detail that offends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The role or source: `train`, `enrol`, `fitted`.
    pub role: String,
    /// The subject, recording, stage or column: `sub-01/ses-1/rest`.
    pub name: String,
    /// What offends: a hash, a stretch of seconds, a value.
    pub detail: String,
}

impl Row {
    pub(crate) fn new(role: impl Into<String>, name: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self { role: role.into(), name: name.to_string(), detail: detail.into() }
    }
}

/// A leak that was found and not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeakError {
    /// The kind of leak.
    pub leak: Leak,
    /// The fold it is in, where it is in one.
    pub fold: Option<FoldIndex>,
    /// What was found, in one sentence.
    pub what: String,
    /// The two rows that cannot stand together.
    pub rows: [Row; 2],
}

impl fmt::Display for LeakError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leak {}", self.leak)?;
        if let Some(fold) = self.fold {
            write!(f, " in fold {fold}")?;
        }
        writeln!(f, ": {}", self.what)?;
        let width =
            |get: fn(&Row) -> &str| self.rows.iter().map(|row| get(row).chars().count()).max().unwrap_or(0);
        let (roles, names) = (width(|row| &row.role), width(|row| &row.name));
        for Row { role, name, detail } in &self.rows {
            writeln!(f, "{}", format!("  {role:roles$}  {name:names$}  {detail}").trim_end())?;
        }
        writeln!(f, "  why: {}", self.leak.why())?;
        write!(f, "  do: {}; to run with it on purpose, --allow-leak {}", self.leak.remedy(), self.leak)
    }
}

impl std::error::Error for LeakError {}

/// Something a reader of the numbers must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The sentence to show.
    pub text: String,
    /// The leak that runs on purpose; every number is leaky then.
    pub leak: Option<Leak>,
    /// The rows of that leak, none for other notices.
    pub rows: Vec<Row>,
}

impl Notice {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), leak: None, rows: Vec::new() }
    }

    /// Whether every number of the run is leaky because of it.
    pub fn leaky(&self) -> bool {
        self.leak.is_some()
    }
}

/// Parts what was found into what stops the run and, when nothing does, what was allowed.
pub(crate) fn judge(
    found: Vec<LeakError>,
    allowed: &[Leak],
    notices: Vec<Notice>,
) -> Result<Vec<Notice>, Vec<LeakError>> {
    let (passed, refused): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|error| allowed.contains(&error.leak));
    if !refused.is_empty() {
        return Err(refused);
    }
    let passed = passed.into_iter().map(|error| {
        let fold = error.fold.map(|fold| format!(" in fold {fold}")).unwrap_or_default();
        let text = format!("leaky ({}){fold}: {}; {}", error.leak, error.what, error.leak.why());
        Notice { text, leak: Some(error.leak), rows: error.rows.into() }
    });
    Ok(passed.chain(notices).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_through_text_and_plans() {
        for leak in Leak::ALL {
            assert_eq!(leak.name().parse::<Leak>().unwrap(), leak);
            assert_eq!(serde_json::to_value(leak).unwrap(), leak.name());
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let shown = "overlap".parse::<Leak>().unwrap_err().to_string();
        assert!(shown.contains("\"overlap\"") && shown.contains("windows-without-guard"), "{shown}");
    }
}
