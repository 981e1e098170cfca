//! The encoder that a run lends to a gallery: one fold's, with everything that tells whether it is the same one again.

use std::path::Path;

use twinprint_encoder::{Compute, Model};
use twinprint_gallery::Lock;
use twinprint_protocol::{Fold, Split, Variant};

use crate::PipelineError;
use crate::config::Config;
use crate::folder::RunFolder;
use crate::plan::hash_of;
use crate::record::RunRecord;

/// One fold's encoder of a finished run.
pub(crate) struct Lent {
    pub(crate) folder: RunFolder,
    pub(crate) config: Config,
    pub(crate) fold: Fold,
    pub(crate) model: Model,
    pub(crate) lock: Lock,
}

impl Lent {
    /// Opens a run folder's encoder of a fold.
    ///
    /// # Errors
    /// When it is no run folder, its plan was changed, it has no such fold, or its encoder is damaged.
    pub(crate) fn open(run: &Path, fold: usize) -> Result<Self, PipelineError> {
        let folder = RunFolder::at(run);
        let refuse = |reason: String| PipelineError::RunFolder { path: run.to_owned(), reason };
        if !folder.path("plan.json").is_file() {
            return Err(refuse(
                "it is no run folder: give one that `twinprint run` filled, as in --model reports/eegmat-1a2b3c4d"
                    .to_owned(),
            ));
        }
        let (config, plan_hash) = plan_of(&folder)?;
        let split: Split = folder.read_json("split.json")?;
        let folds = split.folds.len();
        let fold = split.folds.into_iter().find(|candidate| candidate.index == fold).ok_or_else(|| {
            refuse(format!("it has no fold {fold}: write --fold 0 to {}", folds.saturating_sub(1)))
        })?;
        let model = Model::load(&folder.fold(fold.index), &Compute::cpu())
            .map_err(|error| refuse(format!("the encoder of fold {} cannot be read: {error}", fold.index)))?;
        let failed = |error| PipelineError::stage("gallery", error);
        let place = std::fs::canonicalize(run).unwrap_or_else(|_| run.to_owned());
        let lock = Lock {
            encoder: model.content_hash().map_err(failed)?,
            plan: plan_hash,
            dim: model.dim(),
            model: place.to_string_lossy().into_owned(),
            fold: fold.index,
            channels: model.channels().to_vec(),
            rate: model.rate(),
            epoch_seconds: model.samples() as f64 / model.rate(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(Self { folder, config, fold, model, lock })
    }

    /// Refuses a run whose scores cannot set an honest threshold.
    pub(crate) fn check_honest(&self) -> Result<(), PipelineError> {
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
        Err(PipelineError::RunFolder {
            path: self.folder.root().to_owned(),
            reason: format!(
                "{reason}, so it cannot lend thresholds to a gallery: run it with variant = \"unseen-subjects\""
            ),
        })
    }
}

/// A run's plan and its hash, which must be the one the run was recorded under.
pub(crate) fn plan_of(folder: &RunFolder) -> Result<(Config, String), PipelineError> {
    let config: Config = folder.read_json("plan.json")?;
    let decisive = Config { description: String::new(), device: String::new(), ..config.clone() };
    let hash = hash_of(&decisive);
    let record: RunRecord = folder.read_json("run.json")?;
    if record.plan_hash == hash {
        return Ok((config, hash));
    }
    Err(PipelineError::RunFolder {
        path: folder.path("plan.json"),
        reason: format!(
            "it is not the plan the run was made under ({} against {}): it was changed; run the pipeline again",
            &hash[..8],
            record.plan_hash.get(..8).unwrap_or_default()
        ),
    })
}
