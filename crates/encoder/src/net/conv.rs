//! A plain stack of 1-D convolutions over time that mixes channels from the first layer on: convolution, batch
//! normalisation, rectifier, max-pooling; the mean over time; a linear layer. The freely trained network to compare
//! the filterbank with.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::layers::{self, Block};
use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::plan::Conv;
use crate::weights::{Bound, Parameter};

impl Conv {
    pub(crate) fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
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

    /// `[batch, channels, time]` to `[batch, dim]`.
    pub(crate) fn forward(
        &self,
        mut x: Tensor<3>,
        bound: &Bound,
        pass: &mut Pass,
    ) -> Result<Tensor<2>, EncoderError> {
        for i in 0..self.widths.len() {
            let (conv, norm) = (format!("conv{i}"), format!("norm{i}"));
            let block = Block { conv: &conv, norm: Some(&norm), stride: 1, relu: true, pool: self.pool };
            x = block.forward(x, bound, pass)?;
        }
        layers::linear(bound, "head", layers::mean_over_time(x))
    }
}
