//! Intervals of everything read off the trade-off curve, from the same resampled cohorts.

use twinprint_signal::{Estimate, Interval};

use super::draws::Bootstrap;
use super::weighted_pass::{Below, Pass, WeightedTrials};
use crate::det::REPORTED_FMR;
use crate::det_band::{BAND_FMR, PLACES};
use crate::metrics::{REPORTED_PRIOR, isotonic_cost};

/// What is read off the curve of one resampled cohort.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CurveNumbers {
    pub eer: f64,
    pub auc: f64,
    pub min_dcf: f64,
    pub min_cllr: f64,
    pub fnmr_at_fmr: [f64; 3],
    /// FNMR at the rates of [`BAND_FMR`].
    pub fnmr_along: [f64; PLACES],
}

impl CurveNumbers {
    /// Reads one replicate: the EER to the last bit, the others at the ends of blocks, which in lists of up to 65,536
    /// different scores are all cuts there are. `None` where the cohort has no comparison of one kind.
    pub fn read(pass: &Pass, lane: usize) -> Option<Self> {
        let eer = pass.eer(lane)?;
        // The lanes of a pass lie side by side; each number reads its own from end to end.
        let own: Vec<Below> = pass.below(lane)?.collect();
        let below = own.iter().copied();
        let all = own.last().copied()?;
        let at = |fmr| fnmr_at(&own, all, fmr);
        Some(Self::of(below, all, eer, (REPORTED_FMR.map(at), BAND_FMR.map(at))))
    }

    /// What the sums of weights below every cut say, beside the rates that are known already.
    pub fn of(
        below: impl Iterator<Item = Below> + Clone,
        all: Below,
        eer: f64,
        (fnmr_at_fmr, fnmr_along): ([f64; 3], [f64; PLACES]),
    ) -> Self {
        Self {
            eer,
            auc: area(below.clone(), all),
            min_dcf: least_cost(below.clone(), all, REPORTED_PRIOR),
            min_cllr: isotonic_cost(below.map(|cut| (cut.mated, cut.non_mated))),
            fnmr_at_fmr,
            fnmr_along,
        }
    }
}

pub(crate) fn area(below: impl Iterator<Item = Below>, all: Below) -> f64 {
    let (mut won, mut before) = (0.0, Below::default());
    for cut in below {
        won += (cut.mated - before.mated) * (before.non_mated + cut.non_mated);
        before = cut;
    }
    won / (2.0 * all.mated * all.non_mated)
}

pub(crate) fn least_cost(below: impl Iterator<Item = Below>, all: Below, prior: f64) -> f64 {
    let cost =
        |cut: Below| prior * cut.mated / all.mated + (1.0 - prior) * (1.0 - cut.non_mated / all.non_mated);
    (below.map(cost).fold(f64::INFINITY, f64::min) / prior.min(1.0 - prior)).min(1.0)
}

/// FNMR at the first cut whose FMR is at most the one asked for.
fn fnmr_at(below: &[Below], all: Below, fmr: f64) -> f64 {
    let allowed = fmr * all.non_mated * (1.0 + 1e-12);
    let first = below.partition_point(|cut| all.non_mated - cut.non_mated > allowed);
    below.get(first).map_or(1.0, |cut| cut.mated / all.mated)
}

/// The curves of all resampled cohorts that can be scored.
pub(crate) struct ResampledCurves<'a> {
    cohorts: Vec<CurveNumbers>,
    subjects: usize,
    bootstrap: &'a Bootstrap,
}

impl<'a> ResampledCurves<'a> {
    pub fn draw(trials: &WeightedTrials, bootstrap: &'a Bootstrap) -> Self {
        Self::new(trials.resample(bootstrap, CurveNumbers::read), trials.subjects(), bootstrap)
    }

    /// From what every replicate gave, nothing where it could not be scored.
    pub fn new(cohorts: Vec<Option<CurveNumbers>>, subjects: usize, bootstrap: &'a Bootstrap) -> Self {
        Self { cohorts: cohorts.into_iter().flatten().collect(), subjects, bootstrap }
    }

    /// Cohorts that could not be scored.
    pub fn left_out(&self) -> usize {
        self.bootstrap.replicates - self.cohorts.len()
    }

    /// An error rate with its interval.
    pub fn rate(&self, value: f64, read: impl Fn(&CurveNumbers) -> f64) -> Estimate {
        self.bootstrap.rate(value, &self.values(read), self.subjects)
    }

    /// A share that is no error rate, and so has no rule of three for what cannot be resampled: at 0 and at 1 it has no
    /// interval.
    pub fn share(&self, value: f64, read: impl Fn(&CurveNumbers) -> f64) -> Estimate {
        if is_bound(value) { Estimate { value, ci95: None } } else { self.rate(value, read) }
    }

    /// A cost from 0 to 1. Costs near 1 are no rates of rare events: their logit would make the interval everything there
    /// is, so it is symmetric and cut off at the ends.
    pub fn cost(&self, value: f64, read: impl Fn(&CurveNumbers) -> f64) -> Estimate {
        if is_bound(value) {
            return Estimate { value, ci95: None };
        }
        let uncut = self.bootstrap.difference(value, &self.values(read), self.subjects);
        let cut = |Interval { low, high }| Interval { low: low.max(0.0), high: high.min(1.0) };
        Estimate { value, ci95: uncut.ci95.map(cut) }
    }

    fn values(&self, read: impl Fn(&CurveNumbers) -> f64) -> Vec<f64> {
        self.cohorts.iter().map(read).collect()
    }
}

/// Whether a share lies on the end of its range (or outside, or is none).
fn is_bound(value: f64) -> bool {
    !(value > 0.0 && value < 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bootstrap::weighted_pass::tests::{spelt_out, trials};

    proptest! {
        #[test]
        fn every_resampled_number_equals_that_of_the_cohort_with_its_copies_written_out(
            scores in trials(300), weights in prop::collection::vec(0u16..4, 7),
        ) {
            let sorted = WeightedTrials::new(&scores);
            let weights = vec![weights[..sorted.subjects()].to_vec()];
            let found = CurveNumbers::read(&sorted.pass(&weights), 0);
            let expected = spelt_out(&scores, &weights[0]);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!((found.eer - expected.eer().value).abs() < 1e-12);
                prop_assert!((found.auc - expected.auc()).abs() < 1e-12);
                prop_assert!((found.min_dcf - expected.min_dcf(0.01).unwrap()).abs() < 1e-10);
                prop_assert!((found.min_cllr - expected.min_cllr()).abs() < 1e-10);
                let along = BAND_FMR.into_iter().zip(found.fnmr_along);
                for (fmr, found) in REPORTED_FMR.into_iter().zip(found.fnmr_at_fmr).chain(along) {
                    let expected = expected.fnmr(expected.threshold_at_fmr(fmr));
                    prop_assert!((found - expected).abs() < 1e-12, "{} {} at {}", found, expected, fmr);
                }
            }
        }
    }
}
