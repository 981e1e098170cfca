//! All verification numbers of one system on one trial list.

use std::fmt;

use twinprint_signal::Estimate;

use crate::bootstrap::curve_intervals::ResampledCurves;
use crate::bootstrap::draws::Bootstrap;
use crate::bootstrap::weighted_pass::WeightedTrials;
use crate::bootstrap::{interval, jackknife};
use crate::det::{Eer, FnmrAtFmr, REPORTED_FMR};
use crate::det_band::{BAND_FMR, BandPoint, PLACES};
use crate::metrics::{REPORTED_PRIOR, softplus};
use crate::rule_of_30::{TooFew, resolves};
use crate::sorted_scores::SortedScores;
use crate::{ScoreError, Scores};

/// What a trial list says about a system, each number with its 95 % interval over subjects (or of the level asked for). Where
/// a number is absent, `remarks` says why.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// Equal error rate with one threshold for everybody, 0 to 1.
    pub eer: Estimate,
    /// Threshold at the equal error rate.
    pub threshold: f64,
    /// FNMR at the false match rates of [`REPORTED_FMR`], as far as the comparisons resolve them.
    pub fnmr_at_fmr: [Option<Estimate>; 3],
    /// FNMR from the lowest false match rate that the comparisons resolve (0.05 % at least) to 95 %, evenly on a probit axis.
    pub det_band: Vec<BandPoint>,
    /// Area under the ROC curve, 0 to 1.
    pub auc: Estimate,
    /// Sensitivity index; absent when the scores do not vary.
    pub d_prime: Option<Estimate>,
    /// Normalised least detection cost at prior 0.01, costs 1; 0 to 1.
    pub min_dcf: Estimate,
    /// Log-likelihood-ratio cost after the best increasing map, in bits.
    pub min_cllr: Estimate,
    /// Number of comparisons of a subject with the same subject.
    pub mated: usize,
    /// Number of comparisons of two subjects.
    pub non_mated: usize,
    /// Mean over enrolled subjects of the EER with a threshold of their own. Flatters; never "the" EER.
    pub eer_per_subject_mean: Option<Estimate>,
    /// Number of distinct subjects, enrolled or probed.
    pub subjects: usize,
    /// Why numbers are absent, and what limits those present.
    pub remarks: Vec<Remark>,
}

/// What to know of the numbers of a [`Verification`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Remark {
    /// Absent: the false non-match rate at this false match rate.
    NoFnmr(TooFew),
    /// Absent: d′, since the scores do not vary.
    NoDPrime,
    /// Absent: the interval of the EER, which does not vary between resampled cohorts.
    NoEerInterval,
    /// Some resampled cohorts could not be scored.
    CohortsLeftOut {
        /// Cohorts that had comparisons of one kind only.
        left_out: usize,
        /// Cohorts drawn.
        replicates: usize,
    },
    /// The EER is exactly 0 or 1, so that its interval rests on the number of subjects alone.
    EerAtBound {
        /// The EER: 0 or 1.
        eer: f64,
        /// Distinct subjects, enrolled or probed.
        subjects: usize,
    },
    /// Some subjects have no EER of their own and are missing in the mean over subjects.
    SubjectsWithoutEer {
        /// Subjects not enrolled against both themselves and others.
        without: usize,
        /// Distinct subjects, enrolled or probed.
        subjects: usize,
    },
}

impl Remark {
    /// The number it is about, by its name in [`Verification`].
    pub fn number(&self) -> String {
        match self {
            Self::NoFnmr(too_few) => format!("fnmr_at_fmr {}", too_few.rate),
            Self::NoDPrime => "d_prime".to_owned(),
            Self::NoEerInterval | Self::CohortsLeftOut { .. } | Self::EerAtBound { .. } => "eer".to_owned(),
            Self::SubjectsWithoutEer { .. } => "eer_per_subject_mean".to_owned(),
        }
    }

