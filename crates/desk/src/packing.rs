//! Models in one file: packing an encoder of a run, showing and checking what was packed.

use std::path::Path;

use serde::Serialize;
use twinprint_gallery::Thresholds;
use twinprint_run::{About, CarriedModel, FinishedRun};
use twinprint_signal::FoldIndex;

use crate::DeskError;
use crate::calibrate;
use crate::open_encoder::trained;
use crate::run_scores::RunScores;

/// What a packed model says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The hash of all that decides a print.
    pub encoder: String,
    /// How many numbers a print of the model has.
    pub dim: usize,
    /// The channels it takes, in order.
    pub channels: Vec<String>,
    /// Samples a second it takes.
    pub rate: f64,
    /// The length of an epoch in seconds.
    pub epoch_seconds: f64,
    /// Everything that was packed beside the weights.
    pub about: About,
    /// The thresholds that a gallery of it takes.
    pub thresholds: Thresholds,
}

/// Packs the final model of a run, or the encoder of a fold, with the thresholds a gallery of it takes.
///
/// # Errors
/// When the run has no such encoder or cannot set an honest threshold, a file is there and `force` is not given, or it cannot be
/// written.
pub fn pack_model(run: &Path, fold: Option<FoldIndex>, to: &Path, force: bool) -> Result<Told, DeskError> {
    if to.exists() && !force {
        return Err(DeskError::Request(format!("{} is there: write --force to replace it", to.display())));
    }
    let finished = FinishedRun::open(run)?;
    let encoder = trained(&finished, fold)?;
    let thresholds = calibrate::thresholds(&RunScores::of(&finished, &encoder)?, None)?;
    let gallery = serde_json::to_value(&thresholds).map_err(DeskError::thresholds)?;
    twinprint_run::pack(&finished, &encoder, gallery, to)?;
    show_model(to)
}

/// What a packed model says of itself.
///
/// # Errors
/// When the file is no packed model, or is damaged by as much as a byte.
pub fn show_model(path: &Path) -> Result<Told, DeskError> {
    let carried = CarriedModel::open(path)?;
    let space = carried.space().map_err(DeskError::thresholds)?;
    let CarriedModel { model, about } = carried;
    Ok(Told {
        encoder: space.model,
        dim: model.dim(),
        channels: model.channels().iter().map(ToString::to_string).collect(),
        rate: model.rate(),
        epoch_seconds: model.samples() as f64 / model.rate(),
        thresholds: serde_json::from_value(about.gallery.clone()).map_err(DeskError::thresholds)?,
        about,
    })
}
