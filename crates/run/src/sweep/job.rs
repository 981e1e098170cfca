//! One task of a sweep or of a divided run, as a process of its own computes it.

use std::path::Path;

use twinprint_signal::counted;

use crate::error::chain;
use crate::executor::{Part, Task};
use crate::lock::{Hold, Holder, Lock};
use crate::options::Options;
use crate::places::Places;
use crate::record::Host;
use crate::run::run;
use crate::sweep::state::{OutcomeState, State, TaskOutcome};
use crate::{Plan, Progress, RunError, Source, Surroundings, shard};

/// What a task may ask of the program around it.
pub struct JobOptions<'a> {
    /// The program and the machine, for the record.
    pub host: Host,
    /// The time, RFC 3339 in UTC.
    pub clock: &'a dyn Fn() -> String,
    /// The most bytes of memory this process took so far, where the system tells.
    pub peak_memory: &'a dyn Fn() -> Option<u64>,
}

/// Computes a part of run `index` of the sweep in `folder`, and leaves what came of it in `points/`.
///
/// # Errors
/// When the part fails; what it says is in the file as well.
pub fn sweep_job(
    folder: &Path,
    index: usize,
    part: Part,
    options: &JobOptions,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let state = State::read(folder)?;
    if index >= state.runs.len() {
        let runs = state.runs.len();
        return Err(RunError::in_stage(
            "job",
            format!("the sweep has {}: write 0 to {}", counted(runs, "run"), runs.saturating_sub(1)),
        ));
    }
    let task = Task { run: index, part };
    let mut outcome = TaskOutcome {
        state: OutcomeState::Running,
        error: None,
        by: Holder::this((options.clock)()),
        ended: None,
        peak_bytes: None,
    };
    outcome.write(folder, task)?;
    let done = compute(&state, folder, task, options, progress);
    outcome.ended = Some((options.clock)());
    outcome.peak_bytes = (options.peak_memory)();
    match &done {
        Ok(()) => outcome.state = OutcomeState::Done,
        Err(error) => (outcome.state, outcome.error) = (OutcomeState::Failed, Some(chain(error))),
    }
    outcome.write(folder, task)?;
    done
}

/// Takes down that a part was given up, and why.
///
/// # Errors
/// When the file system refuses.
pub fn give_up(folder: &Path, index: usize, part: Part, why: &str, now: String) -> Result<(), RunError> {
    TaskOutcome::failed(why.to_owned(), now).write(folder, Task { run: index, part })
}

/// The plan of a run of a sweep.
///
/// # Errors
/// When it cannot be resolved any more, or has become another.
pub(super) fn plan_of(state: &State, index: usize) -> Result<Plan, RunError> {
    let run = &state.runs[index];
    let source = Source {
        path: state.pipeline.clone(),
        text: state.text.clone(),
        overrides: run.changes.clone(),
        bases: state.bases.clone(),
    };
    let surroundings = Surroundings {
        data_folders: state.data_folders.clone(),
        data: Vec::new(),
        device: state.device.clone(),
        allow_leak: state.allow_leak.clone(),
        cache: state.cache.clone(),
        read_again: state.read_again,
    };
    let plan = state.plan(Plan::resolve(source, &surroundings)?);
    if plan.run_name() == run.folder {
        return Ok(plan);
    }
    Err(RunError::run_folder_with(
        &state.pipeline,
        format!(
            "its plan is no longer that of {}, which the sweep was begun with: this twinprint, or a file that the plan names, is another",
            run.folder
        ),
        "begin it again with the same command",
    ))
}

/// Computes a task.
fn compute(
    state: &State,
    folder: &Path,
    task: Task,
    options: &JobOptions,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let plan = plan_of(state, task.run)?;
    let options = Options::complete(state.out(folder), options.host.clone(), options.clock);
    // A process of a command that was killed may still be at work: what it leaves, this one goes on from.
    let hold = match task.part {
        Part::Recordings { .. } => None,
        Part::Preprocess | Part::Whole => Some(Hold::Alone),
        Part::Fold(_) => Some(Hold::Shared),
    };
    if let Some(hold) = hold {
        let lock = Places::of(&plan, &options.out).lock;
        Lock::wait(&lock, hold, &(options.clock)(), &|text| progress.notice(text))?;
    }
    match task.part {
        Part::Whole => run(&plan, &options, progress).map(|_| ()),
        Part::Recordings { shard, of } => shard::recordings(&plan, (shard, of), progress),
        Part::Preprocess => shard::preprocess(&plan, &options, progress),
        Part::Fold(fold) => shard::train(&plan, &options, fold, progress),
    }
}
