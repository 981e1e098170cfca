//! Slurm's commands. A controller that is busy or being restarted is waited for; what was submitted while it went away is found
//! again by its name, so that nothing is submitted twice.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Known;
use crate::Progress;
use crate::executor::plan::Refusal;

/// How long a controller that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long between two attempts.
const BETWEEN: Duration = Duration::from_secs(2);

/// What Slurm's commands say of a controller that does not answer now, and may later.
const AWAY: [&str; 8] = [
    "Unable to contact slurm controller",
    "Unable to contact",
    "Connection refused",
    "Connection timed out",
    "timed out",
    "Zero Bytes were transmitted",
    "Slurm temporarily unable",
    "temporarily unavailable",
];
/// What they say of jobs that the controller has forgotten.
const FORGOTTEN: &str = "Invalid job id";

pub(super) struct Client<'a> {
    progress: &'a dyn Progress,
    /// The longest wait for a controller that does not answer.
    patience: Duration,
}

/// What came of submitting.
pub(super) enum Submitted {
    /// The number of the array.
    Job(String),
    /// Slurm's words.
    Refused(String),
}

enum Answer {
    Said(String),
    Refused(String),
    Away,
}

impl<'a> Client<'a> {
    pub(super) fn new(progress: &'a dyn Progress) -> Self {
        Self { progress, patience: PATIENCE }
    }

    /// Submits a script whose job is called `name`, once.
    pub(super) fn submit(&mut self, name: &str, script: &Path) -> Result<Submitted, Refusal> {
        let script = script.display().to_string();
        let first = ask("sbatch", &["--parsable", &script])?;
        let mut answer = first;
        loop {
            match answer {
                Answer::Said(text) => return Ok(Submitted::Job(number(&text))),
                Answer::Refused(words) => return Ok(Submitted::Refused(words)),
                Answer::Away => {}
            }
            // Whether the controller took it before it went away is known only to the controller.
            let query = ["--noheader", "--states=all", "--format=%F", &format!("--name={name}")];
            let known = self.patiently("squeue", &query)?;
            if let Some(job) = known.split_whitespace().next() {
                return Ok(Submitted::Job(job.to_owned()));
            }
            answer = ask("sbatch", &["--parsable", &script])?;
        }
    }

    /// The states of all elements of some arrays that the controller remembers.
    pub(super) fn states(&mut self, jobs: &[&str]) -> Result<Known, Refusal> {
        if jobs.is_empty() {
            return Ok(Known::new());
        }
        let jobs = format!("--jobs={}", jobs.join(","));
        let query = ["--noheader", "--array", "--states=all", "--format=%F|%K|%T|%r", &jobs];
        Ok(parse(&self.patiently("squeue", &query)?))
    }

    /// The cluster's partitions; none where it does not say.
    pub(super) fn partitions(&mut self) -> Vec<String> {
        match ask("sinfo", &["--noheader", "--format=%R"]) {
            Ok(Answer::Said(text)) => text.split_whitespace().map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// An answer from the controller, waited for; nothing where it has forgotten the jobs.
    fn patiently(&mut self, program: &str, arguments: &[&str]) -> Result<String, Refusal> {
        let started = Instant::now();
        let mut told = false;
        loop {
            match ask(program, arguments)? {
                Answer::Said(text) => return Ok(text),
                Answer::Refused(words) if words.contains(FORGOTTEN) => return Ok(String::new()),
                Answer::Refused(words) => {
                    return Err(Refusal::plain(format!(
                        "`{program}` does not say how far the jobs are: {words}"
                    )));
                }
                Answer::Away if started.elapsed() > self.patience => {
                    let minutes = self.patience.as_secs() / 60;
                    return Err(Refusal::plain(format!(
                        "Slurm's controller has not answered for {minutes} minutes: jobs that it took go on without this command; ask later with --status"
                    )));
                }
                Answer::Away => {
                    if !told {
                        self.progress.notice("Slurm's controller does not answer: waiting for it");
                        told = true;
                    }
                    sleep(BETWEEN);
                }
            }
        }
    }
}

/// Runs one of Slurm's commands.
fn ask(program: &str, arguments: &[&str]) -> Result<Answer, Refusal> {
    let output = Command::new(program).args(arguments).output().map_err(|error| {
        let text = match error.kind() {
            std::io::ErrorKind::NotFound => format!(
                "Slurm's command `{program}` is not on this machine: run this on one from which jobs are submitted, or write --executor local"
            ),
            _ => format!("Slurm's command `{program}` cannot be started: {error}"),
        };
        Refusal::of("kind", text)
    })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        return Ok(Answer::Said(said));
    }
    let words = plain(&String::from_utf8_lossy(&output.stderr));
    if AWAY.iter().any(|away| words.contains(away)) { Ok(Answer::Away) } else { Ok(Answer::Refused(words)) }
}

/// What a command complains of, without its own name before every line.
fn plain(stderr: &str) -> String {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let sentences = lines.map(|line| line.split_once("error: ").map_or(line, |(_, words)| words));
    sentences.collect::<Vec<_>>().join("; ")
}

/// The number in what `sbatch --parsable` says: `12`, or `12;cluster`.
fn number(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.split(';').next().unwrap_or_default().trim().to_owned()
}

/// Reads lines of `array|index|state|reason`.
fn parse(text: &str) -> Known {
    let line = |line: &str| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [job, index, state, reason] = parts[..] else { return None };
        Some(((job.to_owned(), index.parse().ok()?), (state.to_owned(), reason.to_owned())))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_squeue_says_is_read() {
        let known = parse("7|0|RUNNING|None\n7|12|PENDING|Resources\n8|N/A|PENDING|None\n\n");
        assert_eq!(known.len(), 2);
        assert_eq!(known[&("7".to_owned(), 12)], ("PENDING".to_owned(), "Resources".to_owned()));
    }

    #[test]
    fn the_number_of_a_job_is_told_from_its_cluster() {
        assert_eq!([number("12\n"), number("12;tp"), number("a remark\n13")], ["12", "12", "13"]);
    }

    #[test]
    fn a_complaint_loses_the_name_of_its_command() {
        let said = "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\n";
        assert_eq!(
            plain(said),
            "invalid partition specified: nope; Batch job submission failed: Invalid partition name specified"
        );
    }

    #[test]
    fn a_command_that_is_missing_is_named_with_a_way_on() {
        let Err(refusal) = ask("no-such-command-of-slurm", &[]) else { panic!("it is not there") };
        assert!(refusal.text.contains("--executor local"), "{}", refusal.text);
    }
}
