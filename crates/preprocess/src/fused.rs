//! FIR filtering and Fourier resampling of a segment in one pair of transforms, equal to doing one after the other.
//!
//! A symmetric filter carries an odd reflection to an odd reflection: filtering the padded segment gives the padding of the
//! filtered segment. So the resampler's spectrum Y of the filtered, padded segment is H · X, with X the spectrum of the
//! padded input, but for the wrap-around: within half a filter of the padded segment's two ends, circular convolution
//! takes samples from the other end where the reflection should go on. Let d be what the reflection continues with minus what
//! circular convolution finds there; h ∗ d, cut to those 2 · half places, is the error e, and Y = H · X + E. The spectrum E of so
//! short a piece is smooth: it is computed on a coarse grid and interpolated by a Kaiser–Bessel kernel to the bins the
//! resampler keeps (the non-uniform transform of Fessler and Sutton 2003), to 1e-7 of e.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::convolve::pad;
use crate::fourier::resampled_len;
use crate::pair::{Pair, Real, Work};
use crate::polyphase::bessel_i0;

/// Coarse bins that weigh in on one bin.
const WIDTH: usize = 8;

/// What depends on the filter, the ratio of rates and the padded length, but not on the segment.
pub(crate) struct Tables<T: Real> {
    half: usize,
    /// The gain at bins 0 to the lower Nyquist frequency, over the padded length.
    response: Vec<T>,
    /// The gain at the bins of the coarse transform, over its length.
    coarse_response: Vec<T>,
    /// One over the kernel's transform at each of the 2 · half places, over the padded length.
    deconvolve: Vec<T>,
    /// Kernel values, `[WIDTH][padded / coarse]`.
    kernel: [Vec<T>; WIDTH],
    forward: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
    coarse_forward: Arc<dyn Fft<T>>,
    coarse_inverse: Arc<dyn Fft<T>>,
}

/// The tables with where one segment lies in the padding.
pub(crate) struct Fused<T: Real> {
    tables: Arc<Tables<T>>,
    left: usize,
    right: usize,
    skip: usize,
    keep: usize,
}

impl<T: Real> Tables<T> {
    /// Tables for a symmetric filter and segments padded to `padded` samples; None where a segment would not be long against
    /// the filter, or is to be upsampled.
    pub fn new(taps: &[f64], ratio: f64, padded: usize, planner: &mut FftPlanner<T>) -> Option<Self> {
        let half = taps.len() / 2;
        let coarse = (4 * half).max(4 * WIDTH).next_power_of_two();
        let target = resampled_len(ratio, padded);
        if half == 0 || coarse > padded / 2 || target >= padded {
            return None;
        }
        let forward = planner.plan_fft_forward(padded);
        let coarse_forward = planner.plan_fft_forward(coarse);
        let spectrum = |fft: &Arc<dyn Fft<T>>, kept: usize| -> Vec<T> {
            let size = fft.len();
            let mut bins = vec![Complex::default(); size];
            for (index, tap) in taps.iter().enumerate() {
                bins[(index + size - half) % size] = Complex::from(T::of(tap / size as f64));
            }
            fft.process(&mut bins);
            bins[..kept].iter().map(|bin| bin.re).collect()
        };
        let response = spectrum(&forward, target / 2 + 1);
        let coarse_response = spectrum(&coarse_forward, coarse);
        let steps = padded / coarse;
        // Twice oversampled at least: Beatty, Nishimura and Pauly (2005).
        let oversampling = coarse as f64 / (2 * half) as f64;
        let width = WIDTH as f64;
        let beta = PI * ((width / oversampling * (oversampling - 0.5)).powi(2) - 0.8).sqrt();
        let kernel = std::array::from_fn(|tap| {
            let offset = tap as f64 - (WIDTH / 2 - 1) as f64;
            let value = |step: usize| {
                let x = 2.0 * (step as f64 / steps as f64 - offset) / width;
                if x.abs() > 1.0 { 0.0 } else { bessel_i0(beta * (1.0 - x * x).sqrt()) }
            };
            (0..steps).map(|step| T::of(value(step))).collect()
        });
        let deconvolve = (0..2 * half)
            .map(|place| {
                let turn = PI * width * (place as f64 - half as f64) / coarse as f64;
                let root = (beta * beta - turn * turn).sqrt();
                T::of(root / (width * root.sinh() * padded as f64))
            })
            .collect();
        Some(Self {
            half,
            response,
            coarse_response,
            deconvolve,
            kernel,
            forward,
            inverse: planner.plan_fft_inverse(target),
            coarse_forward,
            coarse_inverse: planner.plan_fft_inverse(coarse),
        })
    }

    /// Adds H · X, for the bins that the target length has, to E in `output`.
    ///
    /// `coarse` holds E's coarse transform.
    fn multiply(&self, input: &[Complex<T>], coarse: &[Complex<T>], output: &mut [Complex<T>]) {
        let (padded, target, size) = (input.len() as i64, output.len() as i64, coarse.len() as i64);
        let steps = padded / size;
        let top = target / 2;
        let mut re = vec![T::default(); steps as usize];
        let mut im = vec![T::default(); steps as usize];
        for group in (-top).div_euclid(steps)..=top.div_euclid(steps) {
            re.fill(T::default());
            im.fill(T::default());
            for (tap, weights) in self.kernel.iter().enumerate() {
                let bin = coarse[(group + tap as i64 - (WIDTH / 2 - 1) as i64).rem_euclid(size) as usize];
                for ((re, im), &weight) in re.iter_mut().zip(&mut im).zip(weights) {
                    *re = *re + bin.re * weight;
                    *im = *im + bin.im * weight;
                }
            }
            let from = (group * steps).max(-top);
            let to = (group * steps + steps - 1).min(top);
            for bin in from..=to {
                let step = (bin - group * steps) as usize;
                let gain = self.response[bin.unsigned_abs() as usize];
                let value = input[(if bin < 0 { bin + padded } else { bin }) as usize] * gain
                    + Complex::new(re[step], im[step]);
                let slot = &mut output[(if bin < 0 { bin + target } else { bin }) as usize];
                // At an even target's Nyquist frequency the two images come together.
                *slot = if 2 * bin == target { *slot + value } else { value };
            }
        }
    }
}

