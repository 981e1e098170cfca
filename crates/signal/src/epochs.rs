//! Equal-length windows cut from recordings, and whose they are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{ArrayView3, Axis, CowArray, Ix3};

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

/// Epochs of any number of recordings, owned or borrowed (from a mapped file, say): one rate, one channel order, one length.
///
/// ```
/// use ndarray::Array3;
/// use twinprint_signal::{ChannelName, Epochs, Hertz};
///
/// let channels = vec![ChannelName::from("Cz".to_owned()), ChannelName::from("Pz".to_owned())];
/// let samples = Array3::<f32>::zeros((0, 2, 256));
/// let epochs = Epochs::new(samples, Hertz::new(128.0)?, channels, Vec::new())?;
/// assert_eq!(epochs.duration().get(), 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Epochs<'a> {
    samples: CowArray<'a, f32, Ix3>,
    rate: Hertz,
    channels: Cow<'a, [ChannelName]>,
    infos: Cow<'a, [EpochInfo]>,
}

/// Samples that do not fit their description.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "samples of shape {shape:?} with {channels} channel names and {infos} epoch descriptions: the shape must be [epochs, channels, samples]"
)]
pub struct EpochsError {
    /// The shape given.
    pub shape: [usize; 3],
    /// Channel names given.
    pub channels: usize,
    /// Epoch descriptions given.
    pub infos: usize,
}

impl<'a> Epochs<'a> {
    /// Puts epochs together; `samples` is `[epochs, channels, samples]` in µV.
    ///
    /// # Errors
    /// When an axis of `samples` has another length than `infos` or `channels`.
    pub fn new(
        samples: impl Into<CowArray<'a, f32, Ix3>>,
        rate: Hertz,
        channels: impl Into<Cow<'a, [ChannelName]>>,
        infos: impl Into<Cow<'a, [EpochInfo]>>,
    ) -> Result<Self, EpochsError> {
        let (samples, channels, infos) = (samples.into(), channels.into(), infos.into());
        let (epochs, rows, length) = samples.dim();
        if epochs != infos.len() || rows != channels.len() {
            return Err(EpochsError {
                shape: [epochs, rows, length],
                channels: channels.len(),
                infos: infos.len(),
            });
        }
        Ok(Self { samples, rate, channels, infos })
    }

    /// `[epochs, channels, samples]` in µV.
    pub fn samples(&self) -> ArrayView3<'_, f32> {
        self.samples.view()
    }

    /// Samples a second.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// The channels, in the order of the second axis.
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// Where each epoch comes from, in the order of the first axis.
    pub fn infos(&self) -> &[EpochInfo] {
        &self.infos
    }

    /// The number of epochs.
    pub fn len(&self) -> usize {
        self.infos.len()
    }

    /// Whether there is no epoch.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// The number of samples of each epoch.
    pub fn samples_per_epoch(&self) -> usize {
        self.samples.dim().2
    }

    /// The length of every epoch.
    pub fn duration(&self) -> Seconds {
        self.rate.time_of(crate::SampleIndex(self.samples_per_epoch() as u64))
    }

    /// The same epochs, borrowed.
    pub fn view(&self) -> Epochs<'_> {
        Epochs {
            samples: self.samples.view().into(),
            rate: self.rate,
            channels: Cow::Borrowed(&self.channels),
            infos: Cow::Borrowed(&self.infos),
        }
    }

    /// Copies of some epochs, by their places along the first axis, in the order given.
    pub fn select(&self, rows: &[usize]) -> Epochs<'static> {
        Epochs {
            samples: self.samples.select(Axis(0), rows).into(),
            rate: self.rate,
            channels: Cow::Owned(self.channels.to_vec()),
            infos: Cow::Owned(rows.iter().map(|&row| self.infos[row].clone()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::{RecordingId, SessionId, SubjectId};

    fn infos(count: usize) -> Vec<EpochInfo> {
        let key = Arc::new(RecordingKey {
            subject: SubjectId::new("1").unwrap(),
            session: SessionId::new("1").unwrap(),
            recording: RecordingId::new("rest").unwrap(),
        });
        let info = |at: usize| EpochInfo {
            key: Arc::clone(&key),
            start: Seconds::new(2.0 * at as f64).unwrap(),
            labels: Arc::default(),
        };
        (0..count).map(info).collect()
    }

    #[test]
    fn a_description_for_every_epoch_and_a_name_for_every_channel() {
        let made = |epochs, channels: usize| {
            let names = vec![ChannelName::from("Cz".to_owned()); channels];
            let rate = Hertz::new(128.0).unwrap();
            Epochs::new(Array3::zeros((2, 3, 256)), rate, names, infos(epochs)).map(|epochs| epochs.len())
        };
        assert_eq!(made(2, 3), Ok(2));
        let refused = EpochsError { shape: [2, 3, 256], channels: 3, infos: 1 };
        assert_eq!(made(1, 3), Err(refused));
        assert!(made(2, 2).is_err());
    }

    #[test]
    fn a_selection_keeps_samples_and_descriptions_together() {
        let samples = Array3::from_shape_fn((4, 1, 2), |(epoch, _, _)| epoch as f32);
        let rate = Hertz::new(2.0).unwrap();
        let epochs = Epochs::new(samples, rate, vec![ChannelName::from("Cz".to_owned())], infos(4)).unwrap();
        let some = epochs.view().select(&[3, 1]);
        assert_eq!(some.infos()[0].start.get(), 6.0);
        assert_eq!((some.samples()[[0, 0, 0]], some.samples()[[1, 0, 1]]), (3.0, 1.0));
        assert_eq!((some.len(), some.samples_per_epoch(), some.duration().get()), (2, 2, 1.0));
    }
}
