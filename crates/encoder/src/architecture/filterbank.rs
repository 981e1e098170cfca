//! The filterbank front end: Gabor bands, bipolar pairs, log power. A fixed function of the epoch, described as the network
//! it is: a temporal convolution shared over channels, a grouped spatial 1 × 1 convolution, mean of squares, logarithm.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::band_power::{Features, Settings, Site};
use super::covariances::Covariances;
use super::gabor::Bands;
use crate::EncoderError;
use crate::seed::stream;
use crate::weights::Parameter;

/// Settings of the `filterbank` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filterbank {
    /// The temporal bands.
    pub bands: Bands,
    /// Which differences between channels are taken.
    pub spatial: Spatial,
    /// How many pairs a band, where `spatial` draws them: 32.
    pub pairs: usize,
    /// Whether the mean over channels is subtracted first.
    pub average_reference: AverageReference,
    /// Whether the log-covariances of the channels in six bands stand beside the powers: false.
    pub covariances: bool,
    /// Sine tapers whose spectra give those covariances: 0, which is one Hann window. Each lowers their variance and smears
    /// frequencies.
    #[serde(skip_serializing_if = "is_zero")]
    pub tapers: usize,
    /// What a microvolt counts: 0.1.
    pub scale: f64,
    /// Added to the power before the logarithm, in scaled microvolts squared: 0.001.
    pub floor: f64,
    /// The number of outputs of the linear head; 0 for as many as there are features.
    pub dim: usize,
}

/// Which differences between channels a filterbank takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spatial {
    /// `channels_and_pairs` with fewer than 8 channels, `random_pairs` otherwise.
    Auto,
    /// `pairs` distinct pairs drawn anew for every band from the plan's seed.
    RandomPairs,
    /// All pairs.
    AllPairs,
    /// The channels themselves and all pairs.
    ChannelsAndPairs,
}

/// Whether the mean over channels is subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AverageReference {
    /// With 8 channels or more; fewer do not sample the head.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// So that plans without it are written, and hashed, as they were before it was there.
fn is_zero(tapers: &usize) -> bool {
    *tapers == 0
}

/// Below this many channels neither the average reference nor drawing pairs makes sense.
const FEW: usize = 8;

impl Default for Filterbank {
    fn default() -> Self {
        Self {
            bands: Bands::default(),
            spatial: Spatial::Auto,
            pairs: 32,
            average_reference: AverageReference::Auto,
            covariances: false,
            tapers: 0,
            scale: 0.1,
            floor: 1e-3,
            dim: 0,
        }
    }
}

