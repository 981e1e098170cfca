//! From which score on a new template is taken for somebody who is enrolled already.

use twinprint_evaluation::{RATES, resolves};
use twinprint_gallery::DuplicatePoint;

use crate::DeskError;
use crate::role_prints::RolePrints;

/// The share of the highest scores whose fall is carried on to rates that no number of comparisons at hand could resolve.
const TAIL: f64 = 0.1;
/// Fewer scores tell nothing of how a tail falls.
const FEWEST: usize = 20;
/// The standard normal deviate that 95 of 100 do not exceed.
const Z95: f64 = 1.645;
/// The least rate, that of one in a hundred searches of ten thousand people.
const LEAST: f64 = 1e-6;

/// Measures thresholds between templates of two people, for templates of these lengths: at the rates that the comparisons
/// resolve, above them all the score that none of them reached, and at lower rates where the tail of the scores leads to.
pub(crate) fn duplicates(people: &[RolePrints], lengths: &[usize]) -> Result<Vec<DuplicatePoint>, DeskError> {
    let mut points = Vec::new();
    for &enrol_epochs in lengths {
        let mut scores = Vec::new();
        for prints in people {
            scores.extend(prints.between_templates(enrol_epochs)?);
        }
        points.extend(points_of(scores, enrol_epochs));
    }
    Ok(points)
}

fn points_of(mut scores: Vec<f64>, enrol_epochs: usize) -> Vec<DuplicatePoint> {
    scores.sort_by(|a, b| b.total_cmp(a));
    let comparisons = scores.len();
    let point =
        |fmr, threshold| DuplicatePoint { enrol_epochs, fmr, threshold, comparisons, extrapolated: false };
    let mut points = Vec::new();
    for rate in RATES.into_iter().filter(|&rate| resolves(comparisons, rate)) {
        let allowed = (rate * comparisons as f64) as usize;
        points.extend(scores.get(allowed).map(|score| point(rate, score.next_up())));
    }
    let Some(&highest) = scores.first() else { return points };
    // Rule of three (Jovanovic and Levy 1997): what none of n comparisons reached has a rate of at most 3/n, with 95 %.
    let unreached = (3.0 / comparisons as f64).min(1.0);
    points.push(point(unreached, highest.next_up()));
    let Some(tail) = Tail::of(&scores) else { return points };
    for rate in rates_below(unreached) {
        let threshold = tail.threshold(rate).max(highest.next_up());
        if threshold < 1.0 {
            points.push(DuplicatePoint { extrapolated: true, ..point(rate, threshold) });
        }
    }
    points
}

/// 1, 2 and 5 of each power of ten, down to [`LEAST`].
fn rates_below(rate: f64) -> impl Iterator<Item = f64> {
    let steps = (1..=6).flat_map(|power| [5.0, 2.0, 1.0].map(|step| step * 10f64.powi(-power)));
    steps.filter(move |&step| step < rate && step >= LEAST * (1.0 - 1e-9))
}

/// How scores above a high one fall off: exponentially. Scores that end somewhere, as cosines do, or fall off as normal ones do,
/// fall at least as fast (Pickands 1975), and the mean excess is its upper 95 % bound, so that a threshold is rather too high than
/// too low.
struct Tail {
    start: f64,
    share: f64,
    mean_excess: f64,
}

impl Tail {
    /// Of scores in falling order; nothing where there are too few, or they do not differ.
    fn of(scores: &[f64]) -> Option<Self> {
        let count = (TAIL * scores.len() as f64) as usize;
        let start = *scores.get(count).filter(|_| count >= FEWEST)?;
        let mean = scores[..count].iter().map(|score| score - start).sum::<f64>() / count as f64;
        let mean_excess = mean * (1.0 + Z95 / (count as f64).sqrt());
        (mean_excess > 0.0).then_some(Self { start, share: count as f64 / scores.len() as f64, mean_excess })
    }

    fn threshold(&self, rate: f64) -> f64 {
        self.start + self.mean_excess * (self.share / rate).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cosines of random directions of a few dimensions, by a linear congruential generator.
    fn cosines(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        // The sum of twelve is nearly normal with a deviation of 1.
        (0..count).map(|_| 0.12 * (0..12).map(|_| uniform()).sum::<f64>()).collect()
    }

    #[test]
    fn thresholds_beyond_what_comparisons_resolve_are_reached_no_more_often_than_they_say() {
        let new = cosines(2_000_000, 99);
        for seed in 0..5 {
            let points = points_of(cosines(600, seed), 15);
            assert!(points.windows(2).all(|pair| pair[0].threshold <= pair[1].threshold), "{points:?}");
            let beyond: Vec<_> = points.iter().filter(|point| point.extrapolated).collect();
            assert!(
                beyond.iter().any(|point| point.fmr == 1e-3)
                    && beyond.iter().any(|point| point.fmr <= 1.1e-5)
            );
            for point in beyond {
                let reached = new.iter().filter(|score| **score >= point.threshold).count();
                assert!(reached as f64 / new.len() as f64 <= point.fmr, "{reached} {point:?}");
                assert!(point.threshold > 0.0 && point.fmr < 3.0 / 600.0);
            }
        }
    }

    #[test]
    fn few_comparisons_are_not_carried_on() {
        let points = points_of(cosines(100, 1), 15);
        assert!(points.iter().all(|point| !point.extrapolated), "{points:?}");
        assert!(points_of(Vec::new(), 15).is_empty());
        assert!(points_of(vec![0.5; 1000], 15).iter().all(|point| !point.extrapolated));
    }
}
