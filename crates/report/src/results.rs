//! The schema of `results.json`.
//!
//! A number that could not be computed is absent, and an entry of `audit` says why; it is never 0, 0.5 or NaN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use twinprint_signal::{Estimate, Interval};

pub use crate::audit::{AuditRow, Outcome};
pub use crate::days::DaysRow;
pub use crate::scalp::ScalpRow;
pub use crate::thresholds::{FinalModel, ThresholdsAt, TransportedThreshold};

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
    /// The name that the plan gives the run.
    pub name: String,
    /// The cohort that the numbers are of, where the plan has several data sets: the first that is tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
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
    /// N-way K-shot episodes: a few prints of each of N people, then whose is this one?
    #[serde(default)]
    pub few_shot: Vec<FewShotRow>,
    /// Classifiers on prints: what k-NN and a small network read from them.
    #[serde(default)]
    pub classifiers: Vec<ClassifierRow>,
    /// Verification by the days between enrolment and probe, where recordings are dated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DaysRow>,
    /// One channel and one frequency band at a time, where the audit `scalp` was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scalp: Vec<ScalpRow>,
    /// The encoder that was fitted to everybody, where the run has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_model: Option<FinalModel>,
    /// Checks that passed or failed, findings that inform, numbers that are absent.
    #[serde(default)]
    pub audit: Vec<AuditRow>,
    /// The same numbers of the other cohorts that are tested. Trials are made within a cohort only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cohorts: Vec<CohortResults>,
    /// Seconds of wall-clock time by stage.
    #[serde(default)]
    pub timing: BTreeMap<String, f64>,
}

/// The numbers of one more cohort that is tested, each as in [`Results`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortResults {
    /// The name that the plan gives the cohort.
    pub cohort: String,
    /// Who was trained on, of all cohorts; who was tested, of this one; for how long.
    pub protocol: ProtocolSummary,
    /// Verification of its people.
    #[serde(default)]
    pub verification: Vec<VerificationRow>,
    /// Paired differences between two systems on its trials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// Identification of its people among the cohort's tested in the same fold.
    #[serde(default)]
    pub identification: Vec<IdentificationRow>,
    /// N-way K-shot episodes of its people.
    #[serde(default)]
    pub few_shot: Vec<FewShotRow>,
    /// Classifiers on its people's prints.
    #[serde(default)]
    pub classifiers: Vec<ClassifierRow>,
    /// Verification by the days between enrolment and probe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DaysRow>,
    /// One channel and one frequency band at a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scalp: Vec<ScalpRow>,
    /// Checks, findings and absent numbers of this cohort.
    #[serde(default)]
    pub audit: Vec<AuditRow>,
}

/// Who was trained on, who was tested, for how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolSummary {
    /// Training subjects a fold; the fewest where folds differ.
    pub train_subjects: usize,
    /// Subjects tested, over all folds.
    pub test_subjects: usize,
    /// Number of folds; a subject is tested in one of them.
    pub folds: usize,
    /// Seconds of EEG without rejected epochs that a template is made from.
    pub enroll_seconds: f64,
    /// Seconds of EEG without rejected epochs that a probe is made from, one entry for each length scored.
    pub probe_seconds: Vec<f64>,
    /// Whether people who are tested were trained on.
    pub seen_subjects: bool,
    /// The protocol's variant, as the plan names it: `unseen-subjects`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Dev subjects a fold; the fewest where folds differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_subjects: Option<usize>,
}

impl Results {
    /// Whether a person of the run is of the cohort that the numbers are of: everybody, where the plan has a single data set.
    pub fn is_about(&self, subject: &str) -> bool {
        let cohort = self.cohort.as_deref();
        cohort.is_none_or(|cohort| subject.strip_prefix(cohort).is_some_and(|rest| rest.starts_with('/')))
    }

    /// The results of each other cohort that is tested, as if it were the main one.
    pub fn of_other_cohorts(&self) -> impl Iterator<Item = Self> {
        self.cohorts.iter().map(|other| Self {
            schema: self.schema.clone(),
            name: self.name.clone(),
            cohort: Some(other.cohort.clone()),
            protocol: other.protocol.clone(),
            verification: other.verification.clone(),
            comparisons: other.comparisons.clone(),
            identification: other.identification.clone(),
            few_shot: other.few_shot.clone(),
            classifiers: other.classifiers.clone(),
            days: other.days.clone(),
            scalp: other.scalp.clone(),
            audit: other.audit.clone(),
            ..Self::default()
        })
    }

