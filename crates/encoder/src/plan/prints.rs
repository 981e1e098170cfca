//! What becomes of prints after the encoder: back end, fusion, attention.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_closed::SHRINKAGE;

use crate::EncoderError;
use crate::range::{not_negative, positive, require, up_to};

/// What is fitted to the prints of the training subjects after the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Backend {
    /// Prints stay as the encoder makes them.
    #[default]
    None,
    /// Whitening by the within-subject covariance.
    Wccn {
        /// Shrinkage of the covariance: 0.3.
        #[serde(default = "shrinkage")]
        #[schemars(range(min = 0, max = 1))]
        shrinkage: f64,
    },
    /// Linear discriminant analysis: at most subjects − 1 dimensions are left.
    Lda {
        /// Shrinkage of the within-subject covariance: 0.3.
        #[serde(default = "shrinkage")]
        #[schemars(range(min = 0, max = 1))]
        shrinkage: f64,
    },
    /// Two-covariance probabilistic linear discriminant analysis.
    Plda {
        /// Shrinkage of both covariances: 0.3.
        #[serde(default = "shrinkage")]
        #[schemars(range(min = 0, max = 1))]
        shrinkage: f64,
    },
}

/// What a print is joined with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fusion {
    /// The feature; its whitening is fitted to the training subjects.
    pub with: Partner,
    /// What its score counts, the encoder's counting 1: 1, above 0.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub weight: f64,
    /// The shrinkage of its within-subject covariance: 0.3.
    #[serde(default = "shrinkage")]
    #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
    pub shrinkage: f64,
}

fn one() -> f64 {
    1.0
}

fn shrinkage() -> f64 {
    SHRINKAGE
}

/// A classical feature, named as the baseline that uses it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Partner {
    /// Log-covariance in six bands.
    TangentWccn,
    /// Log Welch power of the average reference, 1–40 Hz.
    LogPsdWccn,
}

impl Fusion {
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let remedy = "1 counts both alike; leave the partner out for none";
        positive("fusion.weight", self.weight, remedy)?;
        let (fits, limit) =
            (self.shrinkage > 0.0 && self.shrinkage <= 1.0, "it must lie above 0 and not above 1");
        require(fits, "fusion.shrinkage", self.shrinkage, limit, "0.3 is the default")
    }
}

/// Settings of the attention over epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Attention {
    /// Parts of the training people, each scored by an encoder fitted to the others: 5, at least 2; fewer where a part
    /// would hold less than two people.
    #[schemars(range(min = 2))]
    pub folds: usize,
    /// Units of the hidden layer: 64, 1 to 4096.
    #[schemars(range(min = 1, max = 4096))]
    pub hidden: usize,
    /// Steps, each on one part: 300, at least 1.
    #[schemars(range(min = 1))]
    pub steps: usize,
    /// The learning rate at its highest, from where it falls to 0 along half a cosine: 0.003.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// Decoupled weight decay: 0.01.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
    /// The share of features and hidden units that a step leaves out: 0.3, 0 to 0.9.
    #[schemars(range(min = 0, max = 0.9))]
    pub dropout: f64,
}

impl Default for Attention {
    fn default() -> Self {
        Self { folds: 5, hidden: 64, steps: 300, learning_rate: 3e-3, weight_decay: 0.01, dropout: 0.3 }
    }
}

impl Attention {
    /// People it is learnt between, at least.
    pub const PEOPLE: usize = 4;

    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let default = "leave it out for the default";
        require(self.folds >= 2, "attention.folds", self.folds, "2 parts or more", default)?;
        let fits = (1..=4096).contains(&self.hidden);
        require(fits, "attention.hidden", self.hidden, "1 to 4096 units", default)?;
        require(self.steps > 0, "attention.steps", self.steps, "1 step or more", default)?;
        positive("attention.learning_rate", self.learning_rate, default)?;
        not_negative("attention.weight_decay", self.weight_decay, default)?;
        up_to(0.9, "attention.dropout", self.dropout, default)
    }
}
