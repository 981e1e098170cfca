//! Sweeps: the same plan with some of its keys varied, one run a point, computed by an executor. The state of a sweep is in files, so
//! that it goes on where it was, and whoever looks at it need not be who began it.

mod divided;
mod job;
mod state;
mod status;
mod submit;
mod table;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;

use serde::Serialize;

use twinprint_signal::counted;

use crate::executor::plan::ExecutorKind;
use crate::executor::{Executor, Machine, Part, Task, TaskState};
use crate::folder::create_folder;
use crate::lock::{Hold, Lock};
use crate::prepare::prepare;
use crate::resume::check_complete;
use crate::{Plan, Progress, RunError, Source, Surroundings, outputs};
use state::{OutcomeState, State, TaskOutcome};
use submit::Submission;

pub use divided::{Divided, run_divided};
pub use job::{JobOptions, give_up, sweep_job};
pub use status::{PointState, SweepPointState, sweep_status};
pub use table::{SweepMean, SweepRow};
pub use text::sweep_table;

/// How a sweep is to be run.
pub struct SweepOptions<'a> {
    /// The folder that holds the folders of sweeps.
    pub out: PathBuf,
    /// Where runs are computed, each by a process of its own.
    pub machine: Machine,
    /// The time, RFC 3339 in UTC.
    pub clock: &'a dyn Fn() -> String,
    /// Hand everything over and do not wait for it.
    pub detach: bool,
    /// Make complete runs again whose recordings have changed since; without it they are refused.
    pub force: bool,
}

/// A sweep as far as it has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepOutcome {
    /// The folder with a run folder for each point, `sweep.csv` and `sweep.html`.
    pub folder: PathBuf,
    /// Every system at every point that is complete.
    pub rows: Vec<SweepRow>,
    /// The means over seeds, where the sweep lists seeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub means: Vec<SweepMean>,
    /// How far every point is.
    pub points: Vec<SweepPointState>,
    /// Points that were there already.
    pub cached: usize,
    /// The executor's names for what was handed to it, as the numbers of job arrays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
}

/// Runs every point of a pipeline's `[[sweep]]` tables below `out/<name>-sweep`, or what is missing of it.
///
/// All points are resolved, validated and checked for leaks before the first is begun. A run that is complete is not run
/// again; what points share, the cache has: points that differ only in seconds to enrol or to probe with have one training. A
/// point that fails is reported, and the others go on.
///
/// # Errors
/// When the pipeline has no `[[sweep]]`, a point cannot be resolved, no point may be run, the executor refuses, or another
/// process is at work in the folder.
pub fn sweep(
    source: &Source,
    surroundings: &Surroundings,
    options: &SweepOptions,
    progress: &dyn Progress,
) -> Result<SweepOutcome, RunError> {
    let base = Plan::resolve(source.clone(), surroundings)?;
    let folder = folder_of(&options.out, &base.config().name)?;
    let (mut state, plans) = submit::begin(&base, source, surroundings)?;
    create_folder(&folder)?;
    let _alone = Lock::take(&lock_of(&folder), &folder, Hold::Alone, (options.clock)())?;
    outputs::remove_unfinished(&folder);
    let peak = || largest(&folder);
    let settings = &base.config().executor;
    let mut submission = Submission::new((&base, settings), &folder, options, &peak, progress);
    submission.take_up(&mut state)?;
    let usable = check(&state, &plans, &folder, options)?;
    let cached = state.points.iter().filter(|point| state.is_complete(&folder, point.run)).count();
    submission.hand_over(&mut state, &plans, &usable)?;
    let jobs = match base.config().executor.kind {
        ExecutorKind::Local => Vec::new(),
        ExecutorKind::Slurm => state.batches.iter().map(|batch| batch.job.clone()).collect(),
    };
    let waits = !options.detach || base.config().executor.kind == ExecutorKind::Local;
    if waits {
        progress.begin("sweep", Some(state.points.len() as u64));
        watch(&state, &folder, submission.executor(), options, progress)?;
    }
    let points = status::points(&state, &folder, &submission.states(&state)?);
    let failed = points.iter().filter(|point| point.state == PointState::Failed).count();
    let outcome = outcome(&state, folder.clone(), points, cached)?;
    if waits {
        let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
        progress.end(&format!("{}, {cached} there already{failed}", counted(state.points.len(), "point")));
    }
    Ok(SweepOutcome { jobs, ..outcome })
}

