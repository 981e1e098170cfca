//! All verification numbers of one system on one trial list.

use serde::{Deserialize, Serialize};

use crate::bootstrap::Bootstrap;
use crate::calibration::Calibration;
use crate::curve::FnmrAtFmr;
use crate::interval::Interval;
use crate::ranked::Ranked;
use crate::weighted::{WeightedTrials, distinct_subjects};
use crate::{ScoreError, Scores};

/// False match rates at which the false non-match rate is reported.
pub const REPORTED_FMR: [f64; 3] = [0.1, 0.01, 0.001];

/// What a trial list says about a system. A number that cannot be computed is absent and `reasons` says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Equal error rate with one threshold for everybody, 0 to 1.
    pub eer: f64,
    /// Its 95 % interval by bootstrap over subjects (or of the level asked for).
    pub eer_ci95: Option<Interval>,
    /// Threshold at the equal error rate.
    pub threshold: f64,
    /// FNMR at the false match rates of [`REPORTED_FMR`].
    pub fnmr_at_fmr: [FnmrAtFmr; 3],
    /// Area under the ROC curve.
    pub auc: f64,
    /// Sensitivity index; absent when the scores do not vary.
    pub d_prime: Option<f64>,
    /// Normalised least detection cost at prior 0.01, costs 1.
    pub min_dcf: f64,
    /// Cost of the calibrated scores in bits; absent without a calibration.
    pub cllr: Option<f64>,
    /// The same after the best increasing map.
    pub min_cllr: f64,
    /// Number of mated comparisons.
    pub mated: usize,
    /// Number of non-mated comparisons.
    pub non_mated: usize,
    /// Mean over enrolled subjects of the EER with a threshold of their own. Flatters; never "the" EER.
    pub eer_per_subject_mean: Option<f64>,
    /// Number of distinct subjects.
    pub subjects: usize,
    /// Why numbers are absent, and what limits those present.
    pub reasons: Vec<String>,
}

/// Every verification number. `cllr` is absent, since raw scores are no likelihood ratios.
pub fn verification(scores: &Scores, bootstrap: &Bootstrap) -> Result<Verification, ScoreError> {
    verification_calibrated(scores, None, bootstrap)
}

/// The same with Cllr of the scores mapped by a calibration that was fitted on other (dev) subjects.
pub fn verification_calibrated(
    scores: &Scores,
    calibration: Option<&Calibration>,
    bootstrap: &Bootstrap,
) -> Result<Verification, ScoreError> {
    bootstrap.validate()?;
    let ranked = Ranked::new(scores);
    let eer = ranked.eer();
    let mut reasons = Vec::new();
    let (eer_ci95, subjects) = interval(scores, eer.value, bootstrap, &mut reasons)?;
    let [first, second, third] = REPORTED_FMR;
    let fnmr_at_fmr = [ranked.fnmr_at_fmr(first)?, ranked.fnmr_at_fmr(second)?, ranked.fnmr_at_fmr(third)?];
    for rate in &fnmr_at_fmr {
        if let FnmrAtFmr::TooFew { reason, .. } = rate {
            reasons.push(reason.clone());
        }
    }
    let d_prime = ranked.d_prime();
    if d_prime.is_none() {
        reasons.push("d′ is absent: neither mated nor non-mated scores vary".into());
    }
    let cllr = calibration.map(|map| {
        let mapped = |scores: &[f64]| scores.iter().map(|&score| map.log_likelihood_ratio(score)).collect();
        Ranked { mated: mapped(&ranked.mated), non_mated: mapped(&ranked.non_mated) }.cllr()
    });
    if cllr.is_none() {
        reasons.push("Cllr is absent: the scores were not calibrated on development subjects".into());
    }
    let eer_per_subject_mean = eer_per_subject_mean(scores, &mut reasons);
    Ok(Verification {
        eer: eer.value,
        eer_ci95,
        threshold: eer.threshold,
        fnmr_at_fmr,
        auc: ranked.auc(),
        d_prime,
        min_dcf: ranked.min_dcf(0.01)?,
        cllr,
        min_cllr: ranked.min_cllr(),
        mated: scores.mated(),
        non_mated: scores.non_mated(),
        eer_per_subject_mean,
        subjects,
        reasons,
    })
}

/// The interval of the equal error rate and the number of subjects.
fn interval(
    scores: &Scores,
    eer: f64,
    bootstrap: &Bootstrap,
    reasons: &mut Vec<String>,
) -> Result<(Option<Interval>, usize), ScoreError> {
    let trials = WeightedTrials::new(scores)?;
    let subjects = trials.subjects();
    let values: Vec<f64> = trials.replicates(bootstrap).into_iter().flatten().collect();
    if values.len() < bootstrap.replicates {
        reasons.push(format!(
            "{} of {} resampled cohorts had comparisons of one kind only and were left out",
            bootstrap.replicates - values.len(),
            bootstrap.replicates
        ));
    }
    let interval = bootstrap.of_rate(eer, &values, subjects);
    if interval.is_none() {
        reasons.push("the EER has no interval: it does not vary between resampled cohorts".into());
    } else if eer == 0.0 || eer == 1.0 {
        reasons.push(format!(
            "an EER of exactly {eer} leaves nothing to resample: its interval is what {subjects} independent subjects without an error can bound"
        ));
    }
    Ok((interval, subjects))
}

/// Mean of the equal error rates of single enrolled subjects.
fn eer_per_subject_mean(scores: &Scores, reasons: &mut Vec<String>) -> Option<f64> {
    let subjects = distinct_subjects(scores);
    let mut parts: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); subjects.len()];
    for (trial, (&score, &enrol)) in scores.similarity().iter().zip(scores.enrol_subject()).enumerate() {
        let part = &mut parts[subjects.partition_point(|&known| known < enrol)];
        if scores.is_mated(trial) { part.0.push(score) } else { part.1.push(score) }
    }
    let eers: Vec<f64> = parts
        .into_iter()
        .filter(|(mated, non_mated)| !mated.is_empty() && !non_mated.is_empty())
        .map(|(mated, non_mated)| Ranked::from_parts(mated, non_mated).eer().value)
        .collect();
    if eers.len() < subjects.len() {
        reasons.push(format!(
            "{} of {} subjects were not enrolled against both themselves and others and have no EER of their own",
            subjects.len() - eers.len(),
            subjects.len()
        ));
    }
    (!eers.is_empty()).then(|| eers.iter().sum::<f64>() / eers.len() as f64)
}
