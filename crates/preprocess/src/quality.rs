//! What preprocessing found in a recording and did to it.

use serde::{Deserialize, Serialize};
use twinprint_signal::{ChannelName, Hertz, Seconds};

use crate::operation::Operation;

/// Counts and measures of one preprocessed recording.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Quality {
    /// What was done to the signal, in that order.
    pub operations: Vec<Operation>,
    /// Epochs cut before rejection.
    pub epochs_cut: usize,
    /// Epochs handed out.
    pub epochs_kept: usize,
    /// Epochs left out, each under the first reason that holds, in the order of the fields.
    pub rejected: Rejected,
    /// Events asked for whose window leaves its stretch without a gap, so that no epoch was cut.
    pub events_outside: usize,
    /// Bad channels the dataset names that the plan takes.
    pub bad_from_dataset: Vec<ChannelName>,
    /// Channels found flat.
    pub bad_flat: Vec<ChannelName>,
    /// Channels found noisy (or too quiet) among the others.
    pub bad_noisy: Vec<ChannelName>,
    /// Channels found uncorrelated with the others.
    pub bad_uncorrelated: Vec<ChannelName>,
    /// Channels estimated from the others, whether bad or missing.
    pub interpolated: Vec<ChannelName>,
    /// Bad channels left out.
    pub dropped: Vec<ChannelName>,
    /// Stretches without a gap that were used.
    pub segments_used: usize,
    /// Stretches shorter than the filters need, left out.
    pub segments_too_short: usize,
    /// Seconds recorded, gaps not counted.
    pub recorded_seconds: Seconds,
    /// Seconds covered by the epochs handed out, overlap counted once.
    pub used_seconds: Seconds,
    /// Mean power within 1 Hz of the mains frequency over the mean power 2 to 5 Hz beside it, in the unfiltered signal; the
    /// greater of 50 and 60 Hz. None where the rate cannot show it or the signal is constant.
    pub line_noise_ratio: Option<f64>,
    /// The mains frequency of `line_noise_ratio`.
    pub line_frequency: Option<Hertz>,
    /// Power density of the unfiltered signal in decibels over 1 µV²/Hz at 1, 2, … Hz, up to 45 Hz or half the rate: the mean over
    /// channels and six windows of two seconds. Empty where no stretch is that long; none at a frequency without power.
    pub spectrum_db: Vec<Option<f64>>,
    /// Median over kept epochs and channels of maximum minus minimum, in microvolts before scaling. None without epochs.
    pub peak_to_peak_uv: Option<f64>,
    /// Median over kept epochs and channels of the standard deviation, in microvolts before scaling. None without epochs.
    pub deviation_uv: Option<f64>,
}

/// Epochs left out, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rejected {
    /// Under an annotation that begins with `BAD`.
    pub annotation: usize,
    /// A channel swung too far.
    pub peak_to_peak: usize,
    /// A channel hardly moved, or no channel moved at all.
    pub flat: usize,
    /// A channel's deviation is unlike the rest of the recording.
    pub deviation: usize,
}

impl Rejected {
    /// All epochs left out.
    pub fn total(&self) -> usize {
        self.annotation + self.peak_to_peak + self.flat + self.deviation
    }
}
