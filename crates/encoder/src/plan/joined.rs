//! Settings of the features that are learnt across people and joined to the front end's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Augment;
use crate::EncoderError;
use crate::range::{not_negative, positive, require, up_to};

/// Features that stand beside those of the front end and are whitened together with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Joined {
    /// A Siamese network of convolutions over time that sees one channel at a time, and so takes any montage.
    SharedConv(SharedConv),
}

impl Joined {
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let Self::SharedConv(net) = self;
        net.validate()
    }

    /// The steps that it is trained for.
    pub fn steps(&self) -> usize {
        let Self::SharedConv(net) = self;
        net.steps
    }
}

/// Settings of `shared_conv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SharedConv {
    /// Filters of each layer: 32, 32, 32.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub widths: Vec<usize>,
    /// Samples of the kernels of each layer, odd: 33, 15, 9.
    #[schemars(inner(range(min = 1)))]
    pub kernels: Vec<usize>,
    /// Samples between two outputs of every layer: 2.
    #[schemars(range(min = 1))]
    pub stride: usize,
    /// Features of each channel: 16.
    #[schemars(range(min = 1))]
    pub dim: usize,
    /// A sample is clipped at so many mean absolute values of its channel's window: 5.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub clip: f64,
    /// Prints that the loss compares have so many numbers: 128. A linear layer of each cohort makes them.
    #[schemars(range(min = 1))]
    pub head: usize,
    /// Steps, each on one cohort: 600.
    pub steps: usize,
    /// People of a batch, each with two windows: 32.
    #[schemars(range(min = 2))]
    pub people: usize,
    /// The temperature of the SupCon loss: 0.1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
    /// The learning rate at its highest, from where it falls to 0 along half a cosine: 0.002.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// Decoupled weight decay: 0.01.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
    /// The share of channels that a step leaves out: 0.2, 0 to 0.9.
    #[schemars(range(min = 0, max = 0.9))]
    pub dropout: f64,
    /// Where the kernels of the first layer start: `random`.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "random"))]
    pub initialise: KernelStart,
    /// Whether what a filter counts for depends on where on the head its channel lies: false. Channels must then have names of the
    /// 10-5 system.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = false))]
    pub positions: bool,
    /// Heads of the attention by which an epoch's channels learn from one another: 0, for none. They divide `dim`.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = 0))]
    pub mixing: usize,
    /// Changes made to epochs while they are learnt from, in the words of `batch.augment`: none.
    #[serde(skip_serializing_if = "is_default")]
    pub augment: Vec<Augment>,
}

/// Not written, so that plans made before the key was there keep their hash.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where the kernels of a first layer start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelStart {
    /// At random.
    #[default]
    Random,
    /// As a bank of Gabor kernels from 2 to 38 Hz, as the filterbank's; they are learnt on from there.
    Gabor,
}

impl Default for SharedConv {
    fn default() -> Self {
        Self {
            widths: vec![32, 32, 32],
            kernels: vec![33, 15, 9],
            stride: 2,
            dim: 16,
            clip: 5.0,
            head: 128,
            steps: 600,
            people: 32,
            temperature: 0.1,
            learning_rate: 2e-3,
            weight_decay: 0.01,
            dropout: 0.2,
            initialise: KernelStart::Random,
            positions: false,
            mixing: 0,
            augment: Vec::new(),
        }
    }
}

impl SharedConv {
    fn validate(&self) -> Result<(), EncoderError> {
        let default = "leave it out for the default";
        let fits = !self.widths.is_empty() && !self.widths.contains(&0);
        let limit = "one or more layers of 1 or more filters";
        require(fits, "joined.widths", format!("{:?}", self.widths), limit, default)?;
        let fits = self.kernels.len() == self.widths.len() && self.kernels.iter().all(|k| k % 2 == 1);
        let limit = format!("an odd number of samples for each of the {} layers", self.widths.len());
        require(fits, "joined.kernels", format!("{:?}", self.kernels), limit, default)?;
        for (key, value) in
            [("joined.stride", self.stride), ("joined.dim", self.dim), ("joined.head", self.head)]
        {
            require(value > 0, key, value, "1 or more", default)?;
        }
        require(self.people >= 2, "joined.people", self.people, "2 people or more", default)?;
        positive("joined.clip", self.clip, default)?;
        positive("joined.temperature", self.temperature, default)?;
        positive("joined.learning_rate", self.learning_rate, default)?;
        not_negative("joined.weight_decay", self.weight_decay, default)?;
        let fits = self.mixing == 0 || self.dim.is_multiple_of(self.mixing);
        let limit = format!("0, or a number of heads that divides joined.dim = {}", self.dim);
        require(fits, "joined.mixing", self.mixing, limit, "write 0 or 4")?;
        let bands = self.widths.first().copied().unwrap_or_default();
        let fits = self.initialise == KernelStart::Random || bands <= 128;
        require(fits, "joined.initialise", "gabor", "it has at most 128 filters", "write \"random\"")?;
        self.augment.iter().try_for_each(Augment::validate)?;
        up_to(0.9, "joined.dropout", self.dropout, default)
    }

    /// Samples of the shortest epoch that it takes: two are left for a deviation over time.
    pub(crate) fn shortest(&self) -> usize {
        self.stride.saturating_pow(self.widths.len() as u32).saturating_add(1)
    }
}
