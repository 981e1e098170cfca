//! Log-Euclidean tangent vectors of channel covariances.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, Axis};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use twinprint_closed::CovarianceLogarithm;

use crate::parallel::rows;
use crate::view::bins;
use crate::{FeatureError, View, welch::POWER_FLOOR};

/// The bands of [`tangent`] in hertz: δ, θ, α and three parts of β and low γ.
pub const DEFAULT_BANDS: [(f64, f64); 6] =
    [(1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 20.0), (20.0, 30.0), (30.0, 40.0)];

/// How far [`tangent`] moves each covariance towards a multiple of the identity.
pub const DEFAULT_SHRINKAGE: f64 = 0.05;

/// What an epoch is multiplied by before its spectrum is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Taper {
    /// One periodic Hann window.
    #[default]
    Hann,
    /// So many sine tapers, 1 to a quarter of the epoch's samples, whose spectra are averaged: less variance, and frequencies smeared
    /// by about (tapers + 1) / (2 · seconds) hertz to either side.
    ///
    /// K. S. Riedel, A. Sidorenko (1995), IEEE Transactions on Signal Processing 43(1):188–195.
    Sine(usize),
}

impl Taper {
    /// The windows, each of unit mean square.
    fn windows(self, length: usize) -> Vec<Vec<f64>> {
        let scaled = |window: Vec<f64>| {
            let power = (window.iter().map(|w| w * w).sum::<f64>() / length as f64).sqrt();
            window.into_iter().map(|w| w / power).collect()
        };
        match self {
            Self::Hann => {
                let turn = std::f64::consts::TAU / length as f64;
                vec![scaled((0..length).map(|n| 0.5 - 0.5 * (turn * n as f64).cos()).collect())]
            }
            Self::Sine(count) => {
                let turn = std::f64::consts::PI / (length + 1) as f64;
                let sine = |k: usize| (1..=length).map(|n| (turn * (k * n) as f64).sin()).collect();
                (1..=count).map(|k| scaled(sine(k))).collect()
            }
        }
    }
}

/// Most channels whose covariances are taken unless somebody asks for more: the features grow with the square of the channels, and
/// whitening them with the sixth power. 64 channels would have 12,480 features in six bands, 32 have 3,168.
pub const MOST_CHANNELS: usize = 32;

/// Logarithms of channel covariances in `bands`, with [`DEFAULT_SHRINKAGE`] and a Hann window, of at most [`MOST_CHANNELS`] channels;
/// see [`tangent_with`] and [`spread_channels`].
///
/// # Errors
/// As [`tangent_with`].
pub fn tangent(view: View<'_>, bands: &[(f64, f64)]) -> Result<Array2<f32>, FeatureError> {
    tangent_of(view, bands, MOST_CHANNELS, DEFAULT_SHRINKAGE, Taper::Hann)
}

/// Which of so many channels stand for all: all where there are no more than `most`, else `most` of them, spread evenly over
/// their order. Caps are listed row by row or side by side, so that these lie all over the head.
pub fn spread_channels(channels: usize, most: usize) -> Vec<usize> {
    let chosen = channels.min(most);
    (0..chosen).map(|at| at * channels / chosen).collect()
}

/// [`tangent_with`] of at most `most` channels, those of [`spread_channels`].
///
/// # Errors
/// As [`tangent_with`].
pub fn tangent_of(
    view: View<'_>,
    bands: &[(f64, f64)],
    most: usize,
    shrinkage: f64,
    taper: Taper,
) -> Result<Array2<f32>, FeatureError> {
    if view.channels() <= most {
        return tangent_with(view, bands, shrinkage, taper);
    }
    let few = view.samples.select(Axis(1), &spread_channels(view.channels(), most));
    tangent_with(View { samples: few.view(), rate: view.rate }, bands, shrinkage, taper)
}

/// Log-Euclidean tangent vectors: per band, the matrix logarithm of the channels' covariance, its upper triangle as a vector.
///
/// Shape `[epochs, bands · channels · (channels + 1) / 2]`, first band first, each triangle row by row. For each epoch:
/// each channel loses its mean and is tapered by a window of unit mean square; the covariance of a band is the sum over
/// the Fourier frequencies inside it (lower edge included, upper edge not) of the real cross-spectrum, in µV²: what
/// band-passing by a Fourier mask and multiplying in time would give; the mean over windows where there are several is shrunk to `(1 − s)·C + s·(tr C / channels)·I` with
/// `s = shrinkage`, hence positive definite; then comes the logarithm. Off-diagonal entries are multiplied by √2, so that the
/// Euclidean distance of two vectors is the log-Euclidean distance of the matrices.
///
/// V. Arsigny et al. (2006), Magnetic Resonance in Medicine 56(2):411–421 (log-Euclidean metric); A. Barachant et al. (2012),
/// IEEE Transactions on Biomedical Engineering 59(4):920–928 (tangent vectors of EEG covariances).
///
/// # Errors
/// When there is no band, a band holds no frequency or exceeds Nyquist, the shrinkage is not in (0, 1], there is no taper or more
/// than a quarter of the samples, epochs are shorter than 4 samples, or a sample is not finite.
pub fn tangent_with(
    view: View<'_>,
    bands: &[(f64, f64)],
    shrinkage: f64,
    taper: Taper,
) -> Result<Array2<f32>, FeatureError> {
    let plan = Plan::new(view, bands, shrinkage, taper)?;
    let columns = bands.len() * triangle(view.channels());
    rows(
        view,
        columns,
        || Buffers::new(&plan),
        |buffers, epoch, samples, row| {
            plan.spectra(samples, epoch, buffers)?;
            for (band, out) in plan.bands.iter().zip(row.chunks_exact_mut(triangle(plan.channels))) {
                plan.logarithm(band, epoch, buffers, out)?;
            }
            Ok(())
        },
    )
}

