//! The epochs an encoder learns from.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::{Array3, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;
use twinprint_closed::Labels;
use twinprint_signal::{ChannelName, EpochRow};

use crate::EncoderError;

/// Epochs of the training subjects, and the person of each. Epochs may overlap one another.
///
/// Nothing here is a copy: `samples` may be a view of a memory-mapped file larger than memory, of which `rows` says what is
/// learnt from. Whoever reads them does so a batch or a chunk at a time.
#[derive(Debug, Clone)]
pub struct TrainingEpochs<'a> {
    /// `[epochs, channels, samples]` in microvolts at `rate`.
    pub samples: ArrayView3<'a, f32>,
    /// Which epochs of `samples` to learn from, in this order; all where absent.
    pub rows: Option<&'a [EpochRow]>,
    /// The person of each epoch learnt from: any numbers, equal for the same person.
    pub subject: &'a [u32],
    /// The recording of each epoch learnt from: any numbers, unique over the whole set.
    pub recording: &'a [u32],
    /// How much each epoch learnt from counts where something is fitted in closed form: above 0 and the same for all epochs of
    /// a person, usually that of their cohort; empty where all count alike. Of gradient steps, a cohort of twice the weight takes
    /// twice as many.
    pub weight: &'a [f32],
    /// The cohort of each epoch learnt from: any numbers, the same for all epochs of a person; empty where all are of one. A
    /// gradient step holds people against people of their own cohort alone: two amplifiers are told apart by other things.
    pub cohort: &'a [u32],
    /// Those of the epochs learnt from, by their place among them, that overlap no other of these, recording by recording
    /// in order of time; all where absent. Only what averages epochs looks at it.
    pub apart: Option<&'a [usize]>,
    /// Samples a second.
    pub rate: f64,
    /// The channels, in the order of the second axis.
    pub channels: &'a [ChannelName],
}

impl<'a> TrainingEpochs<'a> {
    /// All epochs of `samples`, with the person and the recording of each: all count alike, and people are of one cohort.
    pub fn new(
        samples: ArrayView3<'a, f32>,
        subject: &'a [u32],
        recording: &'a [u32],
        rate: f64,
        channels: &'a [ChannelName],
    ) -> Self {
        Self {
            samples,
            rows: None,
            subject,
            recording,
            weight: &[],
            cohort: &[],
            apart: None,
            rate,
            channels,
        }
    }

    /// The number of epochs learnt from.
    pub fn len(&self) -> usize {
        self.rows.map_or(self.samples.dim().0, <[EpochRow]>::len)
    }

    /// Whether there is no epoch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Epochs learnt from, channels, and samples an epoch.
    pub fn shape(&self) -> (usize, usize, usize) {
        let (_, channels, samples) = self.samples.dim();
        (self.len(), channels, samples)
    }

