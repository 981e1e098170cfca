//! What a recording holds at each frequency, and how much of it is mains hum.

use std::sync::Arc;

use ndarray::{ArrayView2, s};
use rustfft::Fft;
use rustfft::num_complex::Complex;
use twinprint_signal::{Hertz, Segment};

/// Windows looked at in each channel.
const WINDOWS: usize = 6;
/// Their length in seconds: a resolution of half a hertz.
const SECONDS: f64 = 2.0;
/// The highest frequency of a recording's spectrum in hertz.
pub(crate) const HIGHEST: usize = 45;

/// Power a bin up to Nyquist, summed over Hann windows spread evenly through the longest segment, and over rows.
pub(crate) struct Hum {
    rate: Hertz,
    segment: Segment,
    fft: Arc<dyn Fft<f32>>,
    power: Vec<f64>,
    /// Windows that were summed.
    windows: usize,
}

impl Hum {
    /// Nothing summed yet; `plan` gives the transform of a length. None where no segment is long enough.
    pub fn new(
        segments: &[Segment],
        rate: Hertz,
        plan: impl FnOnce(usize) -> Arc<dyn Fft<f32>>,
    ) -> Option<Self> {
        let window = (SECONDS * rate.get()).round() as usize;
        let segment = *segments.iter().max_by_key(|s| s.len).filter(|s| s.len >= window && window >= 4)?;
        Some(Self { rate, segment, fft: plan(window), power: vec![0.0; window / 2 + 1], windows: 0 })
    }

    /// The greater ratio of 50 and 60 Hz, and its frequency: mean power within 1 Hz over mean power 2 to 5 Hz beside it.
    pub fn ratio(&self) -> Option<(f64, Hertz)> {
        let (rate, window) = (self.rate, self.fft.len());
        [50.0, 60.0]
            .into_iter()
            .filter(|line| line + 5.0 < rate.get() / 2.0)
            .filter_map(|line| {
                let (mut on, mut beside) = ((0.0, 0), (0.0, 0));
                for (bin, &value) in self.power.iter().enumerate() {
                    let distance = (bin as f64 * rate.get() / window as f64 - line).abs();
                    let side = if distance <= 1.0 {
                        &mut on
                    } else if (2.0..=5.0).contains(&distance) {
                        &mut beside
                    } else {
                        continue;
                    };
                    *side = (side.0 + value, side.1 + 1);
                }
                let ratio = (on.0 / f64::from(on.1)) / (beside.0 / f64::from(beside.1));
                ratio.is_finite().then_some((ratio, Hertz::new(line).ok()?))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Power density in decibels over 1 µV²/Hz at 1, 2, … Hz up to [`HIGHEST`] or half the rate: the mean over the bins within half a
    /// hertz, over windows and over rows. Where nothing was recorded, it is none.
    pub fn spectrum(&self) -> Vec<Option<f64>> {
        let (rate, window) = (self.rate.get(), self.fft.len());
        // One-sided, and a Hann window has three eighths of the power of none.
        let scale = 2.0 / (rate * 0.375 * window as f64 * self.windows.max(1) as f64);
        let at = |hertz: usize| {
            let near = |bin: &usize| (*bin as f64 * rate / window as f64 - hertz as f64).abs() <= 0.5;
            let bins: Vec<usize> = (0..self.power.len()).filter(near).collect();
            let mean = bins.iter().map(|&bin| self.power[bin]).sum::<f64>() / bins.len().max(1) as f64;
            (mean > 0.0).then(|| 10.0 * (scale * mean).log10()).filter(|value| value.is_finite())
        };
        (1..=HIGHEST).filter(|&hertz| (hertz as f64) < rate / 2.0).map(at).collect()
    }

    /// Adds the given rows of `[channels, samples]`.
    pub fn add(&mut self, samples: ArrayView2<f32>, rows: &[usize]) {
        use std::f32::consts::TAU;
        let (segment, window) = (&self.segment, self.fft.len());
        let hann: Vec<f32> =
            (0..window).map(|i| 0.5 - 0.5 * (TAU * i as f32 / window as f32).cos()).collect();
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        let mut block = vec![Complex::default(); window];
        let count = WINDOWS.min(segment.len / window);
        for &row in rows {
            let row = samples.row(row);
            for index in 0..count {
                let room = segment.len - window;
                let start = segment.first.0 as usize + room * index / (count - 1).max(1);
                let part = row.slice(s![start..start + window]);
                let mean = part.sum() / window as f32;
                for ((slot, &value), weight) in block.iter_mut().zip(part).zip(&hann) {
                    *slot = Complex::from((value - mean) * weight);
                }
                self.fft.process_with_scratch(&mut block, &mut scratch);
                self.windows += 1;
                for (total, bin) in self.power.iter_mut().zip(&block) {
                    *total += f64::from(bin.norm_sqr());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rustfft::FftPlanner;
    use twinprint_signal::SampleIndex;

    use super::*;

    fn hum(samples: &Array2<f32>, rate: f64) -> Hum {
        let len = samples.ncols();
        let segment = Segment { first: SampleIndex(0), len, onset: Default::default() };
        let plan = |length| FftPlanner::new().plan_fft_forward(length);
        let mut hum = Hum::new(&[segment], Hertz::new(rate).unwrap(), plan).unwrap();
        hum.add(samples.view(), &(0..samples.nrows()).collect::<Vec<_>>());
        hum
    }

    #[test]
    fn the_spectrum_of_white_noise_is_its_variance_over_half_the_rate() {
        // A linear congruential generator: uniform from -5 to 5, a variance of 100 / 12.
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            10.0 * ((state >> 40) as f32 / (1 << 24) as f32) - 5.0
        };
        let noise = Array2::from_shape_simple_fn((40, 4000), &mut next);
        let spectrum = hum(&noise, 200.0).spectrum();
        assert_eq!(spectrum.len(), HIGHEST);
        let expected = 10.0 * (100.0_f64 / 12.0 / 100.0).log10();
        for value in spectrum {
            assert!((value.unwrap() - expected).abs() < 1.0, "{value:?} is not {expected}");
        }
    }

    #[test]
    fn a_rhythm_stands_at_its_frequency_and_silence_at_none() {
        let tone = |at: usize| 20.0 * (std::f32::consts::TAU * 10.0 * at as f32 / 64.0).sin();
        let spectrum = hum(&Array2::from_shape_fn((1, 640), |(_, at)| tone(at)), 64.0).spectrum();
        assert_eq!(spectrum.len(), 31);
        let highest = (0..31).max_by(|&a, &b| spectrum[a].partial_cmp(&spectrum[b]).unwrap()).unwrap();
        assert_eq!(highest + 1, 10);
        assert!(hum(&Array2::zeros((2, 640)), 64.0).spectrum().iter().all(Option::is_none));
    }
}
