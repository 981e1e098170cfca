//! Trials laid out and sorted: every number exact.

use std::hash::{DefaultHasher, Hasher};
use std::sync::OnceLock;

use twinprint_signal::Estimate;

use super::Distribution;
use crate::blocks::{Block, Blocks, in_order_of_fold};
use crate::bootstrap::curve_intervals::ResampledCurves;
use crate::bootstrap::draws::Bootstrap;
use crate::bootstrap::weighted_pass::WeightedTrials;
use crate::calibration::Calibration;
use crate::sorted_scores::SortedScores;
use crate::transport::{Transported, observed, transport_left_out};
use crate::verification::{Verification, calibrated_cost, measured};
use crate::{ScoreError, Scores};

/// The trials of all folds.
pub(super) struct LaidOut {
    folds: Vec<Scores>,
    all: Scores,
    sorted: OnceLock<SortedScores>,
    weighted: OnceLock<WeightedTrials>,
}

impl LaidOut {
    pub fn new(blocks: &dyn Blocks) -> Result<Self, ScoreError> {
        let mut folds = Vec::with_capacity(blocks.folds());
        for fold in 0..blocks.folds() {
            let sides = blocks.sides(fold);
            let mut similarity = Vec::with_capacity(sides.templates.len() * sides.probes.len());
            let take = |block: Block| {
                similarity.extend(block.scores);
                Ok::<(), ScoreError>(())
            };
            in_order_of_fold(blocks, fold, |block| block, take)?;
            let enrol = sides.templates.iter();
            let enrol = enrol.flat_map(|&subject| std::iter::repeat_n(subject, sides.probes.len()));
            let probe = sides.probes.repeat(sides.templates.len());
            folds.push(Scores::new(similarity, enrol.collect(), probe)?);
        }
        let all = Scores::concat(&folds)?;
        Ok(Self { folds, all, sorted: OnceLock::new(), weighted: OnceLock::new() })
    }

    pub fn sorted(&self) -> &SortedScores {
        self.sorted.get_or_init(|| SortedScores::new(&self.all))
    }

    fn weighted(&self) -> &WeightedTrials {
        self.weighted.get_or_init(|| WeightedTrials::new(&self.all))
    }

    pub fn counts(&self) -> (usize, usize) {
        (self.all.mated(), self.all.non_mated())
    }

    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.all.similarity().iter().for_each(|score| hasher.write_u64(score.to_bits()));
        hasher.finish()
    }

    pub fn verification(&self, bootstrap: &Bootstrap) -> Result<Verification, ScoreError> {
        let curves = ResampledCurves::draw(self.weighted(), bootstrap);
        Ok(measured(&self.all, self.sorted())?.with_intervals(&curves, bootstrap))
    }

    pub fn resampled(&self, bootstrap: &Bootstrap) -> (usize, Vec<Option<f64>>) {
        (self.weighted().subjects(), self.weighted().replicates(bootstrap))
    }

    pub fn mated(&self) -> Vec<(u32, f64)> {
        let trials = self.all.similarity().iter().zip(self.all.probe_subject()).enumerate();
        trials
            .filter(|(trial, _)| self.all.is_mated(*trial))
            .map(|(_, (&score, &subject))| (subject, score))
            .collect()
    }

    pub fn distribution(&self, bins: usize) -> Distribution {
        let values = self.all.similarity();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scores = values.iter().enumerate().map(|(trial, &score)| (score, self.all.is_mated(trial), 1.0));
        Distribution::of(scores, (low, high), bins)
    }

    pub fn thresholds(&self, fold: usize, targets: &[f64]) -> Vec<f64> {
        let sorted = SortedScores::new(&self.folds[fold]);
        targets.iter().map(|&target| sorted.threshold_at_fmr(target)).collect()
    }

    pub fn calibration(&self, fold: usize) -> Option<Calibration> {
        Calibration::fit(&self.folds[fold]).ok()
    }

    pub fn calibrated_cost(&self, maps: &[Calibration], bootstrap: &Bootstrap) -> Option<Estimate> {
        let parts = self.folds.iter().zip(maps).map(|(fold, map)| map.apply(fold).ok());
        let all = Scores::concat(&parts.collect::<Option<Vec<_>>>()?).ok()?;
        Some(calibrated_cost(&all, bootstrap))
    }

    pub fn observed(&self, of_folds: &[Vec<f64>], targets: &[f64]) -> Result<Vec<Transported>, ScoreError> {
        let folds: Vec<&Scores> = self.folds.iter().collect();
        let each = targets.iter().enumerate().map(|(place, &target)| {
            observed(&folds, of_folds.iter().map(|thresholds| thresholds[place]).collect(), target)
        });
        each.collect()
    }

    pub fn left_out(&self, targets: &[f64]) -> Result<Vec<(f64, Transported)>, ScoreError> {
        targets.iter().map(|&target| transport_left_out(&self.folds, target)).collect()
    }
}

impl Distribution {
    /// Of scores between two bounds, each with whether it is mated and how often it stands there.
    pub(super) fn of(
        scores: impl Iterator<Item = (f64, bool, f64)>,
        (low, high): (f64, f64),
        bins: usize,
    ) -> Self {
        let width = (high - low).max(1e-9) / bins as f64;
        let mut counts = [vec![0.0; bins], vec![0.0; bins]];
        for (score, mated, times) in scores {
            let bin = (((score - low) / width) as usize).min(bins - 1);
            counts[usize::from(!mated)][bin] += times;
        }
        for side in &mut counts {
            let total: f64 = side.iter().sum();
            side.iter_mut().for_each(|count| *count /= total.max(1.0));
        }
        let [mated, non_mated] = counts;
        Self { edges: (0..=bins).map(|edge| low + width * edge as f64).collect(), mated, non_mated }
    }
}
