//! Settings of a convolution and of a block.

use crate::Conv1dError;
use serde::{Deserialize, Serialize};

/// How a kernel moves over the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
    pub(crate) fn is_plain(&self) -> bool {
        self.stride == 1 && self.dilation == 1 && self.groups == 1
    }
}

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x)
    #[default]
    Relu,
    /// Nothing.
    None,
}

/// Settings of a [`crate::Conv1dBlock`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv1dBlockConfig {
    /// Channels of the input. Default 1, a multiple of `groups`.
    pub in_channels: usize,
    /// Channels of the output. Default 64, a multiple of `groups`.
    pub out_channels: usize,
    /// Taps of the kernel. Default 9, at least 1.
    pub kernel: usize,
    /// Samples between two outputs. Default 1.
    pub stride: usize,
    /// Samples between two taps. Default 1.
    pub dilation: usize,
    /// Groups of channels. Default 1.
    pub groups: usize,
    /// Zeros on each side. Default 4, which with kernel 9 keeps the length.
    pub padding: usize,
    /// Whether the convolution adds a constant per channel. Default false: batch norm would take it away again.
    pub bias: bool,
    /// Whether batch norm follows (epsilon 1e-5, momentum 0.1). Default true.
    pub norm: bool,
    /// What follows it. Default ReLU.
    pub activation: Activation,
    /// Samples per maximum, if the output is max-pooled; left-over samples at the end are dropped. Default 2.
    pub pool: Option<usize>,
}

impl Default for Conv1dBlockConfig {
    fn default() -> Self {
        Self {
            in_channels: 1,
            out_channels: 64,
            kernel: 9,
            stride: 1,
            dilation: 1,
            groups: 1,
            padding: 4,
            bias: false,
            norm: true,
            activation: Activation::Relu,
            pool: Some(2),
        }
    }
}

impl Conv1dBlockConfig {
    /// The convolution's part of the settings.
    pub fn options(&self) -> Conv1dOptions {
        Conv1dOptions {
            stride: self.stride,
            dilation: self.dilation,
            groups: self.groups,
            padding: self.padding,
        }
    }

    /// Checks what does not depend on an input.
    ///
    /// # Errors
    /// [`Conv1dError::Zero`] and [`Conv1dError::Groups`], naming the setting.
    pub fn validate(&self) -> Result<(), Conv1dError> {
        for (setting, value) in [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
            ("kernel", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
            ("groups", self.groups),
            ("pool", self.pool.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(Conv1dError::Zero { setting });
            }
        }
        for (setting, channels) in [("in_channels", self.in_channels), ("out_channels", self.out_channels)] {
            if channels % self.groups != 0 {
                return Err(Conv1dError::Groups { setting, channels, groups: self.groups });
            }
        }
        Ok(())
    }

    /// Samples that a block of these settings makes of `time` samples.
    ///
    /// # Errors
    /// As [`Conv1dOptions::output_time`], and [`Conv1dError::PoolTooWide`].
    pub fn output_time(&self, time: usize) -> Result<usize, Conv1dError> {
        let time = self.options().output_time(time, self.kernel)?;
        let pool = self.pool.unwrap_or(1);
        match time.checked_div(pool) {
            None => Err(Conv1dError::Zero { setting: "pool" }),
            Some(0) => Err(Conv1dError::PoolTooWide { pool, time }),
            Some(pooled) => Ok(pooled),
        }
    }
}
