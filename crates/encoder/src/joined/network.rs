//! The network: convolutions over time that all channels share.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use ndarray::{Array2, ArrayView3, s};
use rand_chacha::ChaCha8Rng;

use super::signals::signals;
use crate::EncoderError;
use crate::head::PLACE;
use crate::net::{Block, conv_parameters, linear, linear_parameters, norm_parameters};
use crate::pass::Pass;
use crate::plan::{Bands, KernelStart, SharedConv};
use crate::weights::{Bound, Parameter, of_array, read};

/// Channels of epochs that one pass computes, so that memory is bounded however many channels an epoch has.
const CHANNELS: usize = 2048;

/// Added to the variance over time before its root is taken, whose slope at 0 is infinite.
const EPSILON: f64 = 1e-5;

/// Added to the attention that a channel left out would get.
const UNSEEN: f32 = -1e4;

/// A network as it was learnt, without the heads of its cohorts.
#[derive(Debug, Clone)]
pub(crate) struct LearntNetwork {
    pub plan: SharedConv,
    pub parameters: Vec<Parameter>,
    pub device: Device,
}

/// What is known of the channels that signals are of.
pub(crate) struct Scene {
    /// Channels an epoch.
    pub channels: usize,
    /// What is known of each channel's place, `[channels, 8]`, where the network asks for it.
    pub places: Option<Tensor<2>>,
    /// For each signal, 0 where it is left out, `[signals, 1]`; nothing where none is.
    pub kept: Option<Array2<f32>>,
}

impl LearntNetwork {
    /// Features of epochs `[epochs, channels, samples]`, whose channels lie at `places` `[channels, 8]`:
    /// `[epochs, channels · dim]`.
    pub fn compute(
        &self,
        epochs: ArrayView3<f32>,
        places: Option<&Array2<f32>>,
    ) -> Result<Array2<f32>, EncoderError> {
        let (count, channels, _) = epochs.dim();
        if self.plan.positions && places.is_none_or(|places| places.nrows() != channels) {
            return Err(EncoderError::data(
                "joined.positions asks where channels lie: name them with JoinedFeatures::on first",
            ));
        }
        let tensors: Vec<Tensor<1>> = self.parameters.iter().map(|p| p.tensor(&self.device)).collect();
        let bound = Bound::new(&self.parameters, &tensors);
        let places =
            places.filter(|_| self.plan.positions).map(|places| of_array(places.clone(), &self.device));
        let scene = Scene { channels, places, kept: None };
        let width = channels * self.plan.dim;
        let mut values = Vec::with_capacity(count * width);
        let step = (CHANNELS / channels.max(1)).max(1);
        for start in (0..count).step_by(step) {
            let part = epochs.slice(s![start..(start + step).min(count), .., ..]);
            let rows = signals(part, self.plan.clip as f32);
            let x = of_array(rows, &self.device);
            values.extend(read(self.plan.forward(x, &scene, &bound, &mut Pass::new(false))?)?);
        }
        Array2::from_shape_vec((count, width), values).map_err(EncoderError::compute)
    }
}

impl SharedConv {
    /// Parameters drawn from `rng`, for signals at `rate`.
    pub(crate) fn parameters(&self, rate: f64, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut inputs = 1;
        for (i, (&width, &kernel)) in self.widths.iter().zip(&self.kernels).enumerate() {
            parameters.push(conv_parameters(&format!("conv{i}"), inputs, width, kernel, rng));
            parameters.extend(norm_parameters(&format!("norm{i}"), width));
            inputs = width;
        }
        parameters.extend(linear_parameters("out", 2 * inputs, self.dim, rng));
        if self.initialise == KernelStart::Gabor
            && let Some(first) = parameters.first_mut()
        {
            first.values = self.bank(rate).into_iter().flatten().map(|x| x as f32).collect();
        }
        if self.positions {
            // At 0 the place makes no difference; what difference it makes is learnt.
            parameters.push(Parameter::filled("place.weight", &[PLACE, 2 * inputs], 0.0));
        }
        if self.mixing > 0 {
            for part in ["query", "key", "value"] {
                parameters.extend(linear_parameters(&format!("mix.{part}"), self.dim, self.dim, rng));
            }
            if self.positions {
                parameters.push(Parameter::uniform("mix.place", &[PLACE, self.dim], PLACE, rng));
            }
            // Likewise: at first a channel keeps its own features.
            parameters.push(Parameter::filled("mix.out", &[self.dim, self.dim], 0.0));
        }
        parameters
    }

    /// A Gabor kernel for each filter of the first layer, `[filters, samples]`.
    fn bank(&self, rate: f64) -> Vec<Vec<f64>> {
        let count = self.widths.first().copied().unwrap_or_default();
        let taps = self.kernels.first().copied().unwrap_or_default();
        let default = Bands::default();
        let high = default.high.min(0.4 * rate);
        let bands = Bands { count, high, seconds: (taps.saturating_sub(1)) as f64 / rate, ..default };
        bands.kernels(rate)
    }

