//! The `text` table of a pattern: how recordings as text are laid out.

use serde::{Deserialize, Serialize};

/// How recordings as text (`.csv`, `.txt`, `.tsv`) are laid out; each key holds before what a file's header says.
///
/// | key | default | purpose |
/// | --- | --- | --- |
/// | `rate` | the header's | samples a second, in hertz |
/// | `unit` | `uV` | the unit of the channels |
/// | `columns` | the header's | the columns' names, where the file has no line of them |
/// | `channels` | the device's, else all numbers that serve nothing else | the columns that are channels |
/// | `names` | the columns' | the electrodes' names, one a channel in order |
/// | `time` | the device's | the column of time stamps: a jump is a gap |
/// | `counter` | the device's | the column in which the device counts samples: a jump is a gap |
/// | `events` | the device's | the column of events: a text, or a number other than 0 |
///
/// Headers of the OpenBCI GUI, Mind Monitor, muselsl and EmotivPRO are known, so that their files need no key at all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextTable {
    /// Samples a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The unit of the channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The columns' names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The columns that are channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The electrodes' names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The column of time stamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The column in which the device counts samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<String>,
    /// The column of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
}
