//! Epochs to look at, with their rate.

use ndarray::ArrayView3;

use crate::FeatureError;

/// Epochs of one rate, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// `[epochs, channels, samples]` in µV, in any memory layout.
    pub samples: ArrayView3<'a, f32>,
    /// Samples a second in hertz.
    pub rate: f64,
}

impl View<'_> {
    /// The number of epochs.
    pub fn epochs(&self) -> usize {
        self.samples.dim().0
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.samples.dim().1
    }

    /// The number of samples of each epoch.
    pub fn length(&self) -> usize {
        self.samples.dim().2
    }

    /// Refuses a rate that is none, and axes too short.
    pub(crate) fn check(&self, least: usize) -> Result<(), FeatureError> {
        check_rate(self.rate)?;
        let (channels, samples) = (self.channels(), self.length());
        if channels == 0 || samples < least {
            return Err(FeatureError::Empty { channels, samples, least });
        }
        Ok(())
    }
}

pub(crate) fn check_rate(rate: f64) -> Result<(), FeatureError> {
    if rate.is_finite() && rate > 0.0 { Ok(()) } else { Err(FeatureError::Rate(rate)) }
}

/// Positions of the frequencies `k · spacing`, `k < count`, inside `l_freq..=h_freq` (or `l_freq..h_freq`).
///
/// Edges are compared with a tolerance of a billionth of the spacing, so that 0.1 + 0.2 reaches 0.3.
pub(crate) fn bins(
    (l_freq, h_freq): (f64, f64),
    spacing: f64,
    count: usize,
    nyquist: f64,
    closed: bool,
) -> Result<std::ops::Range<usize>, FeatureError> {
    let slack = spacing * 1e-9;
    let ordered = l_freq.is_finite() && h_freq.is_finite() && l_freq >= 0.0 && l_freq < h_freq;
    if !ordered || h_freq > nyquist + slack {
        return Err(FeatureError::Range { l_freq, h_freq, nyquist });
    }
    let first = ((l_freq - slack) / spacing).ceil().max(0.0) as usize;
    let edge = if closed { h_freq + slack } else { h_freq - slack };
    let last = (edge / spacing).floor().max(0.0) as usize + 1;
    let last = last.min(count);
    if first >= last {
        return Err(FeatureError::NoBin { l_freq, h_freq, spacing });
    }
    Ok(first..last)
}
