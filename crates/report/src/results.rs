//! The schema of `results.json`.
//!
//! A number that could not be computed is absent, and an entry of `audit` says why; it is never 0, 0.5 or NaN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of [`Results::schema`] that this crate reads and writes.
pub const SCHEMA: &str = "twinprint-results/1";

/// The name of the system that the plan trains and reports.
pub const ENCODER: &str = "encoder";

/// All numbers of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The run's name.
    pub name: String,
    /// What every reader must know beside the numbers: an optimistic protocol, synthetic data, one visit, few people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<String>,
    /// Leaks that ran on purpose; while there is one, every number is leaky.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaks: Vec<AllowedLeak>,
    /// Who was trained on, who was tested, for how long.
    pub protocol: ProtocolSummary,
    /// Verification: one person claimed, one answer.
    #[serde(default)]
    pub verification: Vec<VerificationRow>,
    /// Paired differences between two systems on the same trials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// Identification: nobody claimed, everybody ranked.
    #[serde(default)]
    pub identification: Vec<IdentificationRow>,
    /// N-way K-shot episodes.
    #[serde(default)]
    pub few_shot: Vec<FewShotRow>,
    /// Classifiers on prints.
    #[serde(default)]
    pub classifiers: Vec<ClassifierRow>,
    /// Checks that passed, failed, or could not be made.
    #[serde(default)]
    pub audit: Vec<AuditRow>,
    /// Seconds of wall-clock time by stage.
    #[serde(default)]
    pub timing: BTreeMap<String, f64>,
}

/// A number with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The number.
    pub value: f64,
    /// Lower and upper bound.
    pub ci95: [f64; 2],
}

/// Who was trained on, who was tested, for how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolSummary {
    /// Training subjects a fold; the fewest where folds differ.
    pub train_subjects: usize,
    /// Subjects tested, over all folds.
    pub test_subjects: usize,
    /// Folds.
    pub folds: usize,
    /// Clean seconds a template.
    pub enroll_seconds: f64,
    /// Clean seconds a probe, one entry for each length scored.
    pub probe_seconds: Vec<f64>,
    /// Whether people who are tested were trained on.
    pub seen_subjects: bool,
    /// The variant's name: `unseen-subjects`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Dev subjects a fold; the fewest where folds differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_subjects: Option<usize>,
}

/// A leak that ran on purpose and what it gained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedLeak {
    /// The leak's name: `same-recording`.
    pub leak: String,
    /// What was found.
    pub detail: String,
    /// What the leak gained, where the honest run could be scored as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optimism: Vec<Optimism>,
}

/// The leaky equal error rate beside the honest one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimism {
    /// The system.
    pub system: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// Equal error rate with the leak, 0 to 1.
    pub leaky_eer: f64,
    /// Equal error rate without it, 0 to 1.
    pub honest_eer: f64,
}

impl Optimism {
    /// Leaky minus honest: below 0 when the leak flatters.
    pub fn difference(&self) -> f64 {
        self.leaky_eer - self.honest_eer
    }
}

/// Verification by one system at one probe length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// Equal error rate with one threshold for all, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer: Option<Measured>,
    /// False non-match rate where the false match rate is the key (`"0.1"`, `"0.01"`, `"0.001"`).
    #[serde(default)]
    pub fnmr_at_fmr: BTreeMap<String, f64>,
    /// Area under the ROC curve, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// Distance between the two score means in pooled standard deviations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d_prime: Option<f64>,
    /// Minimum detection cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_dcf: Option<f64>,
    /// Log-likelihood-ratio cost in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cllr: Option<f64>,
    /// The same after the best monotone calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_cllr: Option<f64>,
    /// Mated comparisons.
    pub mated: usize,
    /// Non-mated comparisons.
    pub non_mated: usize,
    /// Mean of the equal error rates with one threshold for each subject; flatters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer_per_subject_mean: Option<f64>,
    /// 95 % intervals of the numbers above, by the names of their keys; those of `fnmr_at_fmr` as `fnmr_at_fmr.0.1`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ci95: BTreeMap<String, [f64; 2]>,
    /// What a threshold chosen on dev gave on test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transported: Vec<TransportedThreshold>,
    /// People who gave no template.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures_to_enrol: usize,
    /// Recordings that gave no probe.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures_to_acquire: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A threshold chosen on dev at a target false match rate, and the error rates then observed on test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportedThreshold {
    /// The false match rate aimed at on dev.
    pub target_fmr: f64,
    /// The similarity at and above which a trial matches; absent when every fold has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// False match rate observed on test.
    pub fmr: f64,
    /// Its 95 % interval over subjects, the thresholds held fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fmr_ci95: Option<[f64; 2]>,
    /// False non-match rate observed on test.
    pub fnmr: f64,
    /// Its 95 % interval over subjects, the thresholds held fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fnmr_ci95: Option<[f64; 2]>,
}

