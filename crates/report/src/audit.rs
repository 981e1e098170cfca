//! The audit of a run: checks that passed or failed, findings that only inform, and numbers that are absent.

use serde::{Deserialize, Serialize};
use twinprint_signal::Estimate;

/// What an entry of the audit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The check found nothing wrong.
    Passed,
    /// The check found what puts the numbers under suspicion.
    Failed,
    /// There is nothing to pass: the finding shows something and accuses nobody.
    Informs,
    /// No check: a number is absent, and the detail says why.
    Absent,
}

/// One check of the run, or the reason why a number is absent.
///
/// In `results.json` a check has `passed`; a finding that informs has `informs: true` in its place, and an absent number
/// `absent: true`. Files of older versions call absent numbers passed and begin their name with `absent: `; they are read as
/// what they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct AuditRow {
    /// What was checked, or the number that is absent.
    pub check: String,
    /// Whether it passed, failed, only informs, or is absent.
    pub outcome: Outcome,
    /// What was found, or why the number is absent.
    pub detail: String,
    /// The equal error rate the check rests on, 0 to 1, where there is one.
    pub eer: Option<Estimate>,
    /// Seconds of EEG without rejected epochs that a probe is made from, where that matters.
    pub probe_seconds: Option<f64>,
}

impl AuditRow {
    /// An entry that rests on no error rate and holds for every probe length.
    pub fn new(outcome: Outcome, check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { check: check.into(), outcome, detail: detail.into(), eer: None, probe_seconds: None }
    }

    /// The entry for a number that could not be computed.
    pub fn absent(number: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(Outcome::Absent, number, reason)
    }
}

/// An entry as it stands in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passed: Option<bool>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    informs: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    absent: bool,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eer: Option<Estimate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probe_seconds: Option<f64>,
}

/// An entry that is neither a check nor an absence.
#[derive(Debug, thiserror::Error)]
#[error(
    "the audit entry {check:?} has neither `passed` nor `informs` nor `absent`: give it one of the three"
)]
struct NoOutcome {
    check: String,
}

impl From<AuditRow> for Written {
    fn from(AuditRow { check, outcome, detail, eer, probe_seconds }: AuditRow) -> Self {
        let passed = match outcome {
            Outcome::Passed => Some(true),
            Outcome::Failed => Some(false),
            Outcome::Informs | Outcome::Absent => None,
        };
        let (informs, absent) = (outcome == Outcome::Informs, outcome == Outcome::Absent);
        Self { check, passed, informs, absent, detail, eer, probe_seconds }
    }
}

impl TryFrom<Written> for AuditRow {
    type Error = NoOutcome;

    fn try_from(written: Written) -> Result<Self, NoOutcome> {
        let Written { check, passed, informs, absent, detail, eer, probe_seconds } = written;
        let old = check.strip_prefix("absent: ").map(str::to_owned);
        let outcome = match (passed, informs, absent) {
            (_, _, true) => Outcome::Absent,
            _ if old.is_some() => Outcome::Absent,
            (_, true, _) => Outcome::Informs,
            (Some(true), ..) => Outcome::Passed,
            (Some(false), ..) => Outcome::Failed,
            (None, ..) => return Err(NoOutcome { check }),
        };
        Ok(Self { check: old.unwrap_or(check), outcome, detail, eer, probe_seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_checks_say_whether_they_passed() {
        let written = |outcome| serde_json::to_string(&AuditRow::new(outcome, "x", "y")).unwrap();
        assert_eq!(written(Outcome::Passed), r#"{"check":"x","passed":true,"detail":"y"}"#);
        assert_eq!(written(Outcome::Failed), r#"{"check":"x","passed":false,"detail":"y"}"#);
        assert_eq!(written(Outcome::Informs), r#"{"check":"x","informs":true,"detail":"y"}"#);
        assert_eq!(written(Outcome::Absent), r#"{"check":"x","absent":true,"detail":"y"}"#);
        for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Informs, Outcome::Absent] {
            let read: AuditRow = serde_json::from_str(&written(outcome)).unwrap();
            assert_eq!(read, AuditRow::new(outcome, "x", "y"));
        }
    }

    #[test]
    fn an_absent_number_that_an_older_version_called_passed_is_read_as_absent() {
        let text = r#"{"check":"absent: cllr of encoder at 2 s","passed":true,"detail":"why"}"#;
        let read: AuditRow = serde_json::from_str(text).unwrap();
        assert_eq!(read, AuditRow::absent("cllr of encoder at 2 s", "why"));
    }

    #[test]
    fn an_entry_that_says_nothing_is_refused_by_name() {
        let read = serde_json::from_str::<AuditRow>(r#"{"check":"gain","detail":"?"}"#);
        assert!(read.unwrap_err().to_string().contains("gain"));
    }
}
