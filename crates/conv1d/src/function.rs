//! The bare convolution.

use crate::extension::{FusedBlock, FusedNorm, Pieces, on_flex};
use crate::{Conv1dError, Conv1dOptions};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

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
    let [batch, channels, time] = x.dims();
    let [out_channels, group_channels, kernel] = weight.dims();
    options.output_time(time, kernel)?;
    if channels != group_channels * options.groups {
        let expected = group_channels * options.groups;
        return Err(Conv1dError::Channels { found: channels, expected });
    }
    if out_channels % options.groups != 0 {
        return Err(Conv1dError::Groups {
            setting: "out_channels",
            channels: out_channels,
            groups: options.groups,
        });
    }
    if let Some(bias) = &bias {
        let [found] = bias.dims();
        if found != out_channels {
            return Err(Conv1dError::Bias { found, expected: out_channels });
        }
    }
    if batch == 0 {
        return Err(Conv1dError::EmptyBatch);
    }
    if options.is_plain() && on_flex(&x, &weight) {
        let pieces = Pieces { input: x, weight, bias, norm: FusedNorm::None };
        let block = FusedBlock { padding: options.padding, relu: false, pool: 1 };
        return Ok(block.run(pieces).output);
    }
    Ok(burn_conv1d(x, weight, bias, options))
}

/// burn's own convolution.
pub(crate) fn burn_conv1d(
    x: Tensor<3>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    options: Conv1dOptions,
) -> Tensor<3> {
    let options = ConvOptions::new([options.stride], [options.padding], [options.dilation], options.groups);
    burn::tensor::module::conv1d(x, weight, bias, options)
}
