//! Zero-phase filtering of a whole segment by a symmetric impulse response, in overlapping Fourier blocks.
//!
//! The segment is continued at both ends by its odd reflection (2·x₀ − x), as MNE-Python's `pad="reflect_limited"`; the
//! result equals direct convolution of the continued segment.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::pair::{Pair, Real, Work};

/// A symmetric filter, transformed for blocks of one length.
pub(crate) struct Convolver<T: Real> {
    /// Taps on each side of the middle one.
    half: usize,
    /// The real frequency response over the block length.
    response: Vec<T>,
    forward: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
}

impl<T: Real> Convolver<T> {
    /// `taps` are odd in number and symmetric; segments are `len` samples long, at least as many as taps.
    pub fn new(taps: &[f64], len: usize, planner: &mut FftPlanner<T>) -> Self {
        let half = taps.len() / 2;
        let size = (8 * half).max(1024).min(len + 2 * half).next_power_of_two();
        let forward = planner.plan_fft_forward(size);
        let mut spectrum = vec![Complex::default(); size];
        for (index, tap) in taps.iter().enumerate() {
            spectrum[(index + size - half) % size] = Complex::from(T::of(tap / size as f64));
        }
        forward.process(&mut spectrum);
        let response = spectrum.iter().map(|bin| bin.re).collect();
        Self { half, response, forward, inverse: planner.plan_fft_inverse(size) }
    }

    /// Filters in place.
    pub fn run(&self, signal: &mut Pair<T>, work: &mut Work<T>) {
        let (half, size) = (self.half, self.response.len());
        let Work { padded, block, scratch, .. } = work;
        pad(signal, half, half, padded);
        block.resize(size, Complex::default());
        let needed = self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len());
        if scratch.len() < needed {
            scratch.resize(needed, Complex::default());
        }
        let step = size - 2 * half;
        for start in (0..signal.len()).step_by(step) {
            let taken = size.min(padded.len() - start);
            block[..taken].copy_from_slice(&padded[start..start + taken]);
            block[taken..size].fill(Complex::default());
            self.forward.process_with_scratch(&mut block[..size], scratch);
            for (bin, gain) in block.iter_mut().zip(&self.response) {
                *bin = *bin * *gain;
            }
            self.inverse.process_with_scratch(&mut block[..size], scratch);
            let kept = step.min(signal.len() - start);
            signal[start..start + kept].copy_from_slice(&block[half..half + kept]);
        }
    }
}

/// Continues a signal by `left` and `right` samples of its odd reflection; zeros where the reflection is used up.
pub(crate) fn pad<T: Real>(signal: &[Complex<T>], left: usize, right: usize, padded: &mut Pair<T>) {
    padded.clear();
    let (Some(&first), Some(&last)) = (signal.first(), signal.last()) else { return };
    let two = T::of(2.0);
    let have = signal.len() - 1;
    padded.extend(std::iter::repeat_n(Complex::default(), left.saturating_sub(have)));
    padded.extend((1..=left.min(have)).rev().map(|i| first * two - signal[i]));
    padded.extend_from_slice(signal);
    padded.extend((1..=right.min(have)).map(|i| last * two - signal[have - i]));
    padded.extend(std::iter::repeat_n(Complex::default(), right.saturating_sub(have)));
}

/// The full convolution of two impulse responses.
pub(crate) fn direct(left: &[f64], right: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; left.len() + right.len() - 1];
    for (i, a) in left.iter().enumerate() {
        for (total, b) in sum[i..].iter_mut().zip(right) {
            *total += a * b;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each output is the sum over taps of the reflected input, read off the definition.
    fn oracle(taps: &[f64], signal: &[f64]) -> Vec<f64> {
        let (half, last) = (taps.len() as i64 / 2, signal.len() as i64 - 1);
        let at = |i: i64| match i {
            i if i < 0 => 2.0 * signal[0] - signal[-i as usize],
            i if i > last => 2.0 * signal[last as usize] - signal[(2 * last - i) as usize],
            i => signal[i as usize],
        };
        (0..=last).map(|n| (-half..=half).map(|j| taps[(j + half) as usize] * at(n - j)).sum()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn block_filtering_equals_direct_convolution_of_the_reflected_signal(
            side in prop::collection::vec(-1.0..1.0_f64, 1..40),
            signal in prop::collection::vec(-50.0..50.0_f64, 80..2500),
        ) {
            let taps: Vec<f64> = side.iter().chain(side.iter().rev().skip(1)).copied().collect();
            let mut pair: Vec<Complex<f64>> = signal.iter().map(|&v| Complex::new(v, -2.0 * v)).collect();
            Convolver::new(&taps, pair.len(), &mut FftPlanner::new()).run(&mut pair, &mut Work::default());
            for (ours, theirs) in pair.iter().zip(oracle(&taps, &signal)) {
                prop_assert!((ours.re - theirs).abs() < 1e-9, "{} {theirs}", ours.re);
                prop_assert!((ours.im + 2.0 * theirs).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn padding_beyond_the_reflection_is_zeros() {
        let signal: Vec<Complex<f64>> = [1.0, 2.0, 4.0].map(Complex::from).to_vec();
        let mut padded = Vec::new();
        pad(&signal, 3, 4, &mut padded);
        let real: Vec<f64> = padded.iter().map(|v| v.re).collect();
        assert_eq!(real, [0.0, -2.0, 0.0, 1.0, 2.0, 4.0, 6.0, 7.0, 0.0, 0.0]);
    }
}
