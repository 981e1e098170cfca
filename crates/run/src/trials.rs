//! The explicit trial list: every template against every probe of its fold.

use std::collections::BTreeSet;

use polars::prelude::{Column, DataFrame};
use twinprint_protocol::{EpochUses, Failure, Fold, FoldTrials, Notice, Pool, Role, Split, check_windows};
use twinprint_signal::EpochInfo;

use crate::error::Placed;
use crate::folder::{RunFolder, TRIALS};
use crate::training_rows::without_overlap;
use crate::{Plan, RunError, tables};

/// All trials of a fold and role for one probe length.
pub(crate) fn of_fold(
    plan: &Plan,
    fold: &Fold,
    role: Role,
    infos: &[EpochInfo],
    epoch_seconds: f64,
    probe_seconds: f64,
) -> Result<FoldTrials, RunError> {
    let protocol = &plan.config().protocol;
    twinprint_protocol::trials(infos, epoch_seconds, fold, role, protocol, probe_seconds)
        .map_err(|error| plan.invalid("protocol", error))
}

/// Writes the test trials of every fold and probe length, once the windows that are compared, learnt from and asked about
/// are known to be apart; gives back what was allowed although they are not.
pub(crate) fn write(
    plan: &Plan,
    split: &Split,
    infos: &[EpochInfo],
    epoch_seconds: f64,
    folder: &RunFolder,
) -> Result<Vec<Notice>, RunError> {
    let mut notices = Vec::new();
    let mut columns = TrialColumns::default();
    let protocol = &plan.config().protocol;
    // Training reads overlapping epochs too; what is compared is cut from those that overlap no other.
    let apart = without_overlap(infos, epoch_seconds);
    let compared: Vec<EpochInfo> = apart.iter().map(|&row| infos[row].clone()).collect();
    let in_file = |places: &mut Vec<usize>| places.iter_mut().for_each(|place| *place = apart[*place]);
    let views = split.by_tested_cohort();
    for &seconds in &protocol.probe.seconds {
        for fold in views.iter().flat_map(|(_, view)| &view.folds) {
            let mut trials = of_fold(plan, fold, Role::Test, &compared, epoch_seconds, seconds)?;
            columns.extend(&trials);
            let mut uses = uses_of_fold(plan, fold, &compared, epoch_seconds)?;
            in_file(&mut uses.enrol);
            in_file(&mut uses.probe);
            trials.templates.iter_mut().chain(&mut trials.probes).for_each(|pool| in_file(&mut pool.epochs));
            let allowed = check_windows(infos, epoch_seconds, fold, &trials, &uses, protocol)
                .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))?;
            notices.extend(allowed);
        }
    }
    let path = folder.path(TRIALS);
    let mut table = columns.into_table().in_table(path.clone())?;
    tables::write_parquet(&path, &mut table)?;
    Ok(notices)
}

/// The epochs of the people tested in a fold that classifiers and few-shot episodes may learn from and be asked about, as
/// places in `infos`.
pub(crate) fn uses_of_fold(
    plan: &Plan,
    fold: &Fold,
    infos: &[EpochInfo],
    epoch_seconds: f64,
) -> Result<EpochUses, RunError> {
    twinprint_protocol::epoch_uses(infos, epoch_seconds, fold, Role::Test, &plan.config().protocol)
        .map_err(|error| plan.invalid("protocol", error))
}

/// Places of epochs, in one fold and role, that cannot be compared.
pub(crate) type Places = BTreeSet<usize>;

/// Takes templates and probes with such an epoch out of the trials and counts them among the failures.
pub(crate) fn leave_out(trials: &mut FoldTrials, places: &Places) {
    if places.is_empty() {
        return;
    }
    let (templates, probes) = (&mut trials.templates, &mut trials.probes);
    for (pools, failures) in
        [(templates, &mut trials.failures.to_enrol), (probes, &mut trials.failures.to_acquire)]
    {
        let usable = |pool: &Pool| pool.epochs.iter().filter(|epoch| !places.contains(epoch)).count();
        for pool in pools.iter().filter(|pool| usable(pool) < pool.epochs.len()) {
            failures.push(Failure {
                key: (*pool.key).clone(),
                available: pool.seconds * usable(pool) as f64 / pool.epochs.len() as f64,
                wanted: pool.seconds,
            });
        }
        pools.retain(|pool| usable(pool) == pool.epochs.len());
    }
}

/// The columns that trials and scores share, filled fold by fold, templates outside and probes inside.
#[derive(Debug, Default)]
pub(crate) struct TrialColumns {
    fold: Vec<u32>,
    probe_seconds: Vec<f64>,
    enrol: Vec<String>,
    probe: Vec<String>,
    enrol_subject: Vec<String>,
    probe_subject: Vec<String>,
    mated: Vec<bool>,
}

impl TrialColumns {
    /// Adds all trials of a fold.
    pub(crate) fn extend(&mut self, trials: &FoldTrials) {
        for (template, probe, mated) in trials.iter() {
            self.fold.push(trials.fold as u32);
            self.probe_seconds.push(trials.probe_seconds);
            self.enrol.push(template.id.clone());
            self.probe.push(probe.id.clone());
            self.enrol_subject.push(template.subject.to_string());
            self.probe_subject.push(probe.subject.to_string());
            self.mated.push(mated);
        }
    }

    /// The columns in the order in which they stand in a file.
    pub(crate) fn into_columns(self) -> Vec<Column> {
        vec![
            Column::new("fold".into(), self.fold),
            Column::new("probe_seconds".into(), self.probe_seconds),
            Column::new("enrol".into(), self.enrol),
            Column::new("probe".into(), self.probe),
            Column::new("enrol_subject".into(), self.enrol_subject),
            Column::new("probe_subject".into(), self.probe_subject),
            Column::new("mated".into(), self.mated),
        ]
    }

    fn into_table(self) -> Result<DataFrame, polars::error::PolarsError> {
        DataFrame::new_infer_height(self.into_columns())
    }
}
