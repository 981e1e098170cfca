//! The baselines: classical features, standardised or whitened on the training subjects, and the encoder before training.

use ndarray::{Array2, Axis, s};
use twinprint_closed::{SHRINKAGE, Standardise, Whitening};
use twinprint_features::{
    DEFAULT_BANDS, DEFAULT_H_FREQ, DEFAULT_L_FREQ, FeatureError, View, alpha_aligned, average_reference,
    log_psd, tangent,
};
use twinprint_store::epochs::EpochFile;

use crate::RunError;
use crate::error::Placed;
use crate::shortcut::Shortcut;
use crate::system::System;
use crate::training_rows::TrainingRows;

/// Epochs that are referenced and described at a time: memory does not hold a second copy of the file.
const BLOCK: usize = 1024;

/// The features of every epoch of the file, `[epochs, columns]`; nothing when the system has an encoder instead.
pub(crate) fn features(
    system: System,
    file: &EpochFile,
    line_frequency: f64,
) -> Result<Option<Array2<f32>>, RunError> {
    if matches!(
        system,
        System::Encoder
            | System::EncoderAlone
            | System::LearntHere
            | System::UntrainedEncoder
            | System::WhitenedEncoder
    ) {
        return Ok(None);
    }
    let (samples, rate) = (file.samples(), file.rate().get());
    let mut table: Option<Array2<f32>> = None;
    for block in samples.axis_chunks_iter(Axis(0), BLOCK) {
        let rows =
            block_features(system, View { samples: block, rate }, line_frequency).map_err(|error| {
                RunError::in_stage(
                    "embed",
                    format!("{system}: {error}; leave it out with evaluation.baselines or evaluation.audits"),
                )
            })?;
        match &mut table {
            Some(table) => table.append(Axis(0), rows.view()).in_stage("embed")?,
            None => {
                let mut first = Array2::zeros((0, rows.ncols()));
                first.reserve(Axis(0), samples.dim().0).in_stage("embed")?;
                first.append(Axis(0), rows.view()).in_stage("embed")?;
                table = Some(first);
            }
        }
    }
    Ok(table)
}

fn block_features(system: System, view: View, line_frequency: f64) -> Result<Array2<f32>, FeatureError> {
    match system {
        System::LogPsdCosine => log_psd(view, DEFAULT_L_FREQ, DEFAULT_H_FREQ),
        System::LogPsdWccn | System::AlphaAlignedWccn => {
            let mut samples = view.samples.to_owned();
            average_reference(samples.view_mut())?;
            let view = View { samples: samples.view(), ..view };
            match system {
                System::AlphaAlignedWccn => alpha_aligned(view, DEFAULT_L_FREQ, DEFAULT_H_FREQ),
                _ => log_psd(view, DEFAULT_L_FREQ, DEFAULT_H_FREQ),
            }
        }
        System::Shortcut(shortcut) => shortcut.features(view.samples, view.rate, line_frequency),
        _ => tangent(view, &DEFAULT_BANDS),
    }
}

/// Why the epochs of the file do not hold what a shortcut looks at, as their first epoch shows.
pub(crate) fn missing(
    shortcut: Shortcut,
    file: &EpochFile,
    line_frequency: f64,
) -> Result<Option<String>, RunError> {
    let samples = file.samples();
    let first = samples.slice(s![..1.min(samples.dim().0), .., ..]);
    Ok(shortcut.features(first, file.rate().get(), line_frequency).err().map(|error| error.to_string()))
}

fn whitened(system: System) -> bool {
    match system {
        System::LogPsdWccn | System::AlphaAlignedWccn | System::TangentWccn => true,
        System::Shortcut(shortcut) => shortcut.whitened(),
        _ => false,
    }
}

/// What a feature baseline learns from the training subjects of one fold.
pub(crate) struct Fitted {
    standardise: Standardise,
    whitening: Option<Whitening>,
}

impl Fitted {
    /// Learns from the rows of `table` that belong to the fold's training recordings.
    pub(crate) fn on(system: System, table: &Array2<f32>, training: &TrainingRows) -> Result<Self, RunError> {
        let failed =
            |error: &dyn std::error::Error| RunError::in_stage("embed", format!("{system}: {error}"));
        let mut rows = table.select(Axis(0), training.rows());
        let labels = training.labels();
        let standardise = Standardise::fit_in_chunks(rows.ncols(), labels.weight, |each| each(rows.view()))
            .map_err(|error| failed(&error))?;
        let whitening = match system {
            _ if whitened(system) => {
                standardise.apply(&mut rows);
                let fitted =
                    Whitening::fit_to(rows.view(), labels, SHRINKAGE).map_err(|error| failed(&error))?;
                Some(fitted)
            }
            _ => None,
        };
        Ok(Self { standardise, whitening })
    }

    /// Features to prints, `[n, columns]` to `[n, dim]`.
    pub(crate) fn prints(&self, features: Array2<f32>) -> Result<Array2<f32>, RunError> {
        let mut prints = features;
        self.standardise.apply(&mut prints);
        match &self.whitening {
            None => Ok(prints),
            Some(whitening) => whitening.apply(prints.view()).in_stage("embed"),
        }
    }
}
