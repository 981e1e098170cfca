//! Log spectra with everybody's alpha rhythm brought to the same place, as spectra were compared by Näpflin, Wildi and Sarnthein
//! (2007), who recognised people by their shape a year later.
//!
//! The frequency of alpha is the centre of gravity (Klimesch 1999) of what stands above 1/f between 7 and 13 Hz in the mean log
//! spectrum over channels. Every channel's log spectrum is moved along the frequency axis until it lies at 10 Hz.
//!
//! References: `Napflin2007`, `Klimesch1999`.

use ndarray::{Array2, Axis};

use crate::aperiodic::grid;
use crate::parallel::rows;
use crate::{FeatureError, View};

/// Where alpha is looked for, in hertz.
const ALPHA: (f64, f64) = (7.0, 13.0);
/// Where it is moved to.
const PLACE: f64 = 10.0;

/// Log Welch power per channel at every frequency from `l_freq` to `h_freq` hertz after alpha was moved to 10 Hz, and behind them
/// the frequency it was at, in hertz. Shape `[epochs, channels · frequencies + 1]`, the frequencies of the first channel first;
/// power in ln(µV²/Hz), between two frequencies of the spectrum on the line through both, and at either end of the range that of the
/// end. Where nothing stands above 1/f, alpha counts as lying at 10 Hz.
///
/// # Errors
/// As [`crate::aperiodic::aperiodic`].
pub fn alpha_aligned(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<Array2<f32>, FeatureError> {
    let (welch, grid) = grid(view, l_freq, h_freq)?;
    let (channels, count) = (view.channels(), grid.len());
    let frequencies: Vec<f64> = grid.bins().map(|bin| welch.frequency(bin)).collect();
    let spacing = welch.spacing();
    rows(
        view,
        channels * count + 1,
        || welch.buffers(),
        |buffers, epoch, samples, row| {
            let mut spectra = Vec::with_capacity(channels);
            for channel in 0..channels {
                welch.density(samples.index_axis(Axis(0), channel), buffers, (epoch, channel))?;
                spectra.push(grid.log_powers(&buffers.density));
            }
            let mean: Vec<f64> = (0..count)
                .map(|at| spectra.iter().map(|powers| powers[at]).sum::<f64>() / channels as f64)
                .collect();
            let alpha = gravity(&frequencies, &grid.above_line(&mean)).unwrap_or(PLACE);
            for (powers, out) in spectra.iter().zip(row.chunks_exact_mut(count)) {
                for (at, to) in out.iter_mut().enumerate() {
                    *to = between(powers, at as f64 + (alpha - PLACE) / spacing) as f32;
                }
            }
            row[channels * count] = alpha as f32;
            Ok(())
        },
    )
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