/// Entries of the upper triangle of a `channels` by `channels` matrix, diagonal included.
pub(crate) fn triangle(channels: usize) -> usize {
    channels * (channels + 1) / 2
}

struct Plan {
    channels: usize,
    bands: Vec<Range<usize>>,
    shrinkage: f64,
    windows: Vec<Vec<f64>>,
    transform: Arc<dyn RealToComplex<f64>>,
}

struct Buffers {
    centred: Vec<f64>,
    signal: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    /// Observes real and imaginary parts by turns, a window after the other, scaled so that products are in µV²; a variable is a
    /// channel.
    spectra: CovarianceLogarithm,
}

impl Plan {
    fn new(view: View<'_>, bands: &[(f64, f64)], shrinkage: f64, taper: Taper) -> Result<Self, FeatureError> {
        view.check(4)?;
        if bands.is_empty() {
            return Err(FeatureError::NoBands);
        }
        if !(shrinkage > 0.0 && shrinkage <= 1.0) {
            return Err(FeatureError::Shrinkage(shrinkage));
        }
        let length = view.length();
        if let Taper::Sine(count) = taper
            && !(1..=length / 4).contains(&count)
        {
            return Err(FeatureError::Tapers { count, most: length / 4 });
        }
        let spacing = view.rate / length as f64;
        let bands = bands
            .iter()
            .map(|band| bins(*band, spacing, length / 2 + 1, view.rate / 2.0, false))
            .collect::<Result<_, _>>()?;
        let transform = RealFftPlanner::new().plan_fft_forward(length);
        Ok(Self { channels: view.channels(), bands, shrinkage, windows: taper.windows(length), transform })
    }

    fn spectra(
        &self,
        samples: ArrayView2<'_, f32>,
        epoch: usize,
        buffers: &mut Buffers,
    ) -> Result<(), FeatureError> {
        let Buffers { centred, signal: tapered, spectrum, scratch, spectra } = buffers;
        let length = tapered.len();
        for (channel, signal) in samples.axis_iter(Axis(0)).enumerate() {
            let mut mean = 0.0;
            for (to, from) in centred.iter_mut().zip(signal) {
                *to = f64::from(*from);
                mean += *to;
            }
            mean /= length as f64;
            if !mean.is_finite() {
                return Err(FeatureError::NotFinite { epoch, channel });
            }
            let observed = spectra.variable_mut(channel).chunks_exact_mut(2 * spectrum.len());
            for (window, observed) in self.windows.iter().zip(observed) {
                for ((to, x), w) in tapered.iter_mut().zip(&*centred).zip(window) {
                    *to = (x - mean) * w;
                }
                self.transform
                    .process_with_scratch(tapered, spectrum, scratch)
                    .map_err(|source| FeatureError::Spectrum { epoch, source })?;
                for (bin, (z, parts)) in spectrum.iter().zip(observed.chunks_exact_mut(2)).enumerate() {
                    // Every frequency but 0 and Nyquist stands for two of the two-sided spectrum (Parseval).
                    let alone = bin == 0 || 2 * bin == length;
                    let scale = if alone { 1.0 } else { std::f64::consts::SQRT_2 } / length as f64;
                    (parts[0], parts[1]) = (z.re * scale, z.im * scale);
                }
            }
        }
        Ok(())
    }

    /// Writes the upper triangle of the logarithm of one band's covariance.
    fn logarithm(
        &self,
        band: &Range<usize>,
        epoch: usize,
        buffers: &mut Buffers,
        out: &mut [f32],
    ) -> Result<(), FeatureError> {
        let Buffers { spectrum, spectra, .. } = buffers;
        let first = |window: usize| 2 * (window * spectrum.len() + band.start);
        spectra.covary((0..self.windows.len()).map(|window| first(window)..first(window) + 2 * band.len()));
        spectra
            .shrunk_logarithm(self.shrinkage, POWER_FLOOR)
            .map_err(|source| FeatureError::Logarithm { epoch, source })?;
        out.iter_mut().zip(spectra.upper_triangle()).for_each(|(to, value)| *to = value as f32);
        Ok(())
    }
}

impl Buffers {
    fn new(plan: &Plan) -> Self {
        let transform = &plan.transform;
        Self {
            centred: transform.make_input_vec(),
            signal: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            spectra: CovarianceLogarithm::new(
                2 * transform.complex_len() * plan.windows.len(),
                plan.channels,
            ),
        }
    }
}
