//! Scores rounded to bins of one width, and everything that is read off the trade-off curve of the rounded ones.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Distribution;
use crate::ScoreError;
use crate::blocks::{Block, Blocks, in_order_of_fold};
use crate::bootstrap::weighted_pass::Below;
use crate::calibration::Calibration;
use crate::det::{Eer, crossing};
use crate::rule_of_30::TooFew;
use crate::sorted_scores::Cut;

/// Bins between the lowest and the highest score: a bin of cosine similarities is at most 2⁻¹⁹ wide. 16 bytes each.
pub(super) const BINS: usize = 1 << 20;

/// Numbers of mated and of non-mated scores in each bin.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    grid: Grid,
    mated: Vec<u64>,
    non_mated: Vec<u64>,
}

/// Where the bins lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub low: f64,
    pub high: f64,
}

impl Grid {
    /// The bin of a score between the two bounds.
    pub fn bin(&self, score: f64) -> usize {
        let place = (score - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE) * BINS as f64;
        (place as usize).min(BINS - 1)
    }

    /// The score half-way along `bins` bins.
    fn at(&self, bins: f64) -> f64 {
        self.low + (self.high - self.low) * bins / BINS as f64
    }
}

impl Histogram {
    /// Counts the scores of some folds; those of `blocks` lie within the grid.
    pub fn of(blocks: &dyn Blocks, folds: Range<usize>, grid: Grid) -> Self {
        let empty = || (0..BINS).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let counts = [empty(), empty()];
        for fold in folds {
            let sides = blocks.sides(fold);
            let visit = |block: Block| {
                for (row, enrolled) in block.scores.outer_iter().zip(&sides.templates[block.templates]) {
                    for (score, probed) in row.iter().zip(sides.probes) {
                        let kind = usize::from(enrolled != probed);
                        counts[kind][grid.bin(*score)].fetch_add(1, Ordering::Relaxed);
                    }
                }
            };
            let Ok(()) = in_order_of_fold(blocks, fold, visit, |()| Ok::<(), Infallible>(()));
        }
        let [mated, non_mated] = counts.map(|kind| kind.into_iter().map(AtomicU64::into_inner).collect());
        Self { grid, mated, non_mated }
    }

    /// These scores without those of a part of them.
    pub fn without(mut self, part: &Self) -> Self {
        let less =
            |all: &mut [u64], part: &[u64]| all.iter_mut().zip(part).for_each(|(all, part)| *all -= part);
        less(&mut self.mated, &part.mated);
        less(&mut self.non_mated, &part.non_mated);
        self
    }

    /// Mated and non-mated scores.
    pub fn counts(&self) -> (usize, usize) {
        (self.mated.iter().sum::<u64>() as usize, self.non_mated.iter().sum::<u64>() as usize)
    }

    /// Mated and non-mated scores of one bin.
    pub fn in_bin(&self, bin: usize) -> (u64, u64) {
        (self.mated[bin], self.non_mated[bin])
    }

    /// The bins that hold scores, ascending, with their numbers of mated and non-mated ones.
    fn filled(&self) -> impl Iterator<Item = (usize, u64, u64)> + Clone {
        let both = self.mated.iter().zip(&self.non_mated).enumerate();
        both.map(|(bin, (&mated, &non_mated))| (bin, mated, non_mated))
            .filter(|(_, mated, non_mated)| mated + non_mated > 0)
    }

    /// The numbers of scores below every cut, from nothing to everything.
    pub fn below(&self) -> impl Iterator<Item = Below> + Clone {
        let sums = self.filled().scan(Below::default(), |below, (_, mated, non_mated)| {
            below.mated += mated as f64;
            below.non_mated += non_mated as f64;
            Some(*below)
        });
        std::iter::once(Below::default()).chain(sums)
    }

    /// The numbers of all mated and all non-mated scores.
    pub fn all(&self) -> Below {
        let (mated, non_mated) = self.counts();
        Below { mated: mated as f64, non_mated: non_mated as f64 }
    }

    /// A threshold between two bins next to one another among the filled; `None` stands for the ends.
    fn between(&self, below: Option<usize>, at: Option<usize>) -> f64 {
        match (below, at) {
            (Some(below), Some(at)) => self.grid.at((below + 1 + at) as f64 / 2.0),
            (None, _) => self.grid.low,
            (Some(_), None) => self.grid.high.next_up(),
        }
    }

