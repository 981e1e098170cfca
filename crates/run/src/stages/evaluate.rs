//! Prints to scores and results: `scores.parquet`, `results.json`, the thresholds of the final model. Reads files of prints, never a model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{Column, DataFrame, PolarsResult};
use twinprint_comparison::Normalisation;
use twinprint_evaluation::{Block, Comparisons, in_order, trials as count_of};
use twinprint_protocol::{EpochUses, Role, Split};
use twinprint_report::results::Results;
use twinprint_signal::{Prints, SubjectId};

use crate::RunError;
use crate::context::Context;
use crate::directionless::Directionless;
use crate::error::{InTable, Placed};
use crate::folder::{
    ATTACKS, CURVES, FINAL_MODEL, RESULTS, RunFolder, SCORES, THRESHOLDS, remove_file, write_atomically,
    write_text,
};
use crate::record::RunRecord;
use crate::recordings::RecordingList;
use crate::results::{self, Evidence, ScoreCurves, Scored, SpectrumColumns, Tally};
use crate::scoring::{Asked, People, SystemSides, SystemTrials, cohort, comparisons_of_fold};
use crate::stages::embed::{self, Available};
use crate::stages::train::open_epochs;
use crate::system::System;
use crate::tables::TableWriter;
use crate::training_rows::epoch_seconds;
use crate::trials;

/// Scores every trial with every system and computes all numbers: one system at a time, and its trials block by block.
pub(crate) fn run(context: &Context) -> Result<String, RunError> {
    // What was tried on the encoders before says nothing of those that are evaluated now.
    remove_file(context.folder.path(ATTACKS))?;
    let (epoch_seconds, people, columns) = {
        let file = open_epochs(context)?;
        (epoch_seconds(&file), People::of(file.infos()), SpectrumColumns::of(&file))
    };
    let available = embed::available(context)?;
    let record: RunRecord = context.folder.read_json("run.json")?;
    let timing: BTreeMap<String, f64> =
        record.stages.iter().map(|(stage, seconds)| (stage.name().to_owned(), *seconds)).collect();
    let recordings = RecordingList::read(context.folder)?;
    let asked = Cohorts {
        epoch_seconds,
        people: &people,
        columns: &columns,
        available: &available,
        recordings: &recordings,
    };
    let path = context.folder.path(SCORES);
    let (mut of_cohorts, mut drawn) = (Vec::new(), None);
    let mut trials = 0;
    write_atomically(&path, |file| {
        let empty = with_scores(System::Encoder, trials::no_rows(), Vec::new()).in_table(&path)?;
        let mut table =
            Table { path: &path, writer: TableWriter::new(file, empty).in_table(&path)?, trials: 0 };
        for (cohort, view) in context.split.by_tested_cohort() {
            let view = Context { split: &view, ..*context };
            let (results, curves) = asked.evaluate(&view, context.split, &mut table)?;
            of_cohorts.push((cohort.map(str::to_owned), results));
            drawn.get_or_insert(curves);
        }
        trials = table.trials;
        table.writer.finish().in_table(&path)
    })?;
    // Of several tested cohorts a page draws the main one.
    context.folder.write_json(CURVES, &drawn.unwrap_or_default())?;
    let results = Results { timing, ..results::together(of_cohorts) };
    write_results(context.folder, &results)?;
    if let Some(model) = &results.final_model {
        context.folder.write_json(&format!("{FINAL_MODEL}/{THRESHOLDS}"), model)?;
    }
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
    columns: &'a SpectrumColumns,
    available: &'a Available,
    recordings: &'a RecordingList,
}

