//! The bootstrap over subjects: seeded draws of cohorts, and the interval read from the replicates.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::ScoreError;

/// A confidence interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies inside.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// A number with its interval; the interval is absent where nothing could be resampled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number on all the data.
    pub value: f64,
    /// Its 95 % interval (or of the level asked for).
    pub ci95: Option<Interval>,
}

/// How intervals are made. The same settings give the same interval on any machine and any number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// Resampled cohorts; default 1000.
    pub replicates: usize,
    /// Seed of the draws; default 0.
    pub seed: u64,
    /// Coverage aimed at, between 0 and 1; default 0.95.
    pub level: f64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 1000, seed: 0, level: 0.95 }
    }
}

impl Bootstrap {
    /// Checks that the level is a share and that the replicates resolve it.
    pub fn validate(&self) -> Result<(), ScoreError> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(ScoreError::Rate { what: "the interval level", value: self.level });
        }
        let least = (2.0 / (1.0 - self.level) - 1e-9).ceil() as usize;
        if self.replicates < least {
            return Err(ScoreError::Replicates { replicates: self.replicates, level: self.level, least });
        }
        Ok(())
    }

    /// The generator of one replicate, independent of all others.
    pub(crate) fn generator(&self, replicate: usize) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(replicate as u64);
        generator
    }

    /// The percentile interval of replicated values (Efron 1979): `None` without any.
    pub(crate) fn percentile(&self, mut values: Vec<f64>) -> Option<Interval> {
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Some(Interval { low: quantile(&values, tail)?, high: quantile(&values, 1.0 - tail)? })
    }

    /// Interval of a ratio of sums over subjects: subjects are drawn, each with all of its comparisons.
    pub(crate) fn ratio(&self, numerator: &[f64], denominator: &[f64]) -> Option<Interval> {
        let subjects = numerator.len();
        if subjects < 2 {
            return None;
        }
        let values = (0..self.replicates)
            .filter_map(|replicate| {
                let weights = draw(&mut self.generator(replicate), subjects);
                let sum =
                    |terms: &[f64]| terms.iter().zip(&weights).map(|(t, &w)| t * f64::from(w)).sum::<f64>();
                let total = sum(denominator);
                (total > 0.0).then(|| sum(numerator) / total)
            })
            .collect();
        self.percentile(values)
    }
}

impl Bootstrap {
    /// Share of hits, with the interval over groups (subjects): each group is drawn with all of its trials.
    pub(crate) fn rate(&self, groups: &[u32], hits: &[bool]) -> Estimate {
        let distinct = crate::prints::distinct(groups);
        let (mut numerator, mut denominator) = (vec![0.0; distinct.len()], vec![0.0; distinct.len()]);
        for (group, &hit) in groups.iter().zip(hits) {
            let slot = distinct.partition_point(|known| known < group);
            denominator[slot] += 1.0;
            numerator[slot] += f64::from(u8::from(hit));
        }
        let value = numerator.iter().sum::<f64>() / denominator.iter().sum::<f64>();
        Estimate { value, ci95: self.ratio(&numerator, &denominator) }
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

/// Quantile of ascending values, linear between neighbours (type 7 of Hyndman and Fan 1996).
pub(crate) fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(ascending[below] + (place - below as f64) * (ascending[above] - ascending[below]))
}
