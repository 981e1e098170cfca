//! The epochs an encoder learns from.

use std::collections::BTreeMap;

use ndarray::ArrayView3;
use twinprint_signal::ChannelName;

use crate::EncoderError;

/// Epochs of the training subjects, and whose they are. Epochs may overlap one another.
#[derive(Debug, Clone)]
pub struct TrainingEpochs<'a> {
    /// `[epochs, channels, samples]` in microvolts at `rate`; may be a view of a memory-mapped file.
    pub samples: ArrayView3<'a, f32>,
    /// The person of each epoch: any numbers, equal for the same person.
    pub subject: &'a [u32],
    /// The recording of each epoch: any numbers, unique over the whole set.
    pub recording: &'a [u32],
    /// Samples a second.
    pub rate: f64,
    /// The channels, in the order of the second axis.
    pub channels: &'a [ChannelName],
}

impl TrainingEpochs<'_> {
    /// The number of epochs.
    pub fn len(&self) -> usize {
        self.samples.dim().0
    }

    /// Whether there is no epoch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that the parts fit together and that there is something to learn: two subjects or more, no recording
    /// of two subjects, and finite samples.
    ///
    /// # Errors
    /// Names the first thing that is wrong.
    pub fn check(&self) -> Result<(), EncoderError> {
        let (epochs, channels, samples) = self.samples.dim();
        if epochs == 0 || channels == 0 || samples == 0 {
            return Err(EncoderError::data(format!("their shape is [{epochs}, {channels}, {samples}]")));
        }
        if self.subject.len() != epochs || self.recording.len() != epochs || self.channels.len() != channels {
            return Err(EncoderError::data(format!(
                "{epochs} epochs of {channels} channels come with {} subjects, {} recordings and {} channel names",
                self.subject.len(),
                self.recording.len(),
                self.channels.len()
            )));
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(EncoderError::data(format!("a rate of {} Hz is not above 0", self.rate)));
        }
        let mut owner: BTreeMap<u32, u32> = BTreeMap::new();
        for (&subject, &recording) in self.subject.iter().zip(self.recording) {
            let first = *owner.entry(recording).or_insert(subject);
            if first != subject {
                return Err(EncoderError::data(format!(
                    "recording {recording} belongs to subject {first} and to subject {subject}; recordings must be numbered over the whole set"
                )));
            }
        }
        let subjects: std::collections::BTreeSet<u32> = owner.values().copied().collect();
        if subjects.len() < 2 {
            return Err(EncoderError::data("all are of one subject; at least 2 are needed to tell apart"));
        }
        match self.samples.outer_iter().position(|epoch| epoch.iter().any(|x| !x.is_finite())) {
            Some(epoch) => {
                Err(EncoderError::data(format!("epoch {epoch} holds samples that are not finite; reject it")))
            }
            None => Ok(()),
        }
    }
}

/// Numbers `labels` from 0 by increasing value; also returns how many there are.
pub(crate) fn dense(labels: &[u32]) -> (Vec<usize>, usize) {
    let values: std::collections::BTreeSet<u32> = labels.iter().copied().collect();
    let index: BTreeMap<u32, usize> = values.into_iter().enumerate().map(|(i, v)| (v, i)).collect();
    (labels.iter().map(|label| index[label]).collect(), index.len())
}
