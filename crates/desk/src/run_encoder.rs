//! One fold's encoder of a finished run, with everything that tells whether it is the same one again.

use std::path::Path;

use twinprint_encoder::Model;
use twinprint_gallery::EncoderIdentity;
use twinprint_protocol::{Fold, Variant};
use twinprint_run::{Config, FinishedRun, FoldEncoder, RunFolder};

use crate::DeskError;

/// One fold's encoder of a finished run.
pub(crate) struct RunEncoder {
    pub(crate) folder: RunFolder,
    pub(crate) config: Config,
    pub(crate) fold: Fold,
    pub(crate) model: Model,
    pub(crate) identity: EncoderIdentity,
}

impl RunEncoder {
    /// Opens a run folder's encoder of a fold.
    ///
    /// # Errors
    /// When it is no run folder, its plan was changed, it has no such fold, or its encoder is damaged.
    pub(crate) fn open(run: &Path, fold: usize) -> Result<Self, DeskError> {
        let finished = FinishedRun::open(run)?;
        let encoder = finished.encoder(fold)?;
        let space = encoder.space().map_err(DeskError::thresholds)?;
        let FoldEncoder { fold, model } = encoder;
        let FinishedRun { folder, config, plan_hash } = finished;
        let place = std::fs::canonicalize(run).unwrap_or_else(|_| run.to_owned());
        let identity = EncoderIdentity {
            encoder: space.model,
            plan: plan_hash,
            dim: model.dim(),
            model: place.to_string_lossy().into_owned(),
            fold: fold.index,
            channels: model.channels().to_vec(),
            rate: model.rate(),
            epoch_seconds: model.samples() as f64 / model.rate(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(Self { folder, config, fold, model, identity })
    }

    /// Refuses a run whose scores cannot set an honest threshold.
    pub(crate) fn check_honest(&self) -> Result<(), DeskError> {
        let protocol = &self.config.protocol;
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
            path: self.folder.root().to_owned(),
            reason: format!(
                "{reason}, so it cannot set a gallery's thresholds: run it with variant = \"unseen-subjects\""
            ),
        })
    }
}
