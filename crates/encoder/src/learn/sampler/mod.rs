//! Which epochs make a batch.

mod hard_negatives;
mod index;
mod subjects_by_epochs;
mod twin_pairs;

pub(crate) use hard_negatives::Neighbours;
pub(crate) use index::EpochIndex;

use rand_chacha::ChaCha8Rng;

use crate::plan::{Batch, Sampler};

/// The epochs of one batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draw {
    /// Rows of the training epochs.
    pub rows: Vec<usize>,
    /// The slot of each row.
    pub slot: Vec<usize>,
    /// The subject of each row, numbered from 0.
    pub subject: Vec<usize>,
    /// The pairs to compare; all where absent.
    pub pairs: Option<Vec<(usize, usize)>>,
}

/// Draws a batch as the plan says.
pub(crate) fn draw(plan: &Batch, index: &EpochIndex, near: &Neighbours, rng: &mut ChaCha8Rng) -> Draw {
    match plan.sampler {
        Sampler::SubjectsByEpochs => {
            let subjects = subjects_by_epochs::subjects(plan.subjects, index, rng);
            subjects_by_epochs::fill(&subjects, plan.epochs, index, rng)
        }
        Sampler::HardNegatives => {
            let subjects = near.subjects(plan.subjects, index, rng);
            subjects_by_epochs::fill(&subjects, plan.epochs, index, rng)
        }
        Sampler::TwinPairs => twin_pairs::draw(plan.subjects * plan.epochs / 2, index, rng),
    }
}
