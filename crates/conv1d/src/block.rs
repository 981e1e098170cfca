//! The bare convolution, and the block around it.

use crate::extension::{FusedBlock, FusedNorm, Pieces, on_flex};
use crate::kernel::elementwise::MAX_POOL;
use crate::{Activation, BlockOptions, Conv1dError, Conv1dOptions};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

/// Where a block's normalisation gets its statistics; every tensor is `[out_channels]`.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "handles of tensors, a few at a time")]
pub enum Norm {
    /// The convolution as it is.
    None,
    /// Batch norm (Ioffe and Szegedy, 2015) by mean and variance of this batch, as in training.
    Batch {
        /// What each channel is multiplied by, `[out_channels]`.
        gamma: Tensor<1>,
        /// What is added to each channel then, `[out_channels]`.
        beta: Tensor<1>,
        /// Added to the variance.
        epsilon: f64,
    },
    /// By given statistics, as after training.
    Fixed {
        /// What each channel is multiplied by, `[out_channels]`.
        gamma: Tensor<1>,
        /// What is added to each channel then, `[out_channels]`.
        beta: Tensor<1>,
        /// The mean of each channel over past batches, `[out_channels]`.
        mean: Tensor<1>,
        /// The variance of each channel over past batches, `[out_channels]`.
        variance: Tensor<1>,
        /// Added to the variance.
        epsilon: f64,
    },
}

/// Everything a block learns.
#[derive(Clone, Debug)]
pub struct BlockWeights {
    /// `[out_channels, in_channels / groups, kernel]`.
    pub weight: Tensor<3>,
    /// `[out_channels]`.
    pub bias: Option<Tensor<1>>,
    /// What follows the convolution.
    pub norm: Norm,
}

/// What a block gives.
#[derive(Clone, Debug)]
pub struct BlockOutput {
    /// `[batch, out_channels, output_time]`; on `flex` a transposed view of `[batch, output_time, out_channels]`, which
    /// another block reads without a copy.
    pub output: Tensor<3>,
    /// Mean and biased variance of the batch per output channel, if the norm was [`Norm::Batch`]; no gradient flows
    /// through them.
    pub statistics: Option<(Tensor<1>, Tensor<1>)>,
}

/// Convolution of `x` (`[batch, in_channels, time]`), normalisation, activation and max-pooling.
///
/// # Errors
/// Zero settings, channels that do not match, an empty batch, and input too short for kernel or pool.
pub fn conv_block(
    x: Tensor<3>,
    weights: BlockWeights,
    options: BlockOptions,
) -> Result<BlockOutput, Conv1dError> {
    check(&x, &weights, options)?;
    let fused = options.conv.is_fast() && on_flex(&x, &weights.weight);
    Ok(if fused { run_fused(x, weights, options) } else { run_composed(x, weights, options) })
}

/// Convolves `x` (`[batch, in_channels, time]`) with `weight` (`[out_channels, in_channels / groups, kernel]`) and adds
/// `bias` (`[out_channels]`), as deep-learning libraries mean it: taps are not reversed. Gives
/// `[batch, out_channels, output_time]`.
///
/// # Errors
/// Zero settings, channels that do not match, an empty batch, and input shorter than the kernel.
pub fn conv1d(
    x: Tensor<3>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    options: Conv1dOptions,
) -> Result<Tensor<3>, Conv1dError> {
    let options = BlockOptions { conv: options, activation: Activation::None, pool: 1 };
    Ok(conv_block(x, BlockWeights { weight, bias, norm: Norm::None }, options)?.output)
}

