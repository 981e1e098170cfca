//! The settings of the `[preprocess]` table, with every default.
//!
//! A key left out has the default stated at its field. A key that can be switched off is switched off by `false`:
//! `filter = false`, `filter.h_freq = false`, `resample = false`.

mod epochs;
mod filters;

pub use epochs::EpochPlan;
pub(crate) use epochs::nearest;
pub use filters::{Filter, FilterMethod, Notch, Resample, ResampleMethod};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_signal::{ChannelName, Microvolts};

use crate::switch::{self, Switch};

/// What is done to a recording before the encoder sees it.
///
/// The steps and their order: pick channels; per segment and channel notch, filter, resample; find bad channels; drop or
/// interpolate them and interpolate missing ones; reference; cut epochs; reject; scale. Filters, resampling, interpolation
/// and reference are linear, so referencing after resampling gives what referencing first would.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Preprocess")]
pub struct Plan {
    /// Which channels to take. Default: all.
    pub channels: Channels,
    /// What to do about bad channels. Default: interpolate those the dataset names, detect none.
    pub bad_channels: BadChannels,
    /// The reference. Default: `"average"`.
    pub reference: Reference,
    /// The band filter. Default: zero-phase FIR, 1–40 Hz. `false` filters nothing.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Filter>")]
    pub filter: Option<Filter>,
    /// Removal of mains hum. Default: `false`, since a low-pass of 40 Hz removes it.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Notch>")]
    pub notch: Option<Notch>,
    /// The common rate. Default: 128 Hz. `false` keeps the recorded rate.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Resample>")]
    pub resample: Option<Resample>,
    /// How epochs are cut. Default: 2 s, end to end.
    pub epochs: EpochPlan,
    /// Which epochs are left out. Default: those without any signal or under an annotation that begins with `BAD`; no limit on amplitude,
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Channels {
    /// The channels to take, in this order. Default: empty, which takes all that are not in `drop`.
    pub pick: Vec<ChannelName>,
    /// Channels to leave out; one that is not there is no error. Default: empty.
    pub drop: Vec<ChannelName>,
    /// What to do when a picked channel is not in the recording. Default: `"error"`.
    pub on_missing: OnMissing,
    /// The unit of channels for which the file states none: `uV`, `mV`, `V` or `nV`. Default: none, and such a file is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["uV", "µV", "mV", "V", "nV"]))]
    pub unit: Option<String>,
}

/// What to do when a picked channel is not in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMissing {
    /// Refuse the recording.
    #[default]
    Error,
    /// Estimate it by spherical splines (Perrin et al. 1989) from all channels that are there, picked or not, have a position and
    /// are not dropped.
    Interpolate,
}

/// What to do about bad channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BadChannels {
    /// Whether to heed the bad channels the dataset names. Default: true.
    pub from_dataset: bool,
    /// Which channels to find bad by their signal. Default: `false`, none.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Detect>")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Detect {
    /// Bad when its standard deviation is below this. Default: 0.5 µV.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Microvolts>", extend("exclusiveMinimum" = 0))]
    pub flat: Option<Microvolts>,
    /// Bad when its amplitude (0.7413 × interquartile range) lies this many robust deviations above or below the median of
    /// all channels. Needs four channels. Range: above 0. Default: 5.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<f64>", extend("exclusiveMinimum" = 0))]
    pub noisy: Option<f64>,
    /// Bad when in more than 1 in 20 windows of one second the 98th percentile of its absolute correlations with the other
    /// channels is below this. Needs four channels. Range: 0 to 1, exclusive. Default: 0.4.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<f64>", extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub uncorrelated: Option<f64>,
}

impl Default for Detect {
    fn default() -> Self {
        Self { flat: microvolts(0.5), noisy: Some(5.0), uncorrelated: Some(0.4) }
    }
}

/// What potentials are measured against.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The mean of all channels handed out, interpolated ones included, taken from each sample.
    #[default]
    Average,
    /// Whatever the recorder measured against.
    None,
    /// The mean of these channels, `reference = { channels = ["M1", "M2"] }`. They need not be picked.
    Channels(Vec<ChannelName>),
}

/// Which epochs are left out. Each limit holds for every channel of an epoch, in microvolts before scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reject {
    /// Left out when a channel's maximum minus minimum exceeds this. Default: `false`, no limit.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Microvolts>", extend("exclusiveMinimum" = 0))]
    pub peak_to_peak: Option<Microvolts>,
    /// Left out when a channel's maximum minus minimum is below this. Default: `false`, no limit.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Microvolts>", extend("exclusiveMinimum" = 0))]
    pub flat: Option<Microvolts>,
    /// Left out when the log of a channel's standard deviation lies more than this many robust deviations (1.4826 × median
    /// absolute deviation) from the median over the recording's epochs. Range: above 0. Default: `false`, no limit.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<f64>", extend("exclusiveMinimum" = 0))]
    pub deviation: Option<f64>,
    /// Left out when the recorder stood still in it: no channel changes for 0.1 s (and at least 8 samples) as recorded, or each
    /// holds one value throughout behind the reference. Counted as flat. Default: true.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = true))]
    pub constant: bool,
    /// Left out when it overlaps an annotation whose label begins with `BAD` in any case, as MNE-Python does. Default: true.
    pub by_annotation: bool,
}

impl Default for Reject {
    fn default() -> Self {
        Self { peak_to_peak: None, flat: None, deviation: None, constant: true, by_annotation: true }
    }
}

/// The unit of the output; nothing here looks beyond one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scale {
    /// Microvolts over `divisor`.
    Microvolts {
        /// What the microvolts are divided by. Range: above 0. Default: 1.
        #[serde(default = "one")]
        #[schemars(extend("exclusiveMinimum" = 0))]
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

/// Not written, so that plans made before the key was there keep their hash.
fn is_default(constant: &bool) -> bool {
    *constant
}

fn one() -> f64 {
    1.0
}

fn microvolts(value: f64) -> Option<Microvolts> {
    Microvolts::new(value).ok()
}
