//! The baselines: classical features, standardised or whitened on the training subjects.

use ndarray::Array2;
use twinprint_closed::{SHRINKAGE, Shrinkage, Standardise, Whitening};
use twinprint_signal::EpochRow;

use crate::RunError;
use crate::error::{Placed, Problem};
use crate::system::System;
use crate::training_rows::TrainingRows;

/// Rows that are copied out of a table at a time.
const CHUNK: usize = 256;

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
        let failed = |error| RunError::in_stage(&format!("embed: {system}"), error);
        let chunks = || training.rows().chunks(CHUNK).map(|rows| EpochRow::select(table.view(), rows));
        let (columns, labels) = (table.ncols(), training.labels());
        let standardise = Standardise::fit_in_chunks(columns, labels.weight, |each| {
            chunks().for_each(|rows| each(rows.view()));
        })
        .map_err(|error| failed(Problem::from(error)))?;
        let whitening = match system {
            _ if whitened(system) => {
                let shrinkage = Shrinkage { across_recordings: 0.0, toward_identity: SHRINKAGE };
                let fitted = Whitening::fit_in_chunks(columns, labels, shrinkage, |each| {
                    for mut rows in chunks() {
                        standardise.apply(&mut rows);
                        each(rows.mapv(f64::from).view());
                    }
                });
                Some(fitted.map_err(|error| failed(Problem::from(error)))?)
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
