//! The detection error trade-off curve and the rates read off it.
//!
//! A comparison is accepted when its similarity is at or above the threshold. At a threshold,
//! FMR = share of non-mated comparisons accepted and FNMR = share of mated comparisons rejected (ISO/IEC 19795-1:2021).
//! Straight lines between neighbouring operating points make the curve continuous.

use crate::rule_of_30::TooFew;
use crate::sorted_scores::{Cut, SortedScores};
use crate::{ScoreError, Scores};

/// False match rates at which the false non-match rate is reported.
pub const REPORTED_FMR: [f64; 3] = [0.1, 0.01, 0.001];

/// The equal error rate, with the operating threshold nearest to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eer {
    /// The rate at which FMR and FNMR are equal, 0 to 1.
    pub value: f64,
    /// Threshold whose FMR and FNMR differ least, half-way between two neighbouring scores where there is room.
    pub threshold: f64,
}

/// One threshold with both error rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// Lowest accepted similarity; the last point of a curve, which rejects everything, has the next number above the
    /// highest score.
    pub threshold: f64,
    /// False match rate, 0 to 1.
    pub fmr: f64,
    /// False non-match rate, 0 to 1.
    pub fnmr: f64,
}

/// The exact trade-off curve: every corner of it, from "accept everything" to "reject everything".
///
/// Points on a straight line between two corners are left out; nothing is lost by that.
#[derive(Debug, Clone, PartialEq)]
pub struct DetCurve {
    /// Corners in the order of rising thresholds.
    pub points: Vec<OperatingPoint>,
}

/// The false non-match rate where at most a wanted share of non-mated comparisons is accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FnmrAtFmr {
    /// The comparisons resolve the rate.
    Measured {
        /// Lowest FNMR among the thresholds whose FMR is at most the one asked for.
        fnmr: f64,
        /// The threshold that reaches it: half-way between two scores where there is room.
        threshold: f64,
    },
    /// Too few non-mated comparisons to resolve the rate.
    TooFew(TooFew),
}

/// Equal error rate of a trial list, see [`SortedScores::eer`]. O(n log n).
pub fn eer(scores: &Scores) -> Eer {
    SortedScores::new(scores).eer()
}

/// The exact DET curve of a trial list, O(n log n).
pub fn det_curve(scores: &Scores) -> DetCurve {
    SortedScores::new(scores).det_curve()
}

impl SortedScores {
    fn rates(&self, cut: &Cut) -> (f64, f64) {
        let accepted = self.non_mated.len() - cut.non_mated_below;
        (accepted as f64 / self.non_mated.len() as f64, cut.mated_below as f64 / self.mated.len() as f64)
    }

    /// Equal error rate: the intersection of the step curve with FMR = FNMR, interpolated linearly between the two
    /// neighbouring operating points. Exact on ties, unchanged by order and by strictly increasing maps of the scores, 0
    /// when the two kinds separate.
    pub fn eer(&self) -> Eer {
        let gap = |threshold: f64| {
            let (fmr, fnmr) = self.rates(&self.cut(threshold));
            fmr - fnmr
        };
        // FMR − FNMR falls with the threshold: bisect for the first score of either kind where it is no longer positive.
        let first = |scores: &[f64]| {
            scores.get(scores.partition_point(|&score| gap(score) > 0.0)).copied().unwrap_or(f64::INFINITY)
        };
        let after = first(&self.mated).min(first(&self.non_mated));
        // At the lowest score of all FMR is 1 and FNMR 0, so the crossing always has a score before it.
        let before = self.score_below(after).unwrap_or(f64::NEG_INFINITY);
        let value = crossing(self.rates(&self.cut(before)), self.rates(&self.cut(after)));
        let threshold = if gap(before) < -gap(after) {
            between(self.score_below(before).unwrap_or(f64::NEG_INFINITY), before)
        } else {
            between(before, after)
        };
        Eer { value, threshold }
    }

    fn highest(&self) -> f64 {
        let last = |scores: &[f64]| scores.last().copied().unwrap_or(f64::NEG_INFINITY);
        last(&self.mated).max(last(&self.non_mated))
    }

    /// The exact DET curve, from "accept everything" to "reject everything".
    pub fn det_curve(&self) -> DetCurve {
        curve(self.corners(), (self.mated.len(), self.non_mated.len()), self.highest())
    }

