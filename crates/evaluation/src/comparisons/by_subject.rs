//! Resampled cohorts from histograms of single subjects.
//!
//! In a resampled cohort the comparison of subjects *i* and *j* counts `w[i]·w[j]` times. Here the weights of a bin's non-mated scores
//! are added up as if who is enrolled and who is probed were independent within the bin: with `r` and `c` the bin's scores by enrolled
//! and by probed subject and `n` their number, `Σᵢ w[i]·r[i] · Σⱼ w[j]·c[j] / n`. That is exact to the first order in the weights and
//! for bins with one pair of subjects; what is left out is the interaction of two subjects' draws, whose share of the variance falls
//! with the number of subjects. So a thousand cohorts are two products of matrices, cohorts × subjects × bins, whatever the number of
//! trials.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use ndarray::Array2;
use rayon::prelude::*;
use twinprint_closed::product;

use super::histogram::{BINS, Grid, Histogram};
use super::sums::People;
use crate::blocks::{Block, Blocks, in_order_of_fold};
use crate::bootstrap::curve_intervals::CurveNumbers;
use crate::bootstrap::draws::{Bootstrap, draw_scorable};
use crate::bootstrap::weighted_pass::Below;
use crate::det::{REPORTED_FMR, crossing};
use crate::det_band::BAND_FMR;

/// A group of bins holds at most this share of the mated and of the non-mated scores.
const SHARE: f64 = 1.0 / 256.0;
/// And at most this share of the mated scores below it and of the non-mated scores above it, so that small rates are resolved.
const TAIL: f64 = 0.04;
/// Cohorts drawn at a time.
const DRAWN: usize = 64;

/// Scores of each subject in groups of bins, `[subjects, groups]`: whole numbers.
pub(super) struct BySubject {
    mated: Array2<f32>,
    enrolled: Array2<f32>,
    probed: Array2<f32>,
    /// Non-mated scores of each group.
    non_mated: Vec<f64>,
}

