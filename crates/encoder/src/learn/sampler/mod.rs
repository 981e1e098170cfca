//! Which epochs make a batch.

mod hard_negatives;
mod index;
mod subjects_by_epochs;
mod twin_pairs;

pub(crate) use hard_negatives::Neighbours;
pub(crate) use index::EpochIndex;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::plan::{Batch, Sampler};

/// The epochs of one batch, all of one cohort.
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

/// One of several, as likely as its share of all.
pub(crate) fn pick(shares: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let mut place = rng.random::<f64>() * shares.iter().sum::<f64>();
    for (at, share) in shares.iter().enumerate() {
        place -= share;
        if place < 0.0 {
            return at;
        }
    }
    shares.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use twinprint_signal::ChannelName;

    use super::*;
    use crate::TrainingEpochs;
    use crate::seed::stream;

    /// Twelve people of two recordings: 0 to 2 of cohort 7, 3 to 10 of cohort 2, 11 alone in a third.
    fn drawn(sampler: Sampler, weight: f32) -> Vec<Draw> {
        let subject: Vec<u32> = (0..96).map(|row| row / 8).collect();
        let recording: Vec<u32> = (0..96).map(|row| row / 4).collect();
        let cohort: Vec<u32> = subject
            .iter()
            .map(|s| {
                if *s < 3 {
                    7
                } else if *s < 11 {
                    2
                } else {
                    9
                }
            })
            .collect();
        let weight: Vec<f32> = cohort.iter().map(|c| if *c == 7 { weight } else { 1.0 }).collect();
        let (samples, channels) = (Array3::zeros((96, 1, 4)), [ChannelName::new("Cz")]);
        let data = TrainingEpochs {
            weight: &weight,
            cohort: &cohort,
            ..TrainingEpochs::new(samples.view(), &subject, &recording, 128.0, &channels)
        };
        data.check().unwrap();
        let index = EpochIndex::new(&data);
        let mut near = Neighbours::new(12, 2);
        near.update(&(0..12).collect::<Vec<_>>(), &[1.0; 24]);
        let plan = Batch { subjects: 6, epochs: 4, sampler, ..Batch::default() };
        (0..600).map(|step| draw(&plan, &index, &near, &mut stream(step, "test"))).collect()
    }

    #[test]
    fn a_batch_holds_nobody_against_people_of_another_cohort() {
        for sampler in [Sampler::SubjectsByEpochs, Sampler::HardNegatives, Sampler::TwinPairs] {
            for draw in drawn(sampler, 1.0) {
                let small = draw.subject.iter().filter(|subject| **subject < 3).count();
                assert!(small == 0 || small == draw.subject.len(), "{sampler:?} {draw:?}");
                assert!(
                    !draw.subject.contains(&11),
                    "somebody alone in a cohort has nobody to be held against"
                );
            }
        }
    }

    #[test]
    fn a_cohort_makes_as_many_batches_as_its_people_times_its_weight() {
        for (weight, expected) in [(1.0, 3.0 / 11.0), (8.0, 24.0 / 32.0)] {
            let draws = drawn(Sampler::SubjectsByEpochs, weight);
            let share = draws.iter().filter(|draw| draw.subject[0] < 3).count() as f64 / draws.len() as f64;
            assert!((share - expected).abs() < 0.06, "{share} for {expected}");
        }
    }
}
