//! The twin network of Fallahi, Strufe, Arias-Cabarcos (2023, "BrainNet"), also in NeuroIDBench: 1 × 15 kernels that run
//! along time only and are shared by all EEG channels, average pooling, and one dense layer that first sees channels
//! together.
//!
//! References: `Fallahi2023`.

use burn::tensor::Tensor;
use burn::tensor::module::avg_pool1d;
use burn::tensor::ops::AvgPoolOptions;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{self, Block};
use super::network::{Network, check_widths};
use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::weights::{Bound, Parameter};

/// Settings of the `twin_cnn` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TwinCnn {
    /// Filters of each layer: 32, 16, 8.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub widths: Vec<usize>,
    /// Samples of every kernel, odd: 15.
    #[schemars(range(min = 1))]
    pub kernel: usize,
    /// The length of a print: 32.
    #[schemars(range(min = 1))]
    pub dim: usize,
}

impl Default for TwinCnn {
    fn default() -> Self {
        Self { widths: vec![32, 16, 8], kernel: 15, dim: 32 }
    }
}

impl TwinCnn {
    /// Samples that each pooling makes one.
    pub(super) const POOL: usize = 2;

    /// Samples left after all poolings.
    fn left(&self, samples: usize) -> usize {
        self.widths.iter().fold(samples, |left, _| left / Self::POOL)
    }
}

impl Network for TwinCnn {
    fn validate(&self) -> Result<(), EncoderError> {
        check_widths(&self.widths, self.kernel, self.dim)
    }

    fn shortest(&self) -> usize {
        Self::POOL.saturating_pow(self.widths.len() as u32)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut inputs = 1;
        for (i, &width) in self.widths.iter().enumerate() {
            parameters.push(layers::conv_parameters(&format!("conv{i}"), inputs, width, self.kernel, rng));
            parameters.extend(layers::norm_parameters(&format!("norm{i}"), width));
            inputs = width;
        }
        let flat = input.channels * inputs * self.left(input.samples);
        parameters.extend(layers::linear_parameters("head", flat, self.dim, rng));
        parameters
    }

    fn forward(&self, epochs: Tensor<3>, bound: &Bound, pass: &mut Pass) -> Result<Tensor<2>, EncoderError> {
        let [batch, channels, time] = epochs.dims();
        let mut x = epochs.reshape([batch * channels, 1, time]);
        for i in 0..self.widths.len() {
            let (conv, norm) = (format!("conv{i}"), format!("norm{i}"));
            let block = Block { conv: &conv, norm: Some(&norm), stride: 1, relu: true, pool: 1 };
            x = block.forward(x, bound, pass)?;
            x = avg_pool1d(x, AvgPoolOptions::new([Self::POOL]).with_stride([Self::POOL]));
        }
        let [_, filters, left] = x.dims();
        layers::linear(bound, "head", x.reshape([batch, channels * filters * left]))
    }
}
