//! How much mains hum a recording holds.

use std::sync::Arc;

use ndarray::{ArrayView2, s};
use rustfft::Fft;
use rustfft::num_complex::Complex;
use twinprint_signal::{Hertz, Segment};

/// Windows looked at in each channel.
const WINDOWS: usize = 6;
/// Their length in seconds: a resolution of half a hertz.
const SECONDS: f64 = 2.0;

/// Power a bin up to Nyquist, summed over Hann windows spread evenly through the longest segment, and over rows.
pub(crate) struct Hum {
    rate: Hertz,
    segment: Segment,
    fft: Arc<dyn Fft<f32>>,
    power: Vec<f64>,
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
        Some(Self { rate, segment, fft: plan(window), power: vec![0.0; window / 2 + 1] })
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
                for (total, bin) in self.power.iter_mut().zip(&block) {
                    *total += f64::from(bin.norm_sqr());
                }
            }
        }
    }
}
