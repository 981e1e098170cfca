//! One continuous or interrupted recording in memory.

use ndarray::Array2;

use crate::{ChannelName, Hertz, SampleIndex, Seconds};

/// Something noted at a point of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// Seconds since the recording's start.
    pub onset: Seconds,
    /// How long it lasts, where the file says so.
    pub duration: Option<Seconds>,
    /// The text as the file has it.
    pub label: String,
}

/// A stretch of samples without a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Which sample of the recording is its first, counted from 0.
    pub first: SampleIndex,
    /// The number of samples.
    pub len: usize,
    /// Seconds between the recording's start and the first sample.
    pub onset: Seconds,
}

/// EEG of one file in microvolts, at one rate.
#[derive(Debug, Clone)]
pub struct Recording {
    rate: Hertz,
    channels: Vec<ChannelName>,
    samples: Array2<f32>,
    segments: Vec<Segment>,
    annotations: Vec<Annotation>,
}

/// Parts of a recording that do not fit together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordingError {
    /// The samples have another number of rows than there are channels.
    #[error("{rows} rows of samples for {channels} channels: there must be one row a channel")]
    Rows {
        /// Rows of the sample matrix.
        rows: usize,
        /// Channel names given.
        channels: usize,
    },
    /// Two channels name one electrode.
    #[error("channel {0} appears twice: drop or rename one of them")]
    Duplicate(ChannelName),
    /// The segments do not tile the samples.
    #[error(
        "segment {index} covers samples {first}..{end}, but must begin at sample {expected} and end by {samples}"
    )]
    Segments {
        /// The segment's position in the list.
        index: usize,
        /// Its first sample.
        first: u64,
        /// The sample after its last.
        end: u64,
        /// Where it had to begin.
        expected: u64,
        /// Samples a channel.
        samples: usize,
    },
}

impl Recording {
    /// Puts a recording together; `samples` is `[channels, samples]` in microvolts, and `segments` tile it in order.
    ///
    /// # Errors
    /// When rows and channels differ in number, two channels name one electrode, or the segments do not tile the samples.
    pub fn new(
        rate: Hertz,
        channels: Vec<ChannelName>,
        samples: Array2<f32>,
        segments: Vec<Segment>,
        annotations: Vec<Annotation>,
    ) -> Result<Self, RecordingError> {
        if samples.nrows() != channels.len() {
            return Err(RecordingError::Rows { rows: samples.nrows(), channels: channels.len() });
        }
        let mut sorted: Vec<&ChannelName> = channels.iter().collect();
        sorted.sort();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RecordingError::Duplicate(pair[0].clone()));
        }
        let mut expected = 0;
        for (index, segment) in segments.iter().enumerate() {
            let end = segment.first.0 + segment.len as u64;
            if segment.first.0 != expected || end > samples.ncols() as u64 {
                return Err(RecordingError::Segments {
                    index,
                    first: segment.first.0,
                    end,
                    expected,
                    samples: samples.ncols(),
                });
            }
            expected = end;
        }
        if expected != samples.ncols() as u64 {
            return Err(RecordingError::Segments {
                index: segments.len(),
                first: expected,
                end: samples.ncols() as u64,
                expected,
                samples: samples.ncols(),
            });
        }
        Ok(Self { rate, channels, samples, segments, annotations })
    }

    /// Puts an uninterrupted recording together; see [`Recording::new`].
    ///
    /// # Errors
    /// As [`Recording::new`].
    pub fn continuous(
        rate: Hertz,
        channels: Vec<ChannelName>,
        samples: Array2<f32>,
        annotations: Vec<Annotation>,
    ) -> Result<Self, RecordingError> {
        let segments = match samples.ncols() {
            0 => Vec::new(),
            len => vec![Segment { first: SampleIndex(0), len, onset: Seconds::default() }],
        };
        Self::new(rate, channels, samples, segments, annotations)
    }

    /// Samples a second.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// The channels, in row order.
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// `[channels, samples]` in microvolts.
    pub fn samples(&self) -> &Array2<f32> {
        &self.samples
    }

    /// The stretches without a gap, in order; they tile the samples.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// What was noted, in the file's order.
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// Recorded time: samples over rate, gaps not counted.
    pub fn duration(&self) -> Seconds {
        self.rate.time_of(SampleIndex(self.samples.ncols() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate() -> Hertz {
        Hertz::new(100.0).unwrap()
    }

    #[test]
    fn segments_must_tile_the_samples() {
        let segment = |first, len| Segment { first: SampleIndex(first), len, onset: Seconds::default() };
        let build = |segments| {
            Recording::new(rate(), vec!["Cz".to_owned().into()], Array2::zeros((1, 10)), segments, vec![])
        };
        assert!(build(vec![segment(0, 4), segment(4, 6)]).is_ok());
        for bad in [
            vec![segment(0, 4)],
            vec![segment(1, 9)],
            vec![segment(0, 6), segment(5, 5)],
            vec![segment(0, 11)],
        ] {
            assert!(matches!(build(bad), Err(RecordingError::Segments { .. })));
        }
    }

    #[test]
    fn two_names_of_one_electrode_are_refused() {
        let error = Recording::continuous(
            rate(),
            vec![ChannelName::new("T3"), ChannelName::new("T7")],
            Array2::zeros((2, 5)),
            vec![],
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "channel T7 appears twice: drop or rename one of them");
    }
}
