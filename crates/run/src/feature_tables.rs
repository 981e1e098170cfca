//! The tables of features that baselines and audits are made of: one pass over the epochs makes each, however many systems look at
//! it.

use std::borrow::Cow;

use ndarray::{Array2, s};
use twinprint_features::{
    DEFAULT_BANDS, DEFAULT_H_FREQ, DEFAULT_L_FREQ, FeatureError, LogSpectra, View, average_reference,
    log_psd, tangent,
};
use twinprint_store::epochs::EpochFile;

use crate::RunError;
use crate::shortcut::{Made, Shortcut, highest};
use crate::system::System;

/// Epochs that are referenced and described at a time: memory does not hold a second copy of the file.
const BLOCK: usize = 1024;

/// The tables of a file of epochs.
pub(crate) struct FeatureTables<'a> {
    file: &'a EpochFile,
    /// The mains frequency in hertz.
    line_frequency: f64,
    /// Log spectra of the average reference; nothing where no system looks at them.
    spectra: Option<LogSpectra>,
    /// Log-covariances, `[epochs, columns]`; nothing where no system looks at them.
    tangent: Option<Array2<f32>>,
}

impl<'a> FeatureTables<'a> {
    /// Makes the tables that several of the systems look at.
    pub(crate) fn of(file: &'a EpochFile, line_frequency: f64, systems: &[System]) -> Result<Self, RunError> {
        let mut tables = Self { file, line_frequency, spectra: None, tangent: None };
        if let Some(&system) = systems.iter().find(|system| of_spectra(**system)) {
            tables.spectra = tables.spectra().map_err(refusal(system))?;
        }
        if let Some(&system) = systems.iter().find(|system| of_covariances(**system)) {
            tables.tangent =
                Some(tables.in_blocks(|view| tangent(view, &DEFAULT_BANDS)).map_err(refusal(system))?);
        }
        Ok(tables)
    }

    /// The features of every epoch of the file, `[epochs, columns]`; nothing when the system has an encoder instead.
    pub(crate) fn features(&self, system: System) -> Result<Option<Cow<'_, Array2<f32>>>, RunError> {
        let owned = |table: Result<Array2<f32>, FeatureError>| {
            table.map(|table| Some(Cow::Owned(table))).map_err(refusal(system))
        };
        let (line_frequency, nothing) = (self.line_frequency, || Ok(Array2::zeros((0, 0))));
        match system {
            System::LogPsdCosine => {
                owned(self.in_blocks(|view| log_psd(view, DEFAULT_L_FREQ, DEFAULT_H_FREQ)))
            }
            System::LogPsdWccn => {
                let band = |spectra: &LogSpectra| spectra.band(DEFAULT_L_FREQ, DEFAULT_H_FREQ);
                owned(self.spectra.as_ref().map_or_else(nothing, band))
            }
            System::AlphaAlignedWccn => {
                owned(self.spectra.as_ref().map_or_else(nothing, LogSpectra::alpha_aligned))
            }
            System::TangentCosine | System::TangentWccn => Ok(self.tangent.as_ref().map(Cow::Borrowed)),
            System::Shortcut(shortcut) => owned(match shortcut.made() {
                Made::OfSamples(make) => self.in_blocks(|view| make(view, line_frequency)),
                Made::OfSpectra(take) => self.spectra.as_ref().map_or_else(nothing, take),
            }),
            _ => Ok(None),
        }
    }

    fn blocks(&self) -> impl Iterator<Item = View<'_>> {
        let rate = self.file.rate().get();
        let blocks = (0..self.file.samples().dim().0).step_by(BLOCK);
        blocks.map(move |from| {
            let samples = self.file.samples();
            let to = (from + BLOCK).min(samples.dim().0);
            View { samples: samples.slice_move(s![from..to, .., ..]), rate }
        })
    }

    fn in_blocks(
        &self,
        make: impl Fn(View<'_>) -> Result<Array2<f32>, FeatureError>,
    ) -> Result<Array2<f32>, FeatureError> {
        let mut table: Option<Array2<f32>> = None;
        let mut done = 0;
        for block in self.blocks() {
            let rows = make(block)?;
            let table =
                table.get_or_insert_with(|| Array2::zeros((self.file.samples().dim().0, rows.ncols())));
            table.slice_mut(s![done..done + rows.nrows(), ..]).assign(&rows);
            done += rows.nrows();
        }
        Ok(table.unwrap_or_else(|| Array2::zeros((0, 0))))
    }

    fn spectra(&self) -> Result<Option<LogSpectra>, FeatureError> {
        let mut all: Option<LogSpectra> = None;
        for block in self.blocks() {
            let mut samples = block.samples.to_owned();
            average_reference(samples.view_mut())?;
            let view = View { samples: samples.view(), ..block };
            match &mut all {
                Some(all) => all.append(view)?,
                None => {
                    let mut first = LogSpectra::of(view, DEFAULT_L_FREQ, highest(block.rate / 2.0))?;
                    first.reserve(self.file.samples().dim().0);
                    all = Some(first);
                }
            }
        }
        Ok(all)
    }
}

/// Why the epochs of the file do not hold what a shortcut looks at, as their first epoch shows.
pub(crate) fn missing(shortcut: Shortcut, file: &EpochFile, line_frequency: f64) -> Option<String> {
    let samples = file.samples();
    let first = samples.slice(s![..1.min(samples.dim().0), .., ..]);
    features_of(shortcut, View { samples: first, rate: file.rate().get() }, line_frequency)
        .err()
        .map(|error| error.to_string())
}

fn features_of(shortcut: Shortcut, view: View<'_>, line_frequency: f64) -> Result<Array2<f32>, FeatureError> {
    match shortcut.made() {
        Made::OfSamples(make) => make(view, line_frequency),
        Made::OfSpectra(take) => {
            let mut samples = view.samples.to_owned();
            average_reference(samples.view_mut())?;
            let view = View { samples: samples.view(), ..view };
            take(&LogSpectra::of(view, DEFAULT_L_FREQ, highest(view.rate / 2.0))?)
        }
    }
}

fn of_spectra(system: System) -> bool {
    match system {
        System::LogPsdWccn | System::AlphaAlignedWccn => true,
        System::Shortcut(shortcut) => matches!(shortcut.made(), Made::OfSpectra(_)),
        _ => false,
    }
}

fn of_covariances(system: System) -> bool {
    matches!(system, System::TangentCosine | System::TangentWccn)
}

fn refusal(system: System) -> impl Fn(FeatureError) -> RunError {
    move |error| {
        RunError::in_stage(
            "embed",
            format!("{system}: {error}; leave it out with evaluation.baselines or evaluation.audits"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_the_spectrum_does_not_hold_is_an_error_and_not_zeros() {
        let samples =
            ndarray::Array3::<f32>::from_shape_fn((2, 3, 100), |(e, c, t)| ((e + c + t) % 7) as f32);
        let view = View { samples: samples.view(), rate: 50.0 };
        assert!(features_of(Shortcut::Band8To13, view, 50.0).is_ok());
        for shortcut in [Shortcut::Band20To30, Shortcut::Above30Hz, Shortcut::LineNoise] {
            assert!(features_of(shortcut, view, 50.0).is_err(), "{}", shortcut.name());
        }
    }
}
