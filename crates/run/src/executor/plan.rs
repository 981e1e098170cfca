//! Where the runs of a sweep are computed: the `[executor]` table of a pipeline. It decides no result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the runs of a sweep, or the parts of a divided run, are computed, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Executor")]
pub struct ExecutorPlan {
    /// What computes; `--executor` says it as well.
    pub kind: ExecutorKind,
    /// What one job of a sweep computes; with `fold`, what comes before and after the training is a job of its own. `run --executor`
    /// always divides.
    pub job: JobSize,
    /// How many jobs share the cutting of recordings into epochs, before the runs begin; none unless given, and four of
    /// `run --executor`. They leave it in the
    /// cache, and every point that cuts alike takes it from there.
    #[schemars(range(min = 1))]
    pub recording_jobs: Option<usize>,
    /// Jobs at a time; unless given, as many as memory and processors allow, and with Slurm as many as it starts.
    #[schemars(range(min = 1))]
    pub jobs: Option<usize>,
    /// The partition; that of the cluster unless given.
    #[schemars(regex(pattern = r"^[A-Za-z0-9.,_@-]+$"))]
    pub partition: Option<String>,
    /// The account that pays, where the cluster wants one.
    #[schemars(regex(pattern = r"^[A-Za-z0-9.,_@-]+$"))]
    pub account: Option<String>,
    /// The longest a job may take, as `90` (minutes), `02:00:00` or `1-12:00:00`; that of the partition unless given. A job
    /// that comes near it goes back into the queue and on from its checkpoint.
    pub time: Option<String>,
    /// Memory a job, as `8G`; that of the cluster unless given.
    #[schemars(regex(pattern = r"^[0-9]*[1-9][0-9]*[KMGT]?$"))]
    pub memory: Option<String>,
    /// Processors a job, from 1; one unless given.
    #[schemars(range(min = 1))]
    pub cpus: Option<usize>,
    /// Graphics processors a job; none unless given.
    pub gpus: Option<usize>,
    /// How often a job that came near its time limit goes on. Default: 20.
    pub requeues: u32,
    /// Further options of `sbatch`, as `--qos=long`. Default: none.
    #[schemars(inner(regex(pattern = r"^--")))]
    pub options: Vec<String>,
    /// Lines of shell before the command, as `module load hdf5`. Default: none.
    pub preamble: String,
}

impl Default for ExecutorPlan {
    fn default() -> Self {
        Self {
            kind: ExecutorKind::Local,
            job: JobSize::Point,
            recording_jobs: None,
            jobs: None,
            partition: None,
            account: None,
            time: None,
            memory: None,
            cpus: None,
            gpus: None,
            requeues: 20,
            options: Vec::new(),
            preamble: String::new(),
        }
    }
}

/// What computes runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorKind {
    /// Processes on this machine.
    #[default]
    Local,
    /// Jobs of a cluster that Slurm schedules.
    Slurm,
}

/// What one job computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobSize {
    /// A whole run.
    #[default]
    Point,
    /// The training of one fold.
    Fold,
}

/// What an executor refuses: the key below `executor` that is to be changed, or none, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) key: Option<&'static str>,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn of(key: &'static str, text: impl Into<String>) -> Self {
        Self { key: Some(key), text: text.into() }
    }

    /// The key of the plan at whose line the refusal stands.
    pub(crate) fn place(&self) -> String {
        self.key.map_or_else(|| "executor".to_owned(), |key| format!("executor.{key}"))
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { key: None, text: text.into() }
    }
}

