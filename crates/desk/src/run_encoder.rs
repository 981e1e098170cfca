//! An encoder of a finished run, with everything that tells whether it is the same one again.

use std::collections::BTreeSet;
use std::path::Path;

use twinprint_encoder::Model;
use twinprint_gallery::EncoderIdentity;
use twinprint_protocol::{Fold, Split, Variant};
use twinprint_run::folder::SPLIT;
use twinprint_run::{Config, FinishedRun, RunFolder, TrainedEncoder};

use crate::DeskError;

/// An encoder of a finished run: a fold's, or the final model.
pub(crate) struct RunEncoder {
    pub(crate) folder: RunFolder,
    pub(crate) config: Config,
    /// The folds whose scores set its thresholds: its own, or all for the final model.
    pub(crate) folds: Vec<Fold>,
    /// What it has learnt from: hashes of recordings' samples.
    pub(crate) learnt_from: BTreeSet<String>,
    pub(crate) model: Model,
    pub(crate) identity: EncoderIdentity,
}

impl RunEncoder {
    /// Opens a run folder's encoder of a fold, or without one its final model.
    ///
    /// # Errors
    /// When it is no run folder, its plan was changed, it has no such fold or no final model, or the encoder is damaged.
    pub(crate) fn open(run: &Path, fold: Option<usize>) -> Result<Self, DeskError> {
        let finished = FinishedRun::open(run)?;
        let encoder = match fold {
            Some(fold) => finished.encoder(fold)?,
            None => {
                // A run that flatters has no final model; why it sets no thresholds is the better answer.
                check_honest(&finished.folder, &finished.config)?;
                finished.final_model()?
            }
        };
        let learnt_from = finished.learnt_from(&encoder)?.into_iter().map(|known| known.samples).collect();
        let space = encoder.space().map_err(DeskError::thresholds)?;
        let TrainedEncoder { fold, model } = encoder;
        let number = fold.as_ref().map(|fold| fold.index);
        let folds = match fold {
            Some(fold) => vec![fold],
            None => finished.folder.read_json::<Split>(SPLIT)?.folds,
        };
        let FinishedRun { folder, config, plan_hash } = finished;
        let place = std::fs::canonicalize(run).unwrap_or_else(|_| run.to_owned());
        let identity = EncoderIdentity {
            encoder: space.model,
            plan: plan_hash,
            dim: model.dim(),
            model: place.to_string_lossy().into_owned(),
            fold: number,
            channels: model.channels().to_vec(),
            rate: model.rate(),
            epoch_seconds: model.samples() as f64 / model.rate(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(Self { folder, config, folds, learnt_from, model, identity })
    }

    /// Which of the run's encoders it is, for people.
    pub(crate) fn which(&self) -> String {
        self.identity.fold.map_or_else(|| "final model".to_owned(), |fold| format!("encoder of fold {fold}"))
    }

    /// Refuses a run whose scores cannot set an honest threshold.
    pub(crate) fn check_honest(&self) -> Result<(), DeskError> {
        check_honest(&self.folder, &self.config)
    }
}

fn check_honest(folder: &RunFolder, config: &Config) -> Result<(), DeskError> {
    let protocol = &config.protocol;
    let reason = if !protocol.allow_leak.is_empty() {
        "it was run with leaks allowed"
    } else if protocol.variant == Variant::SeenSubjects {
        "its encoder has learnt from the people whose scores would set the thresholds (seen-subjects)"
    } else if protocol.variant == Variant::WithinRecording {
        "it enrols and probes within one recording, which says nothing about another day (within-recording)"
    } else {
        return Ok(());
    };
    Err(DeskError::RunFolder {
        path: folder.root().to_owned(),
        reason: format!(
            "{reason}, so it cannot set a gallery's thresholds: run it with variant = \"unseen-subjects\""
        ),
    })
}
