//! The settings of the `[preprocess]` table, with every default.
//!
//! A key left out has the default stated at its field. A key that can be switched off is switched off by `false`:
//! `filter = false`, `filter.h_freq = false`, `resample = false`.

use serde::{Deserialize, Serialize};
use twinprint_signal::{ChannelName, Hertz, Microvolts, Seconds};

use crate::switch;

/// What is done to a recording before the encoder sees it.
///
/// The steps and their order: pick channels; per segment and channel notch, filter, resample; find bad channels; drop or
/// interpolate them and interpolate missing ones; reference; cut epochs; reject; scale. Filters, resampling, interpolation
/// and reference are linear, so referencing after resampling gives what referencing first would.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Which channels to take. Default: all.
    pub channels: Channels,
    /// What to do about bad channels. Default: interpolate those the dataset names, detect none.
    pub bad_channels: BadChannels,
    /// The reference. Default: `"average"`.
    pub reference: Reference,
    /// The band filter. Default: zero-phase FIR, 1–40 Hz. `false` filters nothing.
    #[serde(with = "switch")]
    pub filter: Option<Filter>,
    /// Removal of mains hum. Default: `false`, since a low-pass of 40 Hz removes it.
    #[serde(with = "switch")]
    pub notch: Option<Notch>,
    /// The common rate. Default: 128 Hz. `false` keeps the recorded rate.
    #[serde(with = "switch")]
    pub resample: Option<Resample>,
    /// How epochs are cut. Default: 2 s, end to end.
    pub epochs: EpochPlan,
    /// Which epochs are left out. Default: those under an annotation that begins with `BAD`; no limit on amplitude,
    /// because the reference results of the default encoder were measured without one.
    pub reject: Reject,
    /// The unit of the output. Default: microvolts.
    pub scale: Scale,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            channels: Channels::default(),
            bad_channels: BadChannels::default(),
            reference: Reference::Average,
            filter: Some(Filter::default()),
            notch: None,
            resample: Some(Resample::default()),
            epochs: EpochPlan::default(),
            reject: Reject::default(),
            scale: Scale::default(),
        }
    }
}

/// Which channels to take, and what to do when one is not there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channels {
    /// The channels to take, in this order. Default: empty, which takes all that are not in `drop`.
    pub pick: Vec<ChannelName>,
    /// Channels to leave out; one that is not there is no error. Default: empty.
    pub drop: Vec<ChannelName>,
    /// What to do when a picked channel is not in the recording. Default: `"error"`.
    pub on_missing: OnMissing,
}

/// What to do when a picked channel is not in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMissing {
    /// Refuse the recording.
    #[default]
    Error,
    /// Estimate it from the channels that are there by spherical splines (Perrin et al. 1989).
    Interpolate,
}

/// What to do about bad channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BadChannels {
    /// Whether to heed the bad channels the dataset names. Default: true.
    pub from_dataset: bool,
    /// Which channels to find bad by their signal. Default: `false`, none.
    #[serde(with = "switch")]
    pub detect: Option<Detect>,
    /// What happens to a bad channel. Default: `"interpolate"`, which keeps the channels of a cohort equal.
    pub action: BadAction,
}

impl Default for BadChannels {
    fn default() -> Self {
        Self { from_dataset: true, detect: None, action: BadAction::Interpolate }
    }
}

/// What happens to a bad channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadAction {
    /// Estimate it from the good channels by spherical splines.
    Interpolate,
    /// Leave it out.
    Drop,
}

/// By which signs a channel is found bad, on the filtered and resampled signal before the reference.
///
/// After the noisy-channel criteria of the PREP pipeline (Bigdely-Shamlo et al. 2015, Frontiers in Neuroinformatics 9:16).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detect {
    /// Bad when its standard deviation is below this. Default: 0.5 µV.
    #[serde(with = "switch")]
    pub flat: Option<Microvolts>,
    /// Bad when its amplitude (0.7413 × interquartile range) lies this many robust deviations above or below the median of
    /// all channels. Needs four channels. Range: above 0. Default: 5.
    #[serde(with = "switch")]
    pub noisy: Option<f64>,
    /// Bad when in more than 1 in 20 windows of one second the 98th percentile of its absolute correlations with the other
    /// channels is below this. Needs four channels. Range: 0 to 1, exclusive. Default: 0.4.
    #[serde(with = "switch")]
    pub uncorrelated: Option<f64>,
}

