//! What computes the runs of a sweep: processes on this machine, or jobs of a cluster, behind one trait.
//!
//! A task is a process of its own, `twinprint job FOLDER RUN PART`, and leaves an outcome in a file. An executor starts tasks
//! and knows which have ended; what came of them is in their files.

pub(crate) mod local;
pub(crate) mod plan;
pub(crate) mod slurm;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use plan::Refusal;
use twinprint_signal::FoldIndex;

/// A part of a run, computed by a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Every `of`-th recording, from the one numbered `shard`, cut into epochs for the cache.
    Recordings {
        /// The first, from 0.
        shard: usize,
        /// How many shards there are.
        of: usize,
    },
    /// Everything up to the training.
    Preprocess,
    /// The training of one fold.
    Fold(FoldIndex),
    /// Whatever is missing of the run.
    Whole,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recordings { shard, of } => write!(f, "recordings-{shard}-of-{of}"),
            Self::Preprocess => f.write_str("preprocess"),
            Self::Fold(fold) => write!(f, "fold-{fold}"),
            Self::Whole => f.write_str("whole"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok();
        let part = match text {
            "preprocess" => Some(Self::Preprocess),
            "whole" => Some(Self::Whole),
            other => match other.split_once('-') {
                Some(("fold", fold)) => fold.parse().ok().map(Self::Fold),
                Some(("recordings", shard)) => shard.split_once("-of-").and_then(|(shard, of)| {
                    let (shard, of) = (number(shard)?, number(of)?);
                    (shard < of).then_some(Self::Recordings { shard, of })
                }),
                _ => None,
            },
        };
        part.ok_or_else(|| {
            format!("there is no part {text:?}: choose from recordings-0-of-4, preprocess, fold-0, whole")
        })
    }
}

/// A part of one run of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Task {
    /// The run, counted from 0.
    pub(crate) run: usize,
    pub(crate) part: Part,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}-{}", self.run, self.part)
    }
}

impl From<Task> for String {
    fn from(task: Task) -> Self {
        task.to_string()
    }
}

impl TryFrom<String> for Task {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (run, part) = text.split_once('-').ok_or("a task reads RUN-PART")?;
        let run = run.parse().map_err(|_| "the run of a task is a number".to_owned())?;
        Ok(Self { run, part: part.parse()? })
    }
}

/// How far a task is, as its executor knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// Not begun, with the reason where the executor gives one.
    Waiting(Option<String>),
    /// Begun.
    Running,
    /// Ended; in a way that leaves no outcome where there is a sentence.
    Ended(Option<String>),
}

/// Tasks that are handed over together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// The executor's name for it, as the number of a job array.
    pub(crate) job: String,
    pub(crate) tasks: Vec<Task>,
}

/// Computes tasks.
pub(crate) trait Executor {
    /// Hands tasks over, to be started when those of the batches `after` have ended. Gives back the executor's name for them.
    ///
    /// # Errors
    /// When they are refused; none of them is started then.
    fn submit(&mut self, tasks: &[Task], after: &[String]) -> Result<Batch, Refusal>;

    /// How far the tasks of a batch are, in the batch's order.
    ///
    /// # Errors
    /// When the executor cannot be asked.
    fn states(&mut self, batches: &[Batch]) -> Result<Vec<(Task, TaskState)>, Refusal>;

    /// How long to wait before asking again.
    fn pause(&self) -> Duration;
}

/// What an executor must know to start `twinprint`.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The program that computes a task: this one.
    pub program: PathBuf,
    /// How many processors runs may take together.
    pub cores: usize,
    /// Bytes of memory that are free, where the system tells.
    pub free_memory: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_back_from_its_name() {
        let recordings = Part::Recordings { shard: 3, of: 20 };
        for part in [recordings, Part::Preprocess, Part::Fold(FoldIndex(12)), Part::Whole] {
            let task = Task { run: 1234, part };
            assert_eq!(Task::try_from(task.to_string()), Ok(task));
        }
        for text in ["fold", "fold-x", "recordings-4-of-4", ""] {
            assert!(text.parse::<Part>().unwrap_err().contains("choose from"), "{text}");
        }
    }
}