impl<T: Real> Fused<T> {
    /// The samples a segment is padded to.
    pub fn padded(len: usize) -> usize {
        (len + 2 * (len / 8).min(100)).next_power_of_two()
    }

    /// None where the reflection would be used up before padding and filter are.
    pub fn new(tables: Arc<Tables<T>>, len: usize, ratio: f64) -> Option<Self> {
        let padded = tables.forward.len();
        let target = tables.inverse.len();
        let left = (padded - len) / 2;
        let right = padded - len - left;
        let skip = (ratio * left as f64).round_ties_even() as usize;
        let keep = resampled_len(ratio, len).min(target - skip.min(target));
        (right + tables.half < len).then_some(Self { tables, left, right, skip, keep })
    }

    /// Filters and resamples; the signal's length changes.
    pub fn run(&self, signal: &mut Pair<T>, work: &mut Work<T>) {
        let tables = &*self.tables;
        let (half, coarse_len) = (tables.half, tables.coarse_forward.len());
        let Work { padded, block, scratch, coarse } = work;
        pad(signal, self.left + half, self.right + half, padded);
        let needed = [&tables.forward, &tables.inverse, &tables.coarse_forward, &tables.coarse_inverse]
            .map(|fft| fft.get_inplace_scratch_len())
            .into_iter()
            .fold(0, usize::max);
        if scratch.len() < needed {
            scratch.resize(needed, Complex::default());
        }
        let end = padded.len() - half;
        coarse.clear();
        coarse.resize(coarse_len, Complex::default());
        // What lies before the start goes to -half..0, what lies behind the end to 2·half..3·half, so that their
        // convolutions do not meet where they are read.
        for place in 0..half {
            coarse[coarse_len - half + place] = padded[place] - padded[end - half + place];
            coarse[2 * half + place] = padded[end + place] - padded[half + place];
        }
        tables.coarse_forward.process_with_scratch(coarse, scratch);
        for (bin, gain) in coarse.iter_mut().zip(&tables.coarse_response) {
            *bin = *bin * *gain;
        }
        tables.coarse_inverse.process_with_scratch(coarse, scratch);
        // Error places -half..0 lie at half..2·half now, and 0..half at their own.
        coarse[2 * half..].fill(Complex::default());
        for place in 0..half {
            let before = coarse[half + place] * tables.deconvolve[place];
            coarse[place] = coarse[place] * tables.deconvolve[half + place];
            coarse[half + place] = Complex::default();
            coarse[coarse_len - half + place] = before;
        }
        tables.coarse_forward.process_with_scratch(coarse, scratch);

        let spectrum = &mut padded[half..end];
        tables.forward.process_with_scratch(spectrum, scratch);
        block.resize(tables.inverse.len(), Complex::default());
        tables.multiply(spectrum, coarse, block);
        tables.inverse.process_with_scratch(block, scratch);
        signal.clear();
        signal.extend_from_slice(&block[self.skip..self.skip + self.keep]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convolve::Convolver;
    use crate::fourier::Fourier;

    #[test]
    fn one_pass_equals_filtering_and_then_resampling() {
        for (len, half, ratio) in
            [(700, 60, 0.256), (1300, 150, 0.5), (1800, 20, 0.8), (900, 100, 0.3333), (4000, 300, 0.25)]
        {
            let taps: Vec<f64> = (0..=2 * half)
                .map(|i| {
                    let x = (i as f64 - half as f64) / half as f64;
                    (1.0 - x * x) * (20.0 * x).cos() / half as f64
                })
                .collect();
            let signal: Vec<Complex<f64>> = (0..len)
                .map(|i| {
                    let t = i as f64;
                    Complex::new(
                        40.0 + (0.07 * t).sin() * 30.0 + ((i * i) % 13) as f64,
                        (0.31 * t).cos() * t / 50.0,
                    )
                })
                .collect();
            let planner = &mut FftPlanner::new();
            let mut expected = signal.clone();
            Convolver::new(&taps, len, planner).run(&mut expected, &mut Work::default());
            Fourier::new(len, ratio, planner).run(&mut expected, &mut Work::default());
            let tables = Tables::new(&taps, ratio, Fused::<f64>::padded(len), planner).unwrap();
            let mut ours = signal;
            Fused::new(Arc::new(tables), len, ratio).unwrap().run(&mut ours, &mut Work::default());
            assert_eq!(ours.len(), expected.len());
            let rms = (expected.iter().map(Complex::norm_sqr).sum::<f64>() / expected.len() as f64).sqrt();
            for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
                assert!((a - b).norm() < 5e-6 * rms, "{len} {half} {ratio} at {i}: {a} {b}");
            }
        }
    }
}
