//! Settings of a convolution and of a block.

use crate::Conv1dError;

/// How a kernel moves over the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv1dOptions {
    /// Samples between two outputs. Default 1, at least 1.
    pub stride: usize,
    /// Samples between two taps of the kernel. Default 1, at least 1.
    pub dilation: usize,
    /// Groups of channels that do not see one another. Default 1, at least 1.
    pub groups: usize,
    /// Zeros added before the first and after the last sample. Default 0.
    pub padding: usize,
}

impl Default for Conv1dOptions {
    fn default() -> Self {
        Self { stride: 1, dilation: 1, groups: 1, padding: 0 }
    }
}

impl Conv1dOptions {
    /// Samples that the convolution of `time` samples with `kernel` taps has:
    /// `⌊(time + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`.
    ///
    /// # Errors
    /// [`Conv1dError::Zero`] for a zero setting, [`Conv1dError::TooShort`] if the padded input is shorter than the kernel.
    pub fn output_time(&self, time: usize, kernel: usize) -> Result<usize, Conv1dError> {
        for (setting, value) in [
            ("kernel", kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
            ("groups", self.groups),
        ] {
            if value == 0 {
                return Err(Conv1dError::Zero { setting });
            }
        }
        let span = (kernel - 1).saturating_mul(self.dilation).saturating_add(1);
        let padded = time.saturating_add(self.padding.saturating_mul(2));
        if time == 0 || padded < span {
            return Err(Conv1dError::TooShort {
                time,
                padding: self.padding,
                span,
                needed: span.saturating_sub(2 * self.padding).max(1),
            });
        }
        Ok((padded - span) / self.stride + 1)
    }

    /// Whether this crate has its own arithmetic for these settings.
    pub(crate) fn is_fast(&self) -> bool {
        self.dilation == 1 && self.groups == 1
    }
}

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// max(0, x)
    #[default]
    Relu,
    /// The values as they are.
    None,
}

/// Settings of a block: [`crate::conv_block`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockOptions {
    /// How wide, with which padding and in how many groups it is convolved.
    pub conv: Conv1dOptions,
    /// What follows the normalisation. Default ReLU.
    pub activation: Activation,
    /// Samples per maximum, 1 for no max-pooling; left-over samples at the end are dropped. Default 1.
    pub pool: usize,
}

impl Default for BlockOptions {
    fn default() -> Self {
        Self { conv: Conv1dOptions::default(), activation: Activation::Relu, pool: 1 }
    }
}

impl BlockOptions {
    /// Samples that a block with `kernel` taps makes of `time` samples.
    ///
    /// # Errors
    /// As [`Conv1dOptions::output_time`], and [`Conv1dError::PoolTooWide`].
    pub fn output_time(&self, time: usize, kernel: usize) -> Result<usize, Conv1dError> {
        let time = self.conv.output_time(time, kernel)?;
        match time.checked_div(self.pool) {
            None => Err(Conv1dError::Zero { setting: "pool" }),
            Some(0) => Err(Conv1dError::PoolTooWide { pool: self.pool, time }),
            Some(pooled) => Ok(pooled),
        }
    }
}
