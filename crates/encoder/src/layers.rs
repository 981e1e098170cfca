//! The layers networks are built of, over named parameters.

use burn::tensor::Tensor;
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use rand_chacha::ChaCha8Rng;

use crate::EncoderError;
use crate::architecture::Pass;
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

/// A convolution over time without bias, padded so that stride 1 keeps the length of odd kernels:
/// `[batch, in, time]` to `[batch, out, time / stride]`.
pub(crate) fn conv(
    bound: &Bound,
    name: &str,
    x: Tensor<3>,
    stride: usize,
) -> Result<Tensor<3>, EncoderError> {
    let weight = bound.get::<3>(&format!("{name}.weight"))?;
    let padding = weight.dims()[2] / 2;
    Ok(conv1d(x, weight, None, ConvOptions::new([stride], [padding], [1], 1)))
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

/// Batch normalisation (Ioffe, Szegedy, 2015) of `[batch, channels, time]`.
pub(crate) fn norm(
    bound: &Bound,
    name: &str,
    x: Tensor<3>,
    pass: &mut Pass,
) -> Result<Tensor<3>, EncoderError> {
    let part = |part: &str| bound.get::<1>(&format!("{name}.{part}"));
    let [batch, channels, time] = x.dims();
    let wide = |t: Tensor<1>| t.reshape([1, channels, 1]);
    let (mean, variance) = if pass.training {
        let mean = x.clone().mean_dims(&[0, 2]);
        let variance = (x.clone() - mean.clone()).square().mean_dims(&[0, 2]);
        let count = (batch * time) as f32;
        let unbiased = count / (count - 1.0).max(1.0);
        for (which, new, factor) in [("running_mean", &mean, 1.0), ("running_variance", &variance, unbiased)]
        {
            let old = read(part(which)?.inner())?;
            let new = read(new.clone().inner())?;
            let mixed = old.iter().zip(new).map(|(o, n)| (1.0 - RENEWAL) * o + RENEWAL * factor * n);
            pass.updates.push((format!("{name}.{which}"), mixed.collect()));
        }
        (mean, variance)
    } else {
        (wide(part("running_mean")?), wide(part("running_variance")?))
    };
    let scaled = (x - mean) / (variance + EPSILON).sqrt();
    Ok(scaled * wide(part("scale")?) + wide(part("offset")?))
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