    /// The `index`-th epoch learnt from: `[channels, samples]`.
    pub fn epoch(&self, index: usize) -> ArrayView2<'a, f32> {
        self.samples.index_axis_move(Axis(0), self.row(index).0)
    }

    /// Which row of `samples` the `index`-th epoch learnt from is.
    pub(crate) fn row(&self, index: usize) -> EpochRow {
        self.rows.map_or(EpochRow(index), |rows| rows[index])
    }

    /// Whose each epoch learnt from is and how much it counts, as what is fitted in closed form takes it.
    pub(crate) fn labels(&self) -> Labels<'a> {
        Labels { subject: self.subject, recording: self.recording, weight: self.weight }
    }

    /// A copy of some of the epochs learnt from: `[which, channels, samples]`.
    pub fn gather(&self, which: &[usize]) -> Array3<f32> {
        let (_, channels, samples) = self.shape();
        let mut epochs = Array3::zeros((which.len(), channels, samples));
        for (mut epoch, &index) in epochs.outer_iter_mut().zip(which) {
            epoch.assign(&self.epoch(index));
        }
        epochs
    }

    /// Copies of all epochs learnt from, `size` at a time, with their places.
    pub fn chunks(&self, size: usize) -> impl Iterator<Item = (Range<usize>, Array3<f32>)> {
        let count = self.len();
        (0..count).step_by(size.max(1)).map(move |start| {
            let range = start..(start + size).min(count);
            let which: Vec<usize> = range.clone().collect();
            (range, self.gather(&which))
        })
    }

    /// Checks that the parts fit together and that there is something to learn: two subjects or more, no recording
    /// of two subjects, one weight a subject where there are any, and finite samples.
    ///
    /// # Errors
    /// Names the first thing that is wrong.
    pub fn check(&self) -> Result<(), EncoderError> {
        let (epochs, channels, samples) = self.shape();
        if let Some(row) = self.rows.and_then(|rows| rows.iter().find(|row| row.0 >= self.samples.dim().0)) {
            return Err(EncoderError::data(format!(
                "epoch {row} is asked for, but there are {}",
                self.samples.dim().0
            )));
        }
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
        self.check_weights()?;
        self.check_cohorts()?;
        let subjects: std::collections::BTreeSet<u32> = owner.values().copied().collect();
        if subjects.len() < 2 {
            return Err(EncoderError::data("all are of one subject; at least 2 are needed to tell apart"));
        }
        match (0..epochs).into_par_iter().find_first(|&index| !is_finite(self.epoch(index))) {
            Some(epoch) => {
                Err(EncoderError::data(format!("epoch {epoch} holds samples that are not finite; reject it")))
            }
            None => Ok(()),
        }
    }

    fn check_cohorts(&self) -> Result<(), EncoderError> {
        if !self.cohort.is_empty() && self.cohort.len() != self.len() {
            let (cohorts, epochs) = (self.cohort.len(), self.len());
            return Err(EncoderError::data(format!(
                "{cohorts} numbers of cohorts come with {epochs} epochs"
            )));
        }
        let mut of_subject: BTreeMap<u32, u32> = BTreeMap::new();
        for (&subject, &cohort) in self.subject.iter().zip(self.cohort) {
            let first = *of_subject.entry(subject).or_insert(cohort);
            if cohort != first {
                return Err(EncoderError::data(format!(
                    "subject {subject} is of cohort {first} and of cohort {cohort}: a person is of one"
                )));
            }
        }
        Ok(())
    }

    fn check_weights(&self) -> Result<(), EncoderError> {
        if !self.weight.is_empty() && self.weight.len() != self.len() {
            let (weights, epochs) = (self.weight.len(), self.len());
            return Err(EncoderError::data(format!("{weights} weights come with {epochs} epochs")));
        }
        let mut of_subject: BTreeMap<u32, f32> = BTreeMap::new();
        for (&subject, &weight) in self.subject.iter().zip(self.weight) {
            let first = *of_subject.entry(subject).or_insert(weight);
            if !(weight.is_finite() && weight > 0.0 && weight == first) {
                return Err(EncoderError::data(format!(
                    "an epoch of subject {subject} has the weight {weight}, and their first one {first}: a weight is above 0 and one for each subject"
                )));
            }
        }
        Ok(())
    }
}

/// Some of the epochs learnt from.
pub(crate) struct Excerpt {
    rows: Vec<EpochRow>,
    subject: Vec<u32>,
    recording: Vec<u32>,
    weight: Vec<f32>,
    cohort: Vec<u32>,
}

impl Excerpt {
    /// Those at these places among the epochs learnt from.
    pub fn new(whole: &TrainingEpochs, which: &[usize]) -> Self {
        Self {
            rows: which.iter().map(|&index| whole.row(index)).collect(),
            subject: which.iter().map(|&index| whole.subject[index]).collect(),
            recording: which.iter().map(|&index| whole.recording[index]).collect(),
            weight: which.iter().filter_map(|&index| whole.weight.get(index).copied()).collect(),
            cohort: which.iter().filter_map(|&index| whole.cohort.get(index).copied()).collect(),
        }
    }

    /// A set of epochs of their own; `whole` is what they were taken from.
    pub fn of<'a>(&'a self, whole: &'a TrainingEpochs<'_>) -> TrainingEpochs<'a> {
        TrainingEpochs {
            samples: whole.samples,
            rows: Some(&self.rows),
            subject: &self.subject,
            recording: &self.recording,
            weight: &self.weight,
            cohort: &self.cohort,
            apart: None,
            rate: whole.rate,
            channels: whole.channels,
        }
    }
}

/// Whether all samples are; looks at every one, which is faster than stopping early.
pub(crate) fn is_finite(epoch: ArrayView2<f32>) -> bool {
    let broken = |x: &f32| x.to_bits() & 0x7f80_0000 == 0x7f80_0000;
    match epoch.as_slice() {
        Some(samples) => !samples.iter().fold(false, |any, x| any | broken(x)),
        None => !epoch.iter().any(broken),
    }
}
