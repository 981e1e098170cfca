//! Jobs of a cluster. Slurm does all of the scheduling: tasks go to it as job arrays through `sbatch`, and how far they are is
//! asked of `squeue`. No accounting database is needed.

mod client;
mod script;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::plan::{ExecutorPlan, Refusal};
use super::{Batch, Executor, Task, TaskState};
use crate::Progress;
use client::{Client, Submitted};

/// The most elements an array has, as clusters are set up unless somebody changes it.
pub(crate) const LARGEST_ARRAY: usize = 1000;
/// The shortest and the longest time between two questions to the controller, which serves others too.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// Submits job arrays and asks for them.
pub(crate) struct Slurm<'a> {
    plan: &'a ExecutorPlan,
    /// The folder of the sweep.
    folder: PathBuf,
    program: PathBuf,
    /// What the jobs are called; no other sweep's are called so.
    name: String,
    client: Client<'a>,
    batches: usize,
    asked: u32,
}

impl<'a> Slurm<'a> {
    pub(crate) fn new(
        plan: &'a ExecutorPlan,
        folder: &Path,
        program: &Path,
        name: String,
        progress: &'a dyn Progress,
    ) -> Self {
        let client = Client::new(progress);
        Self {
            plan,
            folder: folder.to_owned(),
            program: program.to_owned(),
            name,
            client,
            batches: 0,
            asked: 0,
        }
    }

    /// Why Slurm does not take the jobs, in a sentence, with the key to change where there is one.
    fn refused(&mut self, words: &str) -> Refusal {
        let (partition, account) = (self.plan.partition.as_deref(), self.plan.account.as_deref());
        if let (Some(partition), true) = (partition, words.contains("nvalid partition")) {
            let known = self.client.partitions();
            let known =
                if known.is_empty() { String::new() } else { format!(": it has {}", known.join(", ")) };
            return Refusal::of(
                "partition",
                format!("executor.partition = {partition:?}: the cluster has no such partition{known}"),
            );
        }
        if let (Some(account), true) = (account, words.contains("nvalid account")) {
            return Refusal::of(
                "account",
                format!("executor.account = {account:?}: Slurm does not let you use this account"),
            );
        }
        if words.contains("Memory specification") || words.contains("node configuration is not available") {
            return Refusal::of(
                "kind",
                "no machine of the partition has what a job asks for: lower executor.memory, executor.cpus or executor.gpus, or choose another executor.partition",
            );
        }
        if words.contains("time limit") || words.contains("--time") {
            return Refusal::of("time", "the partition lets no job take as long: lower executor.time");
        }
        Refusal::plain(format!("Slurm does not take the jobs ({words}): change what [executor] asks for"))
    }
}

impl Executor for Slurm<'_> {
    fn submit(&mut self, tasks: &[Task], after: &[String]) -> Result<Batch, Refusal> {
        self.batches += 1;
        let name = format!("{}-{}", self.name, self.batches);
        let failed = |error: std::io::Error| {
            Refusal::plain(format!("{} cannot be written: {error}", self.folder.join("jobs").display()))
        };
        let jobs = self.folder.join("jobs");
        fs::create_dir_all(&jobs)
            .and_then(|()| fs::create_dir_all(self.folder.join("logs")))
            .map_err(failed)?;
        let place = jobs.join(&name);
        let script = script::Script {
            plan: self.plan,
            folder: &self.folder,
            program: &self.program,
            name: &name,
            after,
        };
        let lines: String = tasks.iter().map(|task| format!("{} {}\n", task.run, task.part)).collect();
        fs::write(place.with_extension("tasks"), lines).map_err(failed)?;
        fs::write(place.with_extension("sh"), script.text(tasks.len())).map_err(failed)?;
        match self.client.submit(&name, &place.with_extension("sh"))? {
            Submitted::Job(job) => Ok(Batch { job, tasks: tasks.to_vec() }),
            Submitted::Refused(words) => Err(self.refused(&words)),
        }
    }

    fn states(&mut self, batches: &[Batch]) -> Result<Vec<(Task, TaskState)>, Refusal> {
        self.asked += 1;
        let known =
            self.client.states(&batches.iter().map(|batch| batch.job.as_str()).collect::<Vec<_>>())?;
        let limit = self.plan.time.as_deref().unwrap_or("that of the partition");
        let of = |batch: &Batch, index: usize| match known.get(&(batch.job.clone(), index)) {
            None => TaskState::Ended(None),
            Some((state, reason)) => meaning(state, reason, limit),
        };
        let tasks = batches
            .iter()
            .flat_map(|batch| batch.tasks.iter().enumerate().map(move |(index, task)| (batch, index, task)));
        Ok(tasks.map(|(batch, index, task)| (*task, of(batch, index))).collect())
    }

    fn pause(&self) -> Duration {
        (PAUSES.0 * self.asked.div_ceil(10)).clamp(PAUSES.0, PAUSES.1)
    }
}

/// States by array and index: Slurm's word for it and its reason.
type Known = BTreeMap<(String, usize), (String, String)>;

/// What a state of Slurm's means for a task.
fn meaning(state: &str, reason: &str, limit: &str) -> TaskState {
    let ended = |text: String| TaskState::Ended(Some(text));
    match state {
        "RUNNING" | "COMPLETING" | "STAGE_OUT" | "SIGNALING" | "STOPPED" => TaskState::Running,
        "COMPLETED" => TaskState::Ended(None),
        "TIMEOUT" | "DEADLINE" => ended(format!(
            "its job ran into its time limit ({limit}): raise executor.time; the same command goes on from its checkpoint"
        )),
        "OUT_OF_MEMORY" => {
            ended("its job took more memory than it had asked for: raise executor.memory".to_owned())
        }
        "CANCELLED" => {
            ended("its job was cancelled: the same command goes on from its checkpoint".to_owned())
        }
        "NODE_FAIL" | "BOOT_FAIL" | "PREEMPTED" | "REVOKED" => {
            ended(format!("its job lost its machine ({state}): the same command goes on from its checkpoint"))
        }
        "FAILED" => ended("its job ended without a word of its own: see its log".to_owned()),
        _ => TaskState::Waiting((!matches!(reason, "" | "None")).then(|| reason.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_a_job_is_said_with_a_way_on() {
        for (state, words) in [
            ("TIMEOUT", "(02:00:00): raise executor.time"),
            ("OUT_OF_MEMORY", "raise executor.memory"),
            ("CANCELLED", "goes on from its checkpoint"),
            ("NODE_FAIL", "lost its machine"),
        ] {
            let TaskState::Ended(Some(text)) = meaning(state, "None", "02:00:00") else { panic!("{state}") };
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(meaning("PENDING", "Resources", ""), TaskState::Waiting(Some("Resources".to_owned())));
        assert_eq!(meaning("REQUEUED", "None", ""), TaskState::Waiting(None));
        assert_eq!(meaning("RUNNING", "None", ""), TaskState::Running);
        assert_eq!(meaning("COMPLETED", "None", ""), TaskState::Ended(None));
    }
}
