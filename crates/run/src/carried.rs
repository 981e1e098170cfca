//! A model in one file, `M.twinprint`: an encoder with all it takes to use it elsewhere, and a card that says what it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use twinprint_encoder::{Compute, EncoderError, Model};
use twinprint_report::results::FinalModel;
use twinprint_signal::{EmbeddingSpace, Estimate, FoldIndex};

use crate::RunError;
use crate::error::Placed;

/// The value of [`About::schema`] that this version reads and writes.
pub(crate) const SCHEMA: &str = "twinprint-model/1";

/// A model that was packed into one file.
#[derive(Debug)]
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
    /// Clean seconds in every template that was compared.
    pub enrol_seconds: f64,
    /// Clean seconds in every probe.
    pub probe_seconds: f64,
    /// How many people were tested, each by an encoder that had not seen them.
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
    pub fold: Option<FoldIndex>,
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

/// What prints that an encoder of a run makes may be compared with: those of the same weights and settings, in the same fold, or
/// in none for the final model.
///
/// # Errors
/// When the weights cannot be brought into the form that is hashed.
pub fn embedding_space(model: &Model, fold: Option<FoldIndex>) -> Result<EmbeddingSpace, EncoderError> {
    Ok(EmbeddingSpace { model: model.content_hash()?, fold })
}
