//! `sweep`, and `job`, which its processes and jobs run.

use std::process::ExitCode;

use twinprint_run::{ExecutorKind, JobOptions, PointState, Source, SweepOptions, SweepOutcome};
use twinprint_signal::counted;

use super::run::{executor_options, surroundings};
use crate::exit_code;
use crate::failure::Failure;
use crate::host;
use crate::progress::Terminal;
use crate::say::{results, say, tell};
use crate::sweep_arguments::{JobArguments, SweepArguments};

/// `twinprint sweep`.
pub(crate) fn run(given: &SweepArguments, threads: usize, progress: &Terminal) -> Result<ExitCode, Failure> {
    let change = &given.plan.change;
    let mut overrides = change.overrides.clone();
    overrides.extend(given.executor.map(|executor| match executor.kind() {
        ExecutorKind::Local => "executor.kind=local".to_owned(),
        ExecutorKind::Slurm => "executor.kind=slurm".to_owned(),
    }));
    overrides.extend(given.jobs.map(|jobs| format!("executor.jobs={jobs}")));
    let source = Source::read(&given.plan.pipeline, &overrides)?;
    let outcome = if given.status {
        twinprint_run::sweep_status(&source, &change.out, &host::now(), progress)?
    } else {
        let options = SweepOptions { force: given.force, ..executor_options(change, threads, given.detach)? };
        twinprint_run::sweep(&source, &surroundings(change), &options, progress)?
    };
    if given.json {
        say!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        results(format_args!("{}", twinprint_run::sweep_table(&outcome, given.markdown)));
    }
    Ok(exit(&outcome))
}

/// A sweep in which a point failed has not given what was asked for.
fn exit(outcome: &SweepOutcome) -> ExitCode {
    let failed = outcome.points.iter().filter(|point| point.state == PointState::Failed).count();
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    tell!(
        "{failed} of {} failed; the same command runs them again and leaves the others as they are",
        counted(outcome.points.len(), "point")
    );
    exit_code::NEGATIVE.into()
}

/// `twinprint job`.
pub(crate) fn job(given: &JobArguments, threads: usize, progress: &Terminal) -> Result<ExitCode, Failure> {
    let part = given.part.parse().map_err(Failure::message)?;
    if let Some(why) = &given.gave_up {
        twinprint_run::give_up(&given.folder, given.run, part, why, host::now())?;
        return Ok(ExitCode::SUCCESS);
    }
    let options =
        JobOptions { host: host::facts(threads), clock: &host::now, peak_memory: &host::peak_memory };
    twinprint_run::sweep_job(&given.folder, given.run, part, &options, progress)?;
    Ok(ExitCode::SUCCESS)
}
