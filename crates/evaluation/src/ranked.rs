//! Scores sorted once, from which every unweighted metric is read.

use rayon::prelude::*;

use crate::Scores;

/// The mated and the non-mated scores, each in ascending order. Eight bytes per trial.
pub(crate) struct Ranked {
    pub mated: Vec<f64>,
    pub non_mated: Vec<f64>,
}

impl Ranked {
    /// Splits and sorts, O(n log n).
    pub fn new(scores: &Scores) -> Self {
        let mut mated = Vec::with_capacity(scores.mated());
        let mut non_mated = Vec::with_capacity(scores.non_mated());
        for (trial, &score) in scores.similarity().iter().enumerate() {
            if scores.is_mated(trial) { mated.push(score) } else { non_mated.push(score) }
        }
        Self::from_parts(mated, non_mated)
    }

    /// Sorts two sets of finite scores.
    pub fn from_parts(mut mated: Vec<f64>, mut non_mated: Vec<f64>) -> Self {
        mated.par_sort_unstable_by(f64::total_cmp);
        non_mated.par_sort_unstable_by(f64::total_cmp);
        Self { mated, non_mated }
    }

    /// Every operating point in the order of rising thresholds: one per distinct score, then "reject everything".
    pub fn cuts(&self) -> Cuts<'_> {
        Cuts { ranked: self, mated: 0, non_mated: 0, done: false }
    }

    /// Share of non-mated scores at or above a threshold.
    pub fn fmr(&self, threshold: f64) -> f64 {
        let below = self.non_mated.partition_point(|&score| score < threshold);
        (self.non_mated.len() - below) as f64 / self.non_mated.len() as f64
    }

    /// Share of mated scores below a threshold.
    pub fn fnmr(&self, threshold: f64) -> f64 {
        self.mated.partition_point(|&score| score < threshold) as f64 / self.mated.len() as f64
    }
}

/// One way to cut the scores in two: scores below are rejected, the others accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    /// Lowest accepted score; infinite when everything is rejected.
    pub threshold: f64,
    /// Mated scores below the cut: false non-matches.
    pub mated_below: usize,
    /// Non-mated scores below the cut: true non-matches.
    pub non_mated_below: usize,
}

/// Iterator over [`Ranked::cuts`].
pub(crate) struct Cuts<'a> {
    ranked: &'a Ranked,
    mated: usize,
    non_mated: usize,
    done: bool,
}

impl Iterator for Cuts<'_> {
    type Item = Cut;

    fn next(&mut self) -> Option<Cut> {
        if self.done {
            return None;
        }
        let (mated, non_mated) = (&self.ranked.mated, &self.ranked.non_mated);
        let next_mated = mated.get(self.mated).copied().unwrap_or(f64::INFINITY);
        let next_non_mated = non_mated.get(self.non_mated).copied().unwrap_or(f64::INFINITY);
        let threshold = next_mated.min(next_non_mated);
        let cut = Cut { threshold, mated_below: self.mated, non_mated_below: self.non_mated };
        self.done = threshold.is_infinite();
        while self.mated < mated.len() && mated[self.mated] == threshold {
            self.mated += 1;
        }
        while self.non_mated < non_mated.len() && non_mated[self.non_mated] == threshold {
            self.non_mated += 1;
        }
        Some(cut)
    }
}
