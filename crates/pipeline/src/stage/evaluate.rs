//! Prints to scores and results: `scores.parquet`, `results.json`. Reads files of prints, never a model.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use twinprint_evaluation::Scores;
use twinprint_evaluation::normalisation::Normalisation;
use twinprint_protocol::Role;

use crate::PipelineError;
use crate::folder::write_text;
use crate::learning::epoch_seconds;
use crate::record::RunRecord;
use crate::results::{self, Evidence, Scored, SystemSides};
use crate::scoring::{People, Side, cohort, scores_of_fold};
use crate::stage::train::open_epochs;
use crate::stage::{Context, embed};
use crate::system::System;
use crate::trials::TrialColumns;
use crate::{leaks, tables};

/// The file of scores.
pub(crate) const SCORES: &str = "scores.parquet";
/// The file of results.
pub(crate) const RESULTS: &str = "results.json";

/// Scores every trial with every system and computes all numbers.
pub(crate) fn run(context: &Context) -> Result<String, PipelineError> {
    let (epoch_seconds, people) = {
        let file = open_epochs(context)?;
        (epoch_seconds(&file), People::of(file.infos()))
    };
    let (systems, missing) = embed::available(context)?;
    let sides = systems
        .into_iter()
        .map(|system| embed::read(context, system, epoch_seconds))
        .collect::<Result<Vec<_>, _>>()?;
    let scored = score(context, &sides, &people)?;
    write_scores(context, &scored)?;
    let record: RunRecord = context.folder.read_json("run.json")?;
    let timing: BTreeMap<String, f64> =
        record.stages.iter().map(|(stage, seconds)| (stage.name().to_owned(), *seconds)).collect();
    let evidence = Evidence { context, people: &people, sides: &sides, scored: &scored, missing };
    let mut results = results::compute(&evidence, timing)?;
    leaks::measure_optimism(context, &mut results)?;
    let text = results.to_json().map_err(|error| PipelineError::stage("evaluate", error))?;
    write_text(&context.folder.path(RESULTS), &text)?;
    let trials: usize =
        scored.iter().filter(|scored| scored.system == System::Encoder).map(|scored| scored.all.len()).sum();
    let eer = results.verification.iter().filter(|row| row.system == System::Encoder.name());
    let shown: Vec<String> = eer
        .filter_map(|row| Some(format!("{:.1} % at {} s", 100.0 * row.eer?.value, row.probe_seconds)))
        .collect();
    Ok(format!("{trials} trials a system, encoder EER {}", shown.join(", ")))
}

fn score(context: &Context, sides: &[SystemSides], people: &People) -> Result<Vec<Scored>, PipelineError> {
    let Context { plan, split, .. } = context;
    let mut scored = Vec::new();
    for side in sides {
        let cohorts = match plan.config().evaluation.normalisation {
            Normalisation::None => None,
            _ => Some(side.train.iter().map(|train| cohort(plan, train)).collect::<Result<Vec<_>, _>>()?),
        };
        for &probe_seconds in &plan.config().protocol.probe.seconds {
            let of = |role: Role, sides: &[Side]| {
                let folds = split.folds.iter().zip(sides).enumerate();
                folds
                    .map(|(at, (fold, side))| {
                        let cohort = cohorts.as_ref().and_then(|cohorts| cohorts.get(at));
                        scores_of_fold(plan, fold, role, side, people, probe_seconds, cohort)
                    })
                    .collect::<Result<Vec<_>, _>>()
            };
            let folds = of(Role::Test, &side.test)?;
            let dev = of(Role::Dev, &side.dev)?.into_iter().map(|fold| fold.scores).collect();
            let parts: Vec<Scores> = folds.iter().map(|fold| fold.scores.clone()).collect();
            let all = Scores::concat(&parts).map_err(|error| PipelineError::stage("evaluate", error))?;
            scored.push(Scored { system: side.system, probe_seconds, folds, all, dev });
        }
    }
    Ok(scored)
}

fn write_scores(context: &Context, scored: &[Scored]) -> Result<(), PipelineError> {
    let mut columns = TrialColumns::default();
    let (mut systems, mut scores) = (Vec::new(), Vec::new());
    for scored in scored {
        for fold in &scored.folds {
            columns.extend(&fold.trials);
            scores.extend(fold.matrix.iter().copied());
        }
        systems.resize(scores.len(), scored.system.name());
    }
    let path = context.folder.path(SCORES);
    let mut all = vec![Column::new("system".into(), systems)];
    all.extend(columns.into_columns());
    all.push(Column::new("score".into(), scores));
    let mut table = DataFrame::new_infer_height(all)
        .map_err(|source| PipelineError::Table { path: path.clone(), source })?;
    tables::write_parquet(&path, &mut table)
}