    /// FNMR at a wanted FMR, where the number of non-mated comparisons resolves it by the rule of 30 (see [`TooFew`]).
    ///
    /// # Errors
    /// When `fmr` does not lie strictly between 0 and 1.
    pub fn fnmr_at_fmr(&self, fmr: f64) -> Result<FnmrAtFmr, ScoreError> {
        if !(fmr > 0.0 && fmr < 1.0) {
            return Err(ScoreError::Rate { what: "the false match rate", value: fmr });
        }
        let trials = self.non_mated.len();
        let (kind, what) = ("non-mated comparisons", "false match rate");
        if let Err(too_few) = (TooFew { trials, kind, what, rate: fmr }).check() {
            return Ok(FnmrAtFmr::TooFew(too_few));
        }
        let threshold = self.threshold_at_fmr(fmr);
        Ok(FnmrAtFmr::Measured { fnmr: self.fnmr(threshold), threshold })
    }

    /// Lowest threshold whose FMR is at most the one asked for, half-way between the two scores around it.
    pub fn threshold_at_fmr(&self, fmr: f64) -> f64 {
        let comparisons = self.non_mated.len();
        // A hair of slack, so that 0.1 of 30 comparisons allows 3 in spite of rounding.
        let allowed = ((fmr * comparisons as f64) * (1.0 + 1e-12)).floor() as usize;
        if allowed >= comparisons {
            return self.non_mated.first().copied().unwrap_or(f64::NEG_INFINITY);
        }
        // The highest non-mated score that must be rejected, and the lowest score of either kind above it.
        let rejected = self.non_mated[comparisons - 1 - allowed];
        let above = |scores: &[f64]| {
            scores.get(scores.partition_point(|&score| score <= rejected)).copied().unwrap_or(f64::INFINITY)
        };
        between(rejected, above(&self.non_mated).min(above(&self.mated)))
    }
}

/// The curve through `corners` of so many mated and non-mated scores, of which the highest is given.
pub(crate) fn curve(
    all: impl Iterator<Item = Cut>,
    (mated, non_mated): (usize, usize),
    highest: f64,
) -> DetCurve {
    let mut corners: Vec<Cut> = Vec::new();
    for cut in all {
        if let [.., first, second] = corners.as_slice()
            && collinear(first, second, &cut)
        {
            corners.pop();
        }
        corners.push(cut);
    }
    let point = |cut: &Cut| OperatingPoint {
        threshold: cut.threshold.min(highest.next_up()),
        fmr: (non_mated - cut.non_mated_below) as f64 / non_mated as f64,
        fnmr: cut.mated_below as f64 / mated as f64,
    };
    DetCurve { points: corners.iter().map(point).collect() }
}

/// Common rate of FMR and FNMR on the line between two operating points on either side of FMR = FNMR.
pub(crate) fn crossing(before: (f64, f64), after: (f64, f64)) -> f64 {
    let (gap_before, gap_after) = (before.0 - before.1, after.1 - after.0);
    let share = if gap_before + gap_after > 0.0 { gap_before / (gap_before + gap_after) } else { 0.0 };
    // On a horizontal or vertical step one rate is constant and is the answer to the last bit.
    if before.1 == after.1 {
        after.1
    } else if before.0 == after.0 {
        after.0
    } else {
        before.0 + share * (after.0 - before.0)
    }
}

/// A threshold that rejects `below` and accepts `at`, half-way where there is room.
fn between(below: f64, at: f64) -> f64 {
    if below.is_infinite() {
        return at;
    }
    if at.is_infinite() {
        return below.next_up();
    }
    let middle = below / 2.0 + at / 2.0;
    if middle > below && middle <= at { middle } else { at }
}

fn collinear(first: &Cut, second: &Cut, third: &Cut) -> bool {
    let step = |from: &Cut, to: &Cut| {
        ((to.mated_below - from.mated_below) as i128, (to.non_mated_below - from.non_mated_below) as i128)
    };
    let (dx, dy) = step(first, second);
    let (ex, ey) = step(second, third);
    dx * ey == dy * ex
}

impl DetCurve {
    /// At most `most` corners (two at least), chosen evenly on probit axes, ends included: for plots and reports.
    pub fn thinned(&self, most: usize) -> DetCurve {
        let most = most.max(2);
        if self.points.len() <= most {
            return self.clone();
        }
        let place = |point: &OperatingPoint| probit(point.fnmr) - probit(point.fmr);
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return self.clone();
        };
        let (start, end) = (place(first), place(last));
        let mut points = vec![*first];
        let mut next = 1;
        for point in &self.points[1..self.points.len() - 1] {
            let due = start + (end - start) * next as f64 / (most - 1) as f64;
            if place(point) >= due && points.len() < most - 1 {
                points.push(*point);
                let share = (place(point) - start) / (end - start) * (most - 1) as f64;
                next = share.floor() as usize + 1;
            }
        }
        points.push(*last);
        DetCurve { points }
    }
}

/// Normal quantile of a rate, with rates of 0 and 1 held at ±5 so that they have a place on the axis.
fn probit(rate: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, Normal};
    Normal::standard().inverse_cdf(rate.clamp(2.9e-7, 1.0 - 2.9e-7))
}
