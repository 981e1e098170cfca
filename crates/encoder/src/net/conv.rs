//! A plain stack of 1-D convolutions over time that mixes channels from the first layer on: convolution, batch
//! normalisation, rectifier, max-pooling; the mean over time; a linear layer. The freely trained network to compare
//! the filterbank with.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{self, Block};
use super::network::{Network, check_widths};
use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::range::require;
use crate::weights::{Bound, Parameter};

/// Settings of the `conv` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Conv {
    /// Channels after each layer: 64, 64, 128.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub widths: Vec<usize>,
    /// Samples of every kernel, odd: 9.
    #[schemars(range(min = 1))]
    pub kernel: usize,
    /// Samples that each pooling makes one: 2.
    #[schemars(range(min = 1))]
    pub pool: usize,
    /// The length of a print: 128.
    #[schemars(range(min = 1))]
    pub dim: usize,
}

impl Default for Conv {
    fn default() -> Self {
        Self { widths: vec![64, 64, 128], kernel: 9, pool: 2, dim: 128 }
    }
}

impl Network for Conv {
    fn validate(&self) -> Result<(), EncoderError> {
        check_widths(&self.widths, self.kernel, self.dim)?;
        require(self.pool > 0, "architecture.pool", 0, "1 or more samples", "2 is the default")
    }

    fn shortest(&self) -> usize {
        self.pool.saturating_pow(self.widths.len() as u32)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut inputs = input.channels;
        for (i, &width) in self.widths.iter().enumerate() {
            parameters.push(layers::conv_parameters(&format!("conv{i}"), inputs, width, self.kernel, rng));
            parameters.extend(layers::norm_parameters(&format!("norm{i}"), width));
            inputs = width;
        }
        parameters.extend(layers::linear_parameters("head", inputs, self.dim, rng));
        parameters
    }

    fn forward(&self, epochs: Tensor<3>, bound: &Bound, pass: &mut Pass) -> Result<Tensor<2>, EncoderError> {
        let mut x = epochs;
        for i in 0..self.widths.len() {
            let (conv, norm) = (format!("conv{i}"), format!("norm{i}"));
            let block = Block { conv: &conv, norm: Some(&norm), stride: 1, relu: true, pool: self.pool };
            x = block.forward(x, bound, pass)?;
        }
        layers::linear(bound, "head", layers::mean_over_time(x))
    }
}
