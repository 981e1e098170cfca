//! A model on disk: `model.safetensors` with every fitted number and `model.json` with what they mean.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use twinprint_closed::Standardise;
use twinprint_signal::ChannelName;

use super::Model;
use crate::attend::FittedAttention;
use crate::back::{FittedBackend, FittedFusion};
use crate::compute::Compute;
use crate::error::{EncoderError, FormatError};
use crate::files::{layout, parse, read_file, write_atomically};
use crate::front::Front;
use crate::joined::{JoinedFeatures, Recipe};
use crate::member::Member;
use crate::plan::{CheckedPlan, Fusion, Plan, plan_differences, write_out_absent};
use crate::seed::member_seed;
use crate::seed::stream;
use crate::weights::Parameter;

const WEIGHTS: &str = "model.safetensors";
const DESCRIPTION: &str = "model.json";
/// The version of both files' layout.
const SCHEMA: u32 = 1;

/// What `model.json` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    schema: u32,
    architecture: String,
    dim: usize,
    pub(super) channels: Vec<ChannelName>,
    pub(super) rate: f64,
    pub(super) samples: usize,
    /// BLAKE3 of the weights file, so that the two files cannot be mixed up.
    weights: String,
    #[serde(deserialize_with = "as_written")]
    pub(super) plan: Plan,
}

/// A plan from a file that a program wrote.
fn as_written<'de, D: Deserializer<'de>>(file: D) -> Result<Plan, D::Error> {
    let mut plan = serde_json::Value::deserialize(file)?;
    write_out_absent(&mut plan);
    serde_json::from_value(plan).map_err(D::Error::custom)
}

