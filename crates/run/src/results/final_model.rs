//! The thresholds of the final model, from the scores of everybody who was tested.

use std::collections::BTreeSet;

use twinprint_evaluation::{Blocks, Comparisons, RATES, resolves};
use twinprint_protocol::Role;
use twinprint_report::results::{FinalModel, ThresholdsAt};

use super::{Evidence, carried, failed};
use crate::RunError;
use crate::scoring::{Asked, SystemSides, SystemTrials, comparisons_of_fold};

/// Sets the thresholds of the final model, where the run has one, from the encoder's prints.
pub(super) fn final_model(evidence: &Evidence, sides: &SystemSides) -> Result<Option<FinalModel>, RunError> {
    let context = evidence.context;
    if !context.folder.final_model().exists() {
        return Ok(None);
    }
    let learnable = &context.split.learnable;
    let people: BTreeSet<_> = learnable.iter().map(|key| &key.subject).collect();
    let lengths = context.plan.config().protocol.probe.seconds.iter();
    let thresholds =
        lengths.map(|&seconds| thresholds_at(evidence, sides, seconds)).collect::<Result<_, _>>()?;
    Ok(Some(FinalModel { people: people.len(), recordings: learnable.len(), thresholds }))
}

fn thresholds_at(
    evidence: &Evidence,
    sides: &SystemSides,
    probe_seconds: f64,
) -> Result<ThresholdsAt, RunError> {
    let plain = plain_trials(evidence, sides, probe_seconds)?;
    let scores = Comparisons::new(&plain).map_err(|error| failed("the final model", error))?;
    let (mated, non_mated) = scores.counts();
    let rates: Vec<f64> = RATES.into_iter().filter(|&rate| resolves(non_mated, rate)).collect();
    let found = scores.left_out(&rates).map_err(|error| failed("the final model", error))?;
    let points = rates.iter().zip(&found);
    let points = points.map(|(&rate, (threshold, moved))| carried(rate, Some(*threshold), moved));
    let folds = (0..plain.folds()).flat_map(|fold| plain.sides(fold).templates);
    let people: BTreeSet<&u32> = folds.collect();
    Ok(ThresholdsAt {
        enroll_seconds: evidence.context.plan.config().protocol.enrol.seconds,
        probe_seconds,
        people: people.len(),
        mated,
        non_mated,
        strictest_fmr: (30.0 / non_mated as f64).min(1.0),
        points: points.collect(),
    })
}

/// The encoder's trials with scores as a gallery computes them: no plan normalises those.
fn plain_trials(
    evidence: &Evidence,
    sides: &SystemSides,
    probe_seconds: f64,
) -> Result<SystemTrials, RunError> {
    let context = evidence.context;
    let folds = context.split.folds.iter().zip(&sides.test).enumerate();
    let of_folds = folds
        .map(|(at, (fold, prints))| {
            let asked = Asked {
                role: Role::Test,
                epoch_seconds: evidence.epoch_seconds,
                probe_seconds,
                cohort: None,
                directionless: evidence.directionless.places(Role::Test, at),
            };
            comparisons_of_fold(context.plan, fold, prints, evidence.people, &asked)
        })
        .collect::<Result<_, _>>()?;
    Ok(SystemTrials(of_folds))
}
