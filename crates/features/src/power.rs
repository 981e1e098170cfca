//! Logarithms of spectral power per channel.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};

use crate::parallel::rows;
use crate::welch::{Welch, log_power};
use crate::{FeatureError, View};

/// Natural logarithm of Welch's power density in µV²/Hz at every frequency from `l_freq` to `h_freq` hertz (both included).
///
/// Shape `[epochs, channels · frequencies]`, the frequencies of the first channel first. Power is floored at
/// 10⁻¹² µV²/Hz. The estimate is Welch's: segments of one second (or the whole epoch where it is shorter) with a
/// periodic Hann window, half overlapping, the mean of each removed; defaults are
/// [`DEFAULT_L_FREQ`](crate::DEFAULT_L_FREQ) and [`DEFAULT_H_FREQ`](crate::DEFAULT_H_FREQ).
///
/// # Errors
/// When the range holds no frequency or exceeds Nyquist, epochs are shorter than 4 samples, or a sample is not finite.
pub fn log_psd(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<Array2<f32>, FeatureError> {
    let welch = plan(view)?;
    let wanted = welch.bins(l_freq, h_freq)?;
    log_psd_of(view, &welch, wanted)
}

/// The frequencies in hertz, ascending, of each channel's columns in the table of [`log_psd`].
///
/// # Errors
/// As [`log_psd`].
pub fn log_psd_frequencies(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<Vec<f64>, FeatureError> {
    let welch = plan(view)?;
    Ok(welch.bins(l_freq, h_freq)?.map(|bin| welch.frequency(bin)).collect())
}

/// The log powers at the frequencies at these places.
pub(crate) fn log_psd_of(
    view: View<'_>,
    welch: &Welch,
    wanted: Range<usize>,
) -> Result<Array2<f32>, FeatureError> {
    spectral_rows(view, welch, wanted.len(), |density, out| {
        for (to, power) in out.iter_mut().zip(&density[wanted.clone()]) {
            *to = log_power(*power);
        }
    })
}

/// Natural logarithm of the mean Welch power density in µV²/Hz in each band (lower edge included, upper edge not).
///
/// Shape `[epochs, channels · bands]`, the bands of the first channel first.
///
/// # Errors
/// When there is no band, a band holds no frequency or exceeds Nyquist, epochs are shorter than 4 samples, or a sample is
/// not finite.
pub fn band_powers(view: View<'_>, bands: &[(f64, f64)]) -> Result<Array2<f32>, FeatureError> {
    if bands.is_empty() {
        return Err(FeatureError::NoBands);
    }
    let welch = plan(view)?;
    let wanted = bands.iter().map(|band| welch.bins_below(*band)).collect::<Result<Vec<_>, _>>()?;
    spectral_rows(view, &welch, wanted.len(), |density, out| {
        for (to, bins) in out.iter_mut().zip(&wanted) {
            let powers = &density[bins.clone()];
            *to = log_power(powers.iter().sum::<f64>() / powers.len() as f64);
        }
    })
}

pub(crate) fn plan(view: View<'_>) -> Result<Welch, FeatureError> {
    view.check(4)?;
    Welch::new(view.length(), view.rate)
}

/// `columns` numbers a channel, made by `pick(density, columns of the channel)`.
pub(crate) fn spectral_rows<P>(
    view: View<'_>,
    welch: &Welch,
    columns: usize,
    pick: P,
) -> Result<Array2<f32>, FeatureError>
where
    P: Fn(&[f64], &mut [f32]) + Sync + Send,
{
    let work = |buffers: &mut _, epoch: usize, samples: ArrayView2<'_, f32>, row: &mut [f32]| {
        for (channel, out) in row.chunks_exact_mut(columns).enumerate() {
            let buffers: &mut crate::welch::Buffers = buffers;
            welch.density(samples.index_axis(Axis(0), channel), buffers, (epoch, channel))?;
            pick(&buffers.density, out);
        }
        Ok(())
    };
    rows(view, view.channels() * columns, || welch.buffers(), work)
}
