//! One run, divided over processes or jobs: recordings cut in shards, the training of one fold each, and a gathering run that makes what
//! is left.

use std::path::PathBuf;

use super::state::{Point, Run, State, TaskOutcome};
use super::submit::Submission;
use super::{SweepOptions, largest, lock_of, watch};
use crate::executor::plan::{ExecutorKind, ExecutorPlan, JobSize};
use crate::executor::{Part, Task};
use crate::folder::{RESULTS, RunFolder, create_folder};
use crate::lock::{Hold, Lock};
use crate::prepare::prepare;
use crate::resume::check_complete;
use crate::{Outcome, Plan, Progress, RunError, Source, Surroundings};

/// Jobs that share the cutting of recordings, unless the plan says how many.
const RECORDING_JOBS: usize = 4;

/// A divided run as far as it has come.
#[derive(Debug, Clone)]
pub enum Divided {
    /// The run is complete, now or from before.
    Complete(Box<Outcome>),
    /// It was handed over and not waited for.
    HandedOver {
        /// The folder of its jobs: what they say, and what came of them.
        folder: PathBuf,
        /// The executor's names for them, as the numbers of job arrays.
        jobs: Vec<String>,
    },
}

/// Runs a plan as [`run`](crate::run()) does, its parts as processes or jobs of an executor, which the plan's `[executor]` table
/// says more of.
///
/// Recordings are cut into epochs by several of them (`recording_jobs`, or four), the encoder of each fold is trained by one where encoders
/// are learnt step by step, and the last makes what is left. The run folder has the same bytes as that of an ordinary run. What the
/// parts say is in `<run folder>.jobs` until the run is complete.
///
/// # Errors
/// When the plan cannot be prepared, the executor refuses, a part fails that the last one cannot make up for, or another process is at
/// work in the folder.
pub fn run_divided(
    source: &Source,
    surroundings: &Surroundings,
    kind: ExecutorKind,
    options: &SweepOptions,
    progress: &dyn Progress,
) -> Result<Divided, RunError> {
    let plan = Plan::resolve(source.clone(), surroundings)?;
    let out = std::path::absolute(&options.out)
        .map_err(|source| RunError::Write { path: options.out.clone(), source })?;
    let name = plan.run_name();
    let complete = RunFolder::at(out.join(&name));
    if complete.root().exists() {
        check_complete(&plan, &complete)?;
        return Ok(Divided::Complete(outcome(complete, true)?));
    }
    let settings = settings(&plan, kind)?;
    let folder = out.join(format!("{name}.jobs"));
    create_folder(&folder)?;
    let alone = Lock::take(&lock_of(&folder), &folder, Hold::Alone, (options.clock)())?;
    let mut state = state_of(source, surroundings, &plan)?;
    let peak = || largest(&folder);
    let mut submission = Submission::new((&plan, &settings), &folder, options, &peak, progress);
    submission.take_up(&mut state)?;
    submission.hand_over(&mut state, std::slice::from_ref(&plan), &[true])?;
    if options.detach && settings.kind == ExecutorKind::Slurm {
        let jobs = state.batches.iter().map(|batch| batch.job.clone()).collect();
        return Ok(Divided::HandedOver { folder: folder.clone(), jobs });
    }
    let parts: usize = state.batches.iter().map(|batch| batch.tasks.len()).sum();
    progress.begin("run", Some(parts as u64));
    watch(&state, &folder, submission.executor(), options, progress)?;
    let whole = Task { run: 0, part: Part::Whole };
    if !state.is_complete(&folder, 0) {
        let why = TaskOutcome::read(&folder, whole).and_then(|word| word.error);
        let why = why.unwrap_or_else(|| "it ended without a word".to_owned());
        let log = folder.join("logs").join(format!("{whole}.log"));
        let problem = format!("{why}; what its last part said is in {}", log.display());
        let remedy = "the same command goes on where it is";
        return Err(RunError::run_folder_with(state.partial(&folder, 0).root(), problem, remedy));
    }
    progress.end(&format!("{parts} parts"));
    drop(alone);
    // The run is there, whatever becomes of what was said on the way.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(Divided::Complete(outcome(complete, false)?))
}

/// What the plan says of executors, with everything divided that can be.
fn settings(plan: &Plan, kind: ExecutorKind) -> Result<ExecutorPlan, RunError> {
    let mut settings = plan.config().executor.clone();
    (settings.kind, settings.job) = (kind, JobSize::Fold);
    let recordings = prepare(plan)?.recordings();
    settings.recording_jobs = match plan.cache() {
        Some(_) => Some(settings.recording_jobs.unwrap_or(RECORDING_JOBS).clamp(1, recordings.max(1))),
        None => None,
    };
    Ok(settings)
}

/// The state of one run.
fn state_of(source: &Source, surroundings: &Surroundings, plan: &Plan) -> Result<State, RunError> {
    let pipeline = std::path::absolute(&source.path)
        .map_err(|error| RunError::Read { path: source.path.clone(), source: error })?;
    let mut state = State::new(source, surroundings, plan, pipeline);
    state.alone = true;
    state.runs.push(Run { folder: plan.run_name(), changes: source.overrides.clone(), after: None });
    state.points.push(Point {
        axis: "run".to_owned(),
        value: plan.config().name.clone(),
        seed: None,
        run: 0,
    });
    Ok(state)
}

fn outcome(folder: RunFolder, was_complete: bool) -> Result<Box<Outcome>, RunError> {
    let results = Some(folder.read_json(RESULTS)?);
    Ok(Box::new(Outcome { folder, was_complete, results }))
}
