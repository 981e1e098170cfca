//! The state of a sweep in files: `sweep.json` says what is to be run and what was handed over, `points/` what came of each task.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::executor::plan::ExecutorKind;
use crate::executor::{Batch, Task};
use crate::folder::{RESULTS, RunFolder, create_folder};
use crate::lock::{Hold, Holder, Lock};
use crate::{Plan, RunError, Source, Surroundings};

/// The format of `sweep.json`.
const SCHEMA: &str = "twinprint-sweep/1";
/// The file.
const STATE: &str = "sweep.json";

/// What a sweep is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The pipeline file; paths in it start there.
    pub(crate) pipeline: PathBuf,
    /// Its text when the sweep was begun.
    pub(crate) text: String,
    /// What it extends, the nearest first: file and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) bases: Vec<(PathBuf, String)>,
    pub(crate) device: Option<String>,
    pub(crate) allow_leak: Vec<String>,
    pub(crate) data_folders: Vec<PathBuf>,
    /// The folder of what runs share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache: Option<PathBuf>,
    /// Whether every byte of the recordings is to be read again.
    pub(crate) read_again: bool,
    /// Whether this is one run that is divided, and no sweep: its run folder lies beside this folder, and has a final model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) alone: bool,
    pub(crate) points: Vec<Point>,
    pub(crate) runs: Vec<Run>,
    /// What was handed over last, and to which executor.
    pub(crate) executor: ExecutorKind,
    pub(crate) batches: Vec<Batch>,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) axis: String,
    pub(crate) value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    /// The run that computes it; several points may be of one.
    pub(crate) run: usize,
}

/// A plan to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The name of its run folder.
    pub(crate) folder: String,
    /// What is changed in the pipeline.
    pub(crate) changes: Vec<(String, String)>,
    /// The run whose encoders and prints it takes from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<usize>,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskOutcome {
    pub(crate) state: OutcomeState,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    pub(crate) by: Holder,
    /// When it ended, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<String>,
    /// The most memory it took, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peak_bytes: Option<u64>,
}

/// How far a task came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeState {
    Running,
    Done,
    Failed,
}

impl State {
    /// Nothing handed over yet.
    pub(crate) fn new(source: &Source, surroundings: &Surroundings, plan: &Plan, pipeline: PathBuf) -> Self {
        let config = plan.config();
        Self {
            schema: SCHEMA.to_owned(),
            name: config.name.clone(),
            description: config.description.clone(),
            pipeline,
            text: source.text.clone(),
            bases: source.bases.iter().map(|(path, text)| (absolute(path), text.clone())).collect(),
            device: surroundings.device.clone(),
            allow_leak: surroundings.allow_leak.clone(),
            data_folders: surroundings.data_folders.iter().map(|folder| absolute(folder)).collect(),
            cache: surroundings.cache.as_deref().map(absolute),
            read_again: surroundings.read_again,
            alone: false,
            points: Vec::new(),
            runs: Vec::new(),
            executor: ExecutorKind::Local,
            batches: Vec::new(),
        }
    }

    /// Reads the state of the sweep in a folder.
    ///
    /// # Errors
    /// When there is none, or the file is damaged.
    pub(crate) fn read(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(STATE);
        if !path.is_file() {
            return Err(RunError::run_folder_with(
                folder,
                "no sweep was begun here",
                "begin it with `twinprint sweep PIPELINE.toml`",
            ));
        }
        RunFolder::at(folder).read_json(STATE)
    }

    /// # Errors
    /// When the file system refuses.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), RunError> {
        RunFolder::at(folder).write_json(STATE, self)
    }

    /// Whether another state is of the same runs.
    pub(crate) fn is_of_the_same(&self, other: &Self) -> bool {
        let names = |state: &Self| state.runs.iter().map(|run| run.folder.clone()).collect::<Vec<_>>();
        names(self) == names(other) && (&self.text, &self.bases) == (&other.text, &other.bases)
    }

    /// The folder that holds the run folders.
    pub(crate) fn out(&self, folder: &Path) -> PathBuf {
        match folder.parent() {
            Some(beside) if self.alone => beside.to_owned(),
            _ => folder.to_owned(),
        }
    }

    /// The plan as its runs take it: those of a sweep have no final model.
    pub(crate) fn plan(&self, plan: Plan) -> Plan {
        if self.alone { plan } else { plan.without_final_model() }
    }

    /// The folder of a run, complete.
    pub(crate) fn complete(&self, folder: &Path, run: usize) -> RunFolder {
        RunFolder::at(self.out(folder).join(&self.runs[run].folder))
    }

    /// The folder of a run on the way there.
    pub(crate) fn partial(&self, folder: &Path, run: usize) -> RunFolder {
        RunFolder::at(self.out(folder).join(format!("{}.partial", self.runs[run].folder)))
    }

    /// Whether a run is complete.
    pub(crate) fn is_complete(&self, folder: &Path, run: usize) -> bool {
        self.complete(folder, run).path(RESULTS).is_file()
    }

    /// Whether a process is at work in a run's folder.
    ///
    /// # Errors
    /// When the file of its lock cannot be written.
    pub(crate) fn is_filled(&self, folder: &Path, run: usize, now: &str) -> Result<bool, RunError> {
        let lock = self.out(folder).join(format!("{}.lock", self.runs[run].folder));
        Ok(lock.exists() && Lock::attempt(&lock, Hold::Alone, now.to_owned())?.is_err())
    }

    /// What a run is called for people: the first of its points.
    pub(crate) fn title(&self, run: usize) -> String {
        self.points.iter().find(|point| point.run == run).map(Point::title).unwrap_or_default()
    }
}

impl Point {
    /// The point in words.
    pub(crate) fn title(&self) -> String {
        let seed = self.seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
        format!("{} = {}{seed}", self.axis, self.value)
    }
}

impl TaskOutcome {
    /// What is known of a task; nothing where it left no word.
    pub(crate) fn read(folder: &Path, task: Task) -> Option<Self> {
        RunFolder::at(folder).read_json(&name(task)).ok()
    }

    /// # Errors
    /// When the file system refuses.
    pub(crate) fn write(&self, folder: &Path, task: Task) -> Result<(), RunError> {
        create_folder(&folder.join("points"))?;
        RunFolder::at(folder).write_json(&name(task), self)
    }

    /// Forgets what a task left.
    pub(crate) fn forget(folder: &Path, task: Task) {
        let _ = std::fs::remove_file(folder.join(name(task)));
    }

    /// A task that never began or left no word.
    pub(crate) fn failed(error: String, since: String) -> Self {
        Self {
            state: OutcomeState::Failed,
            error: Some(error),
            ended: Some(since.clone()),
            by: Holder::this(since),
            peak_bytes: None,
        }
    }
}

fn name(task: Task) -> String {
    format!("points/{task}.json")
}

/// A path that is the same from wherever a process is started.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
