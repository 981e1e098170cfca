//! How weights are changed, and when that ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How weights are changed: AdamW (Loshchilov, Hutter, 2019).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Optimiser {
    /// Steps; 0 leaves the initial state. Absent: 300 where weights start at random or the plan says how to learn (a loss, batches, early
    /// stopping, any other key of this table), otherwise 0: steps from the closed form were measured to take more than they give.
    pub steps: Option<usize>,
    /// The learning rate at its highest: 0.0001.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// Decoupled weight decay: 0.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
    /// How the learning rate changes over the steps.
    pub schedule: Schedule,
    /// Steps over which the learning rate rises from 0 first: 0.
    pub warmup: usize,
    /// The gradient's highest L2 norm over all parameters; 0 for no limit.
    #[schemars(range(min = 0))]
    pub clip: f64,
    /// Decay of the running average of the weights that is kept as the result, below 1; 0 keeps the last weights.
    #[schemars(range(min = 0, max = 0.999999))]
    pub average: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            steps: None,
            learning_rate: 1e-4,
            weight_decay: 0.0,
            schedule: Schedule::Cosine,
            warmup: 0,
            clip: 0.0,
            average: 0.0,
        }
    }
}

/// How the learning rate changes over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Down to 0 along half a cosine.
    Cosine,
    /// Down to 0 along a line.
    Linear,
    /// The highest rate at every step.
    Constant,
}

/// Steps of a plan that learns and does not say how many.
pub(super) const USUAL_STEPS: usize = 300;

impl Optimiser {
    /// How many steps are taken; of a plan that was not checked, whose steps may be absent, the usual number.
    pub fn steps(&self) -> usize {
        self.steps.unwrap_or(USUAL_STEPS)
    }

    /// The learning rate of `step`, counted from 0.
    pub fn rate(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / self.warmup as f64;
        }
        let span = self.steps().saturating_sub(self.warmup).max(1) as f64;
        let done = (step - self.warmup) as f64 / span;
        self.learning_rate
            * match self.schedule {
                Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()),
                Schedule::Linear => (1.0 - done).max(0.0),
                Schedule::Constant => 1.0,
            }
    }
}

/// When training stops before its last step: by the equal error rate of dev subjects, which the caller computes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// Steps between two looks at the dev subjects; 0 for none. The weights of the best look are the result.
    pub every: usize,
    /// Looks without a better score before training stops; 0 to go on to the last step.
    pub patience: usize,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self { every: 0, patience: 5 }
    }
}
