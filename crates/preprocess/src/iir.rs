//! Butterworth filters in second-order sections, run forward and backward, as SciPy's `butter(output="sos")` and
//! `sosfiltfilt` with its default padding.
//!
//! The two passes square the magnitude response: −6 dB at the edges. The segment is continued at both ends by
//! 3 · (2 · sections + 1 − leading-zero coefficients) samples of odd reflection, and each section starts in the steady state
//! of the first sample.

use rustfft::num_complex::Complex;

use crate::convolve::pad;
use crate::pair::{Pair, Real, Work};
use crate::plan::Filter;

/// One second-order section, a₀ = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

/// Order when the plan names none.
const ORDER: usize = 4;

/// Designs by the bilinear transform of the analogue prototype with pre-warped edges (Oppenheim and Schafer 2010, ch. 7).
pub(crate) fn butterworth(filter: &Filter, rate: f64) -> Vec<Section> {
    use std::f64::consts::PI;
    let order = filter.order.unwrap_or(ORDER);
    // Twice the sampling rate of the normalised bilinear transform.
    let warp = |freq: f64| 4.0 * (PI * freq / rate).tan();
    let prototype =
        (0..order).map(|k| Complex::from_polar(1.0, PI * (2 * k + order + 1) as f64 / (2 * order) as f64));
    let (poles, zeros): (Vec<Complex<f64>>, [f64; 2]) = match (filter.l_freq, filter.h_freq) {
        (Some(l), Some(h)) => {
            let (low, high) = (warp(l.get()), warp(h.get()));
            let centre = low * high;
            let shifted = prototype.flat_map(|p| {
                let p = p * (high - low) / 2.0;
                let spread = (p * p - centre).sqrt();
                [p + spread, p - spread]
            });
            (shifted.collect(), [1.0, -1.0])
        }
        (Some(l), None) => (prototype.map(|p| Complex::from(warp(l.get())) / p).collect(), [1.0, 1.0]),
        (None, Some(h)) => (prototype.map(|p| p * warp(h.get())).collect(), [-1.0, -1.0]),
        (None, None) => return Vec::new(),
    };
    let digital = poles.into_iter().map(|p| (Complex::from(4.0) + p) / (Complex::from(4.0) - p)).collect();
    let mut sections = pair_up(digital, zeros);
    // Unit gain in the middle of the pass-band, shared out evenly to keep every section's numbers moderate.
    let middle = match (filter.l_freq, filter.h_freq) {
        (Some(l), Some(h)) => 2.0 * ((warp(l.get()) * warp(h.get())).sqrt() / 4.0).atan(),
        (Some(_), None) => PI,
        _ => 0.0,
    };
    for section in &mut sections {
        let gain = 1.0 / section.response(middle).norm();
        section.b.iter_mut().for_each(|b| *b *= gain);
    }
    sections
}

/// Groups conjugate poles, then real ones two by two; a leftover real pole makes a first-order section.
fn pair_up(poles: Vec<Complex<f64>>, zeros: [f64; 2]) -> Vec<Section> {
    let tiny = |p: &Complex<f64>| p.im.abs() < 1e-12;
    let mut real: Vec<f64> = poles.iter().filter(|p| tiny(p)).map(|p| p.re).collect();
    real.sort_by(f64::total_cmp);
    let numerator = [1.0, -(zeros[0] + zeros[1]), zeros[0] * zeros[1]];
    let mut sections: Vec<Section> = real
        .chunks(2)
        .map(|pair| match pair {
            [p, q] => Section { b: numerator, a: [-(p + q), p * q] },
            _ => Section { b: [1.0, -zeros[0], 0.0], a: [-pair[0], 0.0] },
        })
        .collect();
    sections.extend(
        poles
            .iter()
            .filter(|p| !tiny(p) && p.im > 0.0)
            .map(|p| Section { b: numerator, a: [-2.0 * p.re, p.norm_sqr()] }),
    );
    sections
}

/// Samples of reflection at each end.
pub(crate) fn padding(sections: &[Section]) -> usize {
    let first_order = sections.iter().filter(|s| s.b[2] == 0.0 && s.a[1] == 0.0).count();
    3 * (2 * sections.len() + 1 - first_order)
}

impl Section {
    /// The complex gain at an angular frequency in radians a sample.
    fn response(&self, omega: f64) -> Complex<f64> {
        let z = Complex::from_polar(1.0, -omega);
        (Complex::from(self.b[0]) + z * self.b[1] + z * z * self.b[2])
            / (Complex::from(1.0) + z * self.a[0] + z * z * self.a[1])
    }
}

/// Sections with their steady states, in a number type.
pub(crate) struct Sections<T> {
    sections: Vec<[T; 7]>,
    padding: usize,
}

impl<T: Real> Sections<T> {
    pub fn new(sections: &[Section]) -> Self {
        let mut level = 1.0;
        let with_states = sections.iter().map(|s| {
            let gain = s.b.iter().sum::<f64>() / (1.0 + s.a[0] + s.a[1]);
            let second = s.b[2] - s.a[1] * gain;
            let first = s.b[1] - s.a[0] * gain + second;
            let row = [s.b[0], s.b[1], s.b[2], s.a[0], s.a[1], first * level, second * level].map(T::of);
            level *= gain;
            row
        });
        Self { sections: with_states.collect(), padding: padding(sections) }
    }

    /// Filters in place, forward and backward.
    pub fn run(&self, signal: &mut Pair<T>, work: &mut Work<T>) {
        pad(signal, self.padding, self.padding, &mut work.padded);
        self.pass(&mut work.padded);
        work.padded.reverse();
        self.pass(&mut work.padded);
        work.padded.reverse();
        signal.copy_from_slice(&work.padded[self.padding..work.padded.len() - self.padding]);
    }

    fn pass(&self, signal: &mut [Complex<T>]) {
        let Some(&start) = signal.first() else { return };
        for &[b0, b1, b2, a1, a2, first, second] in &self.sections {
            let (mut s1, mut s2) = (start * first, start * second);
            for value in signal.iter_mut() {
                let x = *value;
                let y = x * b0 + s1;
                s1 = x * b1 - y * a1 + s2;
                s2 = x * b2 - y * a2;
                *value = y;
            }
        }
    }
}
