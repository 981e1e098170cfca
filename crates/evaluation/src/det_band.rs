//! The interval of the trade-off curve along its whole length.

use std::sync::LazyLock;

use statrs::distribution::{ContinuousCDF, Normal};
use twinprint_signal::Estimate;

/// False match rates at which the curve has an interval.
pub(crate) const PLACES: usize = 34;

/// These rates, from 0.05 % to 95 % in equal steps on a probit axis.
pub(crate) static BAND_FMR: LazyLock<[f64; PLACES]> = LazyLock::new(|| {
    let normal = Normal::standard();
    let (low, high) = (normal.inverse_cdf(0.0005), normal.inverse_cdf(0.95));
    std::array::from_fn(|place| normal.cdf(low + (high - low) * place as f64 / (PLACES - 1) as f64))
});

/// The false non-match rate at one false match rate, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// False match rate, strictly between 0 and 1.
    pub fmr: f64,
    /// Lowest FNMR among the thresholds whose FMR is at most that, 0 to 1.
    pub fnmr: Estimate,
}
