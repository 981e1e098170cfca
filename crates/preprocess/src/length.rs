//! Whether a recording is long enough for a plan.

use twinprint_signal::Hertz;

use crate::chain::{Design, FILTER_REMEDY};
use crate::error::PreprocessError;
use crate::validate::CheckedPlan;

/// Refuses a recording none of whose stretches without a gap, given in samples at its rate, is long enough for the filters and
/// one epoch.
///
/// # Errors
/// [`PreprocessError::TooShort`] with the step that needs more, or a filter that does not fit the rate.
pub fn long_enough(plan: &CheckedPlan, rate: Hertz, stretches: &[usize]) -> Result<(), PreprocessError> {
    let resampled = plan.resample.as_ref().map_or(rate, |resample| resample.sfreq);
    let (epoch, _) = plan.epochs.samples(resampled);
    let longest = stretches.iter().copied().max().unwrap_or(0);
    check(&Design::new(plan, rate, longest)?, rate, stretches, epoch)
}

/// The same of a filter chain, for epochs of so many samples.
pub(crate) fn check(
    design: &Design,
    rate: Hertz,
    stretches: &[usize],
    epoch: usize,
) -> Result<(), PreprocessError> {
    let (needed, step) = design.shortest;
    let longest = stretches.iter().copied().max().unwrap_or(0);
    let too_short = |step, needed, remedy| PreprocessError::TooShort { longest, step, needed, rate, remedy };
    if longest < needed {
        return Err(too_short(step, needed, FILTER_REMEDY));
    }
    if design.output_len(longest) < epoch {
        let per_sample = longest as f64 / design.output_len(longest).max(1) as f64;
        let samples = (epoch as f64 * per_sample).ceil() as usize;
        return Err(too_short("one epoch", samples, "shorten the epochs"));
    }
    Ok(())
}
