//! The architectures, one file each, chosen by name. Both twins go through one network, so weights are shared by
//! construction.

mod band_power;
mod conv;
mod covariances;
mod filterbank;
mod gabor;
mod resnet1d;
mod twin_cnn;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub(crate) use band_power::Features;
pub use conv::Conv;
pub use filterbank::{AverageReference, Filterbank, Spatial};
pub use gabor::Bands;
pub use resnet1d::Resnet1d;
pub use twin_cnn::TwinCnn;

use crate::EncoderError;
use crate::weights::{Bound, Parameter};

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

/// The shape of what enters a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InputShape {
    /// Channels, or 1 for features.
    pub channels: usize,
    /// Samples, or the number of features.
    pub samples: usize,
}

/// Whether a forward pass is to learn from.
pub(crate) struct Pass {
    /// Batch statistics are used and noted, rather than running ones.
    pub training: bool,
    /// New values of parameters that are not trained by gradient: running statistics.
    pub updates: Vec<(String, Vec<f32>)>,
}

impl Pass {
    pub fn new(training: bool) -> Self {
        Self { training, updates: Vec::new() }
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
        if samples >= shortest {
            return Ok(());
        }
        Err(EncoderError::plan(
            "architecture.widths",
            format!("of {}", self.name()),
            format!("pooling leaves nothing of an epoch of {samples} samples, it needs {shortest}"),
            "take fewer layers or cut longer epochs",
        ))
    }

    /// The length of a print.
    pub(crate) fn dim(&self, input: InputShape) -> usize {
        match self {
            Self::Filterbank(bank) if bank.dim == 0 => input.samples,
            Self::Filterbank(bank) => bank.dim,
            Self::Conv(net) => net.dim,
            Self::Resnet1d(net) => net.dim,
            Self::TwinCnn(net) => net.dim,
        }
    }

    /// Fresh random parameters.
    pub(crate) fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        match self {
            Self::Filterbank(_) => {
                let shape = [input.samples, self.dim(input)];
                vec![Parameter::uniform("head.weight", &shape, input.samples, rng)]
            }
            Self::Conv(net) => net.parameters(input, rng),
            Self::Resnet1d(net) => net.parameters(input, rng),
            Self::TwinCnn(net) => net.parameters(input, rng),
        }
    }

    /// Prints of `rows` `[batch, channels · samples]`, not yet of unit length: `[batch, dim]`.
    pub(crate) fn forward(
        &self,
        input: InputShape,
        rows: Tensor<2>,
        bound: &Bound,
        pass: &mut Pass,
    ) -> Result<Tensor<2>, EncoderError> {
        let batch = rows.dims()[0];
        let epochs = |rows: Tensor<2>| rows.reshape([batch, input.channels, input.samples]);
        match self {
            Self::Filterbank(_) => Ok(rows.matmul(bound.get::<2>("head.weight")?)),
            Self::Conv(net) => net.forward(epochs(rows), bound, pass),
            Self::Resnet1d(net) => net.forward(epochs(rows), bound, pass),
            Self::TwinCnn(net) => net.forward(epochs(rows), bound, pass),
        }
    }
}

/// Checks what all convolutional networks have.
fn check_widths(widths: &[usize], kernel: usize, dim: usize) -> Result<(), EncoderError> {
    if widths.is_empty() || widths.contains(&0) {
        return Err(EncoderError::plan(
            "architecture.widths",
            format!("{widths:?}"),
            "one or more layers of 1 or more channels",
            "leave it out for the default",
        ));
    }
    if kernel.is_multiple_of(2) {
        return Err(EncoderError::plan(
            "architecture.kernel",
            kernel,
            "an odd number of samples",
            "9 is usual",
        ));
    }
    if dim == 0 {
        return Err(EncoderError::plan("architecture.dim", dim, "1 or more", "128 is usual"));
    }
    Ok(())
}

#[cfg(test)]
#[path = "networks_tests.rs"]
mod networks;
