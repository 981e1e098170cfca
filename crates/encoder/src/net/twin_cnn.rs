//! The twin network of Fallahi, Strufe, Arias-Cabarcos (2023, "BrainNet"), also in NeuroIDBench: 1 × 15 kernels that run
//! along time only and are shared by all EEG channels, average pooling, and one dense layer that first sees channels
//! together.
//!
//! References: `Fallahi2023`.

use burn::tensor::Tensor;
use burn::tensor::module::avg_pool1d;
use burn::tensor::ops::AvgPoolOptions;
use rand_chacha::ChaCha8Rng;

use super::layers::{self, Block};
use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::plan::TwinCnn;
use crate::weights::{Bound, Parameter};

impl TwinCnn {
    /// Samples left after all poolings.
    fn left(&self, samples: usize) -> usize {
        self.widths.iter().fold(samples, |left, _| left / Self::POOL)
    }

    pub(crate) fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
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

    /// `[batch, channels, time]` to `[batch, dim]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        bound: &Bound,
        pass: &mut Pass,
    ) -> Result<Tensor<2>, EncoderError> {
        let [batch, channels, time] = x.dims();
        let mut x = x.reshape([batch * channels, 1, time]);
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
