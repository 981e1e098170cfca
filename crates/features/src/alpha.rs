//! Log spectra with everybody's alpha rhythm brought to the same place, as spectra were compared by Näpflin, Wildi and Sarnthein
//! (2007), who recognised people by their shape a year later.
//!
//! The frequency of alpha is the centre of gravity (Klimesch 1999) of what stands above 1/f between 7 and 13 Hz in the mean log
//! spectrum over channels. Every channel's log spectrum is moved along the frequency axis until it lies at 10 Hz.
//!
//! References: `Napflin2007`, `Klimesch1999`.

use ndarray::Array2;

use crate::FeatureError;
use crate::spectra::{LogSpectra, doubles};

/// Where alpha is looked for, in hertz.
const ALPHA: (f64, f64) = (7.0, 13.0);
/// Where it is moved to.
const PLACE: f64 = 10.0;

impl LogSpectra {
    /// Log power per channel at every frequency above 0 after alpha was moved to 10 Hz, and behind them the frequency it was at, in
    /// hertz. Shape `[epochs, channels · frequencies + 1]`, the frequencies of the first channel first; power in ln(µV²/Hz), between two
    /// frequencies of the spectrum on the line through both, and at either end of the range that of the end. Where nothing stands
    /// above 1/f, alpha counts as lying at 10 Hz.
    ///
    /// # Errors
    /// As [`LogSpectra::aperiodic`].
    pub fn alpha_aligned(&self) -> Result<Array2<f32>, FeatureError> {
        let (grid, first) = self.grid()?;
        let frequencies = &self.frequencies()[first..];
        let (channels, count) = (self.channels(), frequencies.len());
        Ok(self.each_epoch(channels * count + 1, |powers, row| {
            let each = powers.chunks_exact(first + count);
            let spectra: Vec<Vec<f64>> = each.map(|powers| doubles(&powers[first..])).collect();
            let mean: Vec<f64> = (0..count)
                .map(|at| spectra.iter().map(|powers| powers[at]).sum::<f64>() / channels as f64)
                .collect();
            let alpha = gravity(frequencies, &grid.above_line(&mean)).unwrap_or(PLACE);
            for (powers, out) in spectra.iter().zip(row.chunks_exact_mut(count)) {
                for (at, to) in out.iter_mut().enumerate() {
                    *to = between(powers, at as f64 + (alpha - PLACE) / self.spacing()) as f32;
                }
            }
            row[channels * count] = alpha as f32;
        }))
    }
}

/// The centre of gravity of what is above 0 within [`ALPHA`]; nothing where nothing is.
fn gravity(frequencies: &[f64], above: &[f64]) -> Option<f64> {
    let within = frequencies.iter().zip(above).filter(|(f, _)| (ALPHA.0..=ALPHA.1).contains(*f));
    let (moment, weight) = within.fold((0.0, 0.0), |(moment, weight), (f, power)| {
        let power = power.max(0.0);
        (moment + f * power, weight + power)
    });
    (weight > 0.0).then(|| moment / weight)
}

/// The value at a place between two of a list, at either end that of the end.
fn between(values: &[f64], place: f64) -> f64 {
    let place = place.clamp(0.0, (values.len() - 1) as f64);
    let (low, share) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(values.len() - 1);
    values[low] * (1.0 - share) + values[high] * share
}