fn check(x: &Tensor<3>, weights: &BlockWeights, options: BlockOptions) -> Result<(), Conv1dError> {
    let [batch, found, time] = x.dims();
    let [out_channels, group_channels, kernel] = weights.weight.dims();
    options.output_time(time, kernel)?;
    let groups = options.conv.groups;
    let expected = group_channels * groups;
    if expected == 0 || out_channels == 0 {
        return Err(Conv1dError::Zero { setting: "channels" });
    }
    if found != expected {
        return Err(Conv1dError::Channels { found, expected });
    }
    if out_channels % groups != 0 {
        return Err(Conv1dError::Groups { setting: "out_channels", channels: out_channels, groups });
    }
    let mut vectors = vec![("bias", weights.bias.as_ref())];
    match &weights.norm {
        Norm::None => {}
        Norm::Batch { gamma, beta, .. } => vectors.extend([("gamma", Some(gamma)), ("beta", Some(beta))]),
        Norm::Fixed { gamma, beta, mean, variance, .. } => vectors.extend([
            ("gamma", Some(gamma)),
            ("beta", Some(beta)),
            ("mean", Some(mean)),
            ("variance", Some(variance)),
        ]),
    }
    for (what, vector) in vectors {
        if let Some([found]) = vector.map(Tensor::dims)
            && found != out_channels
        {
            return Err(Conv1dError::PerChannel { what, found, expected: out_channels });
        }
    }
    if batch == 0 { Err(Conv1dError::EmptyBatch) } else { Ok(()) }
}

fn run_fused(x: Tensor<3>, weights: BlockWeights, options: BlockOptions) -> BlockOutput {
    let BlockWeights { weight, bias, norm } = weights;
    let norm = match norm {
        Norm::None => FusedNorm::None,
        Norm::Batch { gamma, beta, epsilon } => FusedNorm::Batch { gamma, beta, epsilon },
        Norm::Fixed { gamma, beta, mean, variance, epsilon } => {
            FusedNorm::Fixed { gamma, beta, mean, variance, epsilon }
        }
    };
    let fuses_pool = options.pool <= MAX_POOL;
    let block = FusedBlock {
        stride: options.conv.stride,
        padding: options.conv.padding,
        relu: options.activation == Activation::Relu,
        pool: if fuses_pool { options.pool } else { 1 },
    };
    let result = block.run(Pieces { input: x, weight, bias, norm });
    let output = if fuses_pool { result.output } else { pooled(result.output, options.pool) };
    BlockOutput { output, statistics: result.statistics }
}

/// The same by burn's operations one after the other.
fn run_composed(x: Tensor<3>, weights: BlockWeights, options: BlockOptions) -> BlockOutput {
    let BlockWeights { weight, bias, norm } = weights;
    let Conv1dOptions { stride, dilation, groups, padding } = options.conv;
    let settings = ConvOptions::new([stride], [padding], [dilation], groups);
    let x = burn::tensor::module::conv1d(x, weight, bias, settings);
    let (x, statistics) = normalised(x, norm);
    let x = if options.activation == Activation::Relu { relu(x) } else { x };
    BlockOutput { output: pooled(x, options.pool), statistics }
}

fn normalised(x: Tensor<3>, norm: Norm) -> (Tensor<3>, Option<(Tensor<1>, Tensor<1>)>) {
    let [_, channels, _] = x.dims();
    let wide = |vector: Tensor<1>| vector.reshape([1, channels, 1]);
    let scaled = |x: Tensor<3>, mean, variance: Tensor<3>, gamma, beta, epsilon: f64| {
        (x - mean) / (variance + epsilon).sqrt() * wide(gamma) + wide(beta)
    };
    match norm {
        Norm::None => (x, None),
        Norm::Fixed { gamma, beta, mean, variance, epsilon } => {
            (scaled(x, wide(mean), wide(variance), gamma, beta, epsilon), None)
        }
        Norm::Batch { gamma, beta, epsilon } => {
            let mean = x.clone().mean_dims(&[0, 2]);
            let variance = (x.clone() - mean.clone()).square().mean_dims(&[0, 2]);
            let flat = |wide: &Tensor<3>| wide.clone().detach().reshape([channels]);
            let statistics = (flat(&mean), flat(&variance));
            (scaled(x, mean, variance, gamma, beta, epsilon), Some(statistics))
        }
    }
}

fn pooled(x: Tensor<3>, pool: usize) -> Tensor<3> {
    if pool == 1 {
        return x;
    }
    burn::tensor::module::max_pool1d(x, MaxPoolOptions::new([pool]).with_stride([pool]))
}
