//! The rule of 30 (Doddington 1998): a rate is reported only where at least 30 errors are to be expected at it.

/// Too few trials to resolve a rate: why a number is absent, with what would be needed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{trials} {kind} do not resolve a {what} of {rate}: {} are needed to expect 30 errors", needed(*rate))]
pub struct TooFew {
    /// Trials that there are.
    pub trials: usize,
    /// What kind of trials: `non-mated comparisons`, `searches`.
    pub kind: &'static str,
    /// What the rate is called: `false match rate`, `false alarm rate`.
    pub what: &'static str,
    /// The rate asked for, strictly between 0 and 1.
    pub rate: f64,
}

impl TooFew {
    /// The smallest rate that this many independent trials can bound at 95 % when none of them errs: 3/n
    /// (Jovanovic and Levy 1997), at most 1.
    pub fn bound(&self) -> f64 {
        (3.0 / self.trials as f64).min(1.0)
    }

    /// The trials, or why they are too few for the rate.
    pub(crate) fn check(self) -> Result<(), Self> {
        if (self.trials as f64) < needed(self.rate) { Err(self) } else { Ok(()) }
    }
}

/// False match rates that thresholds are set for, as far as the comparisons resolve them.
pub const RATES: [f64; 12] = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 5e-4, 2e-4, 1e-4, 5e-5];

/// Whether so many comparisons resolve a rate: whether 30 errors are to be expected at it.
///
/// ```
/// assert!(twinprint_evaluation::resolves(3000, 0.01));
/// assert!(!twinprint_evaluation::resolves(2999, 0.01));
/// ```
pub fn resolves(comparisons: usize, rate: f64) -> bool {
    comparisons as f64 * rate >= 30.0 * (1.0 - 1e-9)
}

fn needed(rate: f64) -> f64 {
    (30.0 / rate).ceil()
}
