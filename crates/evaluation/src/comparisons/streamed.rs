//! Trials that are too many to be laid out: computed block by block for each question, so that memory does not grow with them.
//!
//! What is kept: the mated scores (16 bytes each: they grow with people, not with pairs of people), two histograms of 2²⁰ bins (16
//! bytes a bin), and for intervals at most a few hundred groups of bins for each subject (12 bytes each).
//!
//! Bounds. Numbers of the whole cohort are exact for scores rounded to a bin, which is 2⁻²⁰ of the distance between the lowest and the
//! highest score, so a rate is off by at most the share of its scores in one bin; d′ and the per-subject mean of error rates are
//! not rounded. In resampled cohorts, and so in the width of intervals alone, scores are rounded to groups of bins of at most 1/256 of
//! the mated and of the non-mated scores, straight lines between them, and the interaction of two subjects' draws is left out (see
//! `by_subject.rs`). The tests hold both against the laid out trials.

use std::hash::{DefaultHasher, Hasher};
use std::sync::OnceLock;

use twinprint_signal::Estimate;

use super::by_subject::BySubject;
use super::histogram::{Grid, Histogram};
use super::sums::{People, Sums};
use crate::ScoreError;
use crate::blocks::{Block, Blocks, in_order_of_fold};
use crate::bootstrap::curve_intervals::{ResampledCurves, area, least_cost};
use crate::bootstrap::draws::Bootstrap;
use crate::bootstrap::interval;
use crate::calibration::Calibration;
use crate::det::REPORTED_FMR;
use crate::det_band::BAND_FMR;
use crate::metrics::{REPORTED_PRIOR, isotonic_cost, softplus};
use crate::sorted_scores::SortedScores;
use crate::transport::{Counts, Transported, of_counts};
use crate::verification::{Measured, Verification};

/// Thresholds tried in one pass.
const AT_ONCE: usize = 4;

/// The trials of one system at one probe length.
pub(super) struct Streamed<'a> {
    blocks: &'a dyn Blocks,
    people: People,
    survey: Survey,
    histogram: Histogram,
    by_subject: OnceLock<BySubject>,
}

/// What one look at all trials gives.
struct Survey {
    grid: Grid,
    fingerprint: u64,
    /// Whose each mated comparison is, and its similarity.
    mated: Vec<(u32, f64)>,
    eer_of_subjects: Vec<f64>,
}

impl<'a> Streamed<'a> {
    pub fn new(blocks: &'a dyn Blocks) -> Result<Self, ScoreError> {
        let people = People::of(blocks);
        let survey = survey(blocks, &people)?;
        let histogram = Histogram::of(blocks, 0..blocks.folds(), survey.grid);
        histogram.check()?;
        Ok(Self { blocks, people, survey, histogram, by_subject: OnceLock::new() })
    }

    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    pub fn fingerprint(&self) -> u64 {
        self.survey.fingerprint
    }

    pub fn mated(&self) -> &[(u32, f64)] {
        &self.survey.mated
    }

    /// The scores of one fold.
    pub fn of_fold(&self, fold: usize) -> Histogram {
        Histogram::of(self.blocks, fold..fold + 1, self.survey.grid)
    }

    /// The scores of all folds but one.
    pub fn all_but(&self, fold: usize) -> Histogram {
        self.histogram.clone().without(&self.of_fold(fold))
    }

    pub fn thresholds(&self, histogram: &Histogram, targets: &[f64]) -> Vec<f64> {
        targets.iter().map(|&target| histogram.at_fmr(target).0).collect()
    }

    fn by_subject(&self) -> &BySubject {
        self.by_subject
            .get_or_init(|| BySubject::of(self.blocks, &self.people, &self.histogram, self.survey.grid))
    }

    pub fn resampled(&self, bootstrap: &Bootstrap) -> (usize, Vec<Option<f64>>) {
        (self.people.len(), self.by_subject().resample(bootstrap, BySubject::eer))
    }

    pub fn verification(&self, bootstrap: &Bootstrap) -> Result<Verification, ScoreError> {
        let histogram = &self.histogram;
        let all = histogram.all();
        let (mated, non_mated) = histogram.counts();
        let measured = Measured {
            eer: histogram.eer(),
            fnmr_at_fmr: REPORTED_FMR.map(|fmr| histogram.fnmr_at_fmr(fmr)),
            fnmr_along: BAND_FMR.map(|fmr| histogram.at_fmr(fmr).1),
            auc: area(histogram.below(), all),
            d_prime: self.d_prime(),
            min_dcf: least_cost(histogram.below(), all, REPORTED_PRIOR),
            min_cllr: isotonic_cost(histogram.below().map(|cut| (cut.mated, cut.non_mated))),
            mated,
            non_mated,
            eer_of_subjects: self.survey.eer_of_subjects.clone(),
            subjects: self.people.len(),
        };
        let cohorts = self.by_subject().resample(bootstrap, BySubject::curve_numbers);
        let curves = ResampledCurves::new(cohorts, self.people.len(), bootstrap);
        Ok(measured.with_intervals(&curves, bootstrap))
    }

