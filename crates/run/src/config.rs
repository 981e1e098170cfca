//! A pipeline file as the user wrote it, and the line a key stands on.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use crate::RunError;
use crate::cohort_plan::{CohortChannels, CohortPlan};
use crate::evaluation_plan::EvaluationPlan;

/// A pipeline file's contents, defaults filled in but nothing checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The run folder's name: letters, digits, `-` and `_`.
    pub name: String,
    /// What the pipeline shows, for readers.
    #[serde(default)]
    pub description: String,
    /// Every random choice is derived from it by name.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Whether the run ends with one encoder more, fitted to everybody who may be learnt from, in `model/` of the run folder:
    /// the one to enrol new people with. It changes no number of the run.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub final_model: bool,
    /// Where the encoder runs: `cpu`, or what the build and the machine add.
    #[serde(default = "default_device")]
    pub device: String,
    /// How several cohorts come to the same channels.
    #[serde(default, skip_serializing_if = "is_common")]
    pub channels: CohortChannels,
    /// Which files belong to whom, where the plan has a single data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<twinprint_dataset::Plan>,
    /// Several data sets, in place of `dataset`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cohorts: Vec<CohortPlan>,
    /// Recordings to epochs.
    #[serde(default)]
    pub preprocess: twinprint_preprocess::Plan,
    /// Who trains, who enrols, who probes.
    #[serde(default)]
    pub protocol: twinprint_protocol::Plan,
    /// The Siamese encoder and its training.
    #[serde(default)]
    pub encoder: twinprint_encoder::Plan,
    /// What is computed from prints and scores.
    #[serde(default)]
    pub evaluation: EvaluationPlan,
    /// What `twinprint sweep` varies, one table an axis; a run takes no notice of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sweep: Vec<SweepAxis>,
}

impl Config {
    /// What decides the results: everything but the words for readers, the device, what a sweep varies, and whether there is a
    /// final model.
    pub(crate) fn decisive(&self) -> Self {
        // A model that is brought along is told by its hash, wherever it lies.
        let encoder = twinprint_encoder::Plan { from: None, ..self.encoder.clone() };
        Self {
            description: String::new(),
            device: String::new(),
            sweep: Vec::new(),
            final_model: true,
            encoder,
            ..self.clone()
        }
    }

    /// The BLAKE3 hash of what decides the prints: neither the names, nor how many seconds are compared, nor what is computed
    /// from scores. How dev people are compared decides when training stops.
    pub(crate) fn prints_hash(&self) -> String {
        let mut config = self.decisive();
        config.name = String::new();
        let (protocol, evaluation) = (&mut config.protocol, &mut config.evaluation);
        if protocol.dev_subjects.of(1000) == 0 {
            let defaults = twinprint_protocol::Plan::default();
            protocol.enrol.seconds = defaults.enrol.seconds;
            protocol.enrol.recordings_per_template = defaults.enrol.recordings_per_template;
            protocol.enrol.templates_per_subject = defaults.enrol.templates_per_subject;
            protocol.probe.seconds = defaults.probe.seconds;
        }
        *evaluation = EvaluationPlan {
            baselines: std::mem::take(&mut evaluation.baselines),
            audits: std::mem::take(&mut evaluation.audits),
            normalisation: evaluation.normalisation,
            ..EvaluationPlan::default()
        };
        hash_of(&config)
    }

    /// The BLAKE3 hash of what decides the results, every default written out: a run is recorded under it.
    pub(crate) fn hash(&self) -> String {
        hash_of(&self.decisive())
    }
}

/// The BLAKE3 hash of a value's JSON, in hexadecimal.
pub(crate) fn hash_of(value: &impl Serialize) -> String {
    // A plan holds only numbers, texts, lists and tables with text keys: all of it has a JSON form.
    let json = serde_json::to_vec(value).unwrap_or_default();
    blake3::hash(&json).to_hex().to_string()
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_yes(value: &bool) -> bool {
    *value
}

fn is_common(channels: &CohortChannels) -> bool {
    *channels == CohortChannels::Common
}

fn default_seed() -> u64 {
    1
}

fn default_device() -> String {
    "cpu".to_owned()
}

/// What is varied: a `[[sweep]]` table of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepAxis {
    /// The axis's name in tables and plots.
    pub name: String,
    /// The key of the plan that is set, as `protocol.train.subjects`; or a list of keys that are set together.
    pub key: SweepKey,
    /// The values it takes; of several keys, lists of one value each.
    pub values: Vec<toml::Value>,
    /// What to call them, one each; the values themselves unless given. Labels that are numbers are drawn to scale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// What an axis sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SweepKey {
    /// One key of the plan.
    One(String),
    /// Several at once.
    Several(Vec<String>),
}

impl SweepAxis {
    /// The keys that the value at `index` sets, each with what it is set to.
    ///
    /// # Errors
    /// When there are several keys and the value is no list of as many.
    pub(crate) fn changes(&self, index: usize) -> Result<Vec<(String, String)>, String> {
        let value = &self.values[index];
        match (&self.key, value) {
            (SweepKey::One(key), value) => Ok(vec![(key.clone(), value.to_string())]),
            (SweepKey::Several(keys), toml::Value::Array(values)) if values.len() == keys.len() => {
                Ok(keys.iter().cloned().zip(values.iter().map(ToString::to_string)).collect())
            }
            (SweepKey::Several(keys), _) => Err(format!(
                "the axis {:?} sets {} keys, and its value {value} is no list of as many: write one value for each key",
                self.name,
                keys.len()
            )),
        }
    }