impl BySubject {
    pub fn of(blocks: &dyn Blocks, people: &People, histogram: &Histogram, grid: Grid) -> Self {
        let (group_of, non_mated) = groups(histogram);
        let shape = (people.len(), non_mated.len());
        let (mut mated, mut enrolled) = (Array2::<f32>::zeros(shape), Array2::<f32>::zeros(shape));
        let probed: Vec<AtomicU32> = (0..shape.0 * shape.1).map(|_| AtomicU32::new(0)).collect();
        for (fold, (templates, probes)) in people.folds.iter().enumerate() {
            let visit = |block: Block| {
                let own = &templates[block.templates];
                let mut rows = Vec::new();
                for (row, &subject) in block.scores.outer_iter().zip(own) {
                    let mut counts = [vec![0u32; shape.1], vec![0u32; shape.1]];
                    for (&score, &other) in row.iter().zip(probes) {
                        let group = usize::from(group_of[grid.bin(score)]);
                        counts[usize::from(subject == other)][group] += 1;
                        if subject != other {
                            probed[other * shape.1 + group].fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    rows.push((subject, counts));
                }
                rows
            };
            let take = |rows: Vec<(usize, [Vec<u32>; 2])>| {
                for (subject, [non_mated, own]) in rows {
                    let add = |sums: &mut Array2<f32>, counts: &[u32]| {
                        let row = sums.row_mut(subject).into_iter().zip(counts);
                        row.for_each(|(sum, &count)| *sum += count as f32);
                    };
                    add(&mut enrolled, &non_mated);
                    add(&mut mated, &own);
                }
                Ok::<(), Infallible>(())
            };
            let Ok(()) = in_order_of_fold(blocks, fold, visit, take);
        }
        let probed = Array2::from_shape_fn(shape, |(subject, group)| {
            probed[subject * shape.1 + group].load(Ordering::Relaxed) as f32
        });
        Self { mated, enrolled, probed, non_mated }
    }

    /// What `read` makes of the sums of weights below every cut between groups, for each resampled cohort; nothing where a cohort has no
    /// comparison of one kind.
    pub fn resample<T: Send>(
        &self,
        bootstrap: &Bootstrap,
        read: impl Fn(&[Below]) -> T + Sync,
    ) -> Vec<Option<T>> {
        let subjects = self.mated.nrows();
        (0..bootstrap.replicates.div_ceil(DRAWN))
            .into_par_iter()
            .flat_map_iter(|batch| {
                let first = batch * DRAWN;
                let count = DRAWN.min(bootstrap.replicates - first);
                let mut weights = Array2::<f32>::zeros((count, subjects));
                for (replicate, mut row) in weights.outer_iter_mut().enumerate() {
                    let drawn = draw_scorable(bootstrap, first + replicate, subjects);
                    row.iter_mut().zip(drawn).for_each(|(weight, drawn)| *weight = f32::from(drawn));
                }
                let [mated, enrolled, probed] = [&self.mated, &self.enrolled, &self.probed]
                    .map(|counts| product(weights.view(), counts.view()));
                let of_replicate = |replicate: usize| {
                    let below = self.below([&mated, &enrolled, &probed].map(|sums| sums.row(replicate)));
                    let all = below.last().copied().unwrap_or_default();
                    (all.mated > 0.0 && all.non_mated > 0.0).then(|| read(&below))
                };
                (0..count).map(of_replicate).collect::<Vec<_>>()
            })
            .collect()
    }

    fn below(&self, [mated, enrolled, probed]: [ndarray::ArrayView1<f32>; 3]) -> Vec<Below> {
        let mut sum = Below::default();
        let mut below = Vec::with_capacity(self.non_mated.len() + 1);
        below.push(sum);
        for (group, &count) in self.non_mated.iter().enumerate() {
            sum.mated += f64::from(mated[group]);
            if count > 0.0 {
                sum.non_mated += f64::from(enrolled[group]) * f64::from(probed[group]) / count;
            }
            below.push(sum);
        }
        below
    }

    /// Everything read off the curve of a resampled cohort, straight lines between its cuts.
    pub fn curve_numbers(below: &[Below]) -> CurveNumbers {
        let all = below.last().copied().unwrap_or_default();
        let at = |fmr| fnmr_at(below, all, fmr);
        let fnmr = (REPORTED_FMR.map(at), BAND_FMR.map(at));
        CurveNumbers::of(below.iter().copied(), all, Self::eer(below), fnmr)
    }

    /// The equal error rate of a resampled cohort.
    pub fn eer(below: &[Below]) -> f64 {
        let all = below.last().copied().unwrap_or_default();
        let rates = |cut: &Below| (1.0 - cut.non_mated / all.non_mated, cut.mated / all.mated);
        let crossed = |cut: &Below| {
            let (fmr, fnmr) = rates(cut);
            fnmr >= fmr
        };
        let after = below.partition_point(|cut| !crossed(cut)).min(below.len() - 1);
        crossing(rates(&below[after.saturating_sub(1)]), rates(&below[after]))
    }
}

/// FNMR at a wanted FMR, straight lines between the cuts.
fn fnmr_at(below: &[Below], all: Below, fmr: f64) -> f64 {
    let rates = |cut: &Below| (1.0 - cut.non_mated / all.non_mated, cut.mated / all.mated);
    let after = below.partition_point(|cut| rates(cut).0 > fmr).clamp(1, below.len() - 1);
    let ((fmr_before, fnmr_before), (fmr_after, fnmr_after)) =
        (rates(&below[after - 1]), rates(&below[after]));
    let step = fmr_before - fmr_after;
    let share = if step > 0.0 { ((fmr_before - fmr) / step).clamp(0.0, 1.0) } else { 1.0 };
    fnmr_before + share * (fnmr_after - fnmr_before)
}

/// The group of each bin, and the number of non-mated scores in each group.
fn groups(histogram: &Histogram) -> (Vec<u16>, Vec<f64>) {
    let all = histogram.all();
    let mut group_of = Vec::with_capacity(BINS);
    let mut non_mated = vec![0.0];
    let (mut below, mut here) = (Below::default(), Below::default());
    for bin in 0..BINS {
        let (mated, others) = histogram.in_bin(bin);
        let (mated, others) = (mated as f64, others as f64);
        let most_mated = (SHARE * all.mated).min(TAIL * below.mated).max(1.0);
        let most_others = (SHARE * all.non_mated).min(TAIL * (all.non_mated - below.non_mated)).max(1.0);
        let filled = here.mated + here.non_mated > 0.0;
        let too_many = here.mated + mated > most_mated || here.non_mated + others > most_others;
        if filled && too_many && mated + others > 0.0 && non_mated.len() < usize::from(u16::MAX) {
            below = Below { mated: below.mated + here.mated, non_mated: below.non_mated + here.non_mated };
            here = Below::default();
            non_mated.push(0.0);
        }
        here.mated += mated;
        here.non_mated += others;
        if let Some(count) = non_mated.last_mut() {
            *count += others;
        }
        group_of.push((non_mated.len() - 1) as u16);
    }
    (group_of, non_mated)
}
