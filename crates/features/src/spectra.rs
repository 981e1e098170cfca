//! Log spectra of epochs, computed once, and the parts of them that baselines and audits look at.

use std::ops::Range;

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use crate::aperiodic::Grid;
use crate::power::{log_psd_of, plan};
use crate::welch::Welch;
use crate::{FeatureError, View};

/// The log Welch power of [`crate::log_psd`] in a range of frequencies, and its parts: which frequencies, how high the whole, how
/// it falls.
///
/// ```
/// use ndarray::Array3;
/// use twinprint_features::{LogSpectra, View, log_psd};
///
/// let epochs = Array3::from_shape_fn((3, 2, 256), |(e, c, t)| ((7 * t + 5 * e * t + 3 * c) % 19) as f32);
/// let view = View { samples: epochs.view(), rate: 128.0 };
/// let spectra = LogSpectra::of(view, 1.0, 40.0)?;
/// assert_eq!(spectra.band(8.0, 13.0)?, log_psd(view, 8.0, 13.0)?);
/// assert_eq!(spectra.gain().dim(), (3, 2));
/// # Ok::<(), twinprint_features::FeatureError>(())
/// ```
pub struct LogSpectra {
    welch: Welch,
    bins: Range<usize>,
    channels: usize,
    /// `[epochs, channels · frequencies]`
    powers: Array2<f32>,
}

impl LogSpectra {
    /// Of epochs, from `l_freq` to `h_freq` hertz (both included).
    ///
    /// # Errors
    /// As [`crate::log_psd`].
    pub fn of(view: View<'_>, l_freq: f64, h_freq: f64) -> Result<Self, FeatureError> {
        let welch = plan(view)?;
        let bins = welch.bins(l_freq, h_freq)?;
        let powers = log_psd_of(view, &welch, bins.clone())?;
        Ok(Self { welch, bins, channels: view.channels(), powers })
    }

    /// Puts the spectra of later epochs, of as many channels and samples at the same rate, behind these.
    ///
    /// # Errors
    /// When the epochs have another shape, or as [`crate::log_psd`].
    pub fn append(&mut self, view: View<'_>) -> Result<(), FeatureError> {
        let more = log_psd_of(view, &self.welch, self.bins.clone())?;
        let shape = || FeatureError::Empty {
            channels: view.channels(),
            samples: view.length(),
            least: self.channels,
        };
        self.powers.append(Axis(0), more.view()).map_err(|_| shape())
    }

    /// Makes room for the spectra of so many epochs in all.
    pub fn reserve(&mut self, epochs: usize) {
        let more = epochs.saturating_sub(self.powers.nrows());
        // Where there is no room, appending says so.
        let _ = self.powers.reserve(Axis(0), more);
    }

    /// All of it: `[epochs, channels · frequencies]`, the frequencies of the first channel first.
    pub fn all(&self) -> &Array2<f32> {
        &self.powers
    }

    /// Half the sampling rate in hertz.
    pub fn nyquist(&self) -> f64 {
        self.welch.nyquist()
    }

    /// From `l_freq` to `h_freq` hertz (both included): `[epochs, channels · frequencies]`.
    ///
    /// # Errors
    /// When the range holds no frequency, or one that these spectra do not hold.
    pub fn band(&self, l_freq: f64, h_freq: f64) -> Result<Array2<f32>, FeatureError> {
        let wanted = self.welch.bins(l_freq, h_freq)?;
        if wanted.start < self.bins.start || wanted.end > self.bins.end {
            let held = self.welch.frequency(self.bins.end - 1);
            return Err(FeatureError::Range { l_freq, h_freq, nyquist: held });
        }
        let columns = wanted.start - self.bins.start..wanted.end - self.bins.start;
        Ok(self.each_channel(columns.len(), |powers, out| out.copy_from_slice(&powers[columns.clone()])))
    }

