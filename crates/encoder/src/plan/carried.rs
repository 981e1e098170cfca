//! An encoder that was learnt elsewhere, as a plan names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of an encoder that was learnt elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Adapt {
    /// Nothing: it is used as it is. Default.
    #[default]
    None,
    /// What it has learnt to see is kept; standardising and whitening are fitted again.
    ClosedForm,
    /// Its weights are where gradient steps start.
    FineTune,
}
