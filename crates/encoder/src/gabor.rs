//! Gabor kernels (Gabor, 1946): a cosine under a Gaussian, the sharpest joint localisation in time and frequency.
//!
//! References: `Gabor1946`.

use crate::plan::Bands;

/// Corner of the frequency axis' warping in hertz: bands are spaced evenly in log(8 Hz + f), nearly linear in the
/// slow rhythms and logarithmic above.
const CORNER: f64 = 8.0;
/// The Gaussian in the frequency domain has a deviation of this fraction of the distance between bands.
const OVERLAP: f64 = 0.6;

impl Bands {
    /// Centre frequencies in hertz.
    pub(crate) fn frequencies(&self) -> Vec<f64> {
        let (low, high) = ((self.low + CORNER).ln(), (self.high + CORNER).ln());
        let last = (self.count.max(2) - 1) as f64;
        (0..self.count).map(|i| (low + (high - low) * i as f64 / last).exp() - CORNER).collect()
    }

    /// Deviations of the Gaussians in seconds: wide enough to overlap with the neighbouring bands, and at most a
    /// quarter of the kernel.
    pub(crate) fn deviations(&self, rate: f64) -> Vec<f64> {
        let f = self.frequencies();
        let longest = self.taps(rate) as f64 / rate / 4.0;
        (0..f.len())
            .map(|i| {
                let (left, right) = (i.saturating_sub(1), (i + 1).min(f.len() - 1));
                let spacing = (f[right] - f[left]) / (right - left).max(1) as f64;
                let deviation = 1.0 / (std::f64::consts::TAU * OVERLAP * spacing);
                if spacing > 0.0 { deviation.min(longest) } else { longest }
            })
            .collect()
    }

    /// Samples on either side of a kernel's centre.
    pub(crate) fn half(&self, rate: f64) -> usize {
        (self.seconds * rate / 2.0).round() as usize
    }

    /// Samples of a kernel: odd.
    pub(crate) fn taps(&self, rate: f64) -> usize {
        2 * self.half(rate) + 1
    }

    /// Samples between two evaluations.
    pub(crate) fn stride(&self, rate: f64) -> usize {
        ((rate / self.steps_per_second).round() as usize).max(1)
    }

    /// The kernels, each symmetric about its centre: exp(−t²/2σ²)·cos(2πft) less a scaled Gaussian so that it sums to
    /// zero, divided by the modulus of its response at f.
    pub(crate) fn kernels(&self, rate: f64) -> Vec<Vec<f64>> {
        let half = self.half(rate) as isize;
        let times: Vec<f64> = (-half..=half).map(|n| n as f64 / rate).collect();
        let pairs = self.frequencies().into_iter().zip(self.deviations(rate));
        pairs.map(|(f, deviation)| kernel(f, deviation, &times)).collect()
    }
}

fn kernel(frequency: f64, deviation: f64, times: &[f64]) -> Vec<f64> {
    let gaussian: Vec<f64> = times.iter().map(|t| (-t * t / (2.0 * deviation * deviation)).exp()).collect();
    let phase = |t: f64| std::f64::consts::TAU * frequency * t;
    let mut kernel: Vec<f64> = times.iter().zip(&gaussian).map(|(&t, g)| g * phase(t).cos()).collect();
    let offset = kernel.iter().sum::<f64>() / gaussian.iter().sum::<f64>();
    kernel.iter_mut().zip(&gaussian).for_each(|(k, g)| *k -= offset * g);
    // Symmetric about 0, so the response is real.
    let response: f64 = times.iter().zip(&kernel).map(|(&t, k)| k * phase(t).cos()).sum();
    kernel.iter_mut().for_each(|k| *k /= response.abs());
    kernel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_bands_are_those_measured() {
        let bands = Bands::default();
        let frequencies = [
            2.0, 3.07, 4.26, 5.57, 7.02, 8.63, 10.41, 12.38, 14.57, 16.98, 19.66, 22.62, 25.9, 29.53, 33.55,
            38.0,
        ];
        for (f, expected) in bands.frequencies().iter().zip(frequencies) {
            assert!((f - expected).abs() < 0.01, "{f} {expected}");
        }
        let deviations =
            [0.127; 8].into_iter().chain([0.1153, 0.1042, 0.0941, 0.085, 0.0768, 0.0694, 0.0626, 0.0596]);
        for (s, expected) in bands.deviations(128.0).iter().zip(deviations) {
            assert!((s - expected).abs() < 1.5e-4, "{s} {expected}");
        }
        assert_eq!((bands.taps(128.0), bands.stride(128.0)), (65, 2));
    }

    #[test]
    fn a_kernel_is_blind_to_an_offset_and_passes_its_own_frequency_unchanged() {
        let bands = Bands::default();
        for (kernel, f) in bands.kernels(128.0).iter().zip(bands.frequencies()) {
            assert!(kernel.iter().sum::<f64>().abs() < 1e-12);
            let response: f64 = (-32..=32)
                .zip(kernel)
                .map(|(n, k)| k * (std::f64::consts::TAU * f * f64::from(n) / 128.0).cos())
                .sum();
            assert!((response - 1.0).abs() < 1e-12);
        }
    }
}
