//! The stages of a run, in order; each reads what the ones before it wrote.

pub(crate) mod embed;
mod encoders;
pub(crate) mod evaluate;
pub(crate) mod joined;
pub(crate) mod preprocess;
pub(crate) mod report;
pub(crate) mod train;

pub use report::{write_figures, write_report, write_tables};

use crate::RunError;
use crate::context::Context;
use crate::stage::Stage;

/// Makes what a stage leaves for the later ones and says what that is: the part that a cache may keep. The page is written by
/// [`report::Sources`], once the run is known to be finished.
pub(crate) fn make(context: &Context, stage: Stage) -> Result<String, RunError> {
    match stage {
        Stage::Preprocess => preprocess::make(context),
        Stage::Train => train::run(context),
        Stage::Embed => embed::make(context),
        Stage::Evaluate => evaluate::run(context),
        Stage::Report => Ok(report::REPORT.to_owned()),
    }
}

/// The part of a stage that is done for every run: what follows from the whole plan.
pub(crate) fn settle(context: &Context, stage: Stage) -> Result<(), RunError> {
    match stage {
        Stage::Preprocess => preprocess::settle(context),
        Stage::Embed => embed::settle(context),
        Stage::Train | Stage::Evaluate | Stage::Report => Ok(()),
    }
}

/// How many steps a stage will report.
pub(crate) fn steps(context: &Context, stage: Stage) -> Option<u64> {
    match stage {
        Stage::Preprocess => context.survey.map(|survey| survey.cohort.members.len() as u64),
        Stage::Train => Some(train::steps(context.plan, context.split)),
        Stage::Embed => Some(context.split.folds.len() as u64 * context.plan.systems().len() as u64),
        // Every system is scored at every length, and then its prints are looked at.
        Stage::Evaluate => {
            let lengths = context.plan.config().protocol.probe.seconds.len();
            let cohorts = context.split.by_tested_cohort().len();
            Some((cohorts * context.plan.systems().len() * (lengths + 1)) as u64)
        }
        Stage::Report => None,
    }
}
