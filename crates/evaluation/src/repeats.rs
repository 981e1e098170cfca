//! The same measurement made several times, as with several seeds.

use twinprint_signal::Estimate;

use crate::bootstrap::interval;

/// The mean of rates between 0 and 1 with its 95 % interval over repeats: Student's t on the logit scale, as for other rates of
/// this crate. It says how far repeats move the mean, and nothing about other people. Nothing of no rate; no interval of one,
/// or where all are the same.
///
/// ```
/// use twinprint_evaluation::over_repeats;
///
/// let mean = over_repeats(&[0.10, 0.12, 0.14]).unwrap();
/// assert!((mean.value - 0.12).abs() < 1e-12);
/// assert!(mean.ci95.is_some_and(|interval| interval.contains(0.10) && !interval.contains(0.20)));
/// assert_eq!(over_repeats(&[0.1, 0.1]).unwrap().ci95, None);
/// ```
pub fn over_repeats(rates: &[f64]) -> Option<Estimate> {
    if rates.is_empty() {
        return None;
    }
    let count = rates.len() as f64;
    let mean = rates.iter().sum::<f64>() / count;
    let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let differ = rates.iter().any(|rate| *rate != rates[0]);
    if !differ {
        return Some(Estimate { value: rates[0], ci95: None });
    }
    Some(interval::rate(mean, (variance / count).sqrt(), rates.len(), 0.95))
}
