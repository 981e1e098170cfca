//! The layers networks are built of, over named parameters.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use twinprint_conv1d::{Activation, BlockOptions, BlockWeights, Conv1dOptions, Norm};

use crate::EncoderError;
use crate::pass::Pass;
use crate::weights::{Bound, Parameter, read};

/// How much of a running statistic a batch replaces; PyTorch's default.
const RENEWAL: f32 = 0.1;
/// Added to variances; PyTorch's default.
const EPSILON: f64 = 1e-5;

/// Parameters of a convolution from `inputs` to `outputs` channels with kernels of `taps` samples.
pub(crate) fn conv_parameters(
    name: &str,
    inputs: usize,
    outputs: usize,
    taps: usize,
    rng: &mut ChaCha8Rng,
) -> Parameter {
    Parameter::uniform(format!("{name}.weight"), &[outputs, inputs, taps], inputs * taps, rng)
}

/// Parameters of batch normalisation of `channels`.
pub(crate) fn norm_parameters(name: &str, channels: usize) -> Vec<Parameter> {
    let filled = |part: &str, value| Parameter::filled(format!("{name}.{part}"), &[channels], value);
    vec![
        filled("scale", 1.0),
        filled("offset", 0.0),
        filled("running_mean", 0.0).fixed(),
        filled("running_variance", 1.0).fixed(),
    ]
}

/// A block of a network: convolution over time without bias, batch normalisation (Ioffe, Szegedy, 2015), and what follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    /// The name of the convolution's parameters.
    pub conv: &'a str,
    /// The name of the normalisation's parameters; none without.
    pub norm: Option<&'a str>,
    /// Samples between two outputs.
    pub stride: usize,
    /// Whether negative values become 0.
    pub relu: bool,
    /// Samples that max-pooling makes one.
    pub pool: usize,
}

impl Block<'_> {
    /// `[batch, in, time]` to `[batch, out, time / stride / pool]`; padded so that stride 1 keeps the length of odd kernels.
    pub fn forward(&self, x: Tensor<3>, bound: &Bound, pass: &mut Pass) -> Result<Tensor<3>, EncoderError> {
        let weight = bound.get::<3>(&format!("{}.weight", self.conv))?;
        let padding = weight.dims()[2] / 2;
        let options = BlockOptions {
            conv: Conv1dOptions { stride: self.stride, padding, ..Conv1dOptions::default() },
            activation: if self.relu { Activation::Relu } else { Activation::None },
            pool: self.pool,
        };
        let (batch, time) = (x.dims()[0], x.dims()[2]);
        let convolved = options.conv.output_time(time, weight.dims()[2]).map_err(EncoderError::compute)?;
        let norm = self.normalisation(bound, pass.training)?;
        let weights = BlockWeights { weight, bias: None, norm };
        let block = twinprint_conv1d::conv_block(x, weights, options).map_err(EncoderError::compute)?;
        if let (Some(norm), Some((mean, variance))) = (self.norm, block.statistics) {
            let count = (batch * convolved) as f32;
            let unbiased = count / (count - 1.0).max(1.0);
            renew(bound, pass, &format!("{norm}.running_mean"), mean, 1.0)?;
            renew(bound, pass, &format!("{norm}.running_variance"), variance, unbiased)?;
        }
        Ok(block.output)
    }

    fn normalisation(&self, bound: &Bound, training: bool) -> Result<Norm, EncoderError> {
        let Some(name) = self.norm else { return Ok(Norm::None) };
        let part = |part: &str| bound.get::<1>(&format!("{name}.{part}"));
        let (gamma, beta, epsilon) = (part("scale")?, part("offset")?, EPSILON);
        Ok(if training {
            Norm::Batch { gamma, beta, epsilon }
        } else {
            let (mean, variance) = (part("running_mean")?, part("running_variance")?);
            Norm::Fixed { gamma, beta, mean, variance, epsilon }
        })
    }
}

/// Mixes what this batch shows into a running statistic.
fn renew(
    bound: &Bound,
    pass: &mut Pass,
    name: &str,
    new: Tensor<1>,
    factor: f32,
) -> Result<(), EncoderError> {
    let old = read(bound.get::<1>(name)?.inner())?;
    let new = read(new.inner())?;
    let mixed = old.iter().zip(new).map(|(o, n)| (1.0 - RENEWAL) * o + RENEWAL * factor * n);
    pass.updates.push((name.to_owned(), mixed.collect()));
    Ok(())
}

/// Parameters of a fully connected layer.
pub(crate) fn linear_parameters(
    name: &str,
    inputs: usize,
    outputs: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<Parameter> {
    vec![
        Parameter::uniform(format!("{name}.weight"), &[inputs, outputs], inputs, rng),
        Parameter::uniform(format!("{name}.bias"), &[1, outputs], inputs, rng),
    ]
}

/// A fully connected layer: `[batch, in]` to `[batch, out]`.
pub(crate) fn linear(bound: &Bound, name: &str, x: Tensor<2>) -> Result<Tensor<2>, EncoderError> {
    let weight = bound.get::<2>(&format!("{name}.weight"))?;
    Ok(x.matmul(weight) + bound.get::<2>(&format!("{name}.bias"))?)
}

/// The mean over time: `[batch, channels, time]` to `[batch, channels]`.
pub(crate) fn mean_over_time(x: Tensor<3>) -> Tensor<2> {
    x.mean_dim(2).squeeze_dim(2)
}
