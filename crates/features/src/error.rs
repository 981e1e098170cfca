//! Why features cannot be computed.

use twinprint_closed::ClosedError;

/// Input from which a feature cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// The sampling rate is not a rate.
    #[error("sampling rate {0} Hz: it must be finite and above 0")]
    Rate(f64),
    /// An axis other than that of epochs is empty, or an epoch is too short for a spectrum.
    #[error(
        "epochs of {channels} channels and {samples} samples: at least 1 channel and {least} samples are needed"
    )]
    Empty {
        /// Channels of the epochs.
        channels: usize,
        /// Samples of the epochs.
        samples: usize,
        /// The fewest samples that do.
        least: usize,
    },
    /// A sample is infinite or not a number.
    #[error(
        "epoch {epoch}, channel {channel} (both counted from 0) holds a sample that is not finite: reject such epochs before computing features"
    )]
    NotFinite {
        /// The epoch's position.
        epoch: usize,
        /// The channel's position.
        channel: usize,
    },
    /// A frequency range is empty, reversed or outside the spectrum.
    #[error(
        "frequency range {l_freq}–{h_freq} Hz: edges must be finite, l_freq at least 0 and below h_freq, and h_freq at most the Nyquist frequency ({nyquist} Hz)"
    )]
    Range {
        /// Lower edge in hertz.
        l_freq: f64,
        /// Upper edge in hertz.
        h_freq: f64,
        /// Half the sampling rate in hertz.
        nyquist: f64,
    },
    /// A frequency range falls between two frequencies of the spectrum.
    #[error(
        "no frequency of the spectrum lies in {l_freq}–{h_freq} Hz, since they are {spacing} Hz apart: widen the range or use longer epochs"
    )]
    NoBin {
        /// Lower edge in hertz.
        l_freq: f64,
        /// Upper edge in hertz.
        h_freq: f64,
        /// Distance between two frequencies in hertz.
        spacing: f64,
    },
    /// A range holds too few frequencies for a line through them.
    #[error(
        "{found} frequencies of the spectrum lie in {l_freq}–{h_freq} Hz, and a line through them needs 3: widen the range or use longer epochs"
    )]
    FewFrequencies {
        /// Frequencies in the range.
        found: usize,
        /// Lower edge in hertz.
        l_freq: f64,
        /// Upper edge in hertz.
        h_freq: f64,
    },
    /// No frequency bands were given.
    #[error("no frequency bands given: name at least one, such as (8.0, 13.0)")]
    NoBands,
    /// The shrinkage of a covariance is out of range.
    #[error(
        "covariance shrinkage {0}: it must be above 0 (else a covariance may have no logarithm) and at most 1"
    )]
    Shrinkage(f64),
    /// Too few or too many tapers.
    #[error("{count} tapers: an epoch of this length takes 1 to {most}; 6 is usual for two seconds")]
    Tapers {
        /// Asked for.
        count: usize,
        /// A quarter of an epoch's samples.
        most: usize,
    },
    /// The line frequency or its neighbourhood is not in the spectrum.
    #[error(
        "line frequency {line_freq} Hz: at a Nyquist frequency of {nyquist} Hz it must lie above 5 Hz and at least one spectral line below Nyquist"
    )]
    LineFrequency {
        /// The line frequency in hertz.
        line_freq: f64,
        /// Half the sampling rate in hertz.
        nyquist: f64,
    },
    /// An average over channels needs channels.
    #[error("average reference over {0} channels: at least 2 are needed, with one the result would be zero")]
    TooFewChannels(usize),
    /// Another number of channel names than channels.
    #[error("{names} channel names for epochs of {channels} channels: give one name a channel")]
    ChannelNames {
        /// Names given.
        names: usize,
        /// Channels of the epochs.
        channels: usize,
    },
    /// The Fourier transform refused its buffers.
    #[error("the Fourier transform failed on epoch {epoch} (counted from 0)")]
    Spectrum {
        /// The epoch's position.
        epoch: usize,
        /// Why.
        source: realfft::FftError,
    },
    /// A covariance has no logarithm.
    #[error("epoch {epoch} (counted from 0): check its samples for extreme values")]
    Logarithm {
        /// The epoch's position.
        epoch: usize,
        /// Why.
        source: ClosedError,
    },
}