impl Default for Detect {
    fn default() -> Self {
        Self { flat: microvolts(0.5), noisy: Some(5.0), uncorrelated: Some(0.4) }
    }
}

/// What potentials are measured against.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The mean of all channels handed out, interpolated ones included, taken from each sample.
    #[default]
    Average,
    /// As recorded.
    None,
    /// The mean of these channels, `reference = { channels = ["M1", "M2"] }`. They need not be picked.
    Channels(Vec<ChannelName>),
}

/// The band filter, on the continuous signal of each segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The design. Default: `"fir"`.
    pub method: FilterMethod,
    /// Lower pass-band edge. Range: above 0, below `h_freq`. Default: 1 Hz. `false` lets low frequencies pass.
    #[serde(with = "switch")]
    pub l_freq: Option<Hertz>,
    /// Upper pass-band edge. Range: below Nyquist. Default: 40 Hz. `false` lets high frequencies pass.
    #[serde(with = "switch")]
    pub h_freq: Option<Hertz>,
    /// FIR: width of the lower transition, at most `l_freq`. Default: `false`, which is min(max(l_freq / 4, 2), l_freq) Hz.
    #[serde(with = "switch")]
    pub l_trans_bandwidth: Option<Hertz>,
    /// FIR: width of the upper transition. Default: `false`, which is min(max(h_freq / 4, 2), Nyquist − h_freq) Hz.
    #[serde(with = "switch")]
    pub h_trans_bandwidth: Option<Hertz>,
    /// Butterworth: the order before the backward pass doubles it. Range: 1 to 12. Default: `false`, which is 4.
    #[serde(with = "switch")]
    pub order: Option<usize>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            method: FilterMethod::Fir,
            l_freq: hertz(1.0),
            h_freq: hertz(40.0),
            l_trans_bandwidth: None,
            h_trans_bandwidth: None,
            order: None,
        }
    }
}

/// The design of a band filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterMethod {
    /// Zero-phase finite impulse response: windowed sinc, Hamming, as MNE-Python designs by default.
    Fir,
    /// Butterworth in second-order sections, forward and backward, as SciPy's `sosfiltfilt`.
    Butterworth,
}

/// Removal of mains hum and its harmonics by zero-phase FIR band-stops, as MNE-Python's `notch_filter` designs by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notch {
    /// The mains frequency. Range: above 0, below Nyquist. Default: 50 Hz.
    pub freq: Hertz,
    /// Whether to remove its multiples too, as far as their stop-band fits below Nyquist. Default: true.
    pub harmonics: bool,
    /// Width of each stop-band. Default: `false`, which is a 200th of the frequency removed.
    #[serde(with = "switch")]
    pub notch_width: Option<Hertz>,
    /// Both transitions of a stop-band together. Default: 1 Hz.
    pub trans_bandwidth: Hertz,
}

/// The rate all recordings are brought to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resample {
    /// The new rate. Default: 128 Hz.
    pub sfreq: Hertz,
    /// How. Default: `"fft"`.
    pub method: ResampleMethod,
}

/// How a signal is brought to another rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResampleMethod {
    /// Through the Fourier transform of the whole segment, padded to a power of two, as MNE-Python's `raw.resample`.
    /// That rounds the padded length to whole samples, so that time drifts by up to half a new sample over it.
    Fft,
    /// Upsample, windowed-sinc low-pass (Kaiser 5.0), downsample, as MNE-Python's `method="polyphase"`.
    Polyphase,
}

/// How epochs are cut. Both kinds stay inside a segment: no epoch spans a gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "EpochKeys", into = "EpochKeys")]
pub enum EpochPlan {
    /// Equal windows from the start of each segment.
    Fixed {
        /// Length. Default: 2 s.
        duration: Seconds,
        /// How much of it the next one shares. Range: 0 to below `duration`. Default: 0 s.
        overlap: Seconds,
    },
    /// Windows around annotations.
    Events {
        /// Labels, compared exactly.
        events: Vec<String>,
        /// Start from the event. Default: −0.2 s.
        tmin: Seconds,
        /// Last sample from the event, included as MNE-Python does. Default: 0.8 s.
        tmax: Seconds,
        /// Stretch around the event whose mean is taken from each channel of the epoch. Default: none.
        baseline: Option<[Seconds; 2]>,
    },
}

