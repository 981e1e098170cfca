//! The training epochs by subject and recording, and the subjects by cohort.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use twinprint_closed::numbered;

use super::pick;
use crate::TrainingEpochs;

/// Rows of the training epochs, by subject and then by recording.
#[derive(Debug, Clone)]
pub(crate) struct EpochIndex {
    rows: Vec<Vec<Vec<usize>>>,
    /// The subjects of each cohort that has two or more: those who are held against one another.
    cohorts: Vec<Vec<usize>>,
    /// How often each of these makes a batch: its subjects times its weight.
    shares: Vec<f64>,
}

impl EpochIndex {
    pub fn new(data: &TrainingEpochs) -> Self {
        let (class, classes) = numbered(data.subject);
        let mut rows: Vec<BTreeMap<u32, Vec<usize>>> = vec![BTreeMap::new(); classes];
        let mut by_cohort: BTreeMap<u32, (Vec<usize>, f64)> = BTreeMap::new();
        for (row, (&c, &r)) in class.iter().zip(data.recording).enumerate() {
            if rows[c].is_empty() {
                let cohort = data.cohort.get(row).copied().unwrap_or_default();
                let (subjects, share) = by_cohort.entry(cohort).or_default();
                subjects.push(c);
                *share += f64::from(data.weight.get(row).copied().unwrap_or(1.0));
            }
            rows[c].entry(r).or_default().push(row);
        }
        by_cohort.values_mut().for_each(|(subjects, _)| subjects.sort_unstable());
        let (cohorts, shares) = by_cohort.into_values().filter(|(subjects, _)| subjects.len() > 1).unzip();
        Self { rows: rows.into_iter().map(|by| by.into_values().collect()).collect(), cohorts, shares }
    }

    pub fn subjects(&self) -> usize {
        self.rows.len()
    }

    /// Whether anybody can be held against somebody else of the same cohort.
    pub fn has_pairs(&self) -> bool {
        !self.cohorts.is_empty()
    }

    /// The subjects that a batch is drawn from: those of one cohort.
    pub fn cohort(&self, rng: &mut ChaCha8Rng) -> &[usize] {
        match self.cohorts.as_slice() {
            [one] => one,
            several => several.get(pick(&self.shares, rng)).map_or(&[], Vec::as_slice),
        }
    }

    /// For each subject, whether it may be held against `subject`; nothing where everybody may.
    pub fn rivals(&self, subject: usize) -> Option<Vec<bool>> {
        if self.cohorts.iter().any(|cohort| cohort.len() == self.subjects()) {
            return None;
        }
        let own = self.cohorts.iter().find(|cohort| cohort.contains(&subject))?;
        Some((0..self.subjects()).map(|other| own.binary_search(&other).is_ok()).collect())
    }

    pub fn recordings(&self, subject: usize) -> usize {
        self.rows[subject].len()
    }

    /// A random epoch of the recording, counted around the subject's recordings: every recording counts alike,
    /// however long.
    pub fn any(&self, subject: usize, recording: usize, rng: &mut ChaCha8Rng) -> usize {
        let recordings = &self.rows[subject];
        let rows = &recordings[recording % recordings.len()];
        rows[rng.random_range(0..rows.len())]
    }
}
