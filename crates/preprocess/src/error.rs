//! What can be wrong with a plan, and with a recording under a plan.

use twinprint_signal::{ChannelName, Hertz, RecordingError, Seconds};

/// A setting outside its limits.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("preprocess.{key} = {value} must be {limit}: {remedy}")]
pub struct PlanError {
    /// The key, as in `filter.h_freq`.
    pub key: &'static str,
    /// The value as written.
    pub value: String,
    /// What it must be, as in `below the Nyquist frequency (80 Hz)`.
    pub limit: String,
    /// What to write instead.
    pub remedy: String,
}

/// Why a recording cannot be preprocessed under a plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PreprocessError {
    /// A setting does not fit, or does not fit this recording.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Picked channels are not in the recording.
    #[error(
        "channels {} are picked but not in the recording, which has {}: correct channels.pick, or set channels.on_missing = \"interpolate\"",
        list(missing),
        list(present)
    )]
    MissingChannels {
        /// Picked but absent.
        missing: Vec<ChannelName>,
        /// What the recording has.
        present: Vec<ChannelName>,
    },
    /// Reference channels are not in the recording.
    #[error(
        "reference channels {} are not in the recording, which has {}: correct reference, or set reference = \"average\"",
        list(missing),
        list(present)
    )]
    MissingReference {
        /// Named but absent.
        missing: Vec<ChannelName>,
        /// What the recording has.
        present: Vec<ChannelName>,
    },
    /// A reference channel is bad.
    #[error(
        "reference channel {0} is bad in this recording: name another in reference, or leave the recording out"
    )]
    BadReference(ChannelName),
    /// The average of one channel is the channel.
    #[error(
        "the average reference of the one channel {0} is that channel, and taking it away leaves nothing: set reference = \"none\", or pick more channels"
    )]
    AverageOfOne(ChannelName),
    /// No channel is left.
    #[error("no channel is left of {0}: relax channels or bad_channels, or leave the recording out")]
    NoChannels(usize),
    /// A sample is NaN or infinite.
    #[error(
        "channel {channel} holds {value} at sample {sample} ({at}): preprocessing needs finite samples; drop the channel or repair the file"
    )]
    NotFinite {
        /// The channel that holds it.
        channel: ChannelName,
        /// The first offending sample.
        sample: usize,
        /// Its time in the recording, gaps not counted.
        at: Seconds,
        /// What it holds.
        value: f32,
    },
    /// A channel to be interpolated, or one to interpolate from, has no known position.
    #[error(
        "channels {} have no position in the 10-5 system, so that {} cannot be interpolated: drop them, or set bad_channels.action = \"drop\" and channels.on_missing = \"error\"",
        list(unplaced),
        list(wanted)
    )]
    NoPosition {
        /// Channels without a position.
        unplaced: Vec<ChannelName>,
        /// Channels to be interpolated.
        wanted: Vec<ChannelName>,
    },
    /// Too few channels to interpolate from.
    #[error(
        "{good} good channels are too few to interpolate {}: at least {needed} are needed; drop the channels, or leave the recording out",
        list(wanted)
    )]
    TooFewToInterpolate {
        /// Good channels with a position.
        good: usize,
        /// The least number.
        needed: usize,
        /// Channels to be interpolated.
        wanted: Vec<ChannelName>,
    },
    /// No stretch without a gap is long enough.
    #[error(
        "the longest stretch without a gap has {longest} samples, and {step} needs {needed} at {rate}: {remedy}, or leave the recording out"
    )]
    TooShort {
        /// Samples of the longest segment.
        longest: usize,
        /// The step that needs more.
        step: &'static str,
        /// Samples it needs.
        needed: usize,
        /// The recorded rate.
        rate: Hertz,
        /// What to change.
        remedy: &'static str,
    },
    /// The two rates have no small ratio.
    #[error(
        "resampling from {from} to {to} by polyphase filters needs a ratio of whole numbers up to {limit}: set resample.method = \"fft\", or choose another sfreq"
    )]
    Ratio {
        /// The recorded rate.
        from: Hertz,
        /// The wanted rate.
        to: Hertz,
        /// The greatest numerator or denominator.
        limit: u32,
    },
    /// Recordings that cannot become one.
    #[error("{0}")]
    Merge(String),
    /// Channels added that are not those to be added next.
    #[error("{0}")]
    Group(String),
    /// The parts do not make a recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

pub(crate) fn list(names: &[ChannelName]) -> String {
    names.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(", ")
}
