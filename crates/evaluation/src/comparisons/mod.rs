//! Everything that is asked of the trials of one system at one probe length, laid out or computed block by block.
//!
//! Up to [`LAID_OUT`] trials are laid out and sorted, and every number is exact. More are never in memory together: they are computed
//! again, block by block, for each question. What the bounds of that road are is said at the top of `streamed.rs`.

mod by_subject;
mod histogram;
mod laid_out;
mod streamed;
mod sums;

use twinprint_signal::Estimate;

use self::laid_out::LaidOut;
use self::streamed::Streamed;
use crate::blocks::{Blocks, trials};
use crate::bootstrap::draws::Bootstrap;
use crate::calibration::Calibration;
use crate::det::{DetCurve, Eer};
use crate::identification::{Search, search_blocks};
use crate::paired::Resampled;
use crate::transport::{Transported, check_target};
use crate::verification::Verification;
use crate::{PrintError, ScoreError};

/// Trials that are laid out at most; some 60 bytes each.
pub const LAID_OUT: usize = 1_000_000;

/// The trials of one system at one probe length.
pub struct Comparisons<'a> {
    blocks: &'a dyn Blocks,
    road: Road<'a>,
}

/// How the trials are looked at.
enum Road<'a> {
    LaidOut(Box<LaidOut>),
    Streamed(Box<Streamed<'a>>),
}

/// How scores are distributed, in bins of one width.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// Bin borders, ascending, from the lowest score to the highest: one more than there are bins.
    pub edges: Vec<f64>,
    /// Share of the mated scores in each bin.
    pub mated: Vec<f64>,
    /// Share of the non-mated scores in each bin.
    pub non_mated: Vec<f64>,
}

impl<'a> Comparisons<'a> {
    /// Looks the trials over.
    ///
    /// # Errors
    /// When a fold has no mated or no non-mated comparison, or a score is not finite.
    pub fn new(blocks: &'a dyn Blocks) -> Result<Self, ScoreError> {
        Self::laid_out_up_to(blocks, LAID_OUT)
    }

    /// [`Comparisons::new`] with another limit, for tests of one road against the other.
    ///
    /// # Errors
    /// As [`Comparisons::new`].
    pub fn laid_out_up_to(blocks: &'a dyn Blocks, most: usize) -> Result<Self, ScoreError> {
        let road = match trials(blocks) <= most {
            true => Road::LaidOut(Box::new(LaidOut::new(blocks)?)),
            false => Road::Streamed(Box::new(Streamed::new(blocks)?)),
        };
        Ok(Self { blocks, road })
    }

    /// The number of trials.
    pub fn len(&self) -> usize {
        trials(self.blocks)
    }

    /// Always false: there is at least one mated and one non-mated comparison.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number that other scores of the same trials would not have.
    pub fn fingerprint(&self) -> u64 {
        match &self.road {
            Road::LaidOut(trials) => trials.fingerprint(),
            Road::Streamed(trials) => trials.fingerprint(),
        }
    }

    /// See [`crate::verification`].
    ///
    /// # Errors
    /// When the bootstrap cannot be used.
    pub fn verification(&self, bootstrap: &Bootstrap) -> Result<Verification, ScoreError> {
        bootstrap.validate()?;
        match &self.road {
            Road::LaidOut(trials) => trials.verification(bootstrap),
            Road::Streamed(trials) => trials.verification(bootstrap),
        }
    }

    /// The equal error rate in every resampled cohort, to be set against that of another system.
    ///
    /// # Errors
    /// When the bootstrap cannot be used.
    pub fn resampled(&self, bootstrap: &Bootstrap) -> Result<Resampled, ScoreError> {
        bootstrap.validate()?;
        let (subjects, cohorts) = match &self.road {
            Road::LaidOut(trials) => trials.resampled(bootstrap),
            Road::Streamed(trials) => trials.resampled(bootstrap),
        };
        Ok(Resampled { eer: self.eer().value, trials: self.len(), subjects, cohorts })
    }

    /// See [`crate::eer`].
    pub fn eer(&self) -> Eer {
        match &self.road {
            Road::LaidOut(trials) => trials.sorted().eer(),
            Road::Streamed(trials) => trials.histogram().eer(),
        }
    }

    /// See [`crate::det_curve`].
    pub fn det_curve(&self) -> DetCurve {
        match &self.road {
            Road::LaidOut(trials) => trials.sorted().det_curve(),
            Road::Streamed(trials) => trials.histogram().det_curve(),
        }
    }

