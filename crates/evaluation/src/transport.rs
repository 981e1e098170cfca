//! A threshold chosen on development subjects and carried over to test subjects.

use serde::{Deserialize, Serialize};

use crate::bootstrap::{Bootstrap, Interval};
use crate::ranked::Ranked;
use crate::weighted::distinct_subjects;
use crate::{ScoreError, Scores};

/// What a threshold chosen on dev does on test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transported {
    /// False match rate aimed at on dev.
    pub target_fmr: f64,
    /// Lowest threshold whose FMR on dev is at most the target.
    pub threshold: f64,
    /// False match rate on dev at that threshold.
    pub dev_fmr: f64,
    /// False match rate observed on test.
    pub fmr: f64,
    /// Its 95 % interval over subjects.
    pub fmr_ci95: Option<Interval>,
    /// False non-match rate observed on test.
    pub fnmr: f64,
    /// Its 95 % interval over subjects.
    pub fnmr_ci95: Option<Interval>,
    /// False matches on test.
    pub false_matches: usize,
    /// Non-mated comparisons on test.
    pub non_mated: usize,
    /// False non-matches on test.
    pub false_non_matches: usize,
    /// Mated comparisons on test.
    pub mated: usize,
}

/// Chooses the threshold for `target_fmr` on `dev` and reports both error rates on `test`.
pub fn transport(dev: &Scores, test: &Scores, target_fmr: f64) -> Result<Transported, ScoreError> {
    if !(target_fmr > 0.0 && target_fmr < 1.0) {
        return Err(ScoreError::Rate { what: "the target false match rate", value: target_fmr });
    }
    let dev = Ranked::new(dev);
    let threshold = dev.threshold_at_fmr(target_fmr);
    let observed = observe(test, threshold);
    let bootstrap = Bootstrap::default();
    let total = |terms: &[f64]| terms.iter().sum::<f64>();
    Ok(Transported {
        target_fmr,
        threshold,
        dev_fmr: dev.fmr(threshold),
        fmr: total(&observed.false_matches) / total(&observed.non_mated),
        fmr_ci95: bootstrap.ratio(&observed.false_matches, &observed.non_mated),
        fnmr: total(&observed.false_non_matches) / total(&observed.mated),
        fnmr_ci95: bootstrap.ratio(&observed.false_non_matches, &observed.mated),
        false_matches: total(&observed.false_matches) as usize,
        non_mated: test.non_mated(),
        false_non_matches: total(&observed.false_non_matches) as usize,
        mated: test.mated(),
    })
}

/// Counts per subject at one threshold; a non-mated comparison counts half for each of its two subjects.
struct Observed {
    false_matches: Vec<f64>,
    non_mated: Vec<f64>,
    false_non_matches: Vec<f64>,
    mated: Vec<f64>,
}

fn observe(test: &Scores, threshold: f64) -> Observed {
    let subjects = distinct_subjects(test);
    let number = |subject: u32| subjects.partition_point(|&known| known < subject);
    let zeros = || vec![0.0; subjects.len()];
    let mut counts =
        Observed { false_matches: zeros(), non_mated: zeros(), false_non_matches: zeros(), mated: zeros() };
    for (trial, &score) in test.similarity().iter().enumerate() {
        let accepted = score >= threshold;
        let enrol = number(test.enrol_subject()[trial]);
        if test.is_mated(trial) {
            counts.mated[enrol] += 1.0;
            counts.false_non_matches[enrol] += f64::from(u8::from(!accepted));
        } else {
            for subject in [enrol, number(test.probe_subject()[trial])] {
                counts.non_mated[subject] += 0.5;
                counts.false_matches[subject] += 0.5 * f64::from(u8::from(accepted));
            }
        }
    }
    counts
}
