//! Prints of the encoders of a run, and of those that baselines are made of.

use ndarray::{Array2, s};
use twinprint_encoder::{Known, Model, SharedFeatures, Silent};
use twinprint_protocol::Fold;
use twinprint_signal::EpochRow;
use twinprint_store::epochs::EpochFile;

use crate::RunError;
use crate::config::hash_of;
use crate::context::Context;
use crate::error::Placed;
use crate::system::System;
use crate::training_rows::TrainingRows;

/// Epochs that are copied out of the file and encoded at a time.
const ENCODED: usize = 2048;

/// The encoder of a fold that a system's prints are made by.
pub(crate) fn of_fold(
    context: &Context,
    system: System,
    (fold, training): (&Fold, &TrainingRows),
    file: &EpochFile,
) -> Result<Model, RunError> {
    let plan = context.plan.encoder();
    let data = training.epochs(file);
    // Nothing of a model that is brought along was fitted to this fold.
    let at_home = context.plan.carried().is_none();
    Ok(match system {
        System::UntrainedEncoder if at_home && plan.joined.is_empty() => {
            saved(context, fold, file)?.before_training(&data).in_stage("embed")?
        }
        System::UntrainedEncoder => Model::untrained(plan, &data, context.device).in_stage("embed")?,
        System::LearntHere => {
            let here = context.plan.encoder_learnt_here();
            twinprint_encoder::train(here, &data, context.device, &mut Silent).in_stage("embed")?
        }
        System::WhitenedEncoder if at_home && plan.ends_whitened() => saved(context, fold, file)?,
        System::WhitenedEncoder => Model::whitened(plan, &data, context.device).in_stage("embed")?,
        _ => saved(context, fold, file)?,
    })
}

/// Prints of some rows of the file of epochs, `[rows, dim]`.
pub(crate) fn prints(
    model: &Model,
    system: System,
    (file, shared): (&EpochFile, Option<&SharedFeatures>),
    rows: &[EpochRow],
) -> Result<Array2<f32>, RunError> {
    let mut prints = Array2::zeros((0, 0));
    let (all, mut done) = (rows.len(), 0);
    for rows in rows.chunks(ENCODED) {
        let samples = EpochRow::select(file.samples(), rows);
        let part = match system {
            System::EncoderAlone => model.embed_alone(samples.view()),
            _ => {
                let known = shared.map(|features| Known { features, rows });
                model.embed_known(samples.view(), known)
            }
        }
        .in_stage("embed")?;
        if done == 0 {
            prints = Array2::zeros((all, part.ncols()));
        }
        prints.slice_mut(s![done..done + part.nrows(), ..]).assign(&part);
        done += part.nrows();
    }
    Ok(prints)
}

/// The hash of what made a system's prints.
pub(crate) fn hash(model: &Model, system: System) -> Result<String, RunError> {
    let hash = model.content_hash().in_stage("embed")?;
    // The same weights without what is joined to their prints map epochs into another space.
    Ok(if system == System::EncoderAlone { hash_of(&(system.name(), hash)) } else { hash })
}

/// The encoder that training left in the fold's folder, if it is one of this run's plan for these epochs.
pub(crate) fn saved(context: &Context, fold: &Fold, file: &EpochFile) -> Result<Model, RunError> {
    let path = context.folder.fold(fold.index);
    let model = Model::load(&path, context.device).in_stage("embed")?;
    let (rate, samples) = (file.rate().get(), file.samples().dim().2);
    match model.check_fits(context.plan.encoder(), file.channels(), rate, samples) {
        Ok(()) => Ok(model),
        Err(error) => Err(RunError::run_folder_with(
            path,
            error,
            "it was not trained by this run: run with --from train",
        )),
    }
}