impl Default for EpochPlan {
    fn default() -> Self {
        Self::Fixed { duration: seconds(2.0), overlap: Seconds::default() }
    }
}

/// The keys of `[preprocess.epochs]`: `duration`, `overlap`, or `events`, `tmin`, `tmax`, `baseline`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EpochKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tmin: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tmax: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<[Seconds; 2]>,
}

impl TryFrom<EpochKeys> for EpochPlan {
    type Error = String;

    fn try_from(keys: EpochKeys) -> Result<Self, String> {
        let EpochKeys { duration, overlap, events, tmin, tmax, baseline } = keys;
        match events {
            Some(_) if duration.is_some() || overlap.is_some() => {
                Err("epochs.events cuts from tmin to tmax: leave out duration and overlap, or leave out events".into())
            }
            Some(events) => Ok(Self::Events {
                events,
                tmin: tmin.unwrap_or(seconds(-0.2)),
                tmax: tmax.unwrap_or(seconds(0.8)),
                baseline,
            }),
            None if tmin.is_some() || tmax.is_some() || baseline.is_some() => {
                Err("epochs.tmin, tmax and baseline belong to epochs around events: add events = [\"label\"], or use duration and overlap"
                    .into())
            }
            None => Ok(Self::Fixed {
                duration: duration.unwrap_or(seconds(2.0)),
                overlap: overlap.unwrap_or_default(),
            }),
        }
    }
}

impl From<EpochPlan> for EpochKeys {
    fn from(plan: EpochPlan) -> Self {
        match plan {
            EpochPlan::Fixed { duration, overlap } => {
                Self { duration: Some(duration), overlap: Some(overlap), ..Self::default() }
            }
            EpochPlan::Events { events, tmin, tmax, baseline } => {
                Self { events: Some(events), tmin: Some(tmin), tmax: Some(tmax), baseline, ..Self::default() }
            }
        }
    }
}

/// Which epochs are left out. Each limit holds for every channel of an epoch, in microvolts before scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reject {
    /// Left out when a channel's maximum minus minimum exceeds this. Default: `false`, no limit.
    #[serde(with = "switch")]
    pub peak_to_peak: Option<Microvolts>,
    /// Left out when a channel's maximum minus minimum is below this. Default: `false`, no limit.
    #[serde(with = "switch")]
    pub flat: Option<Microvolts>,
    /// Left out when the log of a channel's standard deviation lies more than this many robust deviations (1.4826 × median
    /// absolute deviation) from the median over the recording's epochs. Range: above 0. Default: `false`, no limit.
    #[serde(with = "switch")]
    pub deviation: Option<f64>,
    /// Left out when it overlaps an annotation whose label begins with `BAD` in any case, as MNE-Python does. Default: true.
    pub by_annotation: bool,
}

impl Default for Reject {
    fn default() -> Self {
        Self { peak_to_peak: None, flat: None, deviation: None, by_annotation: true }
    }
}

/// The unit of the output; nothing here looks beyond one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scale {
    /// Microvolts over `divisor`.
    Microvolts {
        /// Range: finite, above 0. Default: 1.
        #[serde(default = "one")]
        divisor: f64,
    },
    /// Each channel minus its median over the recording's epochs, over 0.7413 × its interquartile range.
    RecordingRobust {},
    /// Each channel of each epoch minus its mean, over its standard deviation.
    EpochZ {},
}

impl Default for Scale {
    fn default() -> Self {
        Self::Microvolts { divisor: one() }
    }
}

impl Default for Notch {
    fn default() -> Self {
        Self { freq: known(50.0), harmonics: true, notch_width: None, trans_bandwidth: known(1.0) }
    }
}

impl Default for Resample {
    fn default() -> Self {
        Self { sfreq: known(128.0), method: ResampleMethod::Fft }
    }
}

fn one() -> f64 {
    1.0
}

fn hertz(value: f64) -> Option<Hertz> {
    Hertz::new(value).ok()
}

#[expect(clippy::expect_used, reason = "only ever called with the constants of this file")]
fn known(value: f64) -> Hertz {
    Hertz::new(value).expect("a constant above 0")
}

fn microvolts(value: f64) -> Option<Microvolts> {
    Microvolts::new(value).ok()
}

fn seconds(value: f64) -> Seconds {
    Seconds::new(value).unwrap_or_default()
}