    /// Whether it says why a number is absent; otherwise it says what limits one that is there.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::NoFnmr(_) | Self::NoDPrime | Self::NoEerInterval)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFnmr(too_few) => too_few.fmt(f),
            Self::NoDPrime => f.write_str("d′ is absent: neither mated nor non-mated scores vary"),
            Self::NoEerInterval => {
                f.write_str("the EER has no interval: it does not vary between resampled cohorts")
            }
            Self::CohortsLeftOut { left_out, replicates } => write!(
                f,
                "{left_out} of {replicates} resampled cohorts had comparisons of one kind only and were left out"
            ),
            Self::EerAtBound { eer, subjects } => write!(
                f,
                "an EER of exactly {eer} leaves nothing to resample: its interval is what {subjects} independent subjects without an error can bound"
            ),
            Self::SubjectsWithoutEer { without, subjects } => write!(
                f,
                "{without} of {subjects} subjects were not enrolled against both themselves and others and have no EER of their own"
            ),
        }
    }
}

/// Every verification number that raw scores can tell. Cllr is not among them, since raw scores are no likelihood ratios:
/// see [`calibrated_cost`].
///
/// ```
/// use twinprint_evaluation::{Bootstrap, Scores, verification};
///
/// // Each of three people, enrolled, is probed by all three.
/// let (enrol, probe) = (vec![0, 0, 0, 1, 1, 1, 2, 2, 2], vec![0, 1, 2, 0, 1, 2, 0, 1, 2]);
/// let scores = Scores::new(vec![0.9, 0.1, 0.6, 0.0, 0.5, 0.1, 0.2, 0.7, 0.4], enrol, probe)?;
/// let found = verification(&scores, &Bootstrap::default())?;
/// assert_eq!((found.mated, found.non_mated), (3, 6));
/// assert!(found.eer.value > 0.0 && found.eer.value < 0.5);
/// // Six non-mated comparisons cannot tell a false match rate of 10 %.
/// assert!(found.fnmr_at_fmr[0].is_none() && found.remarks.iter().any(|remark| remark.is_absence()));
/// # Ok::<(), twinprint_evaluation::ScoreError>(())
/// ```
///
/// # Errors
/// When the bootstrap cannot be used.
pub fn verification(scores: &Scores, bootstrap: &Bootstrap) -> Result<Verification, ScoreError> {
    bootstrap.validate()?;
    let trials = WeightedTrials::new(scores);
    let curves = ResampledCurves::draw(&trials, bootstrap);
    Ok(measured(scores, &SortedScores::new(scores))?.with_intervals(&curves, bootstrap))
}

/// What a trial list says, before intervals.
pub(crate) struct Measured {
    pub eer: Eer,
    pub fnmr_at_fmr: [Result<f64, TooFew>; 3],
    /// At the rates of [`BAND_FMR`].
    pub fnmr_along: [f64; PLACES],
    pub auc: f64,
    /// With its standard error.
    pub d_prime: Option<(f64, f64)>,
    pub min_dcf: f64,
    pub min_cllr: f64,
    pub mated: usize,
    pub non_mated: usize,
    /// Of each subject who is enrolled against both themselves and others.
    pub eer_of_subjects: Vec<f64>,
    pub subjects: usize,
}

/// Measures a trial list, given its scores sorted.
pub(crate) fn measured(scores: &Scores, sorted: &SortedScores) -> Result<Measured, ScoreError> {
    let mut fnmr_at_fmr = [Ok(0.0); 3];
    for (found, fmr) in fnmr_at_fmr.iter_mut().zip(REPORTED_FMR) {
        *found = match sorted.fnmr_at_fmr(fmr)? {
            FnmrAtFmr::Measured { fnmr, .. } => Ok(fnmr),
            FnmrAtFmr::TooFew(too_few) => Err(too_few),
        };
    }
    Ok(Measured {
        eer: sorted.eer(),
        fnmr_at_fmr,
        fnmr_along: BAND_FMR.map(|fmr| sorted.fnmr(sorted.threshold_at_fmr(fmr))),
        auc: sorted.auc(),
        d_prime: sorted.d_prime().map(|value| (value, jackknife::d_prime(scores))),
        min_dcf: sorted.min_dcf(REPORTED_PRIOR)?,
        min_cllr: sorted.min_cllr(),
        mated: scores.mated(),
        non_mated: scores.non_mated(),
        eer_of_subjects: eer_of_subjects(scores),
        subjects: scores.subjects().len(),
    })
}