impl Model {
    /// Writes the model into the folder `dir`, which is made where missing. Both files are written under temporary
    /// names and renamed, the description last.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), EncoderError> {
        fs::create_dir_all(dir).map_err(EncoderError::file(dir))?;
        let weights = self.weights_bytes()?;
        let description = self.description(&weights)?;
        write_atomically(&dir.join(WEIGHTS), &weights)?;
        write_atomically(&dir.join(DESCRIPTION), &description)
    }

    /// The BLAKE3 hash, in hexadecimal, of all that decides a print: equal for equal models, wherever they lie.
    ///
    /// # Errors
    /// When the weights cannot be laid out.
    pub fn content_hash(&self) -> Result<String, EncoderError> {
        let weights = self.weights_bytes()?;
        Ok(blake3::hash(&self.description(&weights)?).to_hex().to_string())
    }

    /// Reads a model from the folder `dir`.
    ///
    /// # Errors
    /// When a file is missing, damaged, or does not belong to the other; the error says which and how.
    pub fn load(dir: &Path, device: &Compute) -> Result<Self, EncoderError> {
        let path = dir.join(DESCRIPTION);
        let bytes = read_file(&path)?;
        let description = decode(&bytes).map_err(|error| EncoderError::format(&path, error))?;
        let path = dir.join(WEIGHTS);
        let bytes = read_file(&path)?;
        if blake3::hash(&bytes).to_hex().as_str() != description.weights {
            return Err(EncoderError::format(&path, FormatError::Strange(DESCRIPTION)));
        }
        let tensors = parse(&bytes).map_err(|error| EncoderError::format(&path, error))?;
        assemble(description, &tensors, device).map_err(|error| EncoderError::format(&path, error))
    }

    /// Whether the model fits a plan's encoder and the recordings' channels, rate and epoch length.
    ///
    /// # Errors
    /// [`EncoderError::Mismatch`] with everything that differs.
    pub fn check_fits(
        &self,
        wanted: &CheckedPlan,
        channels: &[ChannelName],
        rate: f64,
        samples: usize,
    ) -> Result<(), EncoderError> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, model: String, wanted: String| {
            if model != wanted {
                differences.push(format!("its {what} is {model}, wanted is {wanted}"));
            }
        };
        compare("architecture", self.plan.architecture.name().into(), wanted.architecture.name().into());
        let names =
            |channels: &[ChannelName]| channels.iter().map(ChannelName::key).collect::<Vec<_>>().join(" ");
        compare("channel set", names(&self.channels), names(channels));
        compare("rate in hertz", self.rate.to_string(), rate.to_string());
        compare("epoch length in samples", self.samples.to_string(), samples.to_string());
        if self.plan.architecture.name() == wanted.architecture.name() && self.plan != *wanted {
            differences.extend(plan_differences(&self.plan, wanted));
        }
        if differences.is_empty() { Ok(()) } else { Err(EncoderError::Mismatch(differences)) }
    }

    pub(super) fn tensors(&self) -> Vec<Parameter> {
        let mut tensors = Vec::new();
        for (i, member) in self.members.iter().enumerate() {
            let standardise = member.front.standardise();
            for (name, x) in [("mean", standardise.mean()), ("deviation", standardise.deviation())] {
                let name = format!("members.{i}.standardise.{name}");
                tensors.push(Parameter::new(name, &[x.len()], x.to_vec()));
            }
            for parameter in &member.parameters {
                let name = format!("members.{i}.{}", parameter.name);
                tensors.push(Parameter { name, ..parameter.clone() });
            }
        }
        tensors.extend(self.members.first().iter().flat_map(|member| member.front.joined_tensors()));
        tensors.extend(self.backend.tensors());
        tensors.extend(self.fusion.tensors());
        tensors.extend(self.attention.iter().flat_map(FittedAttention::tensors));
        tensors
    }

    /// An encoder like this one with other fitted numbers.
    pub(super) fn with_tensors(&self, tensors: &BTreeMap<String, Parameter>) -> Result<Self, FormatError> {
        let known: BTreeMap<String, Parameter> = self
            .tensors()
            .into_iter()
            .filter_map(|own| tensors.get(&own.name).map(|given| (own.name, given.clone())))
            .collect();
        let weights = layout(&known.values().cloned().collect::<Vec<_>>(), None)?;
        assemble(decode(&self.description(&weights)?)?, &known, &self.compute)
    }

    pub(super) fn weights_bytes(&self) -> Result<Vec<u8>, EncoderError> {
        layout(&self.tensors(), None)
    }

    pub(super) fn description(&self, weights: &[u8]) -> Result<Vec<u8>, EncoderError> {
        let description = Description {
            schema: SCHEMA,
            architecture: self.plan.architecture.name().to_owned(),
            dim: self.dim(),
            channels: self.channels.clone(),
            rate: self.rate,
            samples: self.samples,
            weights: blake3::hash(weights).to_hex().to_string(),
            plan: Plan::clone(&self.plan),
        };
        Ok(serde_json::to_vec_pretty(&description)?)
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Description, FormatError> {
    let description: Description = serde_json::from_slice(bytes)?;
    match description.schema {
        SCHEMA => Ok(description),
        found => Err(FormatError::Schema(found, SCHEMA)),
    }
}

pub(super) fn assemble(
    Description { plan, channels, rate, samples, .. }: Description,
    tensors: &BTreeMap<String, Parameter>,
    device: &Compute,
) -> Result<Model, FormatError> {
    let plan = plan.check()?;
    let take = |name: &str| tensors.get(name).cloned().ok_or_else(|| FormatError::Missing(name.to_owned()));
    // A baseline is fitted without what its plan joins to prints, and is saved without it.
    let has = |part: &str| tensors.keys().any(|name| name.starts_with(part));
    let joined = match has("joined.") {
        true => JoinedFeatures::from_tensors(&plan, device, take)?,
        false => JoinedFeatures::none(),
    };
    let recipe = Recipe { plan: &plan, joined: &joined, shared: None };
    let mut members = Vec::new();
    for i in 0..plan.ensemble {
        let seed = member_seed(plan.seed, i);
        let prefix = format!("members.{i}.");
        let part = |name: &str| take(&format!("{prefix}standardise.{name}")).map(|p| p.values);
        let standardise = Standardise::from_parts(part("mean")?, part("deviation")?)?;
        let front = Front::restore(recipe, &channels, samples, rate, seed, standardise)?;
        let expected = plan.architecture.parameters(front.shape(), &mut stream(seed, "weights"));
        for wanted in &expected {
            take(&format!("{prefix}{}", wanted.name))?.like(&wanted.shape)?;
        }
        // Those of losses lie beside the network's.
        let own = tensors.values().filter_map(|p| {
            let name = p.name.strip_prefix(&prefix).filter(|name| !name.starts_with("standardise."))?;
            let trained = expected.iter().find(|e| e.name == name).is_none_or(|e| e.trained);
            Some(Parameter { name: name.to_owned(), trained, ..p.clone() })
        });
        members.push(Member { front, parameters: own.collect() });
    }
    let backend = FittedBackend::from_tensors(plan.backend, take)?;
    let fusion: &[Fusion] = if has("fusion.") { &plan.fusion } else { &[] };
    let fusion = FittedFusion::from_tensors(fusion, take)?;
    let features = members.first().map_or(0, |member: &Member| member.front.shape().samples);
    let attention = match &plan.attention {
        Some(attention) if has("attention.") => {
            Some(FittedAttention::from_tensors(attention, features, take)?)
        }
        _ => None,
    };
    let compute = device.clone();
    Ok(Model { plan, channels, rate, samples, members, backend, fusion, attention, compute })
}
