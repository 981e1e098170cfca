//! The network: convolutions over time that all channels share.

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, ArrayView3, s};
use rand_chacha::ChaCha8Rng;

use super::signals::signals;
use crate::EncoderError;
use crate::net::{Block, conv_parameters, linear, linear_parameters, norm_parameters};
use crate::pass::Pass;
use crate::plan::SharedConv;
use crate::weights::{Bound, Parameter, of_array, read};

/// Channels of epochs that one pass computes, so that memory is bounded however many channels an epoch has.
const CHANNELS: usize = 2048;

/// Added to the variance over time before its root is taken, whose slope at 0 is infinite.
const EPSILON: f64 = 1e-5;

/// A network as it was learnt, without the heads of its cohorts.
#[derive(Debug, Clone)]
pub(crate) struct LearntNetwork {
    pub plan: SharedConv,
    pub parameters: Vec<Parameter>,
    pub device: Device,
}

impl LearntNetwork {
    /// Features of epochs `[epochs, channels, samples]`: `[epochs, channels · dim]`.
    pub fn compute(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        let (count, channels, _) = epochs.dim();
        let tensors: Vec<Tensor<1>> = self.parameters.iter().map(|p| p.tensor(&self.device)).collect();
        let bound = Bound::new(&self.parameters, &tensors);
        let width = channels * self.plan.dim;
        let mut values = Vec::with_capacity(count * width);
        let step = (CHANNELS / channels.max(1)).max(1);
        for start in (0..count).step_by(step) {
            let part = epochs.slice(s![start..(start + step).min(count), .., ..]);
            let rows = signals(part, self.plan.clip as f32);
            let x = of_array(rows, &self.device);
            values.extend(read(self.plan.forward(x, &bound, &mut Pass::new(false))?)?);
        }
        Array2::from_shape_vec((count, width), values).map_err(EncoderError::compute)
    }
}

impl SharedConv {
    /// Parameters drawn from `rng`.
    pub(crate) fn parameters(&self, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut inputs = 1;
        for (i, (&width, &kernel)) in self.widths.iter().zip(&self.kernels).enumerate() {
            parameters.push(conv_parameters(&format!("conv{i}"), inputs, width, kernel, rng));
            parameters.extend(norm_parameters(&format!("norm{i}"), width));
            inputs = width;
        }
        parameters.extend(linear_parameters("out", 2 * inputs, self.dim, rng));
        parameters
    }

    /// Signals `[signals, samples]`, one channel each, to their features `[signals, dim]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
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
        linear(bound, "out", pooled.reshape([count, width]))
    }
}