impl Filterbank {
    /// Checks the ranges of the settings.
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let bands = &self.bands;
        if !(1..=128).contains(&bands.count) {
            return Err(EncoderError::plan(
                "architecture.bands.count",
                bands.count,
                "a filterbank has 1 to 128 bands",
                "16 is the default",
            ));
        }
        if !(bands.low > 0.0 && bands.low <= bands.high && bands.high.is_finite()) {
            return Err(EncoderError::plan(
                "architecture.bands.low",
                bands.low,
                format!("it must lie above 0 and not above architecture.bands.high = {}", bands.high),
                "2 and 38 are the defaults",
            ));
        }
        for (key, value) in [
            ("architecture.bands.seconds", bands.seconds),
            ("architecture.bands.steps_per_second", bands.steps_per_second),
            ("architecture.scale", self.scale),
            ("architecture.floor", self.floor),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(EncoderError::plan(
                    key,
                    value,
                    "it must be above 0",
                    "leave it out for the default",
                ));
            }
        }
        if self.tapers > 0 && !self.covariances {
            return Err(EncoderError::plan(
                "architecture.tapers",
                self.tapers,
                "tapers are those of the covariances, and there are none",
                "write covariances = true, or leave it out",
            ));
        }
        if self.pairs == 0 {
            return Err(EncoderError::plan(
                "architecture.pairs",
                0,
                "a band needs 1 pair or more",
                "32 is the default; spatial = \"all_pairs\" takes all",
            ));
        }
        Ok(())
    }

    /// The filterbank for epochs of `channels` × `samples` at `rate`; `seed` draws the pairs.
    pub(crate) fn features(
        &self,
        channels: usize,
        samples: usize,
        rate: f64,
        seed: u64,
    ) -> Result<Features, EncoderError> {
        self.validate()?;
        if self.bands.high >= rate / 2.0 {
            return Err(EncoderError::plan(
                "architecture.bands.high",
                self.bands.high,
                format!("it must lie below half the rate of {rate} Hz"),
                format!("write at most {:.0}", (rate / 2.0 * 0.9).floor()),
            ));
        }
        let taps = self.bands.taps(rate);
        if samples < taps {
            return Err(EncoderError::plan(
                "architecture.bands.seconds",
                self.bands.seconds,
                format!("a kernel of {taps} samples is longer than an epoch of {samples}"),
                "cut longer epochs or shorten the kernels",
            ));
        }
        Ok(Features::new(Settings {
            channels,
            samples,
            stride: self.bands.stride(rate),
            kernels: self.bands.kernels(rate),
            sites: self.sites(channels, seed),
            reference: match self.average_reference {
                AverageReference::Auto => channels >= FEW,
                AverageReference::Always => true,
                AverageReference::Never => false,
            },
            covariances: self
                .covariances
                .then(|| Covariances::new(channels, samples, rate, self.tapers))
                .transpose()?,
            scale: self.scale as f32,
            floor: self.floor as f32,
        }))
    }

    fn sites(&self, channels: usize, seed: u64) -> Vec<Vec<Site>> {
        let mut pairs: Vec<Site> =
            (0..channels).flat_map(|a| (a + 1..channels).map(move |b| Site::Pair(a, b))).collect();
        let singles = (0..channels).map(Site::Channel);
        let spatial = match self.spatial {
            Spatial::Auto if channels < FEW => Spatial::ChannelsAndPairs,
            Spatial::Auto => Spatial::RandomPairs,
            chosen => chosen,
        };
        match spatial {
            _ if pairs.is_empty() => vec![singles.collect(); self.bands.count],
            Spatial::AllPairs => vec![pairs; self.bands.count],
            Spatial::ChannelsAndPairs => vec![singles.chain(pairs).collect(); self.bands.count],
            Spatial::Auto | Spatial::RandomPairs => {
                let mut rng = stream(seed, "filterbank/pairs");
                let draw = |_| {
                    pairs.shuffle(&mut rng);
                    pairs.iter().take(self.pairs).copied().collect()
                };
                (0..self.bands.count).map(draw).collect()
            }
        }
    }
}

/// What the front end is, for programs that compute it elsewhere.
impl Features {
    /// The kernels `[bands, taps]` and the spatial filters `[bands, sites, channels]` as weights.
    pub(crate) fn weights(&self) -> Vec<Parameter> {
        let Settings { channels, kernels, sites, .. } = &self.settings;
        let taps = kernels.first().map_or(0, Vec::len);
        let count = sites.first().map_or(0, Vec::len);
        let mut spatial = vec![0.0; kernels.len() * count * channels];
        for (row, site) in spatial.chunks_exact_mut((*channels).max(1)).zip(sites.iter().flatten()) {
            match *site {
                Site::Channel(a) => row[a] = 1.0,
                Site::Pair(a, b) => {
                    (row[a], row[b]) = (std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2)
                }
            }
        }
        vec![
            Parameter::new(
                "temporal.weight",
                &[kernels.len(), taps],
                kernels.iter().flatten().map(|&x| x as f32).collect(),
            ),
            Parameter::new("spatial.weight", &[kernels.len(), count, *channels], spatial),
        ]
    }

    /// The rest of the formula.
    pub(crate) fn facts(&self) -> serde_json::Value {
        serde_json::json!({
            "average_reference": self.settings.reference,
            "scale": self.settings.scale,
            "stride": self.settings.stride,
            "floor": self.settings.floor,
            "covariances": self.settings.covariances.map(|covariances| covariances.facts()),
        })
    }
}
#[cfg(test)]
#[path = "filterbank_tests.rs"]
mod tests;
