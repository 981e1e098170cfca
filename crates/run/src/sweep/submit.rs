//! From the axes of a plan to runs, and from runs to tasks in the hands of an executor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use twinprint_signal::FoldIndex;

use super::SweepOptions;
use super::state::{Point, Run, State, TaskOutcome};
use crate::config::{Config, hash_of};
use crate::executor::local::Local;
use crate::executor::plan::{ExecutorKind, ExecutorPlan, JobSize};
use crate::executor::slurm::{LARGEST_ARRAY, Slurm};
use crate::executor::{Batch, Executor, Part, Task, TaskState};
use crate::prepare::prepare;
use crate::{Plan, Progress, RunError, Source, Surroundings, shard};

/// The points and runs of a sweep, and the plan of each run.
pub(super) fn begin(
    base: &Plan,
    source: &Source,
    surroundings: &Surroundings,
) -> Result<(State, Vec<Plan>), RunError> {
    let axes = &base.config().sweep;
    if axes.is_empty() {
        let example =
            "[[sweep]]\nname = \"training subjects\"\nkey = \"protocol.train.subjects\"\nvalues = [4, 8, 16]";
        return Err(
            base.invalid("sweep", format!("there is nothing to vary: add a table such as\n{example}"))
        );
    }
    let pipeline = std::path::absolute(&source.path)
        .map_err(|error| RunError::Read { path: source.path.clone(), source: error })?;
    if base.config().executor.recording_jobs.is_some() && surroundings.cache.is_none() {
        let reason = "executor.recording_jobs: several jobs cut recordings into a cache: leave --no-cache out, or this key";
        return Err(base.invalid("executor.recording_jobs", reason));
    }
    let mut state = State::new(source, surroundings, base, pipeline);
    let mut plans: Vec<Plan> = Vec::new();
    let mut leaders: BTreeMap<String, usize> = BTreeMap::new();
    for (index, axis) in axes.iter().enumerate() {
        let place = |reason: String| base.invalid(&format!("sweep.{index}"), reason);
        if !axis.seeds.is_empty() && source.sets("protocol.seed") && source.sets("encoder.seed") {
            return Err(place(format!(
                "the axis {:?} lists seeds, and the plan sets protocol.seed and encoder.seed, so that they would change nothing: leave one of the two out",
                axis.name
            )));
        }
        for point in axis.combinations().map_err(place)? {
            let mut changed = source.clone();
            changed.overrides.extend(point.changes);
            let changes = changed.overrides.clone();
            let plan = Plan::resolve(changed, surroundings)?.without_final_model();
            let name = plan.run_name();
            let known = state.runs.iter().position(|run| run.folder == name);
            let run = known.unwrap_or_else(|| {
                let run = state.runs.len();
                let leader = *leaders.entry(plan.prints_hash()).or_insert(run);
                let after = (leader != run).then_some(leader);
                state.runs.push(Run { folder: name, changes, after });
                plans.push(plan);
                run
            });
            state.points.push(Point { axis: point.axis, value: point.label, seed: point.seed, run });
        }
    }
    Ok((state, plans))
}

/// What hands tasks to an executor.
pub(super) struct Submission<'a> {
    base: &'a Plan,
    /// What the plan says of executors; of a run that is divided, with what is divided.
    settings: &'a ExecutorPlan,
    folder: &'a Path,
    executor: Box<dyn Executor + 'a>,
}