    /// The mean over frequencies, per channel: what impedance, gain and skull do to a channel as a whole. Shape
    /// `[epochs, channels]`.
    pub fn gain(&self) -> Array2<f32> {
        self.each_channel(1, |powers, out| out[0] = mean(powers))
    }

    /// Less each channel's mean over frequencies: the shape of the spectrum with the gain taken out. Shape
    /// `[epochs, channels · frequencies]`.
    pub fn shape(&self) -> Array2<f32> {
        self.each_channel(self.bins.len(), |powers, out| {
            let mean = mean(powers);
            out.iter_mut().zip(powers).for_each(|(to, power)| *to = power - mean);
        })
    }

    /// The aperiodic part alone, per channel: the height in ln(µV²/Hz) at the mean of the log frequencies of the line under the
    /// peaks, and its slope, in ln power per ln hertz. Shape `[epochs, channels · 2]`.
    ///
    /// # Errors
    /// With fewer than 3 frequencies above 0.
    pub fn aperiodic(&self) -> Result<Array2<f32>, FeatureError> {
        let (grid, first) = self.grid()?;
        Ok(self.each_channel(2, |powers, out| {
            let line = grid.line(&doubles(&powers[first..]));
            out.copy_from_slice(&[line.height as f32, line.slope as f32]);
        }))
    }

    /// Less the aperiodic part: what stands above 1/f or below it. Shape `[epochs, channels · frequencies above 0]`.
    ///
    /// # Errors
    /// As [`LogSpectra::aperiodic`].
    pub fn without_aperiodic(&self) -> Result<Array2<f32>, FeatureError> {
        let (grid, first) = self.grid()?;
        Ok(self.each_channel(self.bins.len() - first, |powers, out| {
            let above = grid.above_line(&doubles(&powers[first..]));
            out.iter_mut().zip(above).for_each(|(to, above)| *to = above as f32);
        }))
    }

    /// The log frequencies above 0 that a line is fitted over, and the place of the first of them.
    pub(crate) fn grid(&self) -> Result<(Grid, usize), FeatureError> {
        // Zero hertz has no logarithm.
        let first = usize::from(self.bins.start == 0);
        Ok((Grid::of(&self.frequencies()[first..])?, first))
    }

    /// The frequencies, in hertz.
    pub(crate) fn frequencies(&self) -> Vec<f64> {
        self.bins.clone().map(|bin| self.welch.frequency(bin)).collect()
    }

    /// The distance between two of them, in hertz.
    pub(crate) fn spacing(&self) -> f64 {
        self.welch.spacing()
    }

    /// The number of channels.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// `columns` numbers made of each channel's log powers: `[epochs, channels · columns]`.
    fn each_channel(&self, columns: usize, make: impl Fn(&[f32], &mut [f32]) + Sync) -> Array2<f32> {
        self.each_epoch(self.channels * columns, |powers, row| {
            for (out, powers) in row.chunks_exact_mut(columns).zip(powers.chunks_exact(self.bins.len())) {
                make(powers, out);
            }
        })
    }

    /// `columns` numbers made of the log powers of all channels of each epoch, `[channels · frequencies]`: `[epochs, columns]`.
    pub(crate) fn each_epoch(&self, columns: usize, make: impl Fn(&[f32], &mut [f32]) + Sync) -> Array2<f32> {
        let mut table = Array2::zeros((self.powers.nrows(), columns));
        let rows = table.outer_iter_mut().into_par_iter().zip(self.powers.outer_iter());
        rows.for_each(|(mut row, powers)| {
            if let (Some(row), Some(powers)) = (row.as_slice_mut(), powers.as_slice()) {
                make(powers, row);
            }
        });
        table
    }
}

fn mean(powers: &[f32]) -> f32 {
    let sum: f64 = powers.iter().map(|power| f64::from(*power)).sum();
    (sum / powers.len() as f64) as f32
}

pub(crate) fn doubles(powers: &[f32]) -> Vec<f64> {
    powers.iter().map(|power| f64::from(*power)).collect()
}