    /// What the value at `index` is called.
    pub(crate) fn label(&self, index: usize) -> String {
        self.labels.get(index).cloned().unwrap_or_else(|| self.values[index].to_string())
    }
}

/// A pipeline's text, where it came from, and the changes asked for on the command line.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file the text was read from, for messages and for paths relative to it.
    pub path: PathBuf,
    /// The file's text.
    pub text: String,
    /// `key.path=value` pairs, applied in order.
    pub overrides: Vec<(String, String)>,
}

impl Source {
    /// Reads a pipeline file.
    ///
    /// # Errors
    /// When the file cannot be read as UTF-8 text, or an override is not of the form `key.path=value`.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            RunError::invalid(
                path.display().to_string(),
                format!("this pipeline cannot be read: {error}; {}", pipelines_beside(path)),
            )
        })?;
        let overrides = overrides
            .iter()
            .map(|given| match given.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() => {
                    Ok((key.trim().to_owned(), value.trim().to_owned()))
                }
                _ => Err(RunError::option(
                    format!("--set {given}"),
                    "it must read key.path=value, as in encoder.optimiser.steps=100",
                )),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { path: path.to_owned(), text, overrides })
    }

    /// Parses the text and applies the overrides.
    ///
    /// # Errors
    /// When the text is not TOML, a key is unknown or missing, or a value has the wrong type; the message shows the line.
    pub fn parse(&self) -> Result<Config, RunError> {
        let as_written: Config =
            toml::from_str(&self.text).map_err(|error| RunError::parse(&self.path, error))?;
        if self.overrides.is_empty() {
            return Ok(as_written);
        }
        let mut table: toml::Table =
            toml::from_str(&self.text).map_err(|error| RunError::parse(&self.path, error))?;
        for (key, value) in &self.overrides {
            set(&mut table, key, parse_value(value))
                .map_err(|reason| RunError::option(format!("--set {key}={value}"), reason))?;
            Config::deserialize(table.clone())
                .map_err(|error| RunError::option(format!("--set {key}={value}"), error.message()))?;
        }
        Config::deserialize(table).map_err(|error| RunError::option("all --set together", error.message()))
    }

    /// The pipeline as a table of TOML, the changes asked for applied.
    ///
    /// # Errors
    /// As [`Source::parse`].
    pub(crate) fn table(&self) -> Result<toml::Table, RunError> {
        let mut table: toml::Table =
            toml::from_str(&self.text).map_err(|error| RunError::parse(&self.path, error))?;
        for (key, value) in &self.overrides {
            set(&mut table, key, parse_value(value))
                .map_err(|reason| RunError::option(format!("--set {key}={value}"), reason))?;
        }
        Ok(table)
    }

    /// Whether the file or an override sets `key.path`.
    pub fn sets(&self, key: &str) -> bool {
        self.overrides.iter().any(|(given, _)| given == key) || self.line_of(key).is_some()
    }

    /// Whether the file or an override sets `key.path` or a key below it.
    pub(crate) fn sets_below(&self, key: &str) -> bool {
        let below = format!("{key}.");
        self.sets(key) || self.overrides.iter().any(|(given, _)| given.starts_with(&below))
    }

    /// The line on which `key.path`, or else the nearest table above it, stands.
    pub fn nearest_line(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.line_of(key) {
                return Some(line);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// The line (from 1) on which `key.path` is set, if the file sets it; a part that is a number counts tables of a list.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let mut value = DeValue::Table(DeTable::parse(&self.text).ok()?.into_inner());
        let mut at = None;
        for part in key.split('.') {
            let (start, inner) = match value {
                DeValue::Table(table) => {
                    let (name, inner) = table.into_iter().find(|(name, _)| name.get_ref() == part)?;
                    (name.span().start, inner)
                }
                DeValue::Array(list) => {
                    let inner = list.into_iter().nth(part.parse().ok()?)?;
                    (inner.span().start, inner)
                }
                _ => return None,
            };
            at = Some(1 + self.text[..start].matches('\n').count());
            value = inner.into_inner();
        }
        at
    }
}

/// The pipelines in a file's folder, for whoever mistyped its name.
fn pipelines_beside(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    if names.is_empty() {
        return format!("{} has no .toml file", folder.display());
    }
    format!("{} has {}", folder.display(), names.join(", "))
}

/// A value as TOML where it reads as such, else as a string, so that `name=trial` needs no quotes.
fn parse_value(text: &str) -> toml::Value {
    toml::from_str::<toml::Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn set(table: &mut toml::Table, key: &str, value: toml::Value) -> Result<(), String> {
    let (parents, last) = key.rsplit_once('.').map_or((None, key), |(parents, last)| (Some(parents), last));
    let mut table = table;
    let mut parents = parents.into_iter().flat_map(|parents| parents.split('.')).peekable();
    while let Some(part) = parents.next() {
        let mut entry = table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        // `cohorts.1.weight`: a number after the name of a list of tables counts them.
        if let toml::Value::Array(list) = entry {
            let (count, index) = (list.len(), parents.next().unwrap_or_default());
            entry = index.parse().ok().and_then(|index: usize| list.get_mut(index)).ok_or_else(|| {
                format!("{part} is a list of {count}: write {part}.0 for the first of them, then the key")
            })?;
        }
        table = match entry {
            toml::Value::Table(inner) => inner,
            other => return Err(format!("{part} is a {}, not a table of keys", other.type_str())),
        };
    }
    table.insert(last.to_owned(), value);
    Ok(())
}