    /// Signals `[signals, samples]`, one channel each and epoch by epoch, to their features `[signals, dim]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        scene: &Scene,
        bound: &Bound,
        pass: &mut Pass,
    ) -> Result<Tensor<2>, EncoderError> {
        let [count, samples] = x.dims();
        let mut x = x.reshape([count, 1, samples]);
        for i in 0..self.widths.len() {
            let (conv, norm) = (format!("conv{i}"), format!("norm{i}"));
            let block = Block { conv: &conv, norm: Some(&norm), stride: self.stride, relu: true, pool: 1 };
            x = block.forward(x, bound, pass)?;
        }
        let mean = x.clone().mean_dim(2);
        let variance = (x - mean.clone()).square().mean_dim(2);
        let pooled = Tensor::cat(vec![mean, variance.add_scalar(EPSILON).sqrt()], 1);
        let width = 2 * self.widths.last().copied().unwrap_or(0);
        let mut pooled = pooled.reshape([count, width]);
        if let Some(places) = &scene.places {
            // A gain of each filter for each place (feature-wise modulation: Perez, Strub, de Vries, Dumoulin, Courville, 2018).
            let gain = places.clone().matmul(bound.get::<2>("place.weight")?).add_scalar(1.0);
            let epochs = count / scene.channels.max(1);
            let by_epoch = pooled.reshape([epochs, scene.channels, width]) * gain.unsqueeze::<3>();
            pooled = by_epoch.reshape([count, width]);
        }
        let features = linear(bound, "out", pooled)?;
        if self.mixing == 0 { Ok(features) } else { self.mixed(features, scene, bound) }
    }

    /// Features `[signals, dim]` with what each channel takes from the others of its epoch (Vaswani and others, 2017), residual.
    fn mixed(&self, features: Tensor<2>, scene: &Scene, bound: &Bound) -> Result<Tensor<2>, EncoderError> {
        let [count, dim] = features.dims();
        let (channels, heads) = (scene.channels, self.mixing);
        let (epochs, size) = (count / channels.max(1), dim / heads.max(1));
        let mut seen = features.clone();
        if let Some(places) = &scene.places {
            let place = places.clone().matmul(bound.get::<2>("mix.place")?);
            let by_epoch = seen.reshape([epochs, channels, dim]) + place.unsqueeze::<3>();
            seen = by_epoch.reshape([count, dim]);
        }
        let by_head = |x: Tensor<2>| x.reshape([epochs, channels, heads, size]).swap_dims(1, 2);
        let query = by_head(linear(bound, "mix.query", seen.clone())?);
        let key = by_head(linear(bound, "mix.key", seen)?);
        let value = by_head(linear(bound, "mix.value", features.clone())?);
        let mut weight = query.matmul(key.swap_dims(2, 3)).div_scalar((size as f64).sqrt());
        if let Some(kept) = &scene.kept {
            let hidden = kept.mapv(|kept| if kept == 0.0 { UNSEEN } else { 0.0 });
            let hidden = of_array(hidden, &features.device().inner()).reshape([epochs, 1, 1, channels]);
            weight = weight + hidden;
        }
        let taken = softmax(weight, 3).matmul(value).swap_dims(1, 2).reshape([count, dim]);
        Ok(features + taken.matmul(bound.get::<2>("mix.out")?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rand::SeedableRng;

    use super::*;

    /// Features of two epochs of three channels, the second of which is left out and holds `value` at every fourth sample.
    fn features(value: f32) -> Vec<f32> {
        let plan = SharedConv { mixing: 2, dim: 4, ..SharedConv::default() };
        let mut parameters = plan.parameters(128.0, &mut ChaCha8Rng::seed_from_u64(1));
        let mixed = parameters.iter_mut().find(|parameter| parameter.name == "mix.out").unwrap();
        mixed.values = (0..16).map(|i| (i as f32).sin()).collect();
        let device = Device::flex();
        let tensors: Vec<Tensor<1>> = parameters.iter().map(|p| p.tensor(&device)).collect();
        let mut rows = Array2::from_shape_fn((6, 256), |(row, t)| ((1 + row) as f32 * t as f32 / 20.0).sin());
        for row in [1, 4] {
            rows.slice_mut(s![row, ..;4]).fill(value);
        }
        let kept = Array2::from_shape_fn((6, 1), |(row, _)| if row % 3 == 1 { 0.0 } else { 1.0 });
        let scene = Scene { channels: 3, places: None, kept: Some(kept) };
        let bound = Bound::new(&parameters, &tensors);
        let features = plan.forward(of_array(rows, &device), &scene, &bound, &mut Pass::new(false)).unwrap();
        read(features).unwrap()
    }

    #[test]
    fn a_channel_left_out_tells_the_others_nothing() {
        let (one, other) = (features(0.0), features(5.0));
        for (row, (one, other)) in one.chunks(4).zip(other.chunks(4)).enumerate() {
            assert_eq!(one == other, row % 3 != 1, "signal {row}");
        }
    }
}
