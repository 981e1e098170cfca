//! Power spectral density after Welch (1967), as `scipy.signal.welch` computes it.

use std::ops::Range;
use std::sync::Arc;

use ndarray::ArrayView1;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::FeatureError;
use crate::view::{bins, check_rate};

/// Power below which a logarithm is taken of this instead, in µV²/Hz: far under any amplifier's noise, so that only flat
/// channels meet it, and their features stay finite.
pub(crate) const POWER_FLOOR: f64 = 1e-12;

/// Welch's estimate for epochs of one length: periodic Hann window, segments of one second (or the whole epoch where it is
/// shorter), half overlapping, the mean of each removed, one-sided density in µV²/Hz, segments averaged.
///
/// P. D. Welch (1967), IEEE Transactions on Audio and Electroacoustics 15(2):70–73.
pub(crate) struct Welch {
    rate: f64,
    samples: usize,
    window: Vec<f64>,
    step: usize,
    scale: f64,
    transform: Arc<dyn RealToComplex<f64>>,
}

/// What one thread needs while it computes spectra.
pub(crate) struct Buffers {
    segment: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    /// The density of the last channel, one number a frequency.
    pub(crate) density: Vec<f64>,
}

impl Welch {
    /// Plans spectra of epochs of `samples` samples at `rate` hertz.
    ///
    /// # Errors
    /// When the rate is not finite and positive or an epoch has fewer than 4 samples.
    pub(crate) fn new(samples: usize, rate: f64) -> Result<Self, FeatureError> {
        check_rate(rate)?;
        let least = 4;
        if samples < least {
            return Err(FeatureError::Empty { channels: 1, samples, least });
        }
        let length = (rate.round() as usize).clamp(least, samples);
        let turn = std::f64::consts::TAU / length as f64;
        let window: Vec<f64> = (0..length).map(|n| 0.5 - 0.5 * (turn * n as f64).cos()).collect();
        let scale = 1.0 / (rate * window.iter().map(|w| w * w).sum::<f64>());
        let transform = RealFftPlanner::new().plan_fft_forward(length);
        Ok(Self { rate, samples, window, step: length - length / 2, scale, transform })
    }

    /// The distance between two frequencies in hertz.
    pub(crate) fn spacing(&self) -> f64 {
        self.rate / self.window.len() as f64
    }

    /// The frequency at position `bin` in hertz.
    pub(crate) fn frequency(&self, bin: usize) -> f64 {
        bin as f64 * self.spacing()
    }

    /// Half the sampling rate in hertz.
    pub(crate) fn nyquist(&self) -> f64 {
        self.rate / 2.0
    }

    /// Positions of the frequencies from `l_freq` to `h_freq` hertz, both included.
    ///
    /// # Errors
    /// When the range is empty, reversed, beyond Nyquist, or holds no frequency.
    pub(crate) fn bins(&self, l_freq: f64, h_freq: f64) -> Result<Range<usize>, FeatureError> {
        bins((l_freq, h_freq), self.spacing(), self.frequencies(), self.nyquist(), true)
    }

    /// Positions of the frequencies from `l_freq` hertz up to but without `h_freq`.
    pub(crate) fn bins_below(&self, (l_freq, h_freq): (f64, f64)) -> Result<Range<usize>, FeatureError> {
        bins((l_freq, h_freq), self.spacing(), self.frequencies(), self.nyquist(), false)
    }

    fn frequencies(&self) -> usize {
        self.window.len() / 2 + 1
    }

    pub(crate) fn buffers(&self) -> Buffers {
        Buffers {
            segment: self.transform.make_input_vec(),
            spectrum: self.transform.make_output_vec(),
            scratch: self.transform.make_scratch_vec(),
            density: vec![0.0; self.frequencies()],
        }
    }

    /// Fills `buffers.density` with the density of one channel; `epoch` and `channel` are for the error.
    pub(crate) fn density(
        &self,
        signal: ArrayView1<'_, f32>,
        buffers: &mut Buffers,
        (epoch, channel): (usize, usize),
    ) -> Result<(), FeatureError> {
        buffers.density.fill(0.0);
        let length = self.window.len();
        let starts = (0..=self.samples - length).step_by(self.step);
        let segments = starts.clone().count() as f64;
        for start in starts {
            let mut mean = 0.0;
            for (to, from) in buffers.segment.iter_mut().zip(signal.iter().skip(start)) {
                *to = f64::from(*from);
                mean += *to;
            }
            mean /= length as f64;
            if !mean.is_finite() {
                return Err(FeatureError::NotFinite { epoch, channel });
            }
            for (x, w) in buffers.segment.iter_mut().zip(&self.window) {
                *x = (*x - mean) * w;
            }
            self.transform
                .process_with_scratch(&mut buffers.segment, &mut buffers.spectrum, &mut buffers.scratch)
                .map_err(|source| FeatureError::Spectrum { epoch, source })?;
            for (power, z) in buffers.density.iter_mut().zip(&buffers.spectrum) {
                *power += z.norm_sqr();
            }
        }
        let scale = self.scale / segments;
        for (bin, power) in buffers.density.iter_mut().enumerate() {
            // Every frequency but 0 and Nyquist stands for two of the two-sided spectrum.
            let alone = bin == 0 || 2 * bin == length;
            *power *= if alone { scale } else { 2.0 * scale };
        }
        Ok(())
    }
}

/// The natural logarithm of a power in µV²/Hz, floored at [`POWER_FLOOR`].
pub(crate) fn log_power(power: f64) -> f32 {
    power.max(POWER_FLOOR).ln() as f32
}
