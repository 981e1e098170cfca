//! An encoder of a finished run or of a packed model, with everything that tells whether it is the same one again.

use std::collections::BTreeSet;
use std::path::Path;

use twinprint_encoder::Model;
use twinprint_gallery::{EncoderIdentity, Projection, Thresholds};
use twinprint_preprocess::{CheckedPlan, EpochPlan, Plan};
use twinprint_run::{CarriedModel, FinishedRun, RunError, TrainedEncoder};
use twinprint_signal::{EmbeddingSpace, FoldIndex, Seconds};

use crate::DeskError;
use crate::calibrate;
use crate::run_scores::{RunScores, check_honest, which};

/// An encoder that people are enrolled with.
pub(crate) struct Encoder {
    /// How recordings become its epochs.
    pub(crate) preprocess: CheckedPlan,
    /// Clean seconds that a template is made from.
    pub(crate) enrol_seconds: f64,
    /// What it has learnt from: hashes of recordings' samples.
    pub(crate) learnt_from: BTreeSet<String>,
    pub(crate) model: Model,
    pub(crate) identity: EncoderIdentity,
    source: Source,
}

/// Where an encoder's thresholds come from.
enum Source {
    /// The scores of its run, on which they are measured.
    Run(Box<RunScores>),
    /// The packed model, which brings them along.
    Packed(Box<Thresholds>),
}

impl Encoder {
    /// Opens a packed model, or a run folder's encoder of a fold, or without a fold its final model.
    ///
    /// # Errors
    /// When it is neither, is damaged or was changed, or has no such encoder.
    pub(crate) fn open(model: &Path, fold: Option<FoldIndex>) -> Result<Self, DeskError> {
        if model.is_file() { Self::packed(model, fold) } else { Self::of_run(model, fold) }
    }

    fn packed(path: &Path, fold: Option<FoldIndex>) -> Result<Self, DeskError> {
        let carried = CarriedModel::open(path)?;
        let space = carried.space().map_err(DeskError::thresholds)?;
        let CarriedModel { model, about } = carried;
        if let Some(wanted) = fold
            && Some(wanted) != about.provenance.fold
        {
            return Err(DeskError::Request(format!(
                "--fold {wanted}: {} holds the {} alone; leave --fold out",
                path.display(),
                which(about.provenance.fold)
            )));
        }
        let thresholds = serde_json::from_value(about.gallery).map_err(DeskError::thresholds)?;
        Ok(Self {
            preprocess: for_recordings(about.preprocess, &model, path)?,
            enrol_seconds: about.enrol_seconds,
            learnt_from: about.learnt_from.into_iter().map(|known| known.samples).collect(),
            identity: identity(&model, space, about.provenance.plan_hash, path),
            model,
            source: Source::Packed(Box::new(thresholds)),
        })
    }

    fn of_run(run: &Path, fold: Option<FoldIndex>) -> Result<Self, DeskError> {
        let finished = FinishedRun::open(run)?;
        let encoder = trained(&finished, fold)?;
        let scores = RunScores::of(&finished, &encoder)?;
        let mut learnt_from: BTreeSet<String> =
            finished.learnt_from(&encoder)?.into_iter().map(|known| known.samples).collect();
        let before = finished.carried()?.map(|about| about.learnt_from).unwrap_or_default();
        learnt_from.extend(before.into_iter().map(|known| known.samples));
        let space = encoder.space().map_err(DeskError::thresholds)?;
        Ok(Self {
            preprocess: for_recordings(finished.config.preprocess_of_tested(), &encoder.model, run)?,
            enrol_seconds: finished.config.protocol.enrol.seconds,
            learnt_from,
            identity: identity(&encoder.model, space, finished.plan_hash, run),
            model: encoder.model,
            source: Source::Run(Box::new(scores)),
        })
    }

    /// The thresholds of a gallery of this encoder whose templates go through `projection`, where there is one.
    ///
    /// # Errors
    /// When the run cannot set an honest threshold or its prints are missing; when the model is packed and templates are to
    /// lose dimensions, whose cost only the run's prints can tell.
    pub(crate) fn thresholds(&self, projection: Option<&Projection>) -> Result<Thresholds, DeskError> {
        let packed = match &self.source {
            Source::Run(scores) => return calibrate::thresholds(scores, projection),
            Source::Packed(thresholds) => thresholds,
        };
        let Some(projection) = projection else { return Ok(Thresholds::clone(packed)) };
        if projection.kept() < self.identity.dim {
            return Err(DeskError::Request(format!(
                "--cancelable {} of {} dimensions: what that costs is measured on a run's prints, which a packed model does not hold; write --cancelable alone, or give the run folder as --model",
                projection.kept(),
                self.identity.dim
            )));
        }
        let note = "cancelable with all dimensions: every score stays as it was; what two galleries tell about one another was not measured, since a packed model holds no prints";
        let mut thresholds = Thresholds::clone(packed);
        thresholds.notes.push(note.to_owned());
        Ok(thresholds)
    }
}

/// The encoder of a fold, or without one the final model.
///
/// # Errors
/// When the run has no such encoder, or it is damaged.
pub(crate) fn trained(run: &FinishedRun, fold: Option<FoldIndex>) -> Result<TrainedEncoder, DeskError> {
    match fold {
        Some(fold) => Ok(run.encoder(fold)?),
        None => {
            // A run that flatters has no final model; why it sets no thresholds is the better answer.
            check_honest(&run.folder, &run.config)?;
            Ok(run.final_model()?)
        }
    }
}

/// A run's preprocessing for recordings that come later: the encoder's channels by name, epochs end to end.
fn for_recordings(mut plan: Plan, model: &Model, place: &Path) -> Result<CheckedPlan, DeskError> {
    if plan.channels.pick.is_empty() {
        plan.channels.pick = model.channels().to_vec();
    }
    if let EpochPlan::Fixed { overlap, .. } = &mut plan.epochs {
        *overlap = Seconds::default();
    }
    Ok(plan.checked().map_err(|error| RunError::run_folder(place, error))?)
}

fn identity(model: &Model, space: EmbeddingSpace, plan: String, place: &Path) -> EncoderIdentity {
    let place = std::fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    EncoderIdentity {
        encoder: space.model,
        plan,
        dim: model.dim(),
        model: place.to_string_lossy().into_owned(),
        fold: space.fold,
        channels: model.channels().to_vec(),
        rate: model.rate(),
        epoch_seconds: model.samples() as f64 / model.rate(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
