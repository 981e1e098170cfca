//! A pipeline file's contents.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cohort_plan::{CohortChannels, CohortPlan};
use crate::evaluation_plan::EvaluationPlan;
use crate::executor::plan::ExecutorPlan;
use crate::sweep_plan::SweepAxis;

/// A pipeline file's contents, defaults filled in but nothing checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pipeline")]
pub struct Config {
    /// The run folder's name: 1 to 64 letters, digits, `-` and `_`. Needed, unless the pipeline extends one that has it.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// What the pipeline shows, for readers. Default: nothing.
    #[serde(default)]
    pub description: String,
    /// Every random choice is derived from it by name. Default: 1.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Whether the run ends with one encoder more, fitted to everybody who may be learnt from, in `model/` of the run folder:
    /// the one to enrol new people with. It changes no number of the run. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    #[schemars(extend("default" = true))]
    pub final_model: bool,
    /// Where the encoder runs: `cpu`, or what the build and the machine add, as `twinprint doctor` lists it. Default: `cpu`.
    #[serde(default = "default_device")]
    pub device: String,
    /// How several cohorts come to the same channels. Default: `common`.
    #[serde(default, skip_serializing_if = "is_common")]
    #[schemars(extend("default" = "common"))]
    pub channels: CohortChannels,
    /// Which files belong to whom, where the plan has a single data set: needed, unless there are `[[cohorts]]`.
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
    /// Where `twinprint sweep`, and `twinprint run --executor`, compute; it decides no result.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = {}))]
    pub executor: ExecutorPlan,
}

impl Config {
    /// What decides the results: everything but the words for readers, the device, what a sweep varies and where it is computed, and whether there is a
    /// final model.
    pub(crate) fn decisive(&self) -> Self {
        // A model that is brought along is told by its hash, wherever it lies.
        let encoder = twinprint_encoder::Plan { from: None, ..self.encoder.clone() };
        Self {
            description: String::new(),
            device: String::new(),
            sweep: Vec::new(),
            executor: ExecutorPlan::default(),
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
        // Where recordings lie decides nothing.
        let cohorts = config.cohorts.iter_mut().map(|cohort| &mut cohort.dataset);
        config.dataset.iter_mut().chain(cohorts).for_each(|dataset| dataset.root = PathBuf::new());
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

fn is_default(executor: &ExecutorPlan) -> bool {
    *executor == ExecutorPlan::default()
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
