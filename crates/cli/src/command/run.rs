//! `run`, `check` and the single stages.

use std::path::Path;
use std::process::ExitCode;

use twinprint_run::{
    Divided, Machine, Options, Outcome, Plan, Source, Stage, Surroundings, SweepOptions, prepare,
};

use crate::evaluate_arguments::EvaluateArguments;
use crate::failure::Failure;
use crate::host;
use crate::interrupt;
use crate::plan_arguments::{ChangeArguments, PlanArguments};
use crate::progress::Terminal;
use crate::run_arguments::{CheckArguments, RunArguments, StageArguments};
use crate::say::{readable, say, tell};
use crate::sweep_arguments::Executor;

/// `twinprint run`.
pub(crate) fn whole(given: &RunArguments, threads: usize, progress: &Terminal) -> Result<ExitCode, Failure> {
    if let Some(executor) = given.executor {
        return divided(given, executor, threads, progress);
    }
    let plan = resolve(&given.plan)?;
    let options = Options {
        from: given.from,
        again: given.force.flatten(),
        until: given.until,
        everything: given.force == Some(None),
        ..options(&given.plan.change, threads)
    };
    let outcome = run(&plan, &options, progress)?;
    finished(&outcome, given.json)
}

/// `twinprint run` over several processes or jobs.
fn divided(
    given: &RunArguments,
    executor: Executor,
    threads: usize,
    progress: &Terminal,
) -> Result<ExitCode, Failure> {
    let change = &given.plan.change;
    let source = Source::read(&given.plan.pipeline, &change.overrides)?;
    let options = executor_options(change, threads, given.detach)?;
    match twinprint_run::run_divided(&source, &surroundings(change), executor.kind(), &options, progress)? {
        Divided::Complete(outcome) => finished(&outcome, given.json),
        Divided::HandedOver { folder, jobs } => {
            say!("handed over as {}; what they say is in {}", jobs.join(" "), folder.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn finished(outcome: &Outcome, json: bool) -> Result<ExitCode, Failure> {
    if outcome.was_complete {
        tell!(
            "already complete, and its recordings are as they were; --force runs it again, --from STAGE a part of it"
        );
    }
    show(outcome, json)
}

/// `twinprint preprocess`, `train`, `embed`.
pub(crate) fn stage(
    given: &StageArguments,
    stage: Stage,
    threads: usize,
    progress: &Terminal,
) -> Result<ExitCode, Failure> {
    let plan = resolve(&given.plan)?;
    let options = Options { only: Some(stage), ..options(&given.plan.change, threads) };
    let outcome = run(&plan, &options, progress)?;
    say!("{}", outcome.folder.root().display());
    Ok(ExitCode::SUCCESS)
}

/// `twinprint evaluate` of a pipeline, of a file of scores or features, or of attacks on a run.
pub(crate) fn evaluate(
    given: &EvaluateArguments,
    threads: usize,
    progress: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(scores) = &given.scores {
        return super::scores::of_scores(scores, given);
    }
    if let Some(features) = &given.features {
        return super::scores::of_features(features, given);
    }
    let pipeline = given.pipeline.as_deref().unwrap_or(Path::new(""));
    if given.attacks {
        return super::attacks::attack(pipeline, given, progress);
    }
    let plan = resolve_file(pipeline, &given.change)?;
    let options = Options { only: Some(Stage::Evaluate), ..options(&given.change, threads) };
    let outcome = run(&plan, &options, progress)?;
    show(&outcome, given.json)
}

/// `twinprint check`.
pub(crate) fn check(given: &CheckArguments) -> Result<ExitCode, Failure> {
    let plan = resolve(&given.plan)?;
    let prepared = prepare(&plan)?;
    if given.json {
        say!("{}", serde_json::to_string_pretty(plan.config())?);
        return Ok(ExitCode::SUCCESS);
    }
    say!("{}", twinprint_run::describe(&plan, &prepared));
    Ok(ExitCode::SUCCESS)
}

fn resolve(given: &PlanArguments) -> Result<Plan, Failure> {
    resolve_file(&given.pipeline, &given.change)
}

fn resolve_file(pipeline: &Path, given: &ChangeArguments) -> Result<Plan, Failure> {
    let source = Source::read(pipeline, &given.overrides)?;
    Ok(Plan::resolve(source, &surroundings(given))?)
}

/// The checked plan of a pipeline file as it stands.
pub(super) fn resolve_unchanged(pipeline: &Path) -> Result<Plan, Failure> {
    let surroundings = Surroundings { data_folders: host::data_folders(), ..Surroundings::default() };
    Ok(Plan::resolve(Source::read(pipeline, &[])?, &surroundings)?)
}

pub(super) fn surroundings(given: &ChangeArguments) -> Surroundings {
    Surroundings {
        data_folders: host::data_folders(),
        data: Vec::new(),
        device: given.device.clone(),
        allow_leak: given.allow_leak.clone(),
        cache: (!given.cache.no_cache).then(|| host::cache(given.cache.cache.as_deref(), &given.out)),
        read_again: given.verify,
    }
}

/// How processes and jobs are started.
pub(super) fn executor_options(
    change: &ChangeArguments,
    threads: usize,
    detach: bool,
) -> Result<SweepOptions<'static>, Failure> {
    let program = std::env::current_exe()?;
    let machine = Machine { program, cores: threads, free_memory: host::free_memory() };
    Ok(SweepOptions { out: change.out.clone(), machine, clock: &host::now, detach, force: false })
}

/// Runs a plan; Ctrl-C says from now on where to go on.
fn run(plan: &Plan, options: &Options, progress: &Terminal) -> Result<Outcome, Failure> {
    interrupt::keeps(format!(
        "what is done stays in {}: the same command goes on after the last finished stage, training from its last checkpoint",
        options.out.join(plan.run_name() + ".partial").display()
    ));
    Ok(twinprint_run::run(plan, options, progress)?)
}

fn options(given: &ChangeArguments, threads: usize) -> Options<'static> {
    Options::complete(given.out.clone(), host::facts(threads), &host::now)
}

fn show(outcome: &Outcome, json: bool) -> Result<ExitCode, Failure> {
    let Some(results) = &outcome.results else {
        say!("{}", outcome.folder.root().display());
        return Ok(ExitCode::SUCCESS);
    };
    if json {
        say!("{}", serde_json::to_string_pretty(results)?);
    } else {
        say!("{}", readable(&twinprint_report::table(results)));
        let root: &Path = outcome.folder.root();
        say!("run folder  {}\nreport      {}", root.display(), root.join("report.html").display());
    }
    Ok(ExitCode::SUCCESS)
}
