//! Scores sorted once, from which every unweighted metric is read.

use std::cmp::Ordering;

use crate::Scores;

/// Lists below are sorted by one thread.
const SHORT: usize = 1 << 15;

/// The mated and the non-mated scores, each in ascending order. Eight bytes per trial.
#[derive(Debug, Clone, PartialEq)]
pub struct SortedScores {
    pub(crate) mated: Vec<f64>,
    pub(crate) non_mated: Vec<f64>,
}

impl SortedScores {
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
    pub(crate) fn from_parts(mut mated: Vec<f64>, mut non_mated: Vec<f64>) -> Self {
        let threads = rayon::current_num_threads();
        rayon::join(|| sort(&mut mated, threads), || sort(&mut non_mated, threads));
        Self { mated, non_mated }
    }

    /// Every corner of the step curve in the order of rising thresholds, from "accept everything" to "reject everything".
    ///
    /// Between two corners scores of one kind only are passed, or one group of equal scores of both kinds.
    pub(crate) fn corners(&self) -> Corners<'_> {
        Corners { sorted: self, mated: 0, non_mated: 0, done: false }
    }

    /// The cut at a threshold, found by bisection.
    pub(crate) fn cut(&self, threshold: f64) -> Cut {
        let below = |scores: &[f64]| scores.partition_point(|&score| score < threshold);
        Cut { threshold, mated_below: below(&self.mated), non_mated_below: below(&self.non_mated) }
    }

    /// Highest score below a threshold; `None` when there is none.
    pub(crate) fn score_below(&self, threshold: f64) -> Option<f64> {
        let cut = self.cut(threshold);
        let last = |scores: &[f64], below: usize| below.checked_sub(1).map(|place| scores[place]);
        let (mated, non_mated) =
            (last(&self.mated, cut.mated_below), last(&self.non_mated, cut.non_mated_below));
        match (mated, non_mated) {
            (Some(mated), Some(non_mated)) => Some(mated.max(non_mated)),
            (mated, non_mated) => mated.or(non_mated),
        }
    }

    /// Share of mated scores below a threshold.
    pub(crate) fn fnmr(&self, threshold: f64) -> f64 {
        self.mated.partition_point(|&score| score < threshold) as f64 / self.mated.len() as f64
    }
}

/// Sorts finite scores, ascending: halved at the median until there is a part for each thread, since the standard library's
/// sort is twice as fast on ten million scores as rayon's.
fn sort(scores: &mut [f64], threads: usize) {
    // No score is NaN; `partial_cmp` compiles to fewer instructions than the total order.
    let ascending = |a: &f64, b: &f64| a.partial_cmp(b).unwrap_or(Ordering::Equal);
    if threads < 2 || scores.len() < SHORT {
        return scores.sort_unstable_by(ascending);
    }
    let (low, _, high) = scores.select_nth_unstable_by(scores.len() / 2, ascending);
    rayon::join(|| sort(low, threads / 2), || sort(high, threads - threads / 2));
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

/// Iterator over [`SortedScores::corners`].
pub(crate) struct Corners<'a> {
    sorted: &'a SortedScores,
    mated: usize,
    non_mated: usize,
    done: bool,
}

impl Iterator for Corners<'_> {
    type Item = Cut;

    fn next(&mut self) -> Option<Cut> {
        if self.done {
            return None;
        }
        let (mated, non_mated) = (self.sorted.mated.as_slice(), self.sorted.non_mated.as_slice());
        let next_mated = mated.get(self.mated).copied().unwrap_or(f64::INFINITY);
        let next_non_mated = non_mated.get(self.non_mated).copied().unwrap_or(f64::INFINITY);
        let threshold = next_mated.min(next_non_mated);
        let cut = Cut { threshold, mated_below: self.mated, non_mated_below: self.non_mated };
        self.done = threshold.is_infinite();
        if next_mated == next_non_mated {
            self.mated += run(&mated[self.mated..], |score| score == threshold);
            self.non_mated += run(&non_mated[self.non_mated..], |score| score == threshold);
        } else if next_mated < next_non_mated {
            self.mated += run(&mated[self.mated..], |score| score < next_non_mated);
        } else {
            self.non_mated += run(&non_mated[self.non_mated..], |score| score < next_mated);
        }
        Some(cut)
    }
}

/// Length of the leading run of scores that pass.
fn run(scores: &[f64], passes: impl Fn(f64) -> bool) -> usize {
    scores.iter().position(|&score| !passes(score)).unwrap_or(scores.len())
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::Bootstrap;

    #[test]
    fn long_lists_are_sorted_whatever_the_number_of_threads_and_ties() {
        let mut generator = Bootstrap::default().generator(0);
        let scores: Vec<f64> =
            (0..200_000).map(|_| (1e4 * generator.random::<f64>()).floor() - 5e3).collect();
        let mut expected = scores.clone();
        expected.sort_by(f64::total_cmp);
        for threads in [1, 2, 3, 16] {
            let mut found = scores.clone();
            sort(&mut found, threads);
            assert!(found == expected, "{threads} threads");
        }
    }
}
