//! What all formats other than EDF have in common: channels at one rate, a matrix of samples, events in seconds.

use std::ops::Range;
use std::path::PathBuf;

use ndarray::{Array2, Axis};
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording, SampleIndex, Seconds, Segment};

use crate::ReadError;
use crate::channel::{Channel, Kind};
use crate::notice::{Notes, Notice};
use crate::samples::Samples;

/// A recording of one rate.
pub(crate) struct FlatFile {
    pub(crate) format: &'static str,
    /// The files it consists of; the samples lie in the last.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) rate: Hertz,
    pub(crate) len: u64,
    pub(crate) start: Option<String>,
    pub(crate) channels: Vec<Channel>,
    /// What the stored numbers of each channel are multiplied by to give its unit.
    pub(crate) gains: Vec<f64>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) samples: Samples,
}

/// What a header says of one channel.
pub(crate) struct Described {
    pub(crate) label: String,
    pub(crate) unit: String,
    /// The type, where the format has one.
    pub(crate) kind: Option<String>,
    /// What the stored whole numbers can be, where they are whole.
    pub(crate) stored: Option<[f64; 2]>,
    pub(crate) gain: f64,
}

impl Described {
    pub(crate) fn channel(&self, rate: Hertz, total_samples: u64) -> Channel {
        let microvolts_per_unit = twinprint_edf::microvolts_per(&self.unit);
        let kind = Kind::of(self.kind.as_deref(), &self.unit, microvolts_per_unit.is_some(), &self.label);
        Channel {
            name: ChannelName::new(&self.label),
            label: self.label.clone(),
            unit: self.unit.clone(),
            microvolts_per_unit,
            rate,
            total_samples,
            range: self.stored.map(|ends| ends.map(|end| end * self.gain)),
            kind,
        }
    }
}

impl FlatFile {
    /// A window of one channel in its unit.
    pub(crate) fn read(&self, channel: usize, window: Range<u64>, out: &mut [f32]) -> Result<(), ReadError> {
        let count = self.channels.len();
        let gain = *self.gains.get(channel).ok_or(ReadError::NoSuchChannel { channel, count })?;
        let (start, end, buffer) = (window.start, window.end, out.len());
        if start > end || end > self.len || end - start != buffer as u64 {
            return Err(ReadError::Window { start, end, total: self.len, buffer });
        }
        self.samples.read(self.data(), &[(channel, gain)], window, &mut [out])
    }

    /// Whole channels in microvolts.
    pub(crate) fn recording(&self, channels: &[usize]) -> Result<Recording, ReadError> {
        let count = self.channels.len();
        if channels.is_empty() {
            return Err(ReadError::NothingChosen { count });
        }
        let mut chosen = Vec::with_capacity(channels.len());
        let mut names = Vec::with_capacity(channels.len());
        for &at in channels {
            let channel = self.channels.get(at).ok_or(ReadError::NoSuchChannel { channel: at, count })?;
            let factor = channel.microvolts_per_unit.ok_or_else(|| ReadError::Unit {
                channel: channel.label.clone(),
                unit: channel.unit.clone(),
            })?;
            chosen.push((at, self.gains[at] * factor));
            names.push(channel.name.clone());
        }
        let mut samples = Array2::zeros((chosen.len(), self.len as usize));
        let mut rows: Vec<&mut [f32]> =
            samples.axis_iter_mut(Axis(0)).filter_map(|row| row.into_slice()).collect();
        self.samples.read(self.data(), &chosen, 0..self.len, &mut rows)?;
        Ok(Recording::new(self.rate, names, samples, self.segments.clone(), self.annotations.clone())?)
    }

    fn data(&self) -> &std::path::Path {
        self.files.last().map(PathBuf::as_path).unwrap_or_else(|| std::path::Path::new(""))
    }
}

/// Stretches without a gap: the recording cut at the samples before which something is missing.
pub(crate) fn segments(len: u64, rate: Hertz, cuts: impl IntoIterator<Item = u64>) -> Vec<Segment> {
    let mut starts: Vec<u64> = cuts.into_iter().filter(|cut| (1..len).contains(cut)).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().copied().skip(1).chain([len]);
    let segment = |(start, end): (u64, u64)| Segment {
        first: SampleIndex(start),
        len: (end - start) as usize,
        onset: rate.time_of(SampleIndex(start)),
    };
    if len == 0 { Vec::new() } else { starts.iter().copied().zip(ends).map(segment).collect() }
}

/// Events that lie within the recording, shortened to it, as MNE-Python does when it attaches them.
pub(crate) fn within(events: Vec<Event>, rate: Hertz, len: u64, notes: &mut Notes) -> Vec<Annotation> {
    let end = len as f64 / rate.get();
    let before = events.len();
    let kept: Vec<Annotation> = events
        .into_iter()
        .filter(|event| event.onset <= end && event.onset + event.duration.max(0.0) >= 0.0)
        .filter_map(|event| {
            let onset = event.onset.max(0.0);
            let duration = (event.onset + event.duration).min(end) - onset;
            Some(Annotation {
                onset: Seconds::new(onset).ok()?,
                duration: Seconds::new(duration).ok().filter(|duration| duration.get() > 0.0),
                label: event.label,
            })
        })
        .collect();
    if kept.len() < before {
        notes.odd(format!("{} events outside the recording left out", before - kept.len()));
    }
    kept
}

/// Something noted, in seconds from the first sample.
pub(crate) struct Event {
    pub(crate) onset: f64,
    pub(crate) duration: f64,
    pub(crate) label: String,
}