impl Measured {
    /// The numbers with their intervals, and why some are absent.
    pub fn with_intervals(self, curves: &ResampledCurves, bootstrap: &Bootstrap) -> Verification {
        let subjects = self.subjects;
        let mut remarks = Vec::new();
        if curves.left_out() > 0 {
            let replicates = bootstrap.replicates;
            remarks.push(Remark::CohortsLeftOut { left_out: curves.left_out(), replicates });
        }
        let eer = curves.rate(self.eer.value, |cohort| cohort.eer);
        remarks.extend(remark_on_eer(&eer, subjects));
        let mut fnmr_at_fmr = [None; 3];
        for (place, found) in self.fnmr_at_fmr.into_iter().enumerate() {
            match found {
                Ok(fnmr) => {
                    fnmr_at_fmr[place] = Some(curves.rate(fnmr, |cohort| cohort.fnmr_at_fmr[place]));
                }
                Err(too_few) => remarks.push(Remark::NoFnmr(too_few)),
            }
        }
        let along = BAND_FMR.into_iter().zip(self.fnmr_along).enumerate();
        let det_band = along
            .filter(|(_, (fmr, _))| resolves(self.non_mated, *fmr))
            .map(|(place, (fmr, fnmr))| BandPoint {
                fmr,
                fnmr: curves.rate(fnmr, |cohort| cohort.fnmr_along[place]),
            })
            .collect();
        let d_prime =
            self.d_prime.map(|(value, error)| interval::difference(value, error, subjects, bootstrap.level));
        if d_prime.is_none() {
            remarks.push(Remark::NoDPrime);
        }
        let without = subjects.saturating_sub(self.eer_of_subjects.len());
        if without > 0 {
            remarks.push(Remark::SubjectsWithoutEer { without, subjects });
        }
        Verification {
            eer,
            threshold: self.eer.threshold,
            fnmr_at_fmr,
            det_band,
            auc: curves.share(self.auc, |cohort| cohort.auc),
            d_prime,
            min_dcf: curves.cost(self.min_dcf, |cohort| cohort.min_dcf),
            min_cllr: curves.share(self.min_cllr, |cohort| cohort.min_cllr),
            mated: self.mated,
            non_mated: self.non_mated,
            eer_per_subject_mean: mean_over_subjects(&self.eer_of_subjects, bootstrap),
            subjects,
            remarks,
        }
    }
}

fn remark_on_eer(eer: &Estimate, subjects: usize) -> Option<Remark> {
    if eer.ci95.is_none() {
        return Some(Remark::NoEerInterval);
    }
    (eer.value == 0.0 || eer.value == 1.0).then_some(Remark::EerAtBound { eer: eer.value, subjects })
}

/// Cllr of scores that are natural-log likelihood ratios, in bits, with its interval over subjects: the map that made them is
/// held fixed, so the cost is a sum of two means and needs no draws (see the infinitesimal jackknife of
/// [`crate::transport`]).
pub fn calibrated_cost(log_likelihood_ratios: &Scores, bootstrap: &Bootstrap) -> Estimate {
    let value = SortedScores::new(log_likelihood_ratios).cllr();
    let error = jackknife::mean_of_means(log_likelihood_ratios, |ratio, mated| {
        softplus(if mated { -ratio } else { ratio }) / std::f64::consts::LN_2
    });
    interval::cost(value, error, log_likelihood_ratios.subjects().len(), bootstrap.level)
}

/// The equal error rates of single enrolled subjects, of those who have one.
fn eer_of_subjects(scores: &Scores) -> Vec<f64> {
    let subjects = scores.subjects();
    let mut parts: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); subjects.len()];
    for (trial, (&score, &enrol)) in scores.similarity().iter().zip(scores.enrol_subject()).enumerate() {
        let part = &mut parts[subjects.partition_point(|&known| known < enrol)];
        if scores.is_mated(trial) { part.0.push(score) } else { part.1.push(score) }
    }
    parts
        .into_iter()
        .filter(|(mated, non_mated)| !mated.is_empty() && !non_mated.is_empty())
        .map(|(mated, non_mated)| SortedScores::from_parts(mated, non_mated).eer().value)
        .collect()
}

/// Their mean, with the interval from their spread.
fn mean_over_subjects(eers: &[f64], bootstrap: &Bootstrap) -> Option<Estimate> {
    let count = eers.len() as f64;
    let value = eers.iter().sum::<f64>() / count;
    let variance = eers.iter().map(|eer| (eer - value).powi(2)).sum::<f64>() / (count - 1.0);
    let mean = interval::rate(value, (variance / count).sqrt(), eers.len(), bootstrap.level);
    (!eers.is_empty()).then_some(mean)
}