impl<'a> Submission<'a> {
    pub(super) fn new(
        (base, plan): (&'a Plan, &'a ExecutorPlan),
        folder: &'a Path,
        options: &'a SweepOptions,
        peak: &'a dyn Fn() -> Option<u64>,
        progress: &'a dyn Progress,
    ) -> Self {
        let executor: Box<dyn Executor + 'a> = match plan.kind {
            ExecutorKind::Local => {
                Box::new(Local::new(folder.to_owned(), options.machine.clone(), plan.jobs, peak))
            }
            ExecutorKind::Slurm => {
                let attempt = hash_of(&(folder, (options.clock)(), std::process::id()));
                let name = format!("{}-{}", base.config().name, &attempt[..8]);
                Box::new(Slurm::new(plan, folder, &options.machine.program, name, progress))
            }
        };
        Self { base, settings: plan, folder, executor }
    }

    pub(super) fn executor(&mut self) -> &mut dyn Executor {
        &mut *self.executor
    }

    /// How far the tasks are that were handed over.
    pub(super) fn states(&mut self, state: &State) -> Result<Vec<(Task, TaskState)>, RunError> {
        self.executor
            .states(&state.batches)
            .map_err(|refusal| self.base.invalid(&refusal.place(), refusal.text))
    }

    /// Takes up what an earlier command handed to a cluster and is still there.
    pub(super) fn take_up(&mut self, state: &mut State) -> Result<(), RunError> {
        let kind = self.settings.kind;
        state.executor = kind;
        let Ok(before) = State::read(self.folder) else { return Ok(()) };
        if before.executor != ExecutorKind::Slurm || before.batches.is_empty() {
            return Ok(());
        }
        if kind != ExecutorKind::Slurm {
            // Only the cluster knows, and this command was asked not to ask it: what is complete stays complete, and a run
            // that a job is at work in is locked.
            return Ok(());
        }
        let states = self
            .executor
            .states(&before.batches)
            .map_err(|refusal| self.base.invalid(&refusal.place(), refusal.text))?;
        let active = active(&states);
        let batches: Vec<Batch> = before
            .batches
            .iter()
            .filter(|batch| batch.tasks.iter().any(|task| active.contains(task)))
            .cloned()
            .collect();
        if batches.is_empty() {
            return Ok(());
        }
        if !before.is_of_the_same(state) {
            let jobs: Vec<&str> = batches.iter().map(|batch| batch.job.as_str()).collect();
            let jobs = jobs.join(" ");
            return Err(RunError::in_stage(
                "sweep",
                format!(
                    "jobs of the plan as it was before its file was changed are still in the queue: wait for them, or end them with `scancel {jobs}`"
                ),
            ));
        }
        state.batches = batches;
        Ok(())
    }

    /// Hands over the tasks of every run that may be run, is not complete and is in no queue.
    pub(super) fn hand_over(
        &mut self,
        state: &mut State,
        plans: &[Plan],
        usable: &[bool],
    ) -> Result<(), RunError> {
        state.write(self.folder)?;
        let active = if state.batches.is_empty() { BTreeSet::new() } else { active(&self.states(state)?) };
        let missing = |run: &usize| {
            usable[*run]
                && !state.is_complete(self.folder, *run)
                && !active.iter().any(|task| task.run == *run)
        };
        let runs: Vec<usize> = (0..state.runs.len()).filter(missing).collect();
        for level in self.levels(state, plans, &runs)? {
            let after: Vec<String> = state.batches.iter().map(|batch| batch.job.clone()).collect();
            for tasks in level.chunks(LARGEST_ARRAY) {
                tasks.iter().for_each(|task| TaskOutcome::forget(self.folder, *task));
                let batch = self
                    .executor
                    .submit(tasks, &after)
                    .map_err(|refusal| self.base.invalid(&refusal.place(), refusal.text))?;
                state.batches.push(batch);
                state.write(self.folder)?;
            }
        }
        Ok(())
    }

    /// The tasks of some runs in the order in which they need one another: what is cut alike is cut once, what has the same
    /// prints is trained once, and the rest takes it from the cache.
    fn levels(&self, state: &State, plans: &[Plan], runs: &[usize]) -> Result<Vec<Vec<Task>>, RunError> {
        let executor = self.settings;
        let [mut recordings, mut first, mut preprocess, mut folds, mut whole, mut rest] =
            <[Vec<Task>; 6]>::default();
        let leads = |run: &usize| state.runs[*run].after.is_none_or(|leader| !runs.contains(&leader));
        let leaders: Vec<usize> = runs.iter().copied().filter(leads).collect();
        let mut cut_alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &run in &leaders {
            cut_alike.entry(cut_hash(plans[run].config())).or_default().push(run);
        }
        for group in cut_alike.values() {
            let run = group[0];
            if let Some(of) = executor.recording_jobs {
                recordings.extend((0..of).map(|shard| Task { run, part: Part::Recordings { shard, of } }));
            }
            if group.len() > 1 && state.cache.is_some() {
                first.push(Task { run, part: Part::Preprocess });
            }
        }
        for &run in runs {
            let task = |part| Task { run, part };
            if !leaders.contains(&run) {
                rest.push(task(Part::Whole));
                continue;
            }
            whole.push(task(Part::Whole));
            let plan = &plans[run];
            if executor.job == JobSize::Fold && shard::is_divisible(plan) {
                if !first.contains(&task(Part::Preprocess)) {
                    preprocess.push(task(Part::Preprocess));
                }
                let count = prepare(plan)?.split().folds.len();
                folds.extend((0..count).map(|fold| task(Part::Fold(FoldIndex::of_place(fold)))));
            }
        }
        let levels = [recordings, first, preprocess, folds, whole, rest];
        Ok(levels.into_iter().filter(|level| !level.is_empty()).collect())
    }
}

/// The hash of what the plan says that decides how recordings are cut.
fn cut_hash(config: &Config) -> String {
    hash_of(&(&config.dataset, &config.cohorts, &config.channels, &config.preprocess))
}

/// The tasks that are waiting or running.
fn active(states: &[(Task, TaskState)]) -> BTreeSet<Task> {
    let open = |state: &TaskState| !matches!(state, TaskState::Ended(_));
    states.iter().filter(|(_, state)| open(state)).map(|(task, _)| *task).collect()
}
