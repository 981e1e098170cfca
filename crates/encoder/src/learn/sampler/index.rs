//! The training epochs by subject and recording.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use twinprint_closed::numbered;

/// Rows of the training epochs, by subject and then by recording.
#[derive(Debug, Clone)]
pub(crate) struct EpochIndex {
    rows: Vec<Vec<Vec<usize>>>,
}

impl EpochIndex {
    pub fn new(subject: &[u32], recording: &[u32]) -> Self {
        let (class, classes) = numbered(subject);
        let mut rows: Vec<BTreeMap<u32, Vec<usize>>> = vec![BTreeMap::new(); classes];
        for (row, (&c, &r)) in class.iter().zip(recording).enumerate() {
            rows[c].entry(r).or_default().push(row);
        }
        Self { rows: rows.into_iter().map(|by| by.into_values().collect()).collect() }
    }

    pub fn subjects(&self) -> usize {
        self.rows.len()
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
