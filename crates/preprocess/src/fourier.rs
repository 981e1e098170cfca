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

use crate::chain::{Pair, Real, Work, resampled_len};
use crate::convolve::pad;

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
        let Work { padded, block, scratch } = work;
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
