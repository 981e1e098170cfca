//! Difference between two systems on the same trials.

use serde::{Deserialize, Serialize};

use crate::bootstrap::Bootstrap;
use crate::interval::Interval;
use crate::ranked::Ranked;
use crate::weighted::WeightedTrials;
use crate::{ScoreError, Scores};

/// Equal error rate of system `a` minus that of system `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// EER(a) − EER(b); negative when `a` is better.
    pub difference: f64,
    /// Its 95 % interval (or of the level asked for); a difference is shown when 0 lies outside. Absent when no
    /// resampled cohort differs from another.
    pub ci95: Option<Interval>,
}

/// Compares two systems on the same trials in the same order by the paired bootstrap: every resampled cohort is scored
/// with both, so that what is hard about a cohort cancels.
pub fn paired_difference(a: &Scores, b: &Scores, bootstrap: &Bootstrap) -> Result<Paired, ScoreError> {
    bootstrap.validate()?;
    if let Some(index) = a.first_difference(b) {
        return Err(ScoreError::DifferentTrials { index });
    }
    let difference = Ranked::new(a).eer().value - Ranked::new(b).eer().value;
    let (left, right) = (WeightedTrials::new(a)?, WeightedTrials::new(b)?);
    let subjects = left.subjects();
    let differences: Vec<f64> = left
        .replicates(bootstrap)
        .into_iter()
        .zip(right.replicates(bootstrap))
        .filter_map(|(left, right)| Some(left? - right?))
        .collect();
    Ok(Paired { difference, ci95: bootstrap.of_difference(difference, &differences, subjects) })
}
