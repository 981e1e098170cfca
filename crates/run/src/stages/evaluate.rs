//! Prints to scores and results: `scores.parquet`, `results.json`, the thresholds of the final model. Reads files of prints, never a model.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{Column, DataFrame};
use twinprint_comparison::Normalisation;
use twinprint_evaluation::Scores;
use twinprint_protocol::{EpochUses, Role, Split};
use twinprint_report::results::Results;
use twinprint_signal::{Prints, SubjectId};

use crate::RunError;
use crate::context::Context;
use crate::directionless::Directionless;
use crate::error::Placed;
use crate::folder::{FINAL_MODEL, RESULTS, RunFolder, SCORES, THRESHOLDS, write_text};
use crate::record::RunRecord;
use crate::recordings::RecordingList;
use crate::results::{self, Evidence, Scored};
use crate::scoring::{Asked, People, SystemSides, cohort, scores_of_fold};
use crate::stages::embed::{self, Available};
use crate::stages::train::open_epochs;
use crate::system::System;
use crate::tables;
use crate::training_rows::epoch_seconds;
use crate::trials::{self, TrialColumns};

/// Scores every trial with every system and computes all numbers.
pub(crate) fn run(context: &Context) -> Result<String, RunError> {
    let (epoch_seconds, people) = {
        let file = open_epochs(context)?;
        (epoch_seconds(&file), People::of(file.infos()))
    };
    let available = embed::available(context)?;
    let record: RunRecord = context.folder.read_json("run.json")?;
    let timing: BTreeMap<String, f64> =
        record.stages.iter().map(|(stage, seconds)| (stage.name().to_owned(), *seconds)).collect();
    let recordings = RecordingList::read(context.folder)?;
    let asked = Cohorts { epoch_seconds, people: &people, available: &available, recordings: &recordings };
    let (mut all, mut of_cohorts) = (Vec::new(), Vec::new());
    for (cohort, view) in context.split.by_tested_cohort() {
        let (scored, results) = asked.evaluate(&Context { split: &view, ..*context }, context.split)?;
        all.extend(scored);
        of_cohorts.push((cohort.map(str::to_owned), results));
    }
    write_scores(context, &all)?;
    let results = Results { timing, ..results::together(of_cohorts) };
    write_results(context.folder, &results)?;
    if let Some(model) = &results.final_model {
        context.folder.write_json(&format!("{FINAL_MODEL}/{THRESHOLDS}"), model)?;
    }
    let trials: usize =
        all.iter().filter(|scored| scored.system == System::Encoder).map(|scored| scored.all.len()).sum();
    let eer = results.verification.iter().filter(|row| row.system == System::Encoder.name());
    let shown: Vec<String> = eer
        .filter_map(|row| Some(format!("{:.1} % at {} s", 100.0 * row.eer?.value, row.probe_seconds)))
        .collect();
    Ok(format!("{trials} trials a system, encoder EER {}", shown.join(", ")))
}

/// What the evaluation of every tested cohort starts from.
struct Cohorts<'a> {
    epoch_seconds: f64,
    people: &'a People,
    available: &'a Available,
    recordings: &'a RecordingList,
}

impl Cohorts<'_> {
    /// Scores the people of one cohort, whom alone `context` sees tested, and computes its numbers; `whole` is the split of all.
    fn evaluate(&self, context: &Context, whole: &Split) -> Result<(Vec<Scored>, Results), RunError> {
        let Self { epoch_seconds, people, recordings, .. } = *self;
        let (systems, missing) = self.available;
        let sides = systems.iter().map(|&system| embed::read(context, system));
        let sides = sides.collect::<Result<Vec<_>, _>>()?;
        let directionless = &Directionless::among(&sides);
        for sentence in &directionless.sentences {
            context.progress.notice(&format!("{sentence}: such templates and probes count as failures"));
        }
        let uses = uses(context, &sides, directionless, epoch_seconds)?;
        let scored = score(context, &sides, people, (directionless, epoch_seconds))?;
        let (uses, sides, missing) = (&uses, &sides, missing.clone());
        let evidence = Evidence {
            context,
            whole,
            people,
            epoch_seconds,
            uses,
            directionless,
            recordings,
            sides,
            scored: &scored,
            missing,
        };
        let results = results::compute(&evidence)?;
        Ok((scored, results))
    }
}

/// The test epochs of every fold that single prints are learnt from and asked about.
fn uses(
    context: &Context,
    sides: &[SystemSides],
    directionless: &Directionless,
    epoch_seconds: f64,
) -> Result<Vec<EpochUses>, RunError> {
    let Some(first) = sides.first() else { return Ok(Vec::new()) };
    let folds = context.split.folds.iter().zip(&first.test).enumerate();
    folds
        .map(|(at, (fold, side))| {
            let mut uses = trials::uses_of_fold(context.plan, fold, side.infos(), epoch_seconds)?;
            let without = directionless.places(Role::Test, at);
            uses.enrol.retain(|place| !without.contains(place));
            uses.probe.retain(|place| !without.contains(place));
            // Nobody is asked about who could not be learnt from.
            let who = |place: usize| &side.infos()[place].key.subject;
            let known: BTreeSet<&SubjectId> = uses.enrol.iter().map(|&place| who(place)).collect();
            uses.probe.retain(|&place| known.contains(who(place)));
            Ok(uses)
        })
        .collect()
}

fn score(
    context: &Context,
    sides: &[SystemSides],
    people: &People,
    (directionless, epoch_seconds): (&Directionless, f64),
) -> Result<Vec<Scored>, RunError> {
    let Context { plan, split, .. } = context;
    let mut scored = Vec::new();
    for side in sides {
        let cohorts = match plan.config().evaluation.normalisation {
            Normalisation::None => None,
            _ => {
                let folds = side.train.iter().enumerate();
                let of = |(fold, train)| cohort(plan, train, directionless.places(Role::Train, fold));
                Some(folds.map(of).collect::<Result<Vec<_>, _>>()?)
            }
        };
        for &probe_seconds in &plan.config().protocol.probe.seconds {
            let of = |role: Role, sides: &[Prints<'static>]| {
                let folds = split.folds.iter().zip(sides).enumerate();
                folds
                    .map(|(at, (fold, side))| {
                        let cohort = cohorts.as_ref().and_then(|cohorts| cohorts.get(at));
                        let directionless = directionless.places(role, at);
                        let asked = Asked { role, epoch_seconds, probe_seconds, cohort, directionless };
                        scores_of_fold(plan, fold, side, people, &asked)
                    })
                    .collect::<Result<Vec<_>, _>>()
            };
            let folds = of(Role::Test, &side.test)?;
            let dev = of(Role::Dev, &side.dev)?.into_iter().map(|fold| fold.scores).collect();
            let parts: Vec<Scores> = folds.iter().map(|fold| fold.scores.clone()).collect();
            let all = Scores::concat(&parts).in_stage("evaluate")?;
            scored.push(Scored { system: side.system, probe_seconds, folds, all, dev });
        }
    }
    Ok(scored)
}

fn write_scores(context: &Context, scored: &[Scored]) -> Result<(), RunError> {
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
    let mut table = DataFrame::new_infer_height(all).in_table(path.clone())?;
    tables::write_parquet(&path, &mut table)
}

/// Writes `results.json`.
pub(crate) fn write_results(folder: &RunFolder, results: &Results) -> Result<(), RunError> {
    let text = results.to_json().in_stage("evaluate")?;
    write_text(&folder.path(RESULTS), &text)
}
