//! Resampling by a ratio of small whole numbers with one windowed-sinc filter, as MNE-Python's
//! `resample(method="polyphase")`, which is SciPy's `resample_poly(..., padtype="reflect")`.
//!
//! The filter is a Kaiser-windowed (β = 5) sinc of 2 · 10 · max(up, down) + 1 taps cut at the lower Nyquist frequency, with
//! unit gain; the segment is continued by even reflection.

use rustfft::num_complex::Complex;
use twinprint_signal::Hertz;

use crate::error::PreprocessError;
use crate::fir::sinc;
use crate::pair::{Pair, Real, Work};

/// The greatest numerator or denominator of a ratio of rates.
const LIMIT: u32 = 2000;

/// The ratio of two rates in lowest terms, as (up, down).
pub(crate) fn ratio(from: Hertz, to: Hertz) -> Result<(u32, u32), PreprocessError> {
    let wanted = to.get() / from.get();
    (1..=LIMIT)
        .map(|down| ((wanted * f64::from(down)).round(), down))
        .find(|&(up, down)| {
            (1.0..=f64::from(LIMIT)).contains(&up) && (up / f64::from(down) / wanted - 1.0).abs() < 1e-9
        })
        .map(|(up, down)| (up as u32, down))
        .ok_or(PreprocessError::Ratio { from, to, limit: LIMIT })
}

/// A resampler to a known output length.
pub(crate) struct Polyphase<T> {
    up: usize,
    down: usize,
    half: usize,
    keep: usize,
    taps: Vec<T>,
}

impl<T: Real> Polyphase<T> {
    pub fn new((up, down): (u32, u32), keep: usize) -> Self {
        let (up, down) = (up as usize, down as usize);
        let half = 10 * up.max(down);
        let cutoff = 1.0 / up.max(down) as f64;
        let taps: Vec<f64> = (0..=2 * half)
            .map(|n| {
                let offset = n as f64 - half as f64;
                cutoff * sinc(cutoff * offset) * kaiser(offset / half as f64, 5.0)
            })
            .collect();
        let gain = up as f64 / taps.iter().sum::<f64>();
        Self { up, down, half, keep, taps: taps.iter().map(|tap| T::of(tap * gain)).collect() }
    }

    /// Resamples; the signal's length changes.
    pub fn run(&self, signal: &mut Pair<T>, work: &mut Work<T>) {
        work.block.clear();
        for m in 0..self.keep {
            // Tap half + m·down − i·up weighs input sample i.
            let middle = (m * self.down) as i64;
            let first = (middle - self.half as i64 + self.up as i64 - 1).div_euclid(self.up as i64);
            let last = (middle + self.half as i64).div_euclid(self.up as i64);
            let mut sum = Complex::default();
            for i in first..=last {
                let tap = (self.half as i64 + middle - i * self.up as i64) as usize;
                sum = sum + signal[mirror(i, signal.len())] * self.taps[tap];
            }
            work.block.push(sum);
        }
        std::mem::swap(signal, &mut work.block);
    }
}

/// The index that even reflection about the first and last sample maps `index` to.
fn mirror(index: i64, len: usize) -> usize {
    let last = len as i64 - 1;
    if (0..=last).contains(&index) {
        return index as usize;
    }
    let wrapped = index.rem_euclid((2 * last).max(1));
    wrapped.min(2 * last - wrapped).max(0) as usize
}

/// The Kaiser window at `x` from −1 to 1.
fn kaiser(x: f64, beta: f64) -> f64 {
    bessel_i0(beta * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(beta)
}

/// The modified Bessel function of the first kind and order 0, by its power series.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}
