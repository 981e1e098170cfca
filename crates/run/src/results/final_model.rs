//! The thresholds of the final model, from the scores of everybody who was tested.

use std::collections::BTreeSet;

use twinprint_evaluation::{RATES, Scores, resolves, transport_left_out};
use twinprint_protocol::Role;
use twinprint_report::results::{FinalModel, ThresholdsAt};

use super::{Evidence, carried, failed};
use crate::RunError;
use crate::scoring::{Asked, SystemSides, scores_of_fold};
use crate::system::System;

/// Sets the thresholds of the final model, where the run has one.
pub(crate) fn final_model(evidence: &Evidence) -> Result<Option<FinalModel>, RunError> {
    let context = evidence.context;
    if !context.folder.final_model().exists() {
        return Ok(None);
    }
    let Some(sides) = evidence.sides.iter().find(|sides| sides.system == System::Encoder) else {
        return Ok(None);
    };
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
    let folds = plain_scores(evidence, sides, probe_seconds)?;
    let all = Scores::concat(&folds).map_err(|error| failed("the final model", error))?;
    let points = RATES.into_iter().filter(|&rate| resolves(all.non_mated(), rate)).map(|rate| {
        let (threshold, moved) =
            transport_left_out(&folds, rate).map_err(|error| failed("the final model", error))?;
        Ok(carried(rate, Some(threshold), &moved))
    });
    let people: BTreeSet<u32> = all.enrol_subject().iter().copied().collect();
    Ok(ThresholdsAt {
        enroll_seconds: evidence.context.plan.config().protocol.enrol.seconds,
        probe_seconds,
        people: people.len(),
        mated: all.mated(),
        non_mated: all.non_mated(),
        strictest_fmr: (30.0 / all.non_mated() as f64).min(1.0),
        points: points.collect::<Result<_, RunError>>()?,
    })
}

/// The encoder's scores fold by fold as a gallery computes them: no plan normalises those.
fn plain_scores(
    evidence: &Evidence,
    sides: &SystemSides,
    probe_seconds: f64,
) -> Result<Vec<Scores>, RunError> {
    let context = evidence.context;
    let folds = context.split.folds.iter().zip(&sides.test).enumerate();
    folds
        .map(|(at, (fold, prints))| {
            let asked = Asked {
                role: Role::Test,
                epoch_seconds: evidence.epoch_seconds,
                probe_seconds,
                cohort: None,
                directionless: evidence.directionless.places(Role::Test, at),
            };
            Ok(scores_of_fold(context.plan, fold, prints, evidence.people, &asked)?.scores)
        })
        .collect()
}
