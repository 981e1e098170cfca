//! Linear-phase FIR design by windowed sinc, as MNE-Python's `create_filter(..., fir_design="firwin")`.
//!
//! Rules (Widmann, Schröger and Maess 2015; Ifeachor and Jervis 2002 for the length factor): Hamming window, transition
//! widths as stated at [`crate::Filter`], length 3.3 / narrowest transition rounded up to an odd number of samples. Each
//! band edge is its own windowed-sinc low-pass of the length its transition needs, cut at the transition's middle (−6 dB),
//! scaled to unit gain at 0 Hz; the bands are sums and differences of those.

use crate::plan::{Filter, Notch};

/// Hamming: main-lobe width times length, in units of the sampling rate.
const LENGTH_FACTOR: f64 = 3.3;

/// What a filter is to do, before its impulse response is computed: how long that will be can be asked first.
pub(crate) struct Response {
    /// Frequencies in units of Nyquist, ascending, with whether they pass; transitions lie between unlike neighbours.
    points: Vec<(f64, bool)>,
    length: usize,
}

/// A band filter at `rate` hertz.
pub(crate) fn band(filter: &Filter, rate: f64) -> Response {
    let nyquist = rate / 2.0;
    let mut narrowest = f64::INFINITY;
    let mut points = Vec::new();
    if let Some(l) = filter.l_freq.map(|f| f.get()) {
        let width = filter.l_trans_bandwidth.map_or((0.25 * l).max(2.0).min(l), |w| w.get());
        narrowest = narrowest.min(width);
        points.extend([(l - width, false), (l, true)]);
    }
    if let Some(h) = filter.h_freq.map(|f| f.get()) {
        let width = filter.h_trans_bandwidth.map_or((0.25 * h).max(2.0).min(nyquist - h), |w| w.get());
        narrowest = narrowest.min(width);
        points.extend([(h, true), (h + width, false)]);
    }
    Response::new(&points, narrowest, rate)
}

/// A notch and its harmonics at `rate` hertz.
pub(crate) fn notch(notch: &Notch, rate: f64) -> Response {
    let half_transition = notch.trans_bandwidth.get() / 2.0;
    let mut points = Vec::new();
    let mut harmonic = 1.0;
    loop {
        let freq = harmonic * notch.freq.get();
        let (low, high) = notch.stop_band(freq);
        if high >= rate / 2.0 {
            break;
        }
        points.extend([
            (low, true),
            (low + half_transition, false),
            (high - half_transition, false),
            (high, true),
        ]);
        if !notch.harmonics {
            break;
        }
        harmonic += 1.0;
    }
    Response::new(&points, half_transition, rate)
}

impl Response {
    /// `points` are frequencies in hertz.
    fn new(points: &[(f64, bool)], narrowest: f64, rate: f64) -> Self {
        let nyquist = rate / 2.0;
        let points: Vec<(f64, bool)> = points.iter().map(|&(f, pass)| (f / nyquist, pass)).collect();
        let needed = points
            .windows(2)
            .filter(|pair| pair[0].1 != pair[1].1)
            .map(|pair| edge_length(pair[0].0, pair[1].0))
            .max()
            .unwrap_or(1);
        let length = odd((LENGTH_FACTOR / narrowest * rate).ceil() as usize).max(needed);
        Self { points, length }
    }

    /// How many taps there will be: an odd number.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The odd, symmetric impulse response.
    pub(crate) fn taps(&self) -> Vec<f64> {
        let mut taps = vec![0.0; self.length];
        let passes_nyquist = self.points.last().is_none_or(|p| p.1);
        if passes_nyquist {
            taps[self.length / 2] = 1.0;
        }
        for pair in self.points.windows(2).rev() {
            let ((low, low_passes), (high, high_passes)) = (pair[0], pair[1]);
            if low_passes == high_passes {
                continue;
            }
            let edge = low_pass(edge_length(low, high), (low + high) / 2.0);
            let sign = if low_passes { 1.0 } else { -1.0 };
            let offset = (self.length - edge.len()) / 2;
            for (tap, value) in taps[offset..].iter_mut().zip(edge) {
                *tap += sign * value;
            }
        }
        taps
    }
}

/// Taps that a transition between two normalised frequencies (Nyquist = 1) needs.
fn edge_length(low: f64, high: f64) -> usize {
    odd((LENGTH_FACTOR / ((high - low) / 2.0)).round_ties_even() as usize)
}

/// The next odd number; one beyond all numbers stays what it is, which is odd.
fn odd(length: usize) -> usize {
    length | 1
}

/// Windowed-sinc low-pass with unit gain at 0 Hz; `cutoff` in units of Nyquist.
fn low_pass(length: usize, cutoff: f64) -> Vec<f64> {
    use std::f64::consts::PI;
    let middle = (length - 1) as f64 / 2.0;
    let mut taps: Vec<f64> = (0..length)
        .map(|n| {
            let window = 0.54 - 0.46 * (2.0 * PI * n as f64 / (length - 1).max(1) as f64).cos();
            cutoff * sinc(cutoff * (n as f64 - middle)) * window
        })
        .collect();
    let gain: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= gain);
    taps
}

pub(crate) fn sinc(x: f64) -> f64 {
    let x = std::f64::consts::PI * x;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}
