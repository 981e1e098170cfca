//! The bootstrap over subjects: seeded draws of cohorts, and the intervals of what the cohorts give.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use twinprint_signal::Estimate;

use super::interval::{self, standard_error};
use crate::ScoreError;
use crate::prints::distinct;

/// How intervals are made. The same settings give the same interval on any machine and any number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// Resampled cohorts, at least 20; default 1000.
    pub replicates: usize,
    /// Seed of the draws; default 0.
    pub seed: u64,
    /// Coverage aimed at, strictly between 0 and 1; default 0.95.
    pub level: f64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 1000, seed: 0, level: 0.95 }
    }
}

/// Fewest replicates from which a standard error can be taken.
const LEAST_REPLICATES: usize = 20;
/// Most replicates: of more, none comes to an end.
const MOST_REPLICATES: usize = 1_000_000;

impl Bootstrap {
    /// Checks that the level is a share and that there are replicates enough for a standard error, and not so many that none would see their end.
    pub fn validate(&self) -> Result<(), ScoreError> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(ScoreError::Rate { what: "bootstrap.level", value: self.level });
        }
        if !(LEAST_REPLICATES..=MOST_REPLICATES).contains(&self.replicates) {
            return Err(ScoreError::Replicates {
                replicates: self.replicates,
                least: LEAST_REPLICATES,
                most: MOST_REPLICATES,
            });
        }
        Ok(())
    }

    /// The generator of one replicate, independent of all others.
    pub(crate) fn generator(&self, replicate: usize) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(replicate as u64);
        generator
    }

    /// A rate with the interval from its values in resampled cohorts.
    pub(crate) fn rate(&self, value: f64, resampled: &[f64], subjects: usize) -> Estimate {
        interval::rate(value, standard_error(resampled, subjects), subjects, self.level)
    }

    /// A number of either sign with the interval from its values in resampled cohorts.
    pub(crate) fn difference(&self, value: f64, resampled: &[f64], subjects: usize) -> Estimate {
        interval::difference(value, standard_error(resampled, subjects), subjects, self.level)
    }

    /// A rate that `of` computes from how often each of `groups` subjects is drawn.
    pub(crate) fn rate_of_draws(&self, groups: usize, of: impl Fn(&[u16]) -> f64 + Sync) -> Estimate {
        let resampled: Vec<f64> = (0..self.replicates)
            .into_par_iter()
            .map(|replicate| of(&draw(&mut self.generator(replicate), groups)))
            .collect();
        self.rate(of(&vec![1; groups]), &resampled, groups)
    }

    /// Share of hits, with the interval over groups (subjects): each group is drawn with all of its trials.
    pub(crate) fn share_of_hits(&self, groups: &[u32], hits: &[bool]) -> Estimate {
        let distinct = distinct(groups);
        let mut counts = vec![(0.0, 0.0); distinct.len()];
        for (group, &hit) in groups.iter().zip(hits) {
            let count = &mut counts[distinct.partition_point(|known| known < group)];
            count.0 += f64::from(u8::from(hit));
            count.1 += 1.0;
        }
        self.rate_of_draws(counts.len(), |weights| {
            let weighted = counts
                .iter()
                .zip(weights)
                .map(|(&(hits, all), &w)| (f64::from(w) * hits, f64::from(w) * all));
            let (hits, all) = weighted.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1));
            hits / all
        })
    }
}

/// How often each of `subjects` is drawn when as many are drawn with replacement.
pub(crate) fn draw(generator: &mut ChaCha8Rng, subjects: usize) -> Vec<u16> {
    let mut weights = vec![0u16; subjects];
    for _ in 0..subjects {
        weights[generator.random_range(0..subjects as u64) as usize] += 1;
    }
    weights
}

/// Draws the cohort of a replicate, again if one kind of comparison is missing (only likely with a handful of subjects).
pub(crate) fn draw_scorable(bootstrap: &Bootstrap, replicate: usize, subjects: usize) -> Vec<u16> {
    let mut generator = bootstrap.generator(replicate);
    let mut weights = draw(&mut generator, subjects);
    for _ in 0..20 {
        if weights.iter().filter(|&&weight| weight > 0).count() > 1 {
            break;
        }
        weights = draw(&mut generator, subjects);
    }
    weights
}
