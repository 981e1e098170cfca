//! Processes on this machine: as many at a time as memory allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::plan::Refusal;
use super::{Batch, Executor, Machine, Task, TaskState};

/// The share of free memory that processes may take together.
const SHARE: f64 = 0.8;

/// Starts processes and waits for them.
pub(crate) struct Local<'a> {
    folder: PathBuf,
    machine: Machine,
    /// Processes at a time, where the plan says it.
    jobs: Option<usize>,
    /// The most memory that a task of this sweep took so far.
    peak: &'a dyn Fn() -> Option<u64>,
    waiting: Vec<Waiting>,
    running: Vec<(Task, Child)>,
    ended: BTreeMap<Task, Option<String>>,
    /// How many batches were handed over.
    batches: usize,
    /// The tasks of each.
    tasks: BTreeMap<String, Vec<Task>>,
}

struct Waiting {
    task: Task,
    after: Vec<String>,
}

impl<'a> Local<'a> {
    pub(crate) fn new(
        folder: PathBuf,
        machine: Machine,
        jobs: Option<usize>,
        peak: &'a dyn Fn() -> Option<u64>,
    ) -> Self {
        Self {
            folder,
            machine,
            jobs,
            peak,
            waiting: Vec::new(),
            running: Vec::new(),
            ended: BTreeMap::new(),
            batches: 0,
            tasks: BTreeMap::new(),
        }
    }

    /// Processes at a time: what the plan says, or as many as the memory holds of the largest so far. Before one has ended
    /// nobody knows how large they are, and one runs alone.
    fn allowed(&self) -> usize {
        let by_memory = || {
            let (free, peak) = (self.machine.free_memory?, (self.peak)()?);
            Some((SHARE * free as f64 / peak.max(1) as f64) as usize)
        };
        self.jobs.unwrap_or_else(|| by_memory().unwrap_or(1).clamp(1, self.machine.cores.max(1)))
    }

    fn start(&self, task: Task, threads: usize) -> Result<Child, String> {
        let log = self.folder.join("logs").join(format!("{task}.log"));
        let file = fs::create_dir_all(self.folder.join("logs"))
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&log));
        let file = file.map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
        let mut command = Command::new(&self.machine.program);
        command.arg("job").arg(&self.folder).arg(task.run.to_string()).arg(task.part.to_string());
        command.args(["--threads", &threads.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        command
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.machine.program.display()))
    }

    /// Takes note of the processes that have ended.
    fn reap(&mut self) {
        let mut still = Vec::new();
        for (task, mut child) in self.running.drain(..) {
            match child.try_wait() {
                Ok(None) => still.push((task, child)),
                Ok(Some(status)) => {
                    self.ended.insert(task, death(status));
                }
                Err(error) => {
                    self.ended.insert(task, Some(format!("its process was lost: {error}")));
                }
            }
        }
        self.running = still;
    }

    /// Starts what may be started.
    fn fill(&mut self) {
        let allowed = self.allowed();
        while self.running.len() < allowed {
            let open: BTreeSet<Task> = self
                .waiting
                .iter()
                .map(|waiting| waiting.task)
                .chain(self.running.iter().map(|(task, _)| *task))
                .collect();
            let over = |job: &String| {
                self.tasks.get(job).is_none_or(|tasks| tasks.iter().all(|task| !open.contains(task)))
            };
            let Some(next) = self.waiting.iter().position(|waiting| waiting.after.iter().all(over)) else {
                return;
            };
            let task = self.waiting.remove(next).task;
            match self.start(task, (self.machine.cores / allowed).max(1)) {
                Ok(child) => self.running.push((task, child)),
                Err(why) => {
                    self.ended.insert(task, Some(why));
                }
            }
        }
    }
}

impl Executor for Local<'_> {
    fn submit(&mut self, tasks: &[Task], after: &[String]) -> Result<Batch, Refusal> {
        self.batches += 1;
        let job = format!("local-{}", self.batches);
        self.tasks.insert(job.clone(), tasks.to_vec());
        self.waiting.extend(tasks.iter().map(|&task| Waiting { task, after: after.to_vec() }));
        Ok(Batch { job, tasks: tasks.to_vec() })
    }

    fn states(&mut self, batches: &[Batch]) -> Result<Vec<(Task, TaskState)>, Refusal> {
        self.reap();
        self.fill();
        let state = |task: &Task| {
            if let Some(why) = self.ended.get(task) {
                TaskState::Ended(why.clone())
            } else if self.running.iter().any(|(running, _)| running == task) {
                TaskState::Running
            } else if self.waiting.iter().any(|waiting| waiting.task == *task) {
                TaskState::Waiting(None)
            } else {
                TaskState::Ended(Some("the command that had started it has ended".to_owned()))
            }
        };
        Ok(batches.iter().flat_map(|batch| &batch.tasks).map(|task| (*task, state(task))).collect())
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(50)
    }
}

/// How a process ended that left no outcome.
fn death(status: std::process::ExitStatus) -> Option<String> {
    if status.success() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return Some(format!(
                "its process was killed (signal {signal}{}): the same command goes on from its checkpoint",
                if signal == 9 {
                    ", as by the system when memory runs out; --jobs 1 needs the least"
                } else {
                    ""
                }
            ));
        }
    }
    Some(format!("its process ended with {status}"))
}

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::*;

    fn local<'a>(peak: &'a dyn Fn() -> Option<u64>, jobs: Option<usize>, free: Option<u64>) -> Local<'a> {
        let machine = Machine { program: "/bin/true".into(), cores: 4, free_memory: free };
        Local::new(PathBuf::new(), machine, jobs, peak)
    }

    #[test]
    fn as_many_processes_run_as_memory_holds() {
        let (nothing, gigabyte) = (|| None, || Some(1 << 30));
        assert_eq!(local(&nothing, None, Some(8 << 30)).allowed(), 1, "nobody knows yet how large they are");
        assert_eq!(local(&gigabyte, None, Some(4 << 30)).allowed(), 3, "80 % of 4 GiB");
        assert_eq!(local(&gigabyte, None, Some(100 << 30)).allowed(), 4, "no more than processors");
        assert_eq!(local(&gigabyte, None, Some(1 << 20)).allowed(), 1);
        assert_eq!(local(&gigabyte, None, None).allowed(), 1, "where the system does not tell");
        assert_eq!(local(&gigabyte, Some(7), Some(1 << 20)).allowed(), 7, "who asks for seven gets seven");
    }

    #[test]
    #[cfg(unix)]
    fn a_batch_starts_when_those_before_it_have_ended() {
        let place = tempfile::tempdir().unwrap();
        let nothing = || None;
        let machine = Machine { program: "/bin/false".into(), cores: 4, free_memory: None };
        let mut local = Local::new(place.path().to_owned(), machine, Some(4), &nothing);
        let tasks = |run: usize| [Task { run, part: Part::Whole }, Task { run: run + 1, part: Part::Whole }];
        let first = local.submit(&tasks(0), &[]).unwrap();
        let second = local.submit(&tasks(2), std::slice::from_ref(&first.job)).unwrap();
        let batches = [first, second];
        let states = local.states(&batches).unwrap();
        assert!(states[2..].iter().all(|(_, state)| *state == TaskState::Waiting(None)), "{states:?}");
        let ended = |states: &[(Task, TaskState)]| {
            states.iter().all(|(_, state)| matches!(state, TaskState::Ended(Some(_))))
        };
        while !ended(&local.states(&batches).unwrap()) {
            std::thread::sleep(local.pause());
        }
    }
}
