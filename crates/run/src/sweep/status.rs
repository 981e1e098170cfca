//! How far the points of a sweep are, told from files and from the executor; asked at any time, from anywhere.

use std::path::Path;

use serde::Serialize;

use super::state::{OutcomeState, State, TaskOutcome};
use super::{SweepOutcome, folder_of, lock_of, outcome};
use crate::executor::plan::ExecutorKind;
use crate::executor::slurm::Slurm;
use crate::executor::{Executor, Part, Task, TaskState};
use crate::lock::{Hold, Lock};
use crate::record::RunRecord;
use crate::{Progress, RunError, Source, Stage};

/// How far a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PointState {
    /// Its run is complete.
    Complete,
    /// Its run ended with an error, which stands beside it.
    Failed,
    /// A process is at work on it.
    Running,
    /// It has been handed over.
    Waiting,
    /// Nobody is at work on it: the command was stopped.
    Open,
}

/// A point and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweepPointState {
    /// The name of the axis that the point lies on.
    pub axis: String,
    /// The value on the axis, as the plan or its label writes it.
    pub value: String,
    /// The seed, where the axis lists seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The run folder, below the folder of the sweep.
    pub run: String,
    /// How far it is.
    pub state: PointState,
    /// What went wrong, the stage it is at, or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How far the sweep of a pipeline below `out` is; writes its table as far as it is.
///
/// # Errors
/// When no such sweep was begun, or its executor cannot be asked.
pub fn sweep_status(
    source: &Source,
    out: &Path,
    now: &str,
    progress: &dyn Progress,
) -> Result<SweepOutcome, RunError> {
    let config = source.parse()?;
    let folder = folder_of(out, &config.name)?;
    let state = State::read(&folder)?;
    let states = match state.executor {
        ExecutorKind::Slurm => {
            let mut slurm = Slurm::new(&config.executor, &folder, Path::new(""), String::new(), progress);
            let states = slurm.states(&state.batches);
            states.map_err(|refusal| RunError::in_stage("sweep", refusal.text))?
        }
        ExecutorKind::Local => told_by_files(&state, &folder, now)?,
    };
    let points = points(&state, &folder, &states);
    let jobs = match state.executor {
        ExecutorKind::Local => Vec::new(),
        ExecutorKind::Slurm => state.batches.iter().map(|batch| batch.job.clone()).collect(),
    };
    let cached = points.iter().filter(|point| point.state == PointState::Complete).count();
    Ok(SweepOutcome { jobs, ..outcome(&state, folder, points, cached)? })
}

/// How far tasks are whose executor is another process of this machine, or has been.
fn told_by_files(state: &State, folder: &Path, now: &str) -> Result<Vec<(Task, TaskState)>, RunError> {
    let alive = Lock::attempt(&lock_of(folder), Hold::Alone, now.to_owned())?.is_err();
    let state_of = |task: &Task| -> Result<TaskState, RunError> {
        Ok(match TaskOutcome::read(folder, *task).map(|word| word.state) {
            // What a command has begun goes on where that command alone was killed.
            Some(OutcomeState::Running) if alive || state.is_filled(folder, task.run, now)? => {
                TaskState::Running
            }
            None if alive => TaskState::Waiting(None),
            _ => TaskState::Ended(None),
        })
    };
    let tasks = state.batches.iter().flat_map(|batch| &batch.tasks);
    tasks.map(|task| Ok((*task, state_of(task)?))).collect()
}

/// How far every point is.
pub(super) fn points(state: &State, folder: &Path, states: &[(Task, TaskState)]) -> Vec<SweepPointState> {
    let of = |point: &super::state::Point| {
        let (now, detail) = run_state(state, folder, point.run, states);
        SweepPointState {
            axis: point.axis.clone(),
            value: point.value.clone(),
            seed: point.seed,
            run: state.runs[point.run].folder.clone(),
            state: now,
            detail,
        }
    };
    state.points.iter().map(of).collect()
}

fn run_state(
    state: &State,
    folder: &Path,
    run: usize,
    states: &[(Task, TaskState)],
) -> (PointState, Option<String>) {
    if state.is_complete(folder, run) {
        return (PointState::Complete, None);
    }
    let own = || states.iter().filter(|(task, _)| task.run == run);
    if own().any(|(_, now)| *now == TaskState::Running) {
        return (PointState::Running, stage(state, folder, run));
    }
    let waiting = own().find_map(|(_, now)| match now {
        TaskState::Waiting(reason) => Some(reason.clone()),
        TaskState::Running | TaskState::Ended(_) => None,
    });
    if let Some(reason) = waiting {
        return (PointState::Waiting, reason);
    }
    let whole = Task { run, part: Part::Whole };
    match TaskOutcome::read(folder, whole) {
        Some(word) if word.state == OutcomeState::Failed => (PointState::Failed, word.error),
        _ => {
            // It left no word: the executor may know why.
            let why = own().find_map(|(task, now)| match now {
                TaskState::Ended(why) if *task == whole => why.clone(),
                _ => None,
            });
            let state = if why.is_some() { PointState::Failed } else { PointState::Open };
            (state, why)
        }
    }
}

/// The stage a run is at.
fn stage(state: &State, folder: &Path, run: usize) -> Option<String> {
    let record: Option<RunRecord> = state.partial(folder, run).read_json("run.json").ok();
    let done = record.map(|record| record.stages).unwrap_or_default();
    Stage::ALL.into_iter().find(|stage| !done.contains_key(stage)).map(|stage| stage.name().to_owned())
}
