//! The block as a burn module.

use crate::extension::{FusedBlock, FusedNorm, Pieces, on_flex};
use crate::function::burn_conv1d;
use crate::kernel::elementwise::MAX_POOL;
use crate::{Activation, Conv1dBlockConfig, Conv1dError, Conv1dOptions};
use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::pool::MaxPool1dConfig;
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig1d};
use burn::tensor::{Device, Tensor};

/// Convolution, then batch norm, ReLU and max-pooling as configured.
///
/// Batch norm uses the statistics of the batch on a training (autodiff) device and the running ones otherwise, as burn's
/// does; like burn's, and unlike PyTorch's, its running variance is the biased one.
///
/// Tensors are `[batch, channels, time]`. Inside, samples are kept channels-last, and the output is a transposed *view* of
/// such data: the next block reads it without a copy.
#[derive(Module, Debug)]
pub struct Conv1dBlock {
    /// Weights `[out_channels, in_channels / groups, kernel]` and bias.
    pub conv: Conv1d,
    /// Scale, shift and running statistics, one per output channel.
    pub norm: Option<BatchNorm>,
    relu: bool,
    pool: usize,
    padding: usize,
}

impl Conv1dBlockConfig {
    /// A block with burn's default initial weights: uniform within ±1/√(in_channels / groups · kernel), scale 1, shift 0.
    ///
    /// # Errors
    /// As [`Conv1dBlockConfig::validate`].
    pub fn try_init(&self, device: &Device) -> Result<Conv1dBlock, Conv1dError> {
        self.validate()?;
        let conv = Conv1dConfig::new(self.in_channels, self.out_channels, self.kernel)
            .with_stride(self.stride)
            .with_dilation(self.dilation)
            .with_groups(self.groups)
            .with_padding(PaddingConfig1d::Explicit(self.padding, self.padding))
            .with_bias(self.bias)
            .init(device);
        Ok(Conv1dBlock {
            conv,
            norm: self.norm.then(|| BatchNormConfig::new(self.out_channels).init(device)),
            relu: self.activation == Activation::Relu,
            pool: self.pool.unwrap_or(1),
            padding: self.padding,
        })
    }

    /// [`Conv1dBlockConfig::try_init`] in the manner of burn's configurations.
    ///
    /// # Panics
    /// With that error's message if the settings are invalid; [`Conv1dBlockConfig::validate`] tells beforehand.
    #[allow(clippy::panic, reason = "burn's modules report misuse so; try_init is the checked form")]
    pub fn init(&self, device: &Device) -> Conv1dBlock {
        match self.try_init(device) {
            Ok(block) => block,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Conv1dBlock {
    fn options(&self) -> Conv1dOptions {
        Conv1dOptions {
            stride: self.conv.stride,
            dilation: self.conv.dilation,
            groups: self.conv.groups,
            padding: self.padding,
        }
    }

    /// `[batch, in_channels, time]` to `[batch, out_channels, output_time]`.
    ///
    /// # Errors
    /// An empty batch, other channels than configured, and input too short for kernel or pool.
    pub fn try_forward(&self, x: Tensor<3>) -> Result<Tensor<3>, Conv1dError> {
        let [batch, found, time] = x.dims();
        let [_, group_channels, kernel] = self.conv.weight.dims();
        let options = self.options();
        let expected = group_channels * options.groups;
        if found != expected {
            return Err(Conv1dError::Channels { found, expected });
        }
        if batch == 0 {
            return Err(Conv1dError::EmptyBatch);
        }
        let convolved = options.output_time(time, kernel)?;
        if convolved < self.pool {
            return Err(Conv1dError::PoolTooWide { pool: self.pool, time: convolved });
        }
        let weight = self.conv.weight.val();
        let fused = options.is_plain() && on_flex(&x, &weight);
        Ok(if fused { self.fused(x, weight) } else { self.composed(x, weight) })
    }

    /// [`Conv1dBlock::try_forward`] in the manner of burn's modules.
    ///
    /// # Panics
    /// With that error's message on input of the wrong shape; [`Conv1dBlockConfig::output_time`] tells beforehand.
    #[allow(clippy::panic, reason = "burn's modules report misuse so; try_forward is the checked form")]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match self.try_forward(x) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same by burn's operations one after the other.
    fn composed(&self, x: Tensor<3>, weight: Tensor<3>) -> Tensor<3> {
        let bias = self.conv.bias.as_ref().map(|bias| bias.val());
        let x = burn_conv1d(x, weight, bias, self.options());
        let x = match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let x = if self.relu { burn::tensor::activation::relu(x) } else { x };
        pooled(x, self.pool)
    }

    fn fused(&self, x: Tensor<3>, weight: Tensor<3>) -> Tensor<3> {
        let training = x.device().is_autodiff();
        let norm = match &self.norm {
            None => FusedNorm::None,
            Some(norm) if training && norm.training.is_enabled() => {
                FusedNorm::Batch { gamma: norm.gamma.val(), beta: norm.beta.val(), epsilon: norm.epsilon }
            }
            Some(norm) => {
                let device = x.device();
                FusedNorm::Fixed {
                    gamma: norm.gamma.val(),
                    beta: norm.beta.val(),
                    mean: norm.running_mean.value().to_device(&device),
                    variance: norm.running_var.value().to_device(&device),
                    epsilon: norm.epsilon,
                }
            }
        };
        let bias = self.conv.bias.as_ref().map(|bias| bias.val());
        let fuses_pool = self.pool <= MAX_POOL;
        let block = FusedBlock {
            padding: self.padding,
            relu: self.relu,
            pool: if fuses_pool { self.pool } else { 1 },
        };
        let result = block.run(Pieces { input: x, weight, bias, norm });
        if let (Some(norm), Some((mean, variance))) = (&self.norm, result.statistics) {
            update_running(norm, mean, variance);
        }
        if fuses_pool { result.output } else { pooled(result.output, self.pool) }
    }
}

fn pooled(x: Tensor<3>, pool: usize) -> Tensor<3> {
    if pool == 1 {
        return x;
    }
    MaxPool1dConfig::new(pool).with_stride(pool).init().forward(x)
}

/// running = (1 − momentum)·running + momentum·batch
fn update_running(norm: &BatchNorm, mean: Tensor<1>, variance: Tensor<1>) {
    let momentum = norm.momentum;
    for (state, batch) in [(&norm.running_mean, mean), (&norm.running_var, variance)] {
        let batch = batch.detach();
        let running = state.value_sync().to_device(&batch.device());
        let updated = running.mul_scalar(1.0 - momentum).add(batch.mul_scalar(momentum));
        state.update(updated.detach());
    }
}
