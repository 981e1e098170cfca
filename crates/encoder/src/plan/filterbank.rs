//! Settings of the `filterbank` architecture; what it computes is in `front`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_features::MOST_CHANNELS;

use crate::EncoderError;
use crate::range::{positive, require};

/// Settings of the `filterbank` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filterbank {
    /// The temporal bands.
    pub bands: Bands,
    /// Which differences between channels are taken.
    pub spatial: Spatial,
    /// How many pairs a band, where `spatial` draws them: 32.
    #[schemars(range(min = 1))]
    pub pairs: usize,
    /// Whether the mean over channels is subtracted first.
    pub average_reference: AverageReference,
    /// Whether the log-covariances of the channels in six bands stand beside the powers: true.
    pub covariances: bool,
    /// Most channels of which they are: 32. Of more, so many are taken, spread evenly over the order of the channels: 64 channels would
    /// have 12,480 covariances, which take minutes and gigabytes to whiten.
    #[serde(skip_serializing_if = "is_most_channels")]
    #[schemars(range(min = 1), extend("default" = 32))]
    pub covariance_channels: usize,
    /// Sine tapers whose spectra give those covariances: 6; 0 is one Hann window. Each lowers their variance and smears
    /// frequencies. Without covariances it says nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub tapers: usize,
    /// What a microvolt counts: 0.1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scale: f64,
    /// Added to the power before the logarithm, in scaled microvolts squared: 0.001.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub floor: f64,
    /// The number of outputs of the linear head; 0 for as many as there are features.
    pub dim: usize,
}

impl Default for Filterbank {
    fn default() -> Self {
        Self {
            bands: Bands::default(),
            spatial: Spatial::Auto,
            pairs: 32,
            average_reference: AverageReference::Auto,
            covariances: true,
            covariance_channels: MOST_CHANNELS,
            tapers: 6,
            scale: 0.1,
            floor: 1e-3,
            dim: 0,
        }
    }
}

/// Which differences between channels a filterbank takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spatial {
    /// `channels_and_pairs` with fewer than 8 channels, `random_pairs` otherwise.
    Auto,
    /// `pairs` distinct pairs drawn anew for every band from the plan's seed.
    RandomPairs,
    /// Every difference of two channels, in every band.
    AllPairs,
    /// The channels themselves and all pairs.
    ChannelsAndPairs,
}

/// Whether the mean over channels is subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AverageReference {
    /// With 8 channels or more; fewer do not sample the head.
    Auto,
    /// However few channels there are.
    Always,
    /// Channels are taken as they come.
    Never,
}

/// Writes out what a plan that a program wrote as JSON leaves away because it once was the default: no tapers.
pub fn write_out_absent(encoder: &mut serde_json::Value) {
    if let Some(architecture) = encoder.get_mut("architecture").and_then(serde_json::Value::as_object_mut)
        && architecture.contains_key("covariances")
    {
        architecture.entry("tapers").or_insert_with(|| 0.into());
    }
}

/// So that plans without it are written, and hashed, as they were before it was there.
fn is_zero(tapers: &usize) -> bool {
    *tapers == 0
}

fn is_most_channels(channels: &usize) -> bool {
    *channels == MOST_CHANNELS
}

impl Filterbank {
    /// Checks the ranges of the settings.
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let (bands, default) = (&self.bands, "leave it out for the default");
        let fits = (1..=128).contains(&bands.count);
        let limit = "a filterbank has 1 to 128 bands";
        require(fits, "architecture.bands.count", bands.count, limit, "16 is the default")?;
        let fits = bands.low > 0.0 && bands.low <= bands.high && bands.high.is_finite();
        let limit = format!("it must lie above 0 and not above architecture.bands.high = {}", bands.high);
        require(fits, "architecture.bands.low", bands.low, limit, "2 and 38 are the defaults")?;
        positive("architecture.bands.seconds", bands.seconds, default)?;
        positive("architecture.bands.steps_per_second", bands.steps_per_second, default)?;
        positive("architecture.scale", self.scale, default)?;
        positive("architecture.floor", self.floor, default)?;
        let (channels, few) = (self.covariance_channels, "covariances are of 1 channel or more");
        require(channels > 0, "architecture.covariance_channels", channels, few, default)?;
        let remedy = "32 is the default; spatial = \"all_pairs\" takes all";
        require(self.pairs > 0, "architecture.pairs", 0, "a band needs 1 pair or more", remedy)
    }
}

/// Which bands a filterbank has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bands {
    /// The number of bands: 16, 1 to 128.
    #[schemars(range(min = 1, max = 128))]
    pub count: usize,
    /// The lowest centre frequency in hertz: 2.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub low: f64,
    /// The highest centre frequency in hertz: 38, below half the rate.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub high: f64,
    /// The length of a kernel in seconds: 0.5.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub seconds: f64,
    /// Steps a second at which bands are evaluated: 64. The rate divided by it is the stride, rounded, at least 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub steps_per_second: f64,
}

impl Default for Bands {
    fn default() -> Self {
        Self { count: 16, low: 2.0, high: 38.0, seconds: 0.5, steps_per_second: 64.0 }
    }
}
