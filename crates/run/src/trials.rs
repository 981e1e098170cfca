//! The explicit trial list: every template against every probe of its fold.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use polars::prelude::{Column, DataFrame, PolarsResult};
use twinprint_protocol::{
    EpochUses, Failure, Failures, Fold, FoldTrials, Notice, Pool, Role, Split, check_windows,
};
use twinprint_signal::{EpochInfo, FoldIndex};

use crate::error::InTable;
use crate::folder::{RunFolder, TRIALS, write_atomically};
use crate::tables::TableWriter;
use crate::training_rows::without_overlap;
use crate::{Plan, RunError};

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
    let mut list = Vec::new();
    let protocol = &plan.config().protocol;
    // Training reads overlapping epochs too; what is compared is cut from those that overlap no other.
    let apart = without_overlap(infos, epoch_seconds);
    let compared: Vec<EpochInfo> = apart.iter().map(|row| infos[row.0].clone()).collect();
    let views = split.by_tested_cohort();
    for &seconds in &protocol.probe.seconds {
        for fold in views.iter().flat_map(|(_, view)| &view.folds) {
            let trials = of_fold(plan, fold, Role::Test, &compared, epoch_seconds, seconds)?;
            let uses = uses_of_fold(plan, fold, &compared, epoch_seconds)?;
            let allowed = check_windows(infos, &compared, epoch_seconds, fold, &trials, &uses, protocol)
                .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))?;
            notices.extend(allowed);
            list.push(trials);
        }
    }
    write_list(&folder.path(TRIALS), &list)?;
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

/// The trials of some templates with all probes, templates outside and probes inside: the columns that trials and scores share.
pub(crate) fn rows(trials: &FoldTrials, templates: Range<usize>) -> PolarsResult<DataFrame> {
    let templates = &trials.templates[templates];
    let pairs = || templates.iter().flat_map(|own| trials.probes.iter().map(move |other| (own, other)));
    let count = templates.len() * trials.probes.len();
    let text = |name: &str, of: for<'a> fn((&'a Pool, &'a Pool)) -> &'a str| -> Column {
        Column::new(name.into(), pairs().map(of).collect::<Vec<&str>>())
    };
    DataFrame::new_infer_height(vec![
        Column::new("fold".into(), vec![trials.fold.0; count]),
        Column::new("probe_seconds".into(), vec![trials.probe_seconds; count]),
        text("enrol", |(own, _)| &own.id),
        text("probe", |(_, other)| &other.id),
        text("enrol_subject", |(own, _)| own.subject.as_str()),
        text("probe_subject", |(_, other)| other.subject.as_str()),
        Column::new(
            "mated".into(),
            pairs().map(|(own, other)| own.subject == other.subject).collect::<Vec<bool>>(),
        ),
    ])
}

/// The columns of [`rows`] without a row.
pub(crate) fn no_rows() -> PolarsResult<DataFrame> {
    let failures = Failures::default();
    rows(
        &FoldTrials {
            fold: FoldIndex(0),
            probe_seconds: 0.0,
            templates: Vec::new(),
            probes: Vec::new(),
            failures,
        },
        0..0,
    )
}

/// Writes the trials of some folds, fold by fold and never more than a few templates' at a time.
fn write_list(path: &Path, folds: &[FoldTrials]) -> Result<(), RunError> {
    write_atomically(path, |file| {
        let mut table = no_rows().and_then(|empty| TableWriter::new(file, empty)).in_table(path)?;
        for trials in folds {
            for template in 0..trials.templates.len() {
                rows(trials, template..template + 1).and_then(|rows| table.push(rows)).in_table(path)?;
            }
        }
        table.finish().in_table(path)
    })
}
