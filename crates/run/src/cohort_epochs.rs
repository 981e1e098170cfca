//! The epochs of cohorts that keep their own montage, which only networks that take any montage read.

use std::path::PathBuf;

use twinprint_store::epochs::EpochFile;

use crate::cohort_plan::CohortSettings;
use crate::error::Placed;
use crate::folder::{COHORT_EPOCHS, RunFolder};
use crate::{Plan, RunError};

/// The epochs of a cohort of its own montage. All of them may be learnt from, in every fold but where `learn_from` leaves people
/// out: [`twinprint_protocol::Fold::trains_on`] says whom.
pub struct CohortEpochs {
    /// The name of the cohort, by which its file is called.
    pub name: String,
    /// How much it counts beside the others.
    pub weight: f64,
    /// Its epochs, at the rate and of the length of the run's others, with channels of their own.
    pub file: EpochFile,
}

/// Where the epochs of such a cohort lie: `cohorts/<name>.h5`; nothing for a cohort whose epochs lie with the others'.
pub(crate) fn place(folder: &RunFolder, settings: &CohortSettings) -> Option<PathBuf> {
    let name = settings.name.as_ref().filter(|_| !settings.is_pooled())?;
    Some(folder.path(COHORT_EPOCHS).join(format!("{name}.h5")))
}

/// Opens the epochs of all cohorts of the plan that keep their own montage, in its order; none for most plans.
///
/// # Errors
/// When a file that the first stage wrote is missing or damaged.
pub fn epochs_of_own_montages(plan: &Plan, folder: &RunFolder) -> Result<Vec<CohortEpochs>, RunError> {
    let mut all = Vec::new();
    for settings in plan.cohorts() {
        let (Some(path), Some(name)) = (place(folder, settings), settings.name.clone()) else { continue };
        let file = EpochFile::open(&path).in_folder(&path, "run `twinprint preprocess` again")?;
        all.push(CohortEpochs { name, weight: settings.weight, file });
    }
    Ok(all)
}
