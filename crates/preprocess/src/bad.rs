//! Channels whose signal shows that they recorded no EEG (Bigdely-Shamlo et al. 2015, the PREP pipeline's criteria).

use ndarray::{ArrayView2, s};
use twinprint_signal::Hertz;

use crate::plan::Detect;
use crate::statistics::{interquartile_range, median, quantile};

/// Rows found bad, by reason; a row is under the first reason only.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Found {
    pub flat: Vec<usize>,
    pub noisy: Vec<usize>,
    pub uncorrelated: Vec<usize>,
}

/// Fewest channels among which one can stand out.
const COHORT: usize = 4;
/// Share of windows without correlation that a good channel may have.
const TOLERATED: f64 = 0.05;

/// Judges rows of `[channels, samples]` in microvolts at `rate`.
pub(crate) fn detect(signal: ArrayView2<f32>, rate: Hertz, rules: &Detect) -> Found {
    let mut found = Found::default();
    if let Some(limit) = rules.flat {
        found.flat = (0..signal.nrows()).filter(|&row| deviation(&signal, row) < limit.get()).collect();
    }
    let mut alive: Vec<usize> = (0..signal.nrows()).filter(|row| !found.flat.contains(row)).collect();
    if let Some(limit) = rules.noisy.filter(|_| alive.len() >= COHORT) {
        let amplitude: Vec<f64> = alive
            .iter()
            .map(|&row| {
                interquartile_range(&mut signal.row(row).iter().map(|&v| f64::from(v)).collect::<Vec<_>>())
            })
            .collect();
        let middle = median(&mut amplitude.clone());
        let spread = interquartile_range(&mut amplitude.clone()) * ROBUST;
        found.noisy = alive
            .iter()
            .zip(&amplitude)
            .filter(|&(_, value)| ((value - middle) / spread).abs() > limit)
            .map(|(&row, _)| row)
            .collect();
        alive.retain(|row| !found.noisy.contains(row));
    }
    if let Some(limit) = rules.uncorrelated.filter(|_| alive.len() >= COHORT) {
        found.uncorrelated = uncorrelated(&signal, &alive, rate, limit);
    }
    found
}

/// Interquartile range of a normal distribution to its standard deviation.
pub(crate) const ROBUST: f64 = 0.7413;

fn deviation(signal: &ArrayView2<f32>, row: usize) -> f64 {
    let row = signal.row(row);
    let len = row.len().max(1) as f64;
    let mean = row.iter().map(|&v| f64::from(v)).sum::<f64>() / len;
    (row.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / len).sqrt()
}

fn uncorrelated(signal: &ArrayView2<f32>, rows: &[usize], rate: Hertz, limit: f64) -> Vec<usize> {
    let window = (rate.get().round() as usize).max(2);
    let windows = signal.ncols() / window;
    if windows == 0 {
        return Vec::new();
    }
    let mut lonely = vec![0_usize; rows.len()];
    for index in 0..windows {
        let units: Vec<Vec<f64>> =
            rows.iter().map(|&row| unit(signal, row, index * window, window)).collect();
        for (this, count) in lonely.iter_mut().enumerate() {
            let mut others: Vec<f64> = (0..rows.len())
                .filter(|&other| other != this)
                .map(|other| units[this].iter().zip(&units[other]).map(|(a, b)| a * b).sum::<f64>().abs())
                .collect();
            *count += usize::from(quantile(&mut others, 0.98) < limit);
        }
    }
    let most = TOLERATED * windows as f64;
    rows.iter().zip(lonely).filter(|&(_, count)| count as f64 > most).map(|(&row, _)| row).collect()
}

/// A window with its mean taken out, divided by its length; zeros when it is constant.
fn unit(signal: &ArrayView2<f32>, row: usize, start: usize, len: usize) -> Vec<f64> {
    let samples = signal.slice(s![row, start..start + len]);
    let values = || samples.iter().map(|&v| f64::from(v));
    let mean = values().sum::<f64>() / len as f64;
    let norm = values().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    values().map(|v| (v - mean) * scale).collect()
}
