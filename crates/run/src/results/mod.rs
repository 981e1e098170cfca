//! From scores and prints to `results.json`.

mod audit;
mod classifiers;
mod days;
mod draws;
mod few_shot;
mod final_model;
mod menagerie;
mod scalp;
mod tally;
mod verification;

pub(crate) use draws::Draws;
pub(crate) use scalp::SpectrumColumns;
pub(crate) use tally::{ScoreCurves, Tally};
pub use verification::{TARGETS, carried, intervals, rates};

use std::collections::BTreeMap;

use twinprint_evaluation::{Bootstrap, Comparisons, Estimate, Resampled};
use twinprint_protocol::{EpochUses, Split};
use twinprint_report::results::{AuditRow, CohortResults, ProtocolSummary, Results};
use twinprint_signal::Prints;

use crate::context::Context;
use crate::directionless::Directionless;
use crate::error::Problem;
use crate::recordings::RecordingList;
use crate::scoring::{People, SystemTrials};
use crate::shortcut::Shortcut;
use crate::system::System;
use crate::{RunError, seed};

/// One system at one probe length.
pub(crate) struct Scored<'a> {
    /// The system.
    pub(crate) system: System,
    /// Seconds a probe.
    pub(crate) probe_seconds: f64,
    /// Its prints of the people tested, fold by fold.
    pub(crate) prints: &'a [Prints<'static>],
    /// Templates and probes of them, fold by fold.
    pub(crate) trials: &'a SystemTrials,
    /// The same trials to be asked about: all folds under one threshold.
    pub(crate) all: Comparisons<'a>,
    /// The dev trials of every fold, where there are dev subjects.
    pub(crate) dev: Option<Comparisons<'a>>,
}

/// What a system is compared by after its turn.
pub(super) struct Kept {
    pub system: System,
    pub probe_seconds: f64,
    /// Tells its scores from other scores of the same trials.
    pub fingerprint: u64,
    pub resampled: Resampled,
}

/// What all systems have in common.
pub(crate) struct Evidence<'a> {
    pub(crate) context: &'a Context<'a>,
    /// The split of all cohorts; that of the context sees one of them tested.
    pub(crate) whole: &'a Split,
    pub(crate) people: &'a People,
    /// The length of an epoch.
    pub(crate) epoch_seconds: f64,
    /// Fold by fold, the test epochs that single prints are learnt from and asked about.
    pub(crate) uses: &'a [EpochUses],
    /// Fold by fold, how many of either each person has.
    pub(crate) epochs_of: &'a [BTreeMap<u32, (usize, usize)>],
    /// Epochs that some system could give no direction.
    pub(crate) directionless: &'a Directionless,
    /// What the columns of the log power spectra are.
    pub(crate) columns: &'a SpectrumColumns,
    /// What is known of the recordings.
    pub(crate) recordings: &'a RecordingList,
    /// Audits that the epochs do not allow, each with the reason.
    pub(crate) missing: &'a [(Shortcut, String)],
}

impl Evidence<'_> {
    fn draws(&self) -> Draws {
        Draws::of(self.context.plan.config())
    }

    /// The bootstrap behind the intervals of one kind of number.
    fn bootstrap(&self, name: &str) -> Bootstrap {
        self.draws().bootstrap(name)
    }

    fn seed(&self, name: &str) -> u64 {
        seed::derive(self.context.plan.config().seed, name)
    }
}

/// The results of a run from those of each tested cohort, the main one first.
pub(crate) fn together(of_cohorts: Vec<(Option<String>, Results)>) -> Results {
    let mut all = of_cohorts.into_iter();
    let Some((cohort, main)) = all.next() else { return Results::default() };
    let others = all.map(|(cohort, found)| CohortResults {
        cohort: cohort.unwrap_or_default(),
        protocol: found.protocol,
        verification: found.verification,
        comparisons: found.comparisons,
        identification: found.identification,
        few_shot: found.few_shot,
        classifiers: found.classifiers,
        days: found.days,
        scalp: found.scalp,
        audit: found.audit,
    });
    Results { cohort, cohorts: others.collect(), ..main }
}

fn protocol(evidence: &Evidence) -> ProtocolSummary {
    let (plan, split) = (&evidence.context.plan.config().protocol, evidence.context.split);
    ProtocolSummary {
        train_subjects: evidence.whole.folds.iter().map(|fold| fold.train.len()).min().unwrap_or(0),
        test_subjects: split.folds.iter().map(|fold| fold.test.len()).sum(),
        folds: split.folds.len(),
        enroll_seconds: plan.enrol.seconds,
        probe_seconds: plan.probe.seconds.clone(),
        seen_subjects: plan.variant == twinprint_protocol::Variant::SeenSubjects,
        variant: Some(plan.variant.name().to_owned()),
        dev_subjects: split.folds.iter().map(|fold| fold.dev.len()).min(),
    }
}

/// A number that is reported with its interval or not at all: without one it is absent, and the audit says so.
fn with_interval(
    estimate: Estimate,
    what: impl FnOnce() -> String,
    audit: &mut Vec<AuditRow>,
) -> Option<Estimate> {
    if estimate.ci95.is_none() {
        audit.push(AuditRow::absent(what(), "no interval: too few subjects to resample"));
    }
    estimate.ci95.map(|_| estimate)
}

fn failed(what: &str, error: impl Into<Problem>) -> RunError {
    RunError::in_stage(&format!("evaluate: {what}"), error)
}