    /// See [`crate::SortedScores::eer`], of the rounded scores.
    pub fn eer(&self) -> Eer {
        let all = self.all();
        let rates = |below: &Below| (1.0 - below.non_mated / all.non_mated, below.mated / all.mated);
        let (mut before, mut last) = (Below::default(), None);
        let mut bins = self.filled();
        while let Some((bin, mated, non_mated)) = bins.next() {
            let after =
                Below { mated: before.mated + mated as f64, non_mated: before.non_mated + non_mated as f64 };
            let (was, is) = (rates(&before), rates(&after));
            if is.1 >= is.0 {
                let threshold = if was.0 - was.1 < is.1 - is.0 {
                    self.between(last, Some(bin))
                } else {
                    self.between(Some(bin), bins.next().map(|(next, ..)| next))
                };
                return Eer { value: crossing(was, is), threshold };
            }
            (before, last) = (after, Some(bin));
        }
        Eer { value: 0.0, threshold: self.grid.high }
    }

    /// Every corner of the step curve, see [`crate::SortedScores`].
    pub fn corners(&self) -> Vec<Cut> {
        let mut corners = Vec::new();
        let (mut mated_below, mut non_mated_below) = (0, 0);
        let mut kind = None;
        for (bin, mated, non_mated) in self.filled() {
            let now = (mated > 0, non_mated > 0);
            if now == (true, true) || kind != Some(now) {
                corners.push(Cut { threshold: self.grid.at(bin as f64), mated_below, non_mated_below });
            }
            kind = (now != (true, true)).then_some(now);
            mated_below += mated as usize;
            non_mated_below += non_mated as usize;
        }
        corners.push(Cut { threshold: f64::INFINITY, mated_below, non_mated_below });
        corners
    }

    /// See [`crate::SortedScores::det_curve`].
    pub fn det_curve(&self) -> crate::DetCurve {
        crate::det::curve(self.corners().into_iter(), self.counts(), self.grid.high)
    }

    /// The first cut at which at most a share `fmr` of the non-mated scores is accepted: its threshold and FNMR.
    pub fn at_fmr(&self, fmr: f64) -> (f64, f64) {
        let all = self.all();
        let allowed = (fmr * all.non_mated) * (1.0 + 1e-12);
        let (mut below, mut last) = (Below::default(), None);
        for (bin, mated, non_mated) in self.filled() {
            if all.non_mated - below.non_mated <= allowed {
                return (self.between(last, Some(bin)), below.mated / all.mated);
            }
            below.mated += mated as f64;
            below.non_mated += non_mated as f64;
            last = Some(bin);
        }
        (self.between(last, None), 1.0)
    }

    /// See [`crate::SortedScores::fnmr_at_fmr`].
    pub fn fnmr_at_fmr(&self, fmr: f64) -> Result<f64, TooFew> {
        let trials = self.counts().1;
        let (kind, what) = ("non-mated comparisons", "false match rate");
        (TooFew { trials, kind, what, rate: fmr }).check()?;
        Ok(self.at_fmr(fmr).1)
    }

    /// Log-likelihood ratios from these scores, each taken for the middle of its bin.
    pub fn calibration(&self) -> Calibration {
        let all = self.all();
        Calibration::fit_counted(|| self.middles(), [all.non_mated, all.mated])
    }

    pub fn distribution(&self, bins: usize) -> Distribution {
        Distribution::of(self.middles(), (self.grid.low, self.grid.high), bins)
    }

    /// The middle of each filled bin, whether mated, and how many there are.
    fn middles(&self) -> impl Iterator<Item = (f64, bool, f64)> {
        self.filled().flat_map(|(bin, mated, non_mated)| {
            let score = self.grid.at(bin as f64 + 0.5);
            [(score, true, mated), (score, false, non_mated)]
                .into_iter()
                .filter(|(.., count)| *count > 0)
                .map(|(score, mated, count)| (score, mated, count as f64))
        })
    }

    /// Refuses scores of one kind only.
    pub fn check(&self) -> Result<(), ScoreError> {
        match self.counts() {
            (0, non_mated) => Err(ScoreError::NoMated { non_mated }),
            (mated, 0) => Err(ScoreError::NoNonMated { mated }),
            _ => Ok(()),
        }
    }
}
