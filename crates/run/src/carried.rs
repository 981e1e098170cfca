//! A model in one file, `M.twinprint`: an encoder with all it takes to use it elsewhere, and a card that says what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use twinprint_dataset::{Layout, Manifest};
use twinprint_encoder::{Compute, EncoderError, Model};
use twinprint_protocol::CohortRole;
use twinprint_report::results::{ENCODER, FinalModel, Results};
use twinprint_signal::{EmbeddingSpace, Estimate, SubjectId};

use crate::error::Placed;
use crate::finished::{FinishedRun, TrainedEncoder, embedding_space};
use crate::folder::{FINAL_MODEL, RESULTS, THRESHOLDS};
use crate::record::RunRecord;
use crate::{Config, RunError};

/// The value of [`About::schema`] that this version reads and writes.
const SCHEMA: &str = "twinprint-model/1";

/// A model that was packed into one file.
pub struct CarriedModel {
    /// The encoder, on the processor.
    pub model: Model,
    /// Everything else that the file says.
    pub about: About,
}

/// What a packed model says beside its weights. It holds no name of a person or of a file, and no print.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// `twinprint-model/1`.
    pub schema: String,
    /// What it is, for people.
    pub card: Card,
    /// Where it comes from.
    pub provenance: ModelProvenance,
    /// How recordings become epochs that it takes.
    pub preprocess: twinprint_preprocess::Plan,
    /// Clean seconds that a template is made from.
    pub enrol_seconds: f64,
    /// The thresholds of the final model, as `thresholds.json` has them; nothing for the encoder of a fold.
    pub final_model: Option<FinalModel>,
    /// The thresholds that a gallery of this model takes, in the gallery's own words.
    pub gallery: serde_json::Value,
    /// Every recording it has learnt from.
    pub learnt_from: Vec<Learnt>,
}

/// What a packed model is, for people who did not make it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The name of the run.
    pub name: String,
    /// What the run shows, in the words of its plan.
    pub description: String,
    /// The data it has learnt from.
    pub data: Vec<CardData>,
    /// People it has learnt from.
    pub people: usize,
    /// Error rates that were measured on people it, or its kind, had not seen.
    pub measured: Vec<Measured>,
    /// What every reader must know beside these.
    pub caveats: Vec<String>,
    /// What it must not be used for.
    pub not_for: Vec<String>,
}

/// A data set that a model has learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardData {
    /// Its title, or where nothing is known of it, that.
    pub title: String,
    /// Its licence, as an SPDX identifier, where it is known.
    pub licence: Option<String>,
    /// The works to cite.
    pub citation: Vec<String>,
}

/// The equal error rate that was measured at one length of probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Seconds a template.
    pub enrol_seconds: f64,
    /// Seconds a probe.
    pub probe_seconds: f64,
    /// People tested.
    pub people: usize,
    /// The equal error rate with its interval over people.
    pub eer: Option<Estimate>,
}

/// Where a packed model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelProvenance {
    /// The version of twinprint that made the run.
    pub version: String,
    /// The commit it was built from, where that is known.
    pub git_commit: Option<String>,
    /// The hash of the run's plan.
    pub plan_hash: String,
    /// When the run began, RFC 3339 in UTC.
    pub made: String,
    /// The fold whose encoder it is; nothing for the final model.
    pub fold: Option<usize>,
    /// The seeds of the run, by name.
    pub seeds: BTreeMap<String, u64>,
}

/// A recording that was learnt from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learnt {
    /// A number for the person, of no meaning elsewhere.
    pub person: usize,
    /// BLAKE3 of what follows the file's header, in hexadecimal: whoever has the recording can tell that it is this one.
    pub samples: String,
}

impl CarriedModel {
    /// Opens a packed model.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged by as much as a byte, or holds no model of this version.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let (model, text) = Model::unpack(path, &Compute::cpu())?;
        let about: About =
            serde_json::from_str(&text).in_folder(path, "pack the model again with this version")?;
        if about.schema != SCHEMA {
            let problem = format!("its layout is {:?}, this version reads {SCHEMA:?}", about.schema);
            return Err(RunError::run_folder(path, problem));
        }
        Ok(Self { model, about })
    }

    /// What prints of this model may be compared with.
    ///
    /// # Errors
    /// When the weights cannot be brought into the form that is hashed.
    pub fn space(&self) -> Result<EmbeddingSpace, EncoderError> {
        embedding_space(&self.model, self.about.provenance.fold)
    }
}