    /// The shares of mated and of non-mated scores in `bins` bins of one width.
    pub fn distribution(&self, bins: usize) -> Distribution {
        match &self.road {
            Road::LaidOut(trials) => trials.distribution(bins),
            Road::Streamed(trials) => trials.histogram().distribution(bins),
        }
    }

    /// Whose each mated comparison is, and its similarity, in the order of the trials.
    pub fn mated(&self) -> Vec<(u32, f64)> {
        match &self.road {
            Road::LaidOut(trials) => trials.mated(),
            Road::Streamed(trials) => trials.mated().to_vec(),
        }
    }

    /// Searches every probe among the templates of its fold; probes of subjects without a template are left out.
    ///
    /// # Errors
    /// When a fold enrols fewer than two subjects.
    pub fn searches(&self) -> Result<Vec<Search>, PrintError> {
        search_blocks(self.blocks)
    }

    /// The number of mated and of non-mated comparisons.
    pub fn counts(&self) -> (usize, usize) {
        match &self.road {
            Road::LaidOut(trials) => trials.counts(),
            Road::Streamed(trials) => trials.histogram().counts(),
        }
    }

    /// Thresholds chosen for each of `targets` on the trials of each fold of `dev`, and what they do on the trials of the same fold
    /// here, errors added up over folds; see [`crate::transport_folds`].
    ///
    /// # Errors
    /// When a target does not lie strictly between 0 and 1, or there is no mated comparison.
    pub fn transported(&self, dev: &Self, targets: &[f64]) -> Result<Vec<Transported>, ScoreError> {
        targets.iter().try_for_each(|&target| check_target(target))?;
        let of_folds: Vec<Vec<f64>> =
            (0..self.blocks.folds()).map(|fold| dev.thresholds(fold, targets)).collect();
        self.observed(&of_folds, targets)
    }

    /// For each of `targets`, the threshold that all trials together set, and the error rates to expect of it: those of the threshold
    /// that all folds but one set, observed on the one left out; see [`crate::transport_left_out`].
    ///
    /// # Errors
    /// When a target does not lie strictly between 0 and 1, or there are fewer than two folds.
    pub fn left_out(&self, targets: &[f64]) -> Result<Vec<(f64, Transported)>, ScoreError> {
        targets.iter().try_for_each(|&target| check_target(target))?;
        match &self.road {
            Road::LaidOut(trials) => trials.left_out(targets),
            Road::Streamed(trials) => {
                if self.blocks.folds() < 2 {
                    return Err(ScoreError::TrialCount { trials: 0 });
                }
                let of_folds: Vec<Vec<f64>> = (0..self.blocks.folds())
                    .map(|fold| trials.thresholds(&trials.all_but(fold), targets))
                    .collect();
                let together = trials.thresholds(trials.histogram(), targets);
                Ok(together.into_iter().zip(trials.observed(&of_folds, targets)?).collect())
            }
        }
    }

    /// Cllr of the scores as log-likelihood ratios, each fold through the calibration of the same fold of `dev`; see
    /// [`crate::calibrated_cost`]. Nothing where a fold cannot be calibrated.
    pub fn calibrated_cost(&self, dev: &Self, bootstrap: &Bootstrap) -> Option<Estimate> {
        let maps: Option<Vec<Calibration>> =
            (0..self.blocks.folds()).map(|fold| dev.calibration(fold)).collect();
        match &self.road {
            Road::LaidOut(trials) => trials.calibrated_cost(&maps?, bootstrap),
            Road::Streamed(trials) => Some(trials.calibrated_cost(&maps?, bootstrap)),
        }
    }

    fn thresholds(&self, fold: usize, targets: &[f64]) -> Vec<f64> {
        match &self.road {
            Road::LaidOut(trials) => trials.thresholds(fold, targets),
            Road::Streamed(trials) => trials.thresholds(&trials.of_fold(fold), targets),
        }
    }

    fn calibration(&self, fold: usize) -> Option<Calibration> {
        match &self.road {
            Road::LaidOut(trials) => trials.calibration(fold),
            Road::Streamed(trials) => Some(trials.of_fold(fold).calibration()),
        }
    }

    /// What thresholds do, given for each fold one a target.
    fn observed(&self, of_folds: &[Vec<f64>], targets: &[f64]) -> Result<Vec<Transported>, ScoreError> {
        match &self.road {
            Road::LaidOut(trials) => trials.observed(of_folds, targets),
            Road::Streamed(trials) => trials.observed(of_folds, targets),
        }
    }
}
