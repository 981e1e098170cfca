//! What a run left that thresholds are measured on.

use twinprint_protocol::{Fold, Split, Variant};
use twinprint_run::folder::SPLIT;
use twinprint_run::{Config, FinishedRun, RunFolder, TrainedEncoder};
use twinprint_signal::FoldIndex;

use crate::DeskError;

/// What a run left that thresholds of one of its encoders are measured on.
pub(crate) struct RunScores {
    pub(crate) folder: RunFolder,
    pub(crate) config: Config,
    /// The folds whose scores set thresholds: the encoder's own, or all for the final model.
    pub(crate) folds: Vec<Fold>,
    /// The fold whose encoder it is; nothing for the final model.
    pub(crate) fold: Option<FoldIndex>,
    /// The length of an epoch.
    pub(crate) epoch_seconds: f64,
    /// How many numbers a print of the encoder has.
    pub(crate) dim: usize,
}

/// Which of a run's encoders it is, for people.
pub(crate) fn which(fold: Option<FoldIndex>) -> String {
    fold.map_or_else(|| "final model".to_owned(), |fold| format!("encoder of fold {fold}"))
}

impl RunScores {
    /// What the thresholds of an encoder of a run are measured on.
    ///
    /// # Errors
    /// When the run's split is missing or damaged.
    pub(crate) fn of(run: &FinishedRun, encoder: &TrainedEncoder) -> Result<Self, DeskError> {
        let folds = match &encoder.fold {
            Some(fold) => vec![fold.clone()],
            None => run.folder.read_json::<Split>(SPLIT)?.folds,
        };
        Ok(Self {
            folder: run.folder.clone(),
            config: run.config.clone(),
            folds,
            fold: encoder.fold.as_ref().map(|fold| fold.index),
            epoch_seconds: encoder.model.samples() as f64 / encoder.model.rate(),
            dim: encoder.model.dim(),
        })
    }

    /// Refuses a run whose scores cannot set an honest threshold.
    pub(crate) fn check_honest(&self) -> Result<(), DeskError> {
        check_honest(&self.folder, &self.config)
    }
}

/// Refuses a run whose scores cannot set an honest threshold.
pub(crate) fn check_honest(folder: &RunFolder, config: &Config) -> Result<(), DeskError> {
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
