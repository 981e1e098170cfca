//! The filterbank front end: Gabor bands, bipolar pairs, log power. A fixed function of the epoch, described as the network
//! it is: a temporal convolution shared over channels, a grouped spatial 1 × 1 convolution, mean of squares, logarithm.

use rand::seq::SliceRandom;

use super::band_power::{Features, Settings, Site};
use super::covariances::Covariances;
use crate::EncoderError;
use crate::plan::{AverageReference, Filterbank, Spatial};
use crate::seed::stream;
use crate::weights::Parameter;

/// Below this many channels neither the average reference nor drawing pairs makes sense.
const FEW: usize = 8;

impl Filterbank {
    /// The filterbank for epochs of `channels` × `samples` at `rate`; `seed` draws the pairs.
    pub(crate) fn features(
        &self,
        channels: usize,
        samples: usize,
        rate: f64,
        seed: u64,
    ) -> Result<Features, EncoderError> {
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
                .then(|| Covariances::new((channels, samples), self.covariance_channels, rate, self.tapers))
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

    /// The settings of the formula beside its weights.
    pub(crate) fn formula(&self) -> serde_json::Value {
        serde_json::json!({
            "average_reference": self.settings.reference,
            "scale": self.settings.scale,
            "stride": self.settings.stride,
            "floor": self.settings.floor,
            "covariances": self.settings.covariances.map(|covariances| covariances.formula()),
        })
    }
}
#[cfg(test)]
#[path = "filterbank_tests.rs"]
mod tests;
