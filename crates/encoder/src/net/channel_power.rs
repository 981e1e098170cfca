//! An example network: the log power of each channel, and a linear layer that learns how much each counts.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers;
use super::network::Network;
use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::range::require;
use crate::weights::{Bound, Parameter};

/// Settings of the `channel_power` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelPower {
    /// The length of a print: 16.
    #[schemars(range(min = 1))]
    pub dim: usize,
}

impl Default for ChannelPower {
    fn default() -> Self {
        Self { dim: 16 }
    }
}

impl Network for ChannelPower {
    fn validate(&self) -> Result<(), EncoderError> {
        require(self.dim > 0, "architecture.dim", self.dim, "1 or more", "16 is the default")
    }

    fn shortest(&self) -> usize {
        1
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        layers::linear_parameters("head", input.channels, self.dim, rng)
    }

    fn forward(&self, epochs: Tensor<3>, bound: &Bound, _: &mut Pass) -> Result<Tensor<2>, EncoderError> {
        let power = layers::mean_over_time(epochs.square()); // [batch, channels]
        layers::linear(bound, "head", (power + 1e-3).log())
    }
}