/// The table, written, and what is returned of it.
fn outcome(
    state: &State,
    folder: PathBuf,
    points: Vec<SweepPointState>,
    cached: usize,
) -> Result<SweepOutcome, RunError> {
    let rows = table::rows(state, &folder)?;
    table::write(state, &folder, &rows)?;
    Ok(SweepOutcome { means: table::means(&rows), rows, points, cached, folder, jobs: Vec::new() })
}

/// The folder of a sweep.
fn folder_of(out: &Path, name: &str) -> Result<PathBuf, RunError> {
    let out = std::path::absolute(out).map_err(|source| RunError::Write { path: out.to_owned(), source })?;
    Ok(out.join(format!("{name}-sweep")))
}

/// The file that is locked by whoever runs the sweep.
fn lock_of(folder: &Path) -> PathBuf {
    folder.join("sweep.lock")
}

/// Looks at every run that is not complete as `twinprint check` does; gives back which may be run. What is found is the
/// outcome of a run that may not. A complete one whose recordings have changed is removed where it is to be made again.
///
/// # Errors
/// When none may be run, or the recordings of a complete one have changed and nobody asked for it again.
fn check(
    state: &State,
    plans: &[Plan],
    folder: &Path,
    options: &SweepOptions,
) -> Result<Vec<bool>, RunError> {
    let mut usable = vec![true; plans.len()];
    let mut first = None;
    for (run, plan) in plans.iter().enumerate() {
        let complete = state.complete(folder, run);
        let there = state.is_complete(folder, run);
        if there {
            match check_complete(plan, &complete) {
                Ok(()) => continue,
                Err(error) if !options.force => return Err(error),
                Err(_) => {}
            }
        }
        if let Err(error) = prepare(plan) {
            let text = crate::error::chain(&error);
            first.get_or_insert_with(|| RunError::in_stage(&format!("sweep: {}", state.title(run)), error));
            let task = Task { run, part: Part::Whole };
            TaskOutcome::failed(text, (options.clock)()).write(folder, task)?;
            usable[run] = false;
        } else if there {
            let path = complete.root();
            std::fs::remove_dir_all(path)
                .map_err(|source| RunError::Write { path: path.to_owned(), source })?;
        }
    }
    match first {
        Some(error) if usable.iter().all(|usable| !usable) => Err(error),
        _ => Ok(usable),
    }
}

/// How often a task may be seen to have ended without a word: on a shared file system its word may come late.
const LATE: usize = 5;

/// Waits until every task has ended, and writes the table whenever a run is complete.
fn watch(
    state: &State,
    folder: &Path,
    executor: &mut dyn Executor,
    options: &SweepOptions,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let mut over: BTreeMap<Task, usize> = BTreeMap::new();
    loop {
        let states =
            executor.states(&state.batches).map_err(|refusal| RunError::in_stage("sweep", refusal.text))?;
        let (mut left, mut complete) = (0, false);
        for (task, now) in states {
            let seen = over.entry(task).or_default();
            let TaskState::Ended(why) = now else {
                left += 1;
                continue;
            };
            if *seen >= LATE {
                continue;
            }
            let word = TaskOutcome::read(folder, task).filter(|word| word.state != OutcomeState::Running);
            *seen += 1;
            if word.is_none() && why.is_none() && *seen < LATE {
                left += 1;
                continue;
            }
            *seen = LATE;
            let word = match word {
                Some(word) => word,
                None => {
                    let nothing = || format!("its process ended without a word: see logs/{task}.log");
                    let word = TaskOutcome::failed(why.unwrap_or_else(nothing), (options.clock)());
                    word.write(folder, task)?;
                    word
                }
            };
            complete |= state.is_complete(folder, task.run);
            let title = state.title(task.run);
            // What a part of it could not do, the run tries again, and says what came of it.
            if state.alone {
                progress.step(&task.part.to_string());
            } else if task.part == Part::Whole {
                match &word.error {
                    Some(error) => progress.notice(&format!("{title} failed: {error}")),
                    None => progress.step(&title),
                }
            }
        }
        if complete {
            table::write(state, folder, &table::rows(state, folder)?)?;
        }
        if left == 0 {
            return Ok(());
        }
        sleep(executor.pause());
    }
}

/// The most memory that a task of a sweep took.
fn largest(folder: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(folder.join("points")).ok()?;
    let read = |path: PathBuf| -> Option<u64> {
        let word: TaskOutcome = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
        word.peak_bytes
    };
    entries.filter_map(|entry| read(entry.ok()?.path())).max()
}