impl Cohorts<'_> {
    /// Scores the people of one cohort, whom alone `context` sees tested, and computes its numbers; `whole` is the split of all.
    fn evaluate(
        &self,
        context: &Context,
        whole: &Split,
        table: &mut Table,
    ) -> Result<(Results, ScoreCurves), RunError> {
        let Self { epoch_seconds, people, columns, recordings, .. } = *self;
        let (systems, missing) = self.available;
        let mut directionless = Directionless::default();
        for &system in systems {
            directionless.look(&embed::read(context, system)?);
        }
        let directionless = &directionless;
        for sentence in &directionless.sentences {
            context.progress.notice(&format!("{sentence}: such templates and probes count as failures"));
        }
        let mut uses = Vec::new();
        let mut epochs_of = Vec::new();
        if let Some(&first) = systems.first() {
            let sides = embed::read(context, first)?;
            uses = self::uses(context, &sides, directionless, epoch_seconds)?;
            epochs_of = uses.iter().zip(&sides.test).map(|(uses, side)| counts(uses, side, people)).collect();
        }
        let (uses, epochs_of) = (&uses, &epochs_of);
        let evidence = &Evidence {
            context,
            whole,
            people,
            epoch_seconds,
            uses,
            epochs_of,
            directionless,
            columns,
            recordings,
            missing,
        };
        let mut tally = Tally::new(evidence);
        for &system in systems {
            let sides = embed::read(context, system)?;
            for &probe_seconds in &context.plan.config().protocol.probe.seconds {
                let trials_of = |role| trials_of(evidence, &sides, role, probe_seconds);
                let (test, dev) = (trials_of(Role::Test)?, trials_of(Role::Dev)?);
                table.write(system, &test)?;
                let stage = format!("evaluate: {system} at {probe_seconds} s");
                let dev = (!dev.0.is_empty()).then(|| Comparisons::new(&dev)).transpose().in_stage(&stage)?;
                let all = Comparisons::new(&test).in_stage(&stage)?;
                tally.scored(
                    evidence,
                    &Scored { system, probe_seconds, prints: &sides.test, trials: &test, all, dev },
                )?;
            }
            tally.prints(evidence, &sides)?;
        }
        tally.finish(evidence)
    }
}

/// How many epochs of a fold each person has to be learnt from and to be asked about.
fn counts(uses: &EpochUses, side: &Prints, people: &People) -> BTreeMap<u32, (usize, usize)> {
    let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    let who = |place: usize| people.number(&side.infos()[place].key.subject);
    uses.enrol.iter().for_each(|&place| counts.entry(who(place)).or_default().0 += 1);
    uses.probe.iter().for_each(|&place| counts.entry(who(place)).or_default().1 += 1);
    counts
}

/// The test epochs of every fold that single prints are learnt from and asked about.
fn uses(
    context: &Context,
    sides: &SystemSides,
    directionless: &Directionless,
    epoch_seconds: f64,
) -> Result<Vec<EpochUses>, RunError> {
    let folds = context.split.folds.iter().zip(&sides.test).enumerate();
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

/// The trials of a role in every fold that has them.
fn trials_of(
    evidence: &Evidence,
    sides: &SystemSides,
    role: Role,
    probe_seconds: f64,
) -> Result<SystemTrials, RunError> {
    let Context { plan, split, .. } = *evidence.context;
    let normalised = plan.config().evaluation.normalisation != Normalisation::None;
    let of_role = if role == Role::Dev { &sides.dev } else { &sides.test };
    let folds = split.folds.iter().zip(of_role).enumerate().map(|(at, (fold, side))| {
        let places = |role| evidence.directionless.places(role, at);
        let of = |train| cohort(plan, train, places(Role::Train));
        let cohort = sides.train.get(at).filter(|_| normalised).map(of).transpose()?;
        let asked = Asked {
            role,
            epoch_seconds: evidence.epoch_seconds,
            probe_seconds,
            cohort: cohort.as_ref(),
            directionless: places(role),
        };
        comparisons_of_fold(plan, fold, side, evidence.people, &asked)
    });
    Ok(SystemTrials(folds.collect::<Result<_, _>>()?))
}

/// The file of scores, as far as it is written.
struct Table<'a> {
    path: &'a Path,
    writer: TableWriter<'a>,
    /// The encoder's so far.
    trials: usize,
}

impl Table<'_> {
    /// Adds the scores of all trials of a system.
    fn write(&mut self, system: System, trials: &SystemTrials) -> Result<(), RunError> {
        if system == System::Encoder {
            self.trials += count_of(trials);
        }
        let rows = |block: Block| {
            let rows = trials::rows(&trials.0[block.fold].trials, block.templates);
            with_scores(system, rows, block.scores.iter().map(|&score| score as f32).collect())
        };
        in_order(trials, rows, |rows| rows.and_then(|rows| self.writer.push(rows)).in_table(self.path))
    }
}

/// The rows of trials with the name of a system before and its scores behind.
fn with_scores(system: System, rows: PolarsResult<DataFrame>, scores: Vec<f32>) -> PolarsResult<DataFrame> {
    let mut columns = vec![Column::new("system".into(), vec![system.name(); scores.len()])];
    columns.extend(rows?.into_columns());
    columns.push(Column::new("score".into(), scores));
    DataFrame::new_infer_height(columns)
}

/// Writes `results.json`.
pub(crate) fn write_results(folder: &RunFolder, results: &Results) -> Result<(), RunError> {
    let text = results.to_json().in_stage("evaluate")?;
    write_text(&folder.path(RESULTS), &text)
}
