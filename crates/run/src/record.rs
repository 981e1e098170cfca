//! `run.json`: what ran, on what, where, and how far it came.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::content::InputFile;
use crate::outputs::Files;
use crate::stage::Stage;

/// The format of `run.json`.
pub const SCHEMA: &str = "twinprint-run/1";

/// What the command knows about the program and the machine; libraries ask neither.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// The version of twinprint that made the run.
    pub version: String,
    /// The commit it was built from, where that is known.
    pub git_commit: Option<String>,
    /// The operating system, as Rust names it: `linux`.
    pub os: String,
    /// The architecture of the processor, as Rust names it: `x86_64`.
    pub arch: String,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// How many threads computed, 1 or more.
    pub threads: usize,
    /// The compiler it was built with, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiler: Option<String>,
    /// The BLAKE3 of the file that names the version of every library it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cargo_lock: Option<String>,
    /// What the processor can do beside the least: which instructions add numbers decides their last bits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu_features: Vec<String>,
}

/// The contents of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// The name that the plan gives the run.
    pub name: String,
    /// The plan's BLAKE3, of which the folder's name has the first 8 digits.
    pub plan_hash: String,
    /// The run's seed and those derived from it, by name.
    pub seeds: BTreeMap<String, u64>,
    /// The pipeline file, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PathBuf>,
    /// The changes asked for, `key.path` and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<(String, String)>,
    /// Where the encoder ran.
    pub device: String,
    /// The program and the machine.
    pub host: Host,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// When the last stage was done; absent in a run that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// Seconds of every stage that is done.
    pub stages: BTreeMap<Stage, f64>,
    /// What every stage that is done left, by content. Of earlier versions, nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<Stage, Files>,
    /// What the user was told.
    pub notices: Vec<String>,
    /// The recordings that were read.
    pub inputs: Vec<InputFile>,
}

impl RunRecord {
    /// The record of a run that is about to start.
    pub(crate) fn new(
        plan: &Plan,
        host: Host,
        started: String,
        inputs: Vec<InputFile>,
        notices: Vec<String>,
    ) -> Self {
        let config = plan.config();
        let seeds =
            [("run", config.seed), ("protocol", config.protocol.seed), ("encoder", config.encoder.seed)];
        Self {
            schema: SCHEMA.to_owned(),
            name: config.name.clone(),
            plan_hash: plan.hash(),
            seeds: seeds.into_iter().map(|(name, seed)| (name.to_owned(), seed)).collect(),
            pipeline: Some(plan.source().path.clone()),
            overrides: plan.source().overrides.clone(),
            device: config.device.clone(),
            host,
            started,
            finished: None,
            stages: BTreeMap::new(),
            outputs: BTreeMap::new(),
            notices,
            inputs,
        }
    }

    /// Forgets a stage and those after it.
    pub(crate) fn forget_from(&mut self, stage: Stage) {
        self.stages.retain(|done, _| *done < stage);
        self.outputs.retain(|done, _| *done < stage);
        self.finished = None;
    }
}
