//! The filterbank front end: Gabor bands, bipolar pairs, log power. A fixed function of the epoch, written as the
//! network it is (a temporal convolution shared over channels, a grouped spatial 1 × 1 convolution, mean of squares,
//! logarithm) but computed once per epoch, in plain code, with one matrix product.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2, ArrayView3, s};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

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
            scale: 0.1,
            floor: 1e-3,
            dim: 0,
        }
    }
}

/// One spatial filter: a channel, or the difference of two over √2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    Channel(usize),
    Pair(usize, usize),
}

/// A filterbank for epochs of one shape and rate, ready to compute.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    channels: usize,
    samples: usize,
    half: usize,
    stride: usize,
    frames: usize,
    /// `[half + 1]` rows of `bands`: the kernels from their centre outward.
    folded: Vec<f32>,
    bands: usize,
    sites: Vec<Vec<Site>>,
    reference: bool,
    covariances: Option<Covariances>,
    scale: f32,
    floor: f32,
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
        let (taps, half, stride) = (self.bands.taps(rate), self.bands.half(rate), self.bands.stride(rate));
        if samples < taps {
            return Err(EncoderError::plan(
                "architecture.bands.seconds",
                self.bands.seconds,
                format!("a kernel of {taps} samples is longer than an epoch of {samples}"),
                "cut longer epochs or shorten the kernels",
            ));
        }
        let kernels = self.bands.kernels(rate);
        let folded = (0..=half).flat_map(|j| kernels.iter().map(move |k| k[half + j] as f32)).collect();
        Ok(Features {
            channels,
            samples,
            half,
            stride,
            frames: (samples - taps) / stride + 1,
            folded,
            bands: kernels.len(),
            sites: self.sites(channels, seed),
            reference: match self.average_reference {
                AverageReference::Auto => channels >= FEW,
                AverageReference::Always => true,
                AverageReference::Never => false,
            },
            covariances: self.covariances.then(|| Covariances::new(channels, samples, rate)).transpose()?,
            scale: self.scale as f32,
            floor: self.floor as f32,
        })
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

impl Features {
    /// The number of features of an epoch: bands × sites, and the covariances.
    pub(crate) fn len(&self) -> usize {
        self.powers() + self.covariances.map_or(0, |covariances| covariances.len())
    }

    fn powers(&self) -> usize {
        self.sites.iter().map(Vec::len).sum()
    }

    /// Features of epochs `[epochs, channels, samples]`: `[epochs, features]`, log powers band by band, then covariances.
    pub(crate) fn compute(&self, epochs: ArrayView3<f32>) -> Array2<f32> {
        let mut out = Array2::zeros((epochs.dim().0, self.len()));
        out.outer_iter_mut().into_par_iter().zip(epochs.outer_iter()).for_each_init(
            || Scratch::new(self),
            |scratch, (mut row, epoch)| {
                scratch.fold(self, epoch);
                scratch.filter(self);
                let powers = self.sites.iter().enumerate().flat_map(|(band, sites)| {
                    let signals = scratch.band(self, band);
                    sites.iter().map(move |site| site.power(signals, self.frames))
                });
                row.iter_mut().zip(powers).for_each(|(x, power)| *x = (power + self.floor).ln());
            },
        );
        if let Some(covariances) = &self.covariances {
            out.slice_mut(s![.., self.powers()..]).assign(&covariances.compute(epochs));
        }
        out
    }
}

impl Features {
    /// The kernels `[bands, taps]` and the spatial filters `[bands, sites, channels]` as weights.
    pub(crate) fn weights(&self) -> Vec<Parameter> {
        let taps = 2 * self.half + 1;
        let at = |band: usize, tap: usize| self.folded[tap.abs_diff(self.half) * self.bands + band];
        let kernels = (0..self.bands).flat_map(|band| (0..taps).map(move |tap| at(band, tap))).collect();
        let sites = self.sites.first().map_or(0, Vec::len);
        let mut spatial = vec![0.0; self.bands * sites * self.channels];
        for (row, site) in spatial.chunks_exact_mut(self.channels.max(1)).zip(self.sites.iter().flatten()) {
            match *site {
                Site::Channel(a) => row[a] = 1.0,
                Site::Pair(a, b) => {
                    (row[a], row[b]) = (std::f32::consts::FRAC_1_SQRT_2, -std::f32::consts::FRAC_1_SQRT_2)
                }
            }
        }
        vec![
            Parameter::new("temporal.weight", &[self.bands, taps], kernels),
            Parameter::new("spatial.weight", &[self.bands, sites, self.channels], spatial),
        ]
    }

