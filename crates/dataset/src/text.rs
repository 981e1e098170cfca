//! The `text` table of a pattern: how recordings as text are laid out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How recordings as text (`.csv`, `.txt`, `.tsv`) are laid out; each key holds before what a file's header says.
///
/// Headers of the OpenBCI GUI, Mind Monitor, muselsl and EmotivPRO are known, so that their files need no key at all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TextTable {
    /// Samples a second, in hertz, above 0. Default: the header's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub rate: Option<f64>,
    /// The unit of the channels. Default: `uV`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The columns' names, where the file has no line of them. Default: the header's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The columns that are channels. Default: the device's, else all numbers that serve nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The electrodes' names, one a channel in order. Default: the columns' names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The column of time stamps: a jump is a gap. Default: the device's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The column in which the device counts samples: a jump is a gap. Default: the device's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<String>,
    /// The column of events: a text, or a number other than 0. Default: the device's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
}
