//! A threshold chosen on development subjects and carried over to test subjects.

use twinprint_signal::Estimate;

use crate::attempt_rate::over_people;
use crate::sorted_scores::SortedScores;
use crate::{ScoreError, Scores};

/// What a threshold chosen on dev does on test.
#[derive(Debug, Clone, PartialEq)]
pub struct Transported {
    /// False match rate aimed at on dev.
    pub target_fmr: f64,
    /// For each fold, the lowest threshold whose FMR on dev is at most the target.
    pub thresholds: Vec<f64>,
    /// False match rate observed on test.
    pub fmr: Estimate,
    /// False non-match rate observed on test.
    pub fnmr: Estimate,
    /// Non-mated comparisons of test subjects that the thresholds accept.
    pub false_matches: usize,
    /// Non-mated comparisons of test subjects.
    pub non_mated: usize,
    /// Mated comparisons of test subjects that the thresholds reject.
    pub false_non_matches: usize,
    /// Mated comparisons of test subjects.
    pub mated: usize,
}

/// Chooses the threshold for `target_fmr` on `dev` and reports both error rates on `test`.
///
/// At a fixed threshold the rates are ratios of sums, so the variance over subjects needs no draws: it is the
/// infinitesimal jackknife (Efron 1982), to which the bootstrap over subjects converges. A subject's influence on the
/// FMR counts all its comparisons, as enrolled and as probe.
///
/// # Errors
/// When `target_fmr` does not lie strictly between 0 and 1.
pub fn transport(dev: &Scores, test: &Scores, target_fmr: f64) -> Result<Transported, ScoreError> {
    transport_folds(&[(dev, test)], target_fmr)
}

/// One threshold for `target_fmr` from the scores of all folds, and the error rates to expect of it: those of the threshold that
/// all folds but one set, observed on the one left out, added up over folds. What people learnt from is not among their scores,
/// and no score judges a threshold it has set.
///
/// Subjects keep their numbers from fold to fold.
///
/// # Errors
/// When `target_fmr` does not lie strictly between 0 and 1, or there are fewer than two folds.
pub fn transport_left_out(folds: &[Scores], target_fmr: f64) -> Result<(f64, Transported), ScoreError> {
    let others = (0..folds.len()).map(|left_out| {
        let kept: Vec<Scores> = folds
            .iter()
            .enumerate()
            .filter(|(fold, _)| *fold != left_out)
            .map(|(_, scores)| scores.clone())
            .collect();
        Scores::concat(&kept)
    });
    let others = others.collect::<Result<Vec<_>, _>>()?;
    let pairs: Vec<(&Scores, &Scores)> = others.iter().zip(folds).collect();
    let observed = transport_folds(&pairs, target_fmr)?;
    let threshold = SortedScores::new(&Scores::concat(folds)?).threshold_at_fmr(target_fmr);
    Ok((threshold, observed))
}

/// [`transport`] over several folds of `(dev, test)`, each with the threshold of its own dev subjects; errors are added up.
///
/// # Errors
/// When `target_fmr` does not lie strictly between 0 and 1, or no fold has a mated comparison.
pub fn transport_folds(folds: &[(&Scores, &Scores)], target_fmr: f64) -> Result<Transported, ScoreError> {
    check_target(target_fmr)?;
    let thresholds =
        folds.iter().map(|(dev, _)| SortedScores::new(dev).threshold_at_fmr(target_fmr)).collect();
    let tests: Vec<&Scores> = folds.iter().map(|(_, test)| *test).collect();
    observed(&tests, thresholds, target_fmr)
}

/// Whether a false match rate to aim at lies strictly between 0 and 1.
pub(crate) fn check_target(target_fmr: f64) -> Result<(), ScoreError> {
    if target_fmr > 0.0 && target_fmr < 1.0 {
        return Ok(());
    }
    Err(ScoreError::Rate { what: "the target false match rate", value: target_fmr })
}

/// The error rates of thresholds, one a fold, on its trials.
pub(crate) fn observed(
    folds: &[&Scores],
    thresholds: Vec<f64>,
    target_fmr: f64,
) -> Result<Transported, ScoreError> {
    let mut subjects: Vec<u32> = folds.iter().flat_map(|test| test.subjects()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let number = |subject: u32| subjects.partition_point(|&known| known < subject);
    let (mut misses, mut matches) = (Counts::new(subjects.len()), Counts::new(subjects.len()));
    for (test, &threshold) in folds.iter().zip(&thresholds) {
        for (trial, &score) in test.similarity().iter().enumerate() {
            let (enrol, probe) = (number(test.enrol_subject()[trial]), number(test.probe_subject()[trial]));
            if enrol == probe {
                misses.add(&[enrol], score < threshold);
            } else {
                matches.add(&[enrol, probe], score >= threshold);
            }
        }
    }
    of_counts(&misses, &matches, thresholds, target_fmr)
}

/// What was counted, as rates.
pub(crate) fn of_counts(
    misses: &Counts,
    matches: &Counts,
    thresholds: Vec<f64>,
    target_fmr: f64,
) -> Result<Transported, ScoreError> {
    if misses.comparisons == 0 {
        return Err(ScoreError::NoMated { non_mated: matches.comparisons });
    }
    Ok(Transported {
        target_fmr,
        thresholds,
        fmr: matches.rate(),
        fnmr: misses.rate(),
        false_matches: matches.errors,
        non_mated: matches.comparisons,
        false_non_matches: misses.errors,
        mated: misses.comparisons,
    })
}

/// Errors and comparisons, in all and per subject involved.
pub(crate) struct Counts {
    pub errors: usize,
    pub comparisons: usize,
    /// Errors and comparisons of each.
    pub of_subject: Vec<(f64, f64)>,
}

impl Counts {
    fn new(subjects: usize) -> Self {
        Self { errors: 0, comparisons: 0, of_subject: vec![(0.0, 0.0); subjects] }
    }

    fn add(&mut self, involved: &[usize], error: bool) {
        self.errors += usize::from(error);
        self.comparisons += 1;
        for &subject in involved {
            self.of_subject[subject].0 += f64::from(u8::from(error));
            self.of_subject[subject].1 += 1.0;
        }
    }

    fn rate(&self) -> Estimate {
        over_people(self.errors as f64, self.comparisons as f64, &self.of_subject)
    }
}
