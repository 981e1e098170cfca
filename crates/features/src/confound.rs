//! Features that should *not* tell people apart: inputs of the audits.
//!
//! A low equal error rate from one of them says that a system could be reading electrode contact, amplifier gain
//! or the room's mains instead of a brain.

use ndarray::{Array2, Axis};

use crate::parallel::rows;
use crate::power::{plan, spectral_rows};
use crate::welch::POWER_FLOOR;
use crate::{FeatureError, View};

/// Natural logarithm of each channel's root mean square in µV, mean removed: amplitude and nothing else.
///
/// Shape `[epochs, channels]`; power below 10⁻¹² µV² counts as that.
///
/// # Errors
/// When an axis is empty or a sample is not finite.
pub fn amplitude_scale(view: View<'_>) -> Result<Array2<f32>, FeatureError> {
    view.check(1)?;
    rows(
        view,
        view.channels(),
        || (),
        |(), epoch, samples, row| {
            for (channel, (signal, to)) in samples.axis_iter(Axis(0)).zip(row).enumerate() {
                let length = signal.len() as f64;
                let mean = signal.iter().map(|x| f64::from(*x)).sum::<f64>() / length;
                let square = signal.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / length;
                if !square.is_finite() {
                    return Err(FeatureError::NotFinite { epoch, channel });
                }
                *to = (0.5 * square.max(POWER_FLOOR).ln()) as f32;
            }
            Ok(())
        },
    )
}

/// Natural logarithm of the power at the mains frequency over the mean power 3 to 5 Hz beside it, per channel.
///
/// Shape `[epochs, channels]`. `line_freq` is 50 or 60 Hz; the power is that of the nearest frequency of the spectrum and its
/// two neighbours; of the flanks, the part below Nyquist is used.
///
/// # Errors
/// When the line's flanks do not fit the spectrum, epochs are shorter than 4 samples, or a sample is not finite.
pub fn line_noise_bin(view: View<'_>, line_freq: f64) -> Result<Array2<f32>, FeatureError> {
    let welch = plan(view)?;
    let nyquist = welch.nyquist();
    let fits = line_freq.is_finite() && line_freq > 5.0 && line_freq + welch.spacing() <= nyquist;
    if !fits {
        return Err(FeatureError::LineFrequency { line_freq, nyquist });
    }
    let centre = (line_freq / welch.spacing()).round() as usize;
    let line = centre - 1..(centre + 2).min(welch.bins(0.0, nyquist)?.end);
    let below = welch.bins(line_freq - 5.0, line_freq - 3.0)?;
    let above = welch.bins(line_freq + 3.0, (line_freq + 5.0).min(nyquist)).unwrap_or(0..0);
    spectral_rows(view, &welch, 1, |density, out| {
        let mean = |bins: &[f64]| bins.iter().sum::<f64>() / bins.len() as f64;
        let flanks: Vec<f64> = [&density[below.clone()], &density[above.clone()]].concat();
        let ratio = mean(&density[line.clone()]).max(POWER_FLOOR) / mean(&flanks).max(POWER_FLOOR);
        out[0] = ratio.ln() as f32;
    })
}
