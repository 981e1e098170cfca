//! Resampling through the Fourier transform of the whole segment, as MNE-Python's `resample(method="fft", npad="auto")`.
//!
//! The segment is padded by odd reflection on both sides to N = the next power of two above its length plus twice
//! min(length / 8, 100) samples (zeros where the reflection is used up); the transform is cut or filled with zeros to
//! M = round(ratio · N) bins, the bin at the lower Nyquist frequency shared between its two images, and transformed back;
//! round(ratio · left padding) samples are removed at the start and round(ratio · length) kept. Cutting the transform is
//! the anti-aliasing filter. M / N differs from the ratio by up to 1 / (2N): time drifts by up to half a new sample over N.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::convolve::pad;
use crate::pair::{Pair, Real, Work};

/// Samples that `len` samples become at `ratio` times the rate; MNE-Python's rounding.
pub(crate) fn resampled_len(ratio: f64, len: usize) -> usize {
    ((ratio * len as f64).round_ties_even() as usize).max(1)
}

/// A resampler for segments of one length.
pub(crate) struct Fourier<T: Real> {
    left: usize,
    right: usize,
    skip: usize,
    keep: usize,
    forward: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
}

impl<T: Real> Fourier<T> {
    pub fn new(len: usize, ratio: f64, planner: &mut FftPlanner<T>) -> Self {
        let padded = (len + 2 * (len / 8).min(100)).next_power_of_two();
        let left = (padded - len) / 2;
        let target = resampled_len(ratio, padded);
        let skip = (ratio * left as f64).round_ties_even() as usize;
        Self {
            left,
            right: padded - len - left,
            skip,
            keep: resampled_len(ratio, len).min(target - skip.min(target)),
            forward: planner.plan_fft_forward(padded),
            inverse: planner.plan_fft_inverse(target),
        }
    }

    /// Resamples; the signal's length changes.
    pub fn run(&self, signal: &mut Pair<T>, work: &mut Work<T>) {
        let Work { padded, block, scratch, .. } = work;
        pad(signal, self.left, self.right, padded);
        let needed = self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len());
        if scratch.len() < needed {
            scratch.resize(needed, Complex::default());
        }
        self.forward.process_with_scratch(padded, scratch);
        block.resize(self.inverse.len(), Complex::default());
        move_bins(padded, block);
        self.inverse.process_with_scratch(block, scratch);
        let scale = T::of(1.0 / self.forward.len() as f64);
        signal.clear();
        signal.extend(block[self.skip..self.skip + self.keep].iter().map(|&value| value * scale));
    }
}

/// Copies the bins that both lengths have from one spectrum to another.
fn move_bins<T: Real>(from: &[Complex<T>], to: &mut [Complex<T>]) {
    let (n, m) = (from.len(), to.len());
    let shared = n.min(m);
    let positive = shared.div_ceil(2);
    to[..positive].copy_from_slice(&from[..positive]);
    to[positive..m - positive + 1].fill(Complex::default());
    to[m - positive + 1..].copy_from_slice(&from[n - positive + 1..]);
    if shared % 2 == 0 {
        let nyquist = shared / 2;
        if m < n {
            to[nyquist] = from[nyquist] + from[n - nyquist];
        } else {
            let half = from[nyquist] * T::of(0.5);
            to[nyquist] = half;
            to[m - nyquist] = half;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// The padded signal's trigonometric polynomial evaluated at the new sample times, by sums over every sample and bin.
    fn oracle(signal: &[f64], ratio: f64) -> Vec<f64> {
        let plan = Fourier::<f64>::new(signal.len(), ratio, &mut FftPlanner::new());
        let (n, m) = (plan.forward.len(), plan.inverse.len());
        let mut padded = Vec::new();
        pad(
            &signal.iter().map(|&v| Complex::from(v)).collect::<Vec<_>>(),
            plan.left,
            plan.right,
            &mut padded,
        );
        let turn = |k: usize, i: f64, of: usize| Complex::from_polar(1.0, TAU * k as f64 * i / of as f64);
        let shared = n.min(m);
        let bins: Vec<Complex<f64>> = (0..=shared / 2)
            .map(|k| padded.iter().enumerate().map(|(i, v)| v.re * turn(k, -(i as f64), n)).sum())
            .collect();
        (plan.skip..plan.skip + plan.keep)
            .map(|t| {
                let mut sum = bins[0].re;
                for (k, bin) in bins.iter().enumerate().skip(1) {
                    // At the shared Nyquist bin one image counts fully when downsampling, and each by half when upsampling.
                    let weight = if 2 * k == shared && m > n { 1.0 } else { 2.0 };
                    sum += weight * (bin * turn(k, t as f64, m)).re;
                }
                sum / n as f64
            })
            .collect()
    }

    #[test]
    fn resampling_equals_the_trigonometric_polynomial_at_the_new_times() {
        for (len, ratio) in [(60, 0.5), (61, 0.256), (100, 0.8), (45, 1.6), (33, 2.0), (40, 0.99), (20, 0.31)]
        {
            let signal: Vec<f64> =
                (0..len).map(|i| (0.7 * i as f64).sin() * 10.0 + (i * i % 17) as f64).collect();
            let mut pair: Vec<Complex<f64>> = signal.iter().map(|&v| Complex::new(v, 3.0 * v)).collect();
            Fourier::new(len, ratio, &mut FftPlanner::new()).run(&mut pair, &mut Work::default());
            let expected = oracle(&signal, ratio);
            assert_eq!(pair.len(), expected.len());
            for (ours, theirs) in pair.iter().zip(expected) {
                assert!((ours.re - theirs).abs() < 1e-9, "{len} × {ratio}: {} {theirs}", ours.re);
                assert!((ours.im - 3.0 * theirs).abs() < 1e-9);
            }
        }
    }
}