impl ExecutorPlan {
    /// # Errors
    /// The first value that no scheduler would take, with its key.
    pub(crate) fn validate(&self) -> Result<(), Refusal> {
        for (key, number) in
            [("jobs", self.jobs), ("cpus", self.cpus), ("recording_jobs", self.recording_jobs)]
        {
            if number == Some(0) {
                return Err(Refusal::of(
                    key,
                    format!("executor.{key} = 0: write 1 or more, or leave it out"),
                ));
            }
        }
        for (key, word) in [("partition", &self.partition), ("account", &self.account)] {
            let odd = |word: &String| word.is_empty() || word.contains(|c: char| !is_plain(c));
            if let Some(word) = word.as_ref().filter(|word| odd(word)) {
                let text = format!(
                    "executor.{key} = {word:?}: write a name of letters, digits, and any of . _ - , @"
                );
                return Err(Refusal::of(key, text));
            }
        }
        if let Some(time) = self.time.as_ref().filter(|time| seconds(time).is_none()) {
            let text = format!(
                "executor.time = {time:?}: write minutes (\"90\"), hours (\"02:00:00\") or days and hours (\"1-12:00:00\")"
            );
            return Err(Refusal::of("time", text));
        }
        if let Some(memory) = self.memory.as_ref().filter(|memory| !is_memory(memory)) {
            let text = format!(
                "executor.memory = {memory:?}: write a whole number with its unit, as \"8G\" or \"500M\""
            );
            return Err(Refusal::of("memory", text));
        }
        let odd = |option: &&String| !option.starts_with("--") || option.contains(['\n', '\r']);
        if let Some(option) = self.options.iter().find(odd) {
            let text = format!("executor.options: {option:?} is no option: write each as \"--name=value\"");
            return Err(Refusal::of("options", text));
        }
        Ok(())
    }

    /// The longest a job may take in seconds, where the plan says it.
    pub(crate) fn time_limit(&self) -> Option<u64> {
        self.time.as_deref().and_then(seconds)
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".-_,@".contains(c)
}

fn is_memory(text: &str) -> bool {
    let digits = text.strip_suffix(['K', 'M', 'G', 'T']).unwrap_or(text);
    digits.parse::<u64>().is_ok_and(|number| number > 0)
}

/// The seconds of a time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, each but the second also
/// after days and a hyphen.
fn seconds(text: &str) -> Option<u64> {
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(days.parse::<u64>().ok()?), rest),
        None => (None, text),
    };
    let parts: Vec<u64> = rest.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let within = match (days, &parts[..]) {
        (None, [minutes]) => minutes.checked_mul(60)?,
        (None, [minutes, seconds]) => minutes.checked_mul(60)?.checked_add(*seconds)?,
        (Some(_), [hours]) => hours.checked_mul(3600)?,
        (Some(_), [hours, minutes]) => hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?,
        (_, [hours, minutes, seconds]) => {
            hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(*seconds)?
        }
        _ => return None,
    };
    let total = days.unwrap_or(0).checked_mul(86_400)?.checked_add(within)?;
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_slurm_reads_them() {
        let known = [
            ("90", 5400),
            ("1:30", 90),
            ("02:00:00", 7200),
            ("1-12", 129_600),
            ("1-12:30", 131_400),
            ("0-00:01:05", 65),
        ];
        for (text, expected) in known {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in
            ["", "0", "soon", "1:2:3:4", "-5", "1-", "99999999999999999999", "2h", "18446744073709551615"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn what_no_scheduler_takes_is_refused_with_its_key() {
        let refused = |text: &str| toml::from_str::<ExecutorPlan>(text).unwrap().validate().unwrap_err();
        for (text, key) in [
            ("jobs = 0", "jobs"),
            ("cpus = 0", "cpus"),
            ("recording_jobs = 0", "recording_jobs"),
            ("partition = \"\"", "partition"),
            ("partition = \"a b\"", "partition"),
            ("account = \"x;rm\"", "account"),
            ("time = \"soon\"", "time"),
            ("memory = \"much\"", "memory"),
            ("memory = \"0G\"", "memory"),
            ("options = [\"qos\"]", "options"),
            ("options = [\"--a\\nb\"]", "options"),
        ] {
            let refusal = refused(text);
            assert_eq!(refusal.key, Some(key), "{text}");
            assert!(refusal.text.starts_with(&format!("executor.{key}")), "{}", refusal.text);
        }
        let fine = "kind = \"slurm\"\njob = \"fold\"\njobs = 4\npartition = \"cpu,long\"\ntime = \"1-0\"\nmemory = \"8G\"\noptions = [\"--qos=long\"]";
        assert_eq!(toml::from_str::<ExecutorPlan>(fine).unwrap().validate(), Ok(()));
    }
}
