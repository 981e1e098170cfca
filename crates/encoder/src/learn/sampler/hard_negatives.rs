//! Hard negatives: people whose prints lie close together meet in one batch more often.

use ndarray::{Array2, ArrayView1};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::EpochIndex;
use crate::EncoderError;
use crate::weights::Parameter;

/// How much of a subject's mean print a new batch replaces.
const RENEWAL: f32 = 0.2;
/// A slot's partner is drawn from this many nearest subjects.
const NEAREST: usize = 3;

/// Names in checkpoints.
const MEANS: &str = "neighbours.means";
const SEEN: &str = "neighbours.seen";

/// Running mean prints of the training subjects, and so who lies near whom.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours {
    /// `[subjects, dim]`; empty before the first batch.
    pub means: Array2<f32>,
    pub seen: Vec<bool>,
}

impl Neighbours {
    pub fn new(subjects: usize, dim: usize) -> Self {
        Self { means: Array2::zeros((subjects, dim)), seen: vec![false; subjects] }
    }

    /// The means and who was seen, under names that [`Neighbours::restore`] finds them by.
    pub fn capture(&self) -> [Parameter; 2] {
        let seen = self.seen.iter().map(|&seen| f32::from(u8::from(seen))).collect();
        let (subjects, dim) = self.means.dim();
        [
            Parameter::new(MEANS, &[subjects, dim], self.means.iter().copied().collect()),
            Parameter::new(SEEN, &[subjects], seen),
        ]
    }

    /// Puts back what [`Neighbours::capture`] gave; `take` finds the values of a name.
    pub fn restore(
        &mut self,
        take: impl Fn(&str, &[usize]) -> Result<Vec<f32>, EncoderError>,
    ) -> Result<(), EncoderError> {
        let (subjects, dim) = self.means.dim();
        let means = take(MEANS, &[subjects, dim])?;
        self.means.iter_mut().zip(means).for_each(|(mean, value)| *mean = value);
        self.seen = take(SEEN, &[subjects])?.into_iter().map(|seen| seen != 0.0).collect();
        Ok(())
    }

    /// Takes in the prints of a batch, row by row.
    pub fn update(&mut self, subject: &[usize], prints: &[f32]) {
        let dim = self.means.ncols();
        for (&s, print) in subject.iter().zip(prints.chunks_exact(dim.max(1))) {
            let renewal = if self.seen[s] { RENEWAL } else { 1.0 };
            self.seen[s] = true;
            let mut mean = self.means.row_mut(s);
            mean.zip_mut_with(&ArrayView1::from(print), |m, p| *m += renewal * (p - *m));
        }
    }

    /// Slots by twos: a subject at random and one of those nearest to it.
    pub fn subjects(&self, slots: usize, index: &EpochIndex, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let people = index.cohort(rng);
        let mut chosen = Vec::with_capacity(slots + 1);
        while chosen.len() < slots {
            let subject = people[rng.random_range(0..people.len())];
            let mut others: Vec<usize> = people.iter().copied().filter(|&other| other != subject).collect();
            if self.seen[subject] {
                let near = |&other: &usize| self.means.row(subject).dot(&self.means.row(other));
                others.sort_by(|a, b| near(b).total_cmp(&near(a)));
                others.truncate(NEAREST);
            }
            chosen.push(subject);
            chosen.push(others[rng.random_range(0..others.len())]);
        }
        chosen.truncate(slots);
        chosen
    }
}
