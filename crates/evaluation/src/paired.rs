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

    /// The mean over partitions of the same people into folds: what a system gives on average over who it learns from. In every resampled
    /// cohort the same people are drawn for each part, so that a person is counted once, however often they were tested. Nothing
    /// where there is no part, or they have different numbers of people.
    pub fn mean(parts: &[Self]) -> Option<Self> {
        let first = parts.first()?;
        let alike =
            |part: &Self| part.subjects == first.subjects && part.cohorts.len() == first.cohorts.len();
        if !parts.iter().all(alike) {
            return None;
        }
        let count = parts.len() as f64;
        let cohort = |at: usize| {
            let rates = parts.iter().map(|part| part.cohorts[at]);
            rates.sum::<Option<f64>>().map(|sum| sum / count)
        };
        Some(Self {
            eer: parts.iter().map(|part| part.eer).sum::<f64>() / count,
            trials: parts.iter().map(|part| part.trials).sum(),
            subjects: first.subjects,
            cohorts: (0..first.cohorts.len()).map(cohort).collect(),
        })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn resampled(eer: f64, cohorts: &[Option<f64>]) -> Resampled {
        Resampled { eer, trials: 9, subjects: 3, cohorts: cohorts.to_vec() }
    }

    #[test]
    fn parts_are_averaged_cohort_by_cohort_and_one_that_cannot_be_scored_is_left_out() {
        let parts =
            [resampled(0.1, &[Some(0.1), Some(0.2), None]), resampled(0.3, &[Some(0.5), None, Some(0.1)])];
        let mean = Resampled::mean(&parts).unwrap();
        assert!((mean.eer - 0.2).abs() < 1e-12 && (mean.cohorts[0].unwrap() - 0.3).abs() < 1e-12);
        assert_eq!((&mean.cohorts[1..], mean.trials), (&[None, None][..], 18));
        assert_eq!(Resampled::mean(&[]), None);
        let more_people = Resampled { subjects: 4, ..parts[1].clone() };
        assert_eq!(Resampled::mean(&[parts[0].clone(), more_people]), None);
    }

    #[test]
    fn the_mean_of_one_part_is_that_part() {
        let part = resampled(0.2, &[Some(0.1), None, Some(0.3)]);
        assert_eq!(Resampled::mean(std::slice::from_ref(&part)), Some(part));
    }
}
