//! Equal-length windows cut from recordings, and whose they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Array3;

use crate::{ChannelName, Hertz, RecordingKey, Seconds};

/// Where an epoch comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochInfo {
    /// The recording it was cut from.
    pub key: Arc<RecordingKey>,
    /// Seconds between the recording's start and the epoch's first sample.
    pub start: Seconds,
    /// Columns other than identity by which epochs can be classified: task, group, event code.
    pub labels: Arc<BTreeMap<String, String>>,
}

/// Epochs of any number of recordings: one rate, one channel order, one length.
#[derive(Debug, Clone)]
pub struct Epochs {
    rate: Hertz,
    channels: Vec<ChannelName>,
    samples: Array3<f32>,
    info: Vec<EpochInfo>,
}

/// Parts of a set of epochs that do not fit together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EpochsError {
    /// An axis has another length than its description.
    #[error(
        "samples of shape {shape:?} with {channels} channel names and {infos} epoch descriptions: the shape must be [epochs, channels, samples]"
    )]
    Shape {
        /// The shape given.
        shape: [usize; 3],
        /// Channel names given.
        channels: usize,
        /// Epoch descriptions given.
        infos: usize,
    },
    /// Two sets that should become one differ.
    #[error("epochs of {what} {left} cannot be joined to epochs of {what} {right}")]
    Mixed {
        /// What differs: rate, channels or length.
        what: &'static str,
        /// Of the first set.
        left: String,
        /// Of the set that differs.
        right: String,
    },
}

impl Epochs {
    /// Puts epochs together; `samples` is `[epochs, channels, samples]`.
    ///
    /// # Errors
    /// When an axis of `samples` has another length than `info` or `channels`.
    pub fn new(
        rate: Hertz,
        channels: Vec<ChannelName>,
        samples: Array3<f32>,
        info: Vec<EpochInfo>,
    ) -> Result<Self, EpochsError> {
        let (epochs, rows, length) = samples.dim();
        if epochs != info.len() || rows != channels.len() {
            return Err(EpochsError::Shape {
                shape: [epochs, rows, length],
                channels: channels.len(),
                infos: info.len(),
            });
        }
        Ok(Self { rate, channels, samples, info })
    }

    /// Samples a second.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// The channels, in the order of the second axis.
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// `[epochs, channels, samples]`.
    pub fn samples(&self) -> &Array3<f32> {
        &self.samples
    }

    /// Where each epoch comes from, in the order of the first axis.
    pub fn info(&self) -> &[EpochInfo] {
        &self.info
    }

    /// The number of epochs.
    pub fn len(&self) -> usize {
        self.info.len()
    }

    /// Whether there is no epoch.
    pub fn is_empty(&self) -> bool {
        self.info.is_empty()
    }

    /// The length of every epoch.
    pub fn epoch_duration(&self) -> Seconds {
        self.rate.time_of(crate::SampleIndex(self.samples.dim().2 as u64))
    }
}