/// Two systems on the same trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The system.
    pub system: String,
    /// What it is compared with.
    pub baseline: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// Equal error rate of the system minus that of the baseline: below 0 when the system is better.
    pub difference: f64,
    /// Lower and upper bound of the difference by the paired bootstrap over subjects.
    pub ci95: [f64; 2],
}

impl Comparison {
    /// Whether the system is better beyond chance: the whole interval lies below 0.
    pub fn better(&self) -> bool {
        self.ci95[1] < 0.0
    }
}

/// Identification by one system at one probe length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentificationRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// Share of probes whose own template comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank1: Option<Measured>,
    /// Share of probes whose own template is among the first 1, 2, 3, ….
    #[serde(default)]
    pub cmc: Vec<f64>,
    /// The 95 % interval of each of these over subjects; absent where one of them has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cmc_ci95: Vec<[f64; 2]>,
    /// Open set: share of probes detected and ranked first, by the false alarm rate that is the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dir_at_far: BTreeMap<String, f64>,
    /// The 95 % intervals of these over subjects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dir_at_far_ci95: BTreeMap<String, [f64; 2]>,
}

/// N-way K-shot episodes of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewShotRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// People to choose from.
    pub ways: usize,
    /// Examples of each.
    pub shots: usize,
    /// Share of queries answered right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Measured>,
    /// What guessing gives.
    pub chance: f64,
}

/// A classifier on the prints of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// `knn`, `mlp`, ….
    pub classifier: String,
    /// What is told apart: `subject`, `task`, ….
    pub label: String,
    /// Share of answers that are right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Measured>,
    /// Mean over classes of the share that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced_accuracy: Option<f64>,
    /// Its 95 % interval over subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced_ci95: Option<[f64; 2]>,
    /// What guessing gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
}

/// One check of the run, or the reason why a number is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRow {
    /// The check's name.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was found.
    pub detail: String,
    /// The equal error rate the check rests on, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer: Option<Measured>,
    /// Clean seconds a probe, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_seconds: Option<f64>,
}

/// Text that is no `results.json`, or results that cannot be written as one.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// A number is NaN or infinite.
    #[error("results.json: the number at {path} is not finite; leave it absent and say why in audit")]
    NotFinite {
        /// Where: `verification[0].eer.value`.
        path: String,
    },
    /// The text is no JSON, or not of this schema.
    #[error("results.json: {0}; it must follow the schema {SCHEMA}")]
    Json(#[from] serde_json::Error),
    /// The schema is another.
    #[error(
        "results.json has schema {found:?}, but this version reads {SCHEMA:?}; use the version that wrote it"
    )]
    Schema {
        /// The schema named in the file.
        found: String,
    },
}

impl Results {
    /// The text of `results.json`, indented, ending in a line break.
    ///
    /// # Errors
    /// When a number is NaN or infinite.
    pub fn to_json(&self) -> Result<String, ResultsError> {
        let value = serde_json::to_value(self)?;
        // No field is ever written as null, so that a null is what became of a number that is not finite.
        if let Some(path) = first_null(&value) {
            return Err(ResultsError::NotFinite { path: path.trim_start_matches('.').to_owned() });
        }
        Ok(serde_json::to_string_pretty(&value)? + "\n")
    }

    /// Reads the text of a `results.json`.
    ///
    /// # Errors
    /// When it is no JSON, names another schema, or does not follow this one.
    pub fn from_json(text: &str) -> Result<Self, ResultsError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(found) if found != SCHEMA => Err(ResultsError::Schema { found: found.to_owned() }),
            _ => Ok(serde_json::from_value(value)?),
        }
    }
}

/// The way to the first null, as `.verification[0].auc`.
fn first_null(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let below = |step: String, child: &Value| first_null(child).map(|rest| step + &rest);
    match value {
        Value::Null => Some(String::new()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| below(format!("[{index}]"), item))
        }
        Value::Object(map) => map.iter().find_map(|(key, item)| below(format!(".{key}"), item)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_finite_is_refused_with_its_place() {
        let row = VerificationRow { auc: Some(f64::NAN), ..Default::default() };
        let results = Results { verification: vec![Default::default(), row], ..Default::default() };
        let shown = results.to_json().unwrap_err().to_string();
        assert!(shown.contains("verification[1].auc"), "{shown}");
    }

    #[test]
    fn absent_numbers_have_no_key() {
        let row = serde_json::to_value(VerificationRow::default()).unwrap();
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["system", "probe_seconds", "fnmr_at_fmr", "mated", "non_mated"]);
    }

    #[test]
    fn another_schema_is_named() {
        let shown = Results::from_json("{\"schema\": \"twinprint-results/9\"}").unwrap_err().to_string();
        assert!(shown.contains("twinprint-results/9") && shown.contains(SCHEMA), "{shown}");
    }

    #[test]
    fn results_survive_being_written_and_read() {
        let results = Results { schema: SCHEMA.to_owned(), ..crate::example::results() };
        assert_eq!(Results::from_json(&results.to_json().unwrap()).unwrap(), results);
    }
}
