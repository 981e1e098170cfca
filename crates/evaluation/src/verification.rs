//! All verification numbers of one system on one trial list.

use serde::{Deserialize, Serialize};

use crate::bootstrap::{Bootstrap, Estimate};
use crate::calibration::Calibration;
use crate::curve::FnmrAtFmr;
use crate::influence;
use crate::interval::Interval;
use crate::metrics::softplus;
use crate::ranked::Ranked;
use crate::resampled::{self, Intervals, Points, Resampled};
use crate::weighted::{WeightedTrials, distinct_subjects};
use crate::{ScoreError, Scores};

/// False match rates at which the false non-match rate is reported.
pub const REPORTED_FMR: [f64; 3] = [0.1, 0.01, 0.001];

/// Prior of a mated comparison in the detection cost.
const PRIOR: f64 = 0.01;

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
    /// Intervals of all numbers besides the EER.
    pub ci95: Intervals,
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
    let trials = WeightedTrials::new(scores)?;
    let subjects = trials.subjects();
    let resampled = resample(&trials, bootstrap, &mut reasons);
    let eer_ci95 = eer_interval(eer.value, &resampled, subjects, bootstrap, &mut reasons);
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
    let cllr = match calibration {
        Some(map) => Some(calibrated_cost(&map.apply(scores)?, bootstrap)),
        None => None,
    };
    if cllr.is_none() {
        reasons.push("Cllr is absent: the scores were not calibrated on development subjects".into());
    }
    let per_subject = eer_per_subject_mean(scores, bootstrap, &mut reasons);
    let points = Points {
        auc: ranked.auc(),
        d_prime,
        min_dcf: ranked.min_dcf(PRIOR)?,
        min_cllr: ranked.min_cllr(),
        fnmr_at_fmr: fnmr_at_fmr.clone().map(|rate| match rate {
            FnmrAtFmr::Measured { fnmr, .. } => Some(fnmr),
            FnmrAtFmr::TooFew { .. } => None,
        }),
    };
    let ci95 = Intervals {
        cllr: cllr.and_then(|cllr| cllr.ci95),
        eer_per_subject_mean: per_subject.and_then(|mean| mean.ci95),
        ..resampled::intervals(scores, &trials, &resampled, &points, bootstrap)
    };
    Ok(Verification {
        eer: eer.value,
        eer_ci95,
        threshold: eer.threshold,
        fnmr_at_fmr,
        auc: points.auc,
        d_prime,
        min_dcf: points.min_dcf,
        cllr: cllr.map(|cllr| cllr.value),
        min_cllr: points.min_cllr,
        mated: scores.mated(),
        non_mated: scores.non_mated(),
        eer_per_subject_mean: per_subject.map(|mean| mean.value),
        ci95,
        subjects,
        reasons,
    })
}

/// Cllr of scores that are natural-log likelihood ratios, with its interval over subjects: the map that made them is held
/// fixed, so the cost is a sum of two means and needs no draws (see the infinitesimal jackknife of [`crate::transport`]).
pub fn calibrated_cost(log_likelihood_ratios: &Scores, bootstrap: &Bootstrap) -> Estimate {
    let value = crate::metrics::cllr(log_likelihood_ratios);
    let error = influence::mean_of_means(log_likelihood_ratios, |ratio, mated| {
        softplus(if mated { -ratio } else { ratio }) / std::f64::consts::LN_2
    });
    let subjects = distinct_subjects(log_likelihood_ratios).len();
    Estimate { value, ci95: Interval::of_cost(value, error, subjects, bootstrap.level) }
}

/// The numbers of every resampled cohort that can be scored.
fn resample(trials: &WeightedTrials, bootstrap: &Bootstrap, reasons: &mut Vec<String>) -> Vec<Resampled> {
    let read = trials.resample(bootstrap, |pass, lane| Resampled::read(pass, lane, PRIOR));
    let resampled: Vec<Resampled> = read.into_iter().flatten().collect();
    if resampled.len() < bootstrap.replicates {
        reasons.push(format!(
            "{} of {} resampled cohorts had comparisons of one kind only and were left out",
            bootstrap.replicates - resampled.len(),
            bootstrap.replicates
        ));
    }
    resampled
}

fn eer_interval(
    eer: f64,
    resampled: &[Resampled],
    subjects: usize,
    bootstrap: &Bootstrap,
    reasons: &mut Vec<String>,
) -> Option<Interval> {
    let values: Vec<f64> = resampled.iter().map(|one| one.eer).collect();
    let interval = bootstrap.of_rate(eer, &values, subjects);
    if interval.is_none() {
        reasons.push("the EER has no interval: it does not vary between resampled cohorts".into());
    } else if eer == 0.0 || eer == 1.0 {
        reasons.push(format!(
            "an EER of exactly {eer} leaves nothing to resample: its interval is what {subjects} independent subjects without an error can bound"
        ));
    }
    interval
}

/// Mean of the equal error rates of single enrolled subjects, with the interval from their spread.
fn eer_per_subject_mean(
    scores: &Scores,
    bootstrap: &Bootstrap,
    reasons: &mut Vec<String>,
) -> Option<Estimate> {
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
    let count = eers.len() as f64;
    let value = eers.iter().sum::<f64>() / count;
    let variance = eers.iter().map(|eer| (eer - value).powi(2)).sum::<f64>() / (count - 1.0);
    let ci95 = Interval::of_rate(value, (variance / count).sqrt(), eers.len(), bootstrap.level);
    (!eers.is_empty()).then_some(Estimate { value, ci95 })
}
