//! The aperiodic part of the spectrum, 1/f, alone and taken out: how much of an error rate is its slope and height, and how much
//! the peaks above it.
//!
//! A channel's aperiodic part is a line in log power over log frequency. It is fitted by least squares, then once more to the
//! frequencies at which power lies at or below the first line, so that peaks do not lift it (the robust fit of Donoghue and
//! others, 2020, without their Gaussians for the peaks).
//!
//! Reference: `Donoghue2020`.

use std::ops::Range;

use ndarray::Array2;

use crate::power::{plan, spectral_rows};
use crate::welch::{Welch, log_power};
use crate::{FeatureError, View};

/// The aperiodic part alone, per channel: the line's height in ln(µV²/Hz) at the mean of the log frequencies, and its slope, in
/// ln power per ln hertz. Shape `[epochs, channels · 2]`.
///
/// # Errors
/// As [`crate::log_psd`]; also when the range holds fewer than 3 frequencies.
pub fn aperiodic(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<Array2<f32>, FeatureError> {
    let (welch, grid) = grid(view, l_freq, h_freq)?;
    spectral_rows(view, &welch, 2, |density, out| {
        let line = grid.line(&grid.log_powers(density));
        out.copy_from_slice(&[line.height as f32, line.slope as f32]);
    })
}

/// Log Welch power less the aperiodic part: what stands above 1/f or below it. Shape `[epochs, channels · frequencies]`.
///
/// # Errors
/// As [`aperiodic`].
pub fn without_aperiodic(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<Array2<f32>, FeatureError> {
    let (welch, grid) = grid(view, l_freq, h_freq)?;
    spectral_rows(view, &welch, grid.abscissa.len(), |density, out| {
        for (to, above) in out.iter_mut().zip(grid.above_line(&grid.log_powers(density))) {
            *to = above as f32;
        }
    })
}

/// Log frequencies that a line is fitted over.
pub(crate) struct Grid {
    bins: Range<usize>,
    /// Natural logarithms of the frequencies, less their mean.
    abscissa: Vec<f64>,
}

struct Line {
    height: f64,
    slope: f64,
}

impl Line {
    fn at(&self, x: f64) -> f64 {
        self.height + self.slope * x
    }
}

/// The spectrum of these epochs and the frequencies of it that a line is fitted over.
pub(crate) fn grid(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<(Welch, Grid), FeatureError> {
    let welch = plan(view)?;
    let bins = welch.bins(l_freq.max(welch.spacing()), h_freq)?;
    if bins.len() < 3 {
        return Err(FeatureError::FewFrequencies { found: bins.len(), l_freq, h_freq });
    }
    let logarithms: Vec<f64> = bins.clone().map(|bin| welch.frequency(bin).ln()).collect();
    let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
    let abscissa = logarithms.iter().map(|x| x - mean).collect();
    Ok((welch, Grid { bins, abscissa }))
}

impl Grid {
    /// How many frequencies.
    pub(crate) fn len(&self) -> usize {
        self.abscissa.len()
    }

    /// Their positions in the spectrum.
    pub(crate) fn bins(&self) -> Range<usize> {
        self.bins.clone()
    }

    /// Log powers less the line under their peaks.
    pub(crate) fn above_line(&self, powers: &[f64]) -> Vec<f64> {
        let line = self.line(powers);
        powers.iter().zip(&self.abscissa).map(|(power, x)| power - line.at(*x)).collect()
    }

    pub(crate) fn log_powers(&self, density: &[f64]) -> Vec<f64> {
        density[self.bins.clone()].iter().map(|power| f64::from(log_power(*power))).collect()
    }

    /// The line under the peaks.
    fn line(&self, powers: &[f64]) -> Line {
        let first = self.fit(powers, |_, _| true);
        self.fit(powers, |x, power| power <= first.at(x))
    }

    /// Least squares over the frequencies that are `wanted`; through all of them where fewer than two are.
    fn fit(&self, powers: &[f64], wanted: impl Fn(f64, f64) -> bool) -> Line {
        let pairs: Vec<(f64, f64)> = self.abscissa.iter().copied().zip(powers.iter().copied()).collect();
        let mut chosen: Vec<(f64, f64)> = pairs.iter().copied().filter(|&(x, y)| wanted(x, y)).collect();
        if chosen.len() < 2 {
            chosen = pairs;
        }
        let n = chosen.len() as f64;
        let (x, y) = chosen.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
        let (square, product) =
            chosen.iter().fold((0.0, 0.0), |(a, b), (u, v)| (a + (u - x) * (u - x), b + (u - x) * (v - y)));
        let slope = product / square;
        Line { height: y - slope * x, slope }
    }
}
