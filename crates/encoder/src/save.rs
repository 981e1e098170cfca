//! A model on disk: `model.safetensors` with every fitted number and `model.json` with what they mean.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use twinprint_closed::Standardise;
use twinprint_signal::ChannelName;

use crate::EncoderError;
use crate::attention::FittedAttention;
use crate::backend::FittedBackend;
use crate::compute::Compute;
use crate::fusion::FittedFusion;
use crate::member::{Front, Member, member_seed};
use crate::model::Model;
use crate::plan::Plan;
use crate::seed::stream;
use crate::weights::Parameter;

const WEIGHTS: &str = "model.safetensors";
const DESCRIPTION: &str = "model.json";
/// The version of both files' layout.
const SCHEMA: u32 = 1;

/// What `model.json` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    schema: u32,
    architecture: String,
    dim: usize,
    channels: Vec<ChannelName>,
    rate: f64,
    samples: usize,
    /// BLAKE3 of the weights file, so that the two files cannot be mixed up.
    weights: String,
    plan: Plan,
}

impl Model {
    /// Writes the model into the folder `dir`, which is made where missing. Both files are written under temporary
    /// names and renamed, the description last.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), EncoderError> {
        fs::create_dir_all(dir).map_err(|source| EncoderError::File { path: dir.to_owned(), source })?;
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
        let format = |path: &Path, why: String| EncoderError::Format { path: path.to_owned(), why };
        let description: Description =
            serde_json::from_slice(&bytes).map_err(|error| format(&path, error.to_string()))?;
        if description.schema != SCHEMA {
            let why = format!("its layout is version {}, this program reads {SCHEMA}", description.schema);
            return Err(format(&path, why));
        }
        let path = dir.join(WEIGHTS);
        let bytes = read_file(&path)?;
        if blake3::hash(&bytes).to_hex().as_str() != description.weights {
            return Err(format(&path, format!("it is not the file {DESCRIPTION} was written with")));
        }
        let tensors = parse(&bytes).map_err(|why| format(&path, why))?;
        assemble(description, &tensors, device).map_err(|error| format(&path, error.to_string()))
    }

    /// Whether the model fits a plan's encoder and the recordings' channels, rate and epoch length.
    ///
    /// # Errors
    /// [`EncoderError::Mismatch`] with everything that differs.
    pub fn check_fits(
        &self,
        plan: &Plan,
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
        let wanted = plan.resolved();
        compare("architecture", self.plan.architecture.name().into(), wanted.architecture.name().into());
        let names =
            |channels: &[ChannelName]| channels.iter().map(ChannelName::key).collect::<Vec<_>>().join(" ");
        compare("channel set", names(&self.channels), names(channels));
        compare("rate in hertz", self.rate.to_string(), rate.to_string());
        compare("epoch length in samples", self.samples.to_string(), samples.to_string());
        if self.plan.architecture.name() == wanted.architecture.name() && self.plan != wanted {
            differences.extend(plan_differences(&self.plan, &wanted));
        }
        if differences.is_empty() { Ok(()) } else { Err(EncoderError::Mismatch(differences)) }
    }

    pub(crate) fn tensors(&self) -> Vec<Parameter> {
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
        tensors.extend(self.backend.tensors());
        tensors.extend(self.fusion.tensors());
        tensors.extend(self.attention.iter().flat_map(FittedAttention::tensors));
        tensors
    }

    /// The same encoder with other fitted numbers.
    pub(crate) fn with_tensors(&self, tensors: &BTreeMap<String, Parameter>) -> Result<Self, EncoderError> {
        let known: BTreeMap<String, Parameter> = self
            .tensors()
            .into_iter()
            .filter_map(|own| tensors.get(&own.name).map(|given| (own.name, given.clone())))
            .collect();
        let weights = layout(&known.values().cloned().collect::<Vec<_>>(), None)?;
        let description: Description = serde_json::from_slice(&self.description(&weights)?)
            .map_err(|error| EncoderError::Compute(error.to_string()))?;
        assemble(description, &known, &self.compute)
    }

    fn weights_bytes(&self) -> Result<Vec<u8>, EncoderError> {
        layout(&self.tensors(), None)
    }

    fn description(&self, weights: &[u8]) -> Result<Vec<u8>, EncoderError> {
        let description = Description {
            schema: SCHEMA,
            architecture: self.plan.architecture.name().to_owned(),
            dim: self.dim(),
            channels: self.channels.clone(),
            rate: self.rate,
            samples: self.samples,
            weights: blake3::hash(weights).to_hex().to_string(),
            plan: self.plan.clone(),
        };
        serde_json::to_vec_pretty(&description).map_err(|error| EncoderError::Compute(error.to_string()))
    }
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