    /// d′ with its standard error, as [`crate::bootstrap::jackknife::d_prime`] has it.
    fn d_prime(&self) -> Option<(f64, f64)> {
        let Grid { low, high } = self.survey.grid;
        let middle = (low + high) / 2.0;
        let sums = Sums::of(self.blocks, &self.people, |_, score, _| {
            let off = score - middle;
            [off, off * off]
        });
        let mean = [0, 1].map(|kind| sums.total[kind][0] / sums.count[kind]);
        let variance = [0, 1].map(|kind| sums.total[kind][1] / sums.count[kind] - mean[kind].powi(2));
        let half = (variance[0] + variance[1]) / 2.0;
        let value = (mean[1] - mean[0]) / half.sqrt();
        if !(half > 0.0 && value.is_finite()) {
            return None;
        }
        let error = sums.standard_error(|kind, count, [first, second]| {
            let off = first - mean[kind] * count;
            let square = second - 2.0 * mean[kind] * first + mean[kind].powi(2) * count;
            let sign = if kind == 1 { 1.0 } else { -1.0 };
            let spread = value * (square - variance[kind] * count) / (4.0 * half);
            (sign * off / half.sqrt() - spread) / sums.count[kind]
        });
        Some((value, error))
    }

    pub fn observed(&self, of_folds: &[Vec<f64>], targets: &[f64]) -> Result<Vec<Transported>, ScoreError> {
        let mut found = Vec::with_capacity(targets.len());
        for (number, targets) in targets.chunks(AT_ONCE).enumerate() {
            let first = number * AT_ONCE;
            let threshold = |fold: usize, place: usize| -> f64 {
                of_folds[fold].get(first + place).copied().unwrap_or(f64::INFINITY)
            };
            let tried: Vec<[f64; AT_ONCE]> =
                (0..of_folds.len()).map(|fold| std::array::from_fn(|place| threshold(fold, place))).collect();
            let sums = Sums::of(self.blocks, &self.people, |fold, score, mated| {
                tried[fold].map(|threshold| f64::from(u8::from((score < threshold) == mated)))
            });
            let counts = |kind: usize, place: usize| Counts {
                errors: sums.total[kind][place] as usize,
                comparisons: sums.count[kind] as usize,
                of_subject: sums.of_subject[kind].iter().map(|(count, sums)| (sums[place], *count)).collect(),
            };
            for (place, &target) in targets.iter().enumerate() {
                let thresholds = (0..of_folds.len()).map(|fold| threshold(fold, place)).collect();
                found.push(of_counts(&counts(1, place), &counts(0, place), thresholds, target)?);
            }
        }
        Ok(found)
    }

    pub fn calibrated_cost(&self, maps: &[Calibration], bootstrap: &Bootstrap) -> Estimate {
        let sums = Sums::of(self.blocks, &self.people, |fold, score, mated| {
            let ratio = maps[fold].log_likelihood_ratio(score);
            [softplus(if mated { -ratio } else { ratio }) / std::f64::consts::LN_2]
        });
        let mean = [0, 1].map(|kind| sums.total[kind][0] / sums.count[kind]);
        let error =
            sums.standard_error(|kind, count, [cost]| (cost - mean[kind] * count) / (2.0 * sums.count[kind]));
        interval::cost((mean[0] + mean[1]) / 2.0, error, self.people.len(), bootstrap.level)
    }
}

/// Looks at every trial once.
fn survey(blocks: &dyn Blocks, people: &People) -> Result<Survey, ScoreError> {
    let mut grid = Grid { low: f64::INFINITY, high: f64::NEG_INFINITY };
    let mut hasher = DefaultHasher::new();
    let (mut mated, mut eer_of_subjects) = (Vec::new(), Vec::new());
    let mut before = 0;
    for (fold, (templates, probes)) in people.folds.iter().enumerate() {
        let visit = |block: Block| {
            let mut seen = Seen::default();
            let mut hasher = DefaultHasher::new();
            let mut rows = block.scores.outer_iter();
            for own in templates[block.templates.clone()].chunk_by(|a, b| a == b) {
                let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
                for row in rows.by_ref().take(own.len()) {
                    for (&score, &probed) in row.iter().zip(probes) {
                        if !score.is_finite() {
                            seen.not_finite.get_or_insert((seen.trials, score));
                        }
                        seen.trials += 1;
                        hasher.write_u64(score.to_bits());
                        if probed == own[0] { mated.push(score) } else { non_mated.push(score) }
                    }
                }
                for &score in mated.iter().chain(&non_mated) {
                    seen.low = seen.low.min(score);
                    seen.high = seen.high.max(score);
                }
                seen.mated.extend(mated.iter().map(|&score| (people.subject(own[0]), score)));
                if !mated.is_empty() && !non_mated.is_empty() && seen.not_finite.is_none() {
                    seen.eers.push(SortedScores::from_parts(mated, non_mated).eer().value);
                }
            }
            seen.hash = hasher.finish();
            seen
        };
        let take = |seen: Seen| {
            if let Some((place, value)) = seen.not_finite {
                return Err(ScoreError::NotFinite { index: before + place, value });
            }
            before += seen.trials;
            grid = Grid { low: grid.low.min(seen.low), high: grid.high.max(seen.high) };
            hasher.write_u64(seen.hash);
            mated.extend(seen.mated);
            eer_of_subjects.extend(seen.eers);
            Ok(())
        };
        in_order_of_fold(blocks, fold, visit, take)?;
    }
    Ok(Survey { grid, fingerprint: hasher.finish(), mated, eer_of_subjects })
}

/// What is seen of one block.
struct Seen {
    trials: usize,
    low: f64,
    high: f64,
    hash: u64,
    not_finite: Option<(usize, f64)>,
    mated: Vec<(u32, f64)>,
    eers: Vec<f64>,
}

impl Default for Seen {
    fn default() -> Self {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { trials: 0, low, high, hash: 0, not_finite: None, mated: Vec::new(), eers: Vec::new() }
    }
}
