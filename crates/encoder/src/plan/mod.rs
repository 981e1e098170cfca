//! What the user writes about the encoder: the `[encoder]` table of a pipeline.

mod architecture;
mod batch;
mod carried;
mod check;
mod filterbank;
mod joined;
mod loss;
mod optimiser;
mod prints;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use architecture::Architecture;
pub use batch::{Augment, Batch, Sampler};
pub use carried::Adapt;
pub use check::CheckedPlan;
pub use filterbank::{AverageReference, Bands, Filterbank, Spatial, write_out_absent};
pub use joined::{Joined, KernelStart, SharedConv};
pub use loss::{
    ArcFace, Contrastive, Distance, Koch, Loss, NPair, Prototypical, SubjectSoftmax, SupCon, Triplet,
};
pub use optimiser::{EarlyStopping, Optimiser, Schedule};
pub use prints::{Attention, Backend, Fusion, Partner};

/// Everything an encoder is made by. The defaults are the measured recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Encoder")]
pub struct Plan {
    /// The network, and the features it takes where it takes some.
    pub architecture: Architecture,
    /// Where its weights start.
    pub initialise: Init,
    /// What training minimises.
    pub loss: Loss,
    /// Further losses added to it. None.
    pub auxiliary: Vec<Auxiliary>,
    /// What a batch is made of.
    pub batch: Batch,
    /// How weights are changed.
    pub optimiser: Optimiser,
    /// When training stops before its last step.
    pub early_stopping: EarlyStopping,
    /// What is fitted to the trained encoder's prints. Nothing.
    pub backend: Backend,
    /// How many encoders are trained, each from its own seed, 1 to 64; prints are their concatenation. 1.
    #[schemars(range(min = 1, max = 64))]
    pub ensemble: usize,
    /// Steps between two checkpoints, where the caller keeps them: 100; 0 for none.
    pub checkpoint_every: usize,
    /// Classical features that prints are joined with: score fusion. None.
    pub fusion: Vec<Fusion>,
    /// Features that are learnt across people and cohorts, joined to those of the front end and whitened with them. None.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Joined>,
    /// How much each epoch counts where prints are averaged, learnt between training people. None: all alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
    /// A packed model to start from in place of an encoder that is learnt here. None. What the model says of the network is
    /// taken from it, and not from the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// What becomes of that model on the people at hand: `none` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapt: Option<Adapt>,
    /// The hash of that model, as `twinprint model show` has it: filled in where it is absent; another model is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_encoder: Option<String>,
    /// From which every random choice is derived. Unless given, it is itself derived from the plan's `seed`.
    pub seed: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            architecture: Architecture::default(),
            initialise: Init::default(),
            loss: Loss::default(),
            auxiliary: Vec::new(),
            batch: Batch::default(),
            optimiser: Optimiser::default(),
            early_stopping: EarlyStopping::default(),
            backend: Backend::default(),
            ensemble: 1,
            checkpoint_every: 100,
            fusion: Vec::new(),
            joined: Vec::new(),
            attention: None,
            from: None,
            adapt: None,
            from_encoder: None,
            seed: 0,
        }
    }
}

/// Where the weights of a network start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Init {
    /// Whether the linear head of `filterbank` starts as the whitening by the within-subject covariance (WCCN)
    /// rather than at random. Absent: yes for `filterbank`, no for the others, which have no such head.
    pub whitening: Option<bool>,
    /// The shrinkage of that covariance toward a multiple of the identity, 0 to 1. Absent: 2 over the number of people learnt from, but
    /// 0.1 to 0.3: few people show little of what to overlook.
    #[schemars(range(min = 0, max = 1))]
    pub shrinkage: Option<f64>,
    /// How often the covariance of what differs between the recordings of a person is added to it: 3, at least 0.
    /// Probing another recording than enrolled, that is what must be overlooked; epochs alone show mostly noise.
    #[schemars(range(min = 0))]
    pub across_recordings: f64,
}

impl Default for Init {
    fn default() -> Self {
        Self { whitening: None, shrinkage: None, across_recordings: 3.0 }
    }
}

impl Init {
    /// The shrinkage where it is learnt from so many people.
    pub(crate) fn shrinkage_of(&self, people: usize) -> f64 {
        self.shrinkage.unwrap_or((2.0 / people.max(1) as f64).clamp(0.1, 0.3))
    }
}

/// A further loss and how much it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auxiliary {
    /// The loss that is added to the plan's first.
    pub loss: Loss,
    /// What its value is multiplied by: above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub weight: f64,
}

/// The keys under which two plans differ.
pub(crate) fn plan_differences(model: &Plan, wanted: &Plan) -> Vec<String> {
    let object = |plan: &Plan| match serde_json::to_value(plan) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (model, wanted) = (object(model), object(wanted));
    let differs = model.iter().filter(|&(key, value)| wanted.get(key) != Some(value));
    differs
        .map(|(key, value)| {
            let other = wanted.get(key).map_or_else(|| "absent".to_owned(), ToString::to_string);
            format!("its {key} is {value}, wanted is {other}")
        })
        .collect()
}