/// Packs an encoder of a run into one file, whole or not at all; `gallery` are the thresholds a gallery of it takes.
///
/// # Errors
/// When the run is not complete, or the file cannot be written.
pub fn pack(
    run: &FinishedRun,
    encoder: &TrainedEncoder,
    gallery: serde_json::Value,
    to: &Path,
) -> Result<About, RunError> {
    let about = about(run, encoder, gallery)?;
    let text = serde_json::to_string(&about).in_folder(to, "run the pipeline again")?;
    encoder.model.pack(to, &text)?;
    Ok(about)
}

fn about(run: &FinishedRun, encoder: &TrainedEncoder, gallery: serde_json::Value) -> Result<About, RunError> {
    let (config, folder) = (&run.config, &run.folder);
    let record: RunRecord = folder.read_json("run.json")?;
    let results: Results = folder.read_json(RESULTS)?;
    let known = run.learnt_from(encoder)?;
    let people: BTreeSet<&SubjectId> = known.iter().map(|recording| &recording.key.subject).collect();
    let learnt = known.iter().map(|recording| Learnt {
        person: people.iter().position(|subject| **subject == recording.key.subject).unwrap_or_default(),
        samples: recording.samples.clone(),
    });
    let fold = encoder.fold.as_ref().map(|fold| fold.index);
    let final_model = match fold {
        Some(_) => None,
        None => Some(folder.read_json(&format!("{FINAL_MODEL}/{THRESHOLDS}"))?),
    };
    Ok(About {
        schema: SCHEMA.to_owned(),
        card: card(config, &results, people.len())?,
        provenance: ModelProvenance {
            version: record.host.version,
            git_commit: record.host.git_commit,
            plan_hash: run.plan_hash.clone(),
            made: record.started,
            fold,
            seeds: record.seeds,
        },
        preprocess: config.preprocess_of_tested(),
        enrol_seconds: config.protocol.enrol.seconds,
        final_model,
        gallery,
        learnt_from: learnt.collect(),
    })
}

fn card(config: &Config, results: &Results, people: usize) -> Result<Card, RunError> {
    let rows = results.verification.iter().filter(|row| row.system == ENCODER);
    let measured = rows.map(|row| Measured {
        enrol_seconds: results.protocol.enroll_seconds,
        probe_seconds: row.probe_seconds,
        people: results.protocol.test_subjects,
        eer: row.eer,
    });
    Ok(Card {
        name: config.name.clone(),
        description: config.description.clone(),
        data: data_of(config)?,
        people,
        measured: measured.collect(),
        caveats: results.caveats.clone(),
        not_for: not_for(people),
    })
}

/// The data sets of a plan, each once.
fn data_of(config: &Config) -> Result<Vec<CardData>, RunError> {
    let cohorts = config.cohorts.iter().filter(|cohort| cohort.role != CohortRole::Test);
    let mut sets = Vec::new();
    for dataset in cohorts.map(|cohort| &cohort.dataset).chain(&config.dataset) {
        let set = data(&dataset.layout)?;
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn data(layout: &Layout) -> Result<CardData, RunError> {
    let Layout::Manifest { name } = layout else {
        let title = "recordings of whoever ran the pipeline; ask them for the licence".to_owned();
        return Ok(CardData { title, licence: None, citation: Vec::new() });
    };
    let manifest = Manifest::load(name).in_stage("model pack")?;
    Ok(CardData { title: manifest.title, licence: Some(manifest.licence), citation: manifest.citation })
}

fn not_for(people: usize) -> Vec<String> {
    vec![
        format!(
            "access to anything of value on its own: it has learnt from {people} people, and its error rates have the intervals of few people"
        ),
        "naming people who did not agree to be enrolled".to_owned(),
        "medical questions of any kind: it was taught to tell people apart, and nothing else was looked at".to_owned(),
        "other headsets, channel positions or tasks than those above without measuring it there first ([encoder] from, docs/guide/carry-an-encoder.md)"
            .to_owned(),
    ]
}
