//! A fitted encoder as one safetensors file that other programs can compute with, and back.
//!
//! Beside the fitted numbers it holds the fixed parts of the network as plain weights, so that nobody needs this crate's
//! random streams: `members.I.temporal.weight` `[bands, taps]` and `members.I.spatial.weight` `[bands, sites, channels]` of a
//! filterbank. The metadata entry `twinprint` is JSON: channels, rate, samples, and the settings of the formula.

use std::collections::HashMap;
use std::path::Path;

use serde_json::json;

use super::Model;
use crate::error::{EncoderError, FormatError};
use crate::files::{layout, parse, read_file, write_atomically};
use crate::front::Front;
use crate::weights::Parameter;

impl Model {
    /// Writes the encoder to one file, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn export_weights(&self, path: &Path) -> Result<(), EncoderError> {
        let tensors: Vec<Parameter> = self.tensors().into_iter().chain(self.fixed()).collect();
        let about = HashMap::from([("twinprint".to_owned(), self.description_for_others().to_string())]);
        write_atomically(path, &layout(&tensors, Some(about))?)
    }

    /// This encoder with the fitted numbers of a file that another program wrote: every tensor of the same name and shape.
    ///
    /// # Errors
    /// When a tensor is missing, has another shape or type, is not finite, or a fixed part of the network differs; the error
    /// lists them.
    pub fn with_weights(&self, path: &Path) -> Result<Self, EncoderError> {
        let bytes = read_file(path)?;
        self.with_weights_of(&bytes).map_err(|error| EncoderError::format(path, error))
    }

    fn with_weights_of(&self, bytes: &[u8]) -> Result<Self, FormatError> {
        let found = parse(bytes)?;
        let mut differences = Vec::new();
        let fixed = self.fixed();
        for wanted in self.tensors().iter().chain(&fixed) {
            differences.extend(difference(wanted, found.get(&wanted.name)));
        }
        let changed = |part: &&Parameter| {
            found.get(&part.name).is_some_and(|given| !close(&given.values, &part.values))
        };
        differences.extend(fixed.iter().filter(changed).map(|part| {
            format!("{} is a fixed part of the architecture and was changed: leave it as it was", part.name)
        }));
        if differences.is_empty() {
            return self.with_tensors(&found);
        }
        let more = differences.len().saturating_sub(SHOWN);
        differences.truncate(SHOWN);
        if more > 0 {
            differences.push(format!("and {more} more"));
        }
        Err(FormatError::Weights(differences))
    }

    /// The fixed parts of the network as weights.
    fn fixed(&self) -> Vec<Parameter> {
        let of_member = |(index, member): (usize, &crate::member::Member)| match &member.front {
            Front::Features { features, .. } => features
                .weights()
                .into_iter()
                .map(|part| Parameter { name: format!("members.{index}.{}", part.name), ..part })
                .collect(),
            Front::Samples { .. } => Vec::new(),
        };
        self.members.iter().enumerate().flat_map(of_member).collect()
    }

    /// What the numbers mean, and the settings of the formula.
    fn description_for_others(&self) -> serde_json::Value {
        let formula = self.members.iter().find_map(|member| match &member.front {
            Front::Features { features, .. } => Some(features.formula()),
            Front::Samples { .. } => None,
        });
        json!({
            "architecture": self.plan.architecture.name(),
            "members": self.members.len(),
            "dim": self.dim(),
            "channels": self.channels,
            "rate": self.rate,
            "samples": self.samples,
            "units": "µV",
            "formula": formula,
            "plan": self.plan,
        })
    }
}

/// Differences that a refusal lists.
const SHOWN: usize = 6;

/// Why a tensor of a file cannot take the place of this encoder's, if so.
fn difference(wanted: &Parameter, given: Option<&Parameter>) -> Option<String> {
    let name = &wanted.name;
    let Some(given) = given else { return Some(format!("{name} is missing")) };
    if given.shape != wanted.shape {
        return Some(format!(
            "{name} has the shape {:?}, this encoder's has {:?}",
            given.shape, wanted.shape
        ));
    }
    let at = given.values.iter().position(|x| !x.is_finite())?;
    Some(format!("{name} holds {} at {at}: weights must be finite", given.values[at]))
}

/// Equal but for the last bits that another program's number type may cost, as far as both go.
fn close(left: &[f32], right: &[f32]) -> bool {
    left.iter().zip(right).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs().max(1e-3))
}