    /// The rest of the formula.
    pub(crate) fn facts(&self) -> serde_json::Value {
        serde_json::json!({
            "average_reference": self.reference,
            "scale": self.scale,
            "stride": self.stride,
            "floor": self.floor,
            "covariances": self.covariances.map(|covariances| covariances.facts()),
        })
    }
}

impl Site {
    /// The mean of squares over time of this site; `signals` is `[channels, frames]`.
    fn power(self, signals: &[f32], frames: usize) -> f32 {
        let signal = |c: usize| &signals[c * frames..(c + 1) * frames];
        match self {
            Self::Channel(a) => sum_of_squares(signal(a).iter().copied()) / frames as f32,
            Self::Pair(a, b) => {
                let difference = signal(a).iter().zip(signal(b)).map(|(a, b)| a - b);
                sum_of_squares(difference) / (2 * frames) as f32
            }
        }
    }
}

/// Eight partial sums, so that the compiler may use vector instructions.
fn sum_of_squares(values: impl Iterator<Item = f32>) -> f32 {
    let mut sums = [0.0f32; 8];
    for (i, x) in values.enumerate() {
        sums[i % 8] += x * x;
    }
    sums.iter().sum()
}

/// Buffers for one epoch, kept by each thread.
struct Scratch {
    /// One channel, its samples sorted by their position modulo the stride.
    phases: Vec<f32>,
    common: Vec<f32>,
    /// `[half + 1, channels, frames]`: sums of the two samples at equal distance from each frame's centre.
    folded: Vec<f32>,
    /// `[bands, channels, frames]`.
    filtered: Vec<f32>,
}

impl Scratch {
    fn new(features: &Features) -> Self {
        let rows = features.channels * features.frames;
        Self {
            phases: vec![0.0; features.samples.next_multiple_of(features.stride)],
            common: vec![0.0; features.samples],
            folded: vec![0.0; (features.half + 1) * rows],
            filtered: vec![0.0; features.bands * rows],
        }
    }

    /// Kernels are symmetric, so the samples at equal distance from the centre are added first: half the products.
    fn fold(&mut self, features: &Features, epoch: ArrayView2<f32>) {
        let Features { channels, half, stride, frames, .. } = *features;
        self.common.fill(0.0);
        if features.reference {
            for channel in epoch.outer_iter() {
                self.common.iter_mut().zip(channel).for_each(|(sum, x)| *sum += x);
            }
            self.common.iter_mut().for_each(|sum| *sum /= channels as f32);
        }
        let length = self.phases.len() / stride;
        for (c, channel) in epoch.outer_iter().enumerate() {
            for (t, (x, common)) in channel.iter().zip(&self.common).enumerate() {
                self.phases[(t % stride) * length + t / stride] = (x - common) * features.scale;
            }
            let run = |offset: usize| {
                let start = (offset % stride) * length + offset / stride;
                &self.phases[start..start + frames]
            };
            for j in 0..=half {
                let start = (j * channels + c) * frames;
                let row = &mut self.folded[start..start + frames];
                if j == 0 {
                    row.copy_from_slice(run(half));
                } else {
                    let sides = run(half - j).iter().zip(run(half + j));
                    row.iter_mut().zip(sides).for_each(|(x, (a, b))| *x = a + b);
                }
            }
        }
    }

    fn filter(&mut self, features: &Features) {
        let rows = features.channels * features.frames;
        matmul(
            MatMut::from_column_major_slice_mut(&mut self.filtered, rows, features.bands),
            Accum::Replace,
            MatRef::from_column_major_slice(&self.folded, rows, features.half + 1),
            MatRef::from_row_major_slice(&features.folded, features.half + 1, features.bands),
            1.0,
            Par::Seq,
        );
    }

    fn band(&self, features: &Features, band: usize) -> &[f32] {
        let size = features.channels * features.frames;
        &self.filtered[band * size..(band + 1) * size]
    }
}

#[cfg(test)]
#[path = "filterbank_tests.rs"]
mod tests;
