//! Difference between two systems on the same trials.

use twinprint_signal::Estimate;

use crate::bootstrap::draws::Bootstrap;
use crate::bootstrap::weighted_pass::WeightedTrials;
use crate::det::eer;
use crate::{ScoreError, Scores};

/// Equal error rate of system `a` minus that of system `b`, negative when `a` is better, on the same trials in the same
/// order. The interval is that of the paired bootstrap over subjects: every resampled cohort is scored with both systems, so
/// that what is hard about a cohort cancels. A difference is shown when 0 lies outside the interval; there is none when no
/// resampled cohort differs from another.
///
/// The draws go by the order of the subjects' numbers: number people by the order of their names, and a difference has the
/// same interval wherever it is computed with the same seed.
///
/// ```
/// use twinprint_evaluation::{Bootstrap, Scores, paired_difference};
///
/// // Each of three people, enrolled, is probed by all three.
/// let (enrol, probe) = (vec![0, 0, 0, 1, 1, 1, 2, 2, 2], vec![0, 1, 2, 0, 1, 2, 0, 1, 2]);
/// let system = |similarity: [f64; 9]| Scores::new(similarity.to_vec(), enrol.clone(), probe.clone());
/// let sharp = system([0.9, 0.1, 0.2, 0.0, 0.8, 0.1, 0.2, 0.3, 0.7])?;
/// let blurred = system([0.9, 0.1, 0.6, 0.0, 0.5, 0.1, 0.2, 0.7, 0.4])?;
/// let found = paired_difference(&sharp, &blurred, &Bootstrap::default())?;
/// assert!(found.value < 0.0);
/// assert!(found.ci95.is_some_and(|interval| interval.contains(found.value)));
/// # Ok::<(), twinprint_evaluation::ScoreError>(())
/// ```
///
/// # Errors
/// When the bootstrap cannot be used, or the trials differ.
pub fn paired_difference(a: &Scores, b: &Scores, bootstrap: &Bootstrap) -> Result<Estimate, ScoreError> {
    bootstrap.validate()?;
    if let Some(index) = a.first_difference(b) {
        return Err(ScoreError::DifferentTrials { index });
    }
    let of = |scores: &Scores| Resampled {
        eer: eer(scores).value,
        trials: scores.len(),
        subjects: scores.subjects().len(),
        cohorts: WeightedTrials::new(scores).replicates(bootstrap),
    };
    of(a).difference(&of(b), bootstrap)
}

/// The equal error rate of a system and of each of its resampled cohorts: all that a paired difference needs of it, so that two
/// systems need never be in memory together.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    pub(crate) eer: f64,
    pub(crate) trials: usize,
    pub(crate) subjects: usize,
    pub(crate) cohorts: Vec<Option<f64>>,
}

impl Resampled {
    /// The equal error rate of the whole cohort, 0 to 1.
    pub fn eer(&self) -> f64 {
        self.eer
    }

    /// The equal error rate with its interval over subjects; `bootstrap` as given when the cohorts were drawn.
    pub fn estimate(&self, bootstrap: &Bootstrap) -> Estimate {
        let values: Vec<f64> = self.cohorts.iter().copied().flatten().collect();
        bootstrap.rate(self.eer, &values, self.subjects)
    }

    /// [`paired_difference`] of this system minus `other`, both resampled with `bootstrap` on the same trials.
    ///
    /// # Errors
    /// When the numbers of trials or subjects differ.
    pub fn difference(&self, other: &Self, bootstrap: &Bootstrap) -> Result<Estimate, ScoreError> {
        if (self.trials, self.subjects) != (other.trials, other.subjects) {
            return Err(ScoreError::DifferentTrials { index: self.trials.min(other.trials) });
        }
        let pairs = self.cohorts.iter().zip(&other.cohorts);
        let differences: Vec<f64> = pairs.filter_map(|(left, right)| Some((*left)? - (*right)?)).collect();
        Ok(bootstrap.difference(self.eer - other.eer, &differences, self.subjects))
    }
}