/// Safetensors bytes of named tensors, and of text about them.
pub(crate) fn layout(
    tensors: &[Parameter],
    about: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, EncoderError> {
    let fail = |error: safetensors::SafeTensorError| EncoderError::Compute(error.to_string());
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|t| t.values.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let mut views = BTreeMap::new();
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(fail)?;
        views.insert(tensor.name.clone(), view);
    }
    serialize(views, about).map_err(fail)
}

/// Named tensors of safetensors bytes.
pub(crate) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Parameter>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("{name} is {:?}, not F32", view.dtype()));
        }
        let values =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        tensors.insert(name.clone(), Parameter::new(name, view.shape(), values));
    }
    Ok(tensors)
}

fn assemble(
    description: Description,
    tensors: &BTreeMap<String, Parameter>,
    device: &Compute,
) -> Result<Model, EncoderError> {
    let Description { plan, channels, rate, samples, .. } = description;
    let take = |name: &str| {
        tensors.get(name).cloned().ok_or_else(|| EncoderError::data(format!("{name} is missing")))
    };
    let mut members = Vec::new();
    for i in 0..plan.ensemble {
        let seed = member_seed(plan.seed, i);
        let part = |name: &str| take(&format!("members.{i}.standardise.{name}")).map(|p| p.values);
        let standardise = Standardise::from_parts(part("mean")?, part("deviation")?)?;
        let front = Front::restore(&plan, channels.len(), samples, rate, seed, standardise)?;
        let prefix = format!("members.{i}.");
        let expected = plan.architecture.parameters(front.shape(), &mut stream(seed, "weights"));
        for Parameter { name, shape, .. } in &expected {
            let found = take(&format!("{prefix}{name}"))?;
            if &found.shape != shape {
                let why = format!("{name} has the shape {:?}, its architecture {shape:?}", found.shape);
                return Err(EncoderError::data(why));
            }
        }
        let own = tensors.values().filter_map(|p| {
            let name = p.name.strip_prefix(&prefix)?;
            let known = expected.iter().find(|e| e.name == name);
            let trained = known.is_none_or(|e| e.trained);
            (!name.starts_with("standardise.")).then(|| Parameter {
                name: name.to_owned(),
                trained,
                ..p.clone()
            })
        });
        members.push(Member { front, parameters: own.collect() });
    }
    let backend = FittedBackend::from_tensors(plan.backend, take)?;
    let fusion = FittedFusion::from_tensors(&plan.fusion, take)?;
    let attention = match &plan.attention {
        Some(attention) => {
            let features = members.first().map_or(0, |member: &Member| member.front.shape().samples);
            Some(FittedAttention::from_tensors(attention, features, take)?)
        }
        None => None,
    };
    let compute = device.clone();
    Ok(Model { plan, channels, rate, samples, members, backend, fusion, attention, compute })
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, EncoderError> {
    fs::read(path).map_err(|source| EncoderError::File { path: path.to_owned(), source })
}

/// Writes `bytes` beside `path` and renames them to it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), EncoderError> {
    let fail = |source| EncoderError::File { path: path.to_owned(), source };
    let dir = path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
