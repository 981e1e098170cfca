//! Intervals of everything read off the trade-off curve besides the EER, from the same resampled cohorts.

use serde::{Deserialize, Serialize};

use crate::Scores;
use crate::bootstrap::Bootstrap;
use crate::influence;
use crate::interval::Interval;
use crate::metrics::isotonic_cost;
use crate::verification::REPORTED_FMR;
use crate::weighted::{Below, Pass, WeightedTrials};

/// 95 % intervals (or of the level asked for) of the numbers of [`crate::Verification`]; absent where the number is, and
/// where nothing varies between resampled cohorts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// FNMR at the false match rates of [`REPORTED_FMR`].
    pub fnmr_at_fmr: [Option<Interval>; 3],
    /// Area under the ROC curve.
    pub auc: Option<Interval>,
    /// Sensitivity index.
    pub d_prime: Option<Interval>,
    /// Normalised least detection cost.
    pub min_dcf: Option<Interval>,
    /// Cost of the calibrated scores; the calibration is held fixed.
    pub cllr: Option<Interval>,
    /// Cost after the best increasing map.
    pub min_cllr: Option<Interval>,
    /// Mean EER with a threshold for each subject.
    pub eer_per_subject_mean: Option<Interval>,
}

/// The numbers of one resampled cohort.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resampled {
    pub eer: f64,
    pub auc: f64,
    pub min_dcf: f64,
    pub min_cllr: f64,
    pub fnmr_at_fmr: [f64; 3],
}

impl Resampled {
    /// Reads one replicate: the EER to the last bit, the others at the ends of blocks, which in lists of up to 65,536
    /// different scores are all cuts there are.
    pub fn read(pass: &Pass, lane: usize, prior: f64) -> Option<Self> {
        let eer = pass.eer(lane)?;
        let below = pass.below(lane)?;
        let all = below.clone().last()?;
        Some(Self {
            eer,
            auc: area(below.clone(), all),
            min_dcf: least_cost(below.clone(), all, prior),
            min_cllr: isotonic_cost(below.clone().map(|cut| (cut.mated, cut.non_mated))),
            fnmr_at_fmr: REPORTED_FMR.map(|fmr| fnmr_at(below.clone(), all, fmr)),
        })
    }
}

fn area(below: impl Iterator<Item = Below>, all: Below) -> f64 {
    let (mut won, mut before) = (0.0, Below::default());
    for cut in below {
        won += (cut.mated - before.mated) * (before.non_mated + cut.non_mated);
        before = cut;
    }
    won / (2.0 * all.mated * all.non_mated)
}

fn least_cost(below: impl Iterator<Item = Below>, all: Below, prior: f64) -> f64 {
    let cost =
        |cut: Below| prior * cut.mated / all.mated + (1.0 - prior) * (1.0 - cut.non_mated / all.non_mated);
    (below.map(cost).fold(f64::INFINITY, f64::min) / prior.min(1.0 - prior)).min(1.0)
}

/// FNMR at the first cut whose FMR is at most the one asked for.
fn fnmr_at(mut below: impl Iterator<Item = Below>, all: Below, fmr: f64) -> f64 {
    let allowed = fmr * all.non_mated * (1.0 + 1e-12);
    below.find(|cut| all.non_mated - cut.non_mated <= allowed).map_or(1.0, |cut| cut.mated / all.mated)
}

/// The numbers that the intervals belong to.
pub(crate) struct Points {
    pub auc: f64,
    pub d_prime: Option<f64>,
    pub min_dcf: f64,
    pub min_cllr: f64,
    pub fnmr_at_fmr: [Option<f64>; 3],
}

/// Intervals of all but the calibrated cost and the mean over subjects.
pub(crate) fn intervals(
    scores: &Scores,
    trials: &WeightedTrials,
    resampled: &[Resampled],
    points: &Points,
    bootstrap: &Bootstrap,
) -> Intervals {
    let subjects = trials.subjects();
    let of = |value: f64, read: &dyn Fn(&Resampled) -> f64| {
        let values: Vec<f64> = resampled.iter().map(read).collect();
        bootstrap.of_rate(value, &values, subjects)
    };
    // Unlike error rates, these have no rule of three for what cannot be resampled.
    let inside = |value: f64, read: &dyn Fn(&Resampled) -> f64| {
        (value > 0.0 && value < 1.0).then(|| of(value, read)).flatten()
    };
    let mut fnmr_at_fmr = [None; 3];
    for (place, interval) in fnmr_at_fmr.iter_mut().enumerate() {
        *interval = points.fnmr_at_fmr[place].and_then(|value| of(value, &|one| one.fnmr_at_fmr[place]));
    }
    Intervals {
        fnmr_at_fmr,
        auc: inside(points.auc, &|one| one.auc),
        d_prime: points.d_prime.and_then(|value| {
            let error = influence::d_prime(scores);
            Interval::of_difference(value, error, subjects, bootstrap.level)
        }),
        // Costs near 1 are no rates of rare events: their logit would make the interval everything there is.
        min_dcf: (points.min_dcf > 0.0 && points.min_dcf < 1.0)
            .then(|| {
                let values: Vec<f64> = resampled.iter().map(|one| one.min_dcf).collect();
                bootstrap.of_difference(points.min_dcf, &values, subjects)
            })
            .flatten()
            .map(|Interval { low, high }| Interval { low: low.max(0.0), high: high.min(1.0) }),
        cllr: None,
        min_cllr: inside(points.min_cllr, &|one| one.min_cllr),
        eer_per_subject_mean: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::weighted::tests::{spelt_out, trials};

    proptest! {
        #[test]
        fn every_resampled_number_equals_that_of_the_cohort_with_its_copies_written_out(
            scores in trials(300), weights in prop::collection::vec(0u16..4, 7),
        ) {
            let sorted = WeightedTrials::new(&scores).unwrap();
            let weights = vec![weights[..sorted.subjects()].to_vec()];
            let found = Resampled::read(&sorted.pass(&weights), 0, 0.01);
            let expected = spelt_out(&scores, &weights[0]);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!((found.eer - expected.eer().value).abs() < 1e-12);
                prop_assert!((found.auc - expected.auc()).abs() < 1e-12);
                prop_assert!((found.min_dcf - expected.min_dcf(0.01).unwrap()).abs() < 1e-10);
                prop_assert!((found.min_cllr - expected.min_cllr()).abs() < 1e-10);
                for (fmr, found) in REPORTED_FMR.into_iter().zip(found.fnmr_at_fmr) {
                    let expected = expected.fnmr(expected.threshold_at_fmr(fmr));
                    prop_assert!((found - expected).abs() < 1e-12, "{} {} at {}", found, expected, fmr);
                }
            }
        }
    }
}