    /// The entries of the audit with this outcome.
    pub fn audits(&self, outcome: Outcome) -> impl Iterator<Item = &AuditRow> {
        self.audit.iter().filter(move |row| row.outcome == outcome)
    }
}

/// A leak that ran on purpose and what it gained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedLeak {
    /// The leak, as `--allow-leak` names it: `same-recording`.
    pub leak: String,
    /// The first finding with its rows, and how many more there are like it.
    pub detail: String,
    /// What the leak gained, where the honest run could be scored as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optimism: Vec<Optimism>,
}

/// The leaky equal error rate beside the honest one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimism {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Seconds of EEG without rejected epochs that each probe is made from.
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
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// Equal error rate with one threshold for all, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer: Option<Estimate>,
    /// False non-match rate where the false match rate is the key (`"0.1"`, `"0.01"`, `"0.001"`).
    #[serde(default)]
    pub fnmr_at_fmr: BTreeMap<String, f64>,
    /// Area under the ROC curve, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// Distance between the two score means in pooled standard deviations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d_prime: Option<f64>,
    /// Least detection cost at a prior of 0.01, 0 to 1; 1 is as good as deciding without looking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_dcf: Option<f64>,
    /// Cost of the calibrated scores as log-likelihood ratios, in bits; absent without dev subjects to calibrate on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cllr: Option<f64>,
    /// Log-likelihood-ratio cost after the best increasing map of the scores, in bits: what calibration could reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_cllr: Option<f64>,
    /// Comparisons of a person with themselves.
    pub mated: usize,
    /// Comparisons of two people.
    pub non_mated: usize,
    /// Mean of the equal error rates with one threshold for each subject; flatters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer_per_subject_mean: Option<f64>,
    /// 95 % intervals of the numbers above, by the names of their keys; those of `fnmr_at_fmr` as `fnmr_at_fmr.0.1`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ci95: BTreeMap<String, Interval>,
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

/// Two systems on the same trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The system whose error rate is the minuend: an encoder of the run.
    pub system: String,
    /// The system whose error rate is subtracted.
    pub baseline: String,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// Equal error rate of the system minus that of the baseline: below 0 when the system is better.
    pub difference: f64,
    /// Lower and upper bound of the difference by the paired bootstrap over subjects.
    pub ci95: Interval,
}

impl Comparison {
    /// The difference with its interval.
    pub fn estimate(&self) -> Estimate {
        Estimate { value: self.difference, ci95: Some(self.ci95) }
    }

    /// Whether the system is better beyond chance: the whole interval lies below 0.
    pub fn better(&self) -> bool {
        self.ci95.high < 0.0
    }
}

/// Identification by one system at one probe length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentificationRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// Share of probes whose own template comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank1: Option<Estimate>,
    /// Share of probes whose own template is among the first 1, 2, 3, ….
    #[serde(default)]
    pub cmc: Vec<f64>,
    /// The 95 % interval of each of these over subjects; absent where one of them has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cmc_ci95: Vec<Interval>,
    /// Open set: share of probes detected and ranked first, by the false alarm rate that is the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dir_at_far: BTreeMap<String, f64>,
    /// The 95 % intervals of these over subjects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dir_at_far_ci95: BTreeMap<String, Interval>,
}

/// N-way K-shot episodes of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewShotRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// People an episode chooses from.
    pub ways: usize,
    /// Prints of each of them to learn from.
    pub shots: usize,
    /// Share of queries answered right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Share of queries that guessing answers right: 1 / ways.
    pub chance: f64,
}

/// A classifier on the prints of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierRow {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// How it learns: `knn`, `mlp`.
    pub classifier: String,
    /// What is told apart: `subject`, `task`, ….
    pub label: String,
    /// Share of answers that are right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Mean over classes of the share that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced_accuracy: Option<f64>,
    /// Its 95 % interval over subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced_ci95: Option<Interval>,
    /// Share of answers that are right when the commonest training label is always given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// How often which label was answered for which, for the encoder; pairs that never occur are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<Confused>,
}

/// How often one label was answered where another, or the same, was true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confused {
    /// The label that is true.
    pub truth: String,
    /// The label that was answered.
    pub answer: String,
    /// How many epochs.
    pub epochs: usize,
}
