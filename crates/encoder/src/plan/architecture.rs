//! Which network an encoder is; the networks are in `front` and `net`.

use serde::{Deserialize, Serialize};

use super::filterbank::Filterbank;
use super::range::require;
use crate::EncoderError;

/// A network by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Architecture {
    /// Gabor filterbank, channel pairs, log power and a linear head: the measured recipe.
    Filterbank(Filterbank),
    /// A plain stack of convolutions.
    Conv(Conv),
    /// A residual network over time.
    Resnet1d(Resnet1d),
    /// Temporal kernels shared by all channels, as BrainNet has them.
    TwinCnn(TwinCnn),
}

impl Default for Architecture {
    fn default() -> Self {
        Self::Filterbank(Filterbank::default())
    }
}

impl Architecture {
    /// The name it is chosen by.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Filterbank(_) => "filterbank",
            Self::Conv(_) => "conv",
            Self::Resnet1d(_) => "resnet1d",
            Self::TwinCnn(_) => "twin_cnn",
        }
    }

    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        match self {
            Self::Filterbank(bank) => bank.validate(),
            Self::Conv(net) => net.validate(),
            Self::Resnet1d(net) => net.validate(),
            Self::TwinCnn(net) => net.validate(),
        }
    }

    /// Checks that an epoch of `samples` is long enough.
    pub(crate) fn check_samples(&self, samples: usize) -> Result<(), EncoderError> {
        let shortest = match self {
            Self::Filterbank(_) => 1,
            Self::Conv(net) => net.shortest(),
            Self::Resnet1d(_) => 2,
            Self::TwinCnn(net) => net.shortest(),
        };
        let limit = format!("pooling leaves nothing of an epoch of {samples} samples, it needs {shortest}");
        let (found, remedy) = (format!("of {}", self.name()), "take fewer layers or cut longer epochs");
        require(samples >= shortest, "architecture.widths", found, limit, remedy)
    }
}

/// Settings of the `conv` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv {
    /// Channels after each layer: 64, 64, 128.
    pub widths: Vec<usize>,
    /// Samples of every kernel, odd: 9.
    pub kernel: usize,
    /// Samples that each pooling makes one: 2.
    pub pool: usize,
    /// The length of a print: 128.
    pub dim: usize,
}

impl Default for Conv {
    fn default() -> Self {
        Self { widths: vec![64, 64, 128], kernel: 9, pool: 2, dim: 128 }
    }
}

impl Conv {
    fn validate(&self) -> Result<(), EncoderError> {
        check_widths(&self.widths, self.kernel, self.dim)?;
        require(self.pool > 0, "architecture.pool", 0, "1 or more samples", "2 is the default")
    }

    fn shortest(&self) -> usize {
        self.pool.saturating_pow(self.widths.len() as u32)
    }
}

/// Settings of the `resnet1d` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resnet1d {
    /// Channels of each stage: 32, 64, 128.
    pub widths: Vec<usize>,
    /// Samples of every kernel but the first, odd: 7.
    pub kernel: usize,
    /// Samples of the first kernel, odd: 15.
    pub stem: usize,
    /// The length of a print: 128.
    pub dim: usize,
}

impl Default for Resnet1d {
    fn default() -> Self {
        Self { widths: vec![32, 64, 128], kernel: 7, stem: 15, dim: 128 }
    }
}

impl Resnet1d {
    fn validate(&self) -> Result<(), EncoderError> {
        check_widths(&self.widths, self.kernel, self.dim)?;
        check_widths(&self.widths, self.stem, self.dim)
    }
}

/// Settings of the `twin_cnn` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwinCnn {
    /// Filters of each layer: 32, 16, 8.
    pub widths: Vec<usize>,
    /// Samples of every kernel, odd: 15.
    pub kernel: usize,
    /// The length of a print: 32.
    pub dim: usize,
}

impl Default for TwinCnn {
    fn default() -> Self {
        Self { widths: vec![32, 16, 8], kernel: 15, dim: 32 }
    }
}

impl TwinCnn {
    /// Samples that each pooling makes one.
    pub(crate) const POOL: usize = 2;

    fn validate(&self) -> Result<(), EncoderError> {
        check_widths(&self.widths, self.kernel, self.dim)
    }

    fn shortest(&self) -> usize {
        Self::POOL.saturating_pow(self.widths.len() as u32)
    }
}

/// Checks what all convolutional networks have.
fn check_widths(widths: &[usize], kernel: usize, dim: usize) -> Result<(), EncoderError> {
    let (fits, found) = (!widths.is_empty() && !widths.contains(&0), format!("{widths:?}"));
    let limit = "one or more layers of 1 or more channels";
    require(fits, "architecture.widths", found, limit, "leave it out for the default")?;
    let limit = "an odd number of samples";
    require(!kernel.is_multiple_of(2), "architecture.kernel", kernel, limit, "9 is usual")?;
    require(dim > 0, "architecture.dim", dim, "1 or more", "128 is usual")
}
