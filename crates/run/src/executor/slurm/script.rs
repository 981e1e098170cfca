//! The shell script of a job array: what is asked for, the preamble, and the command with the task's line of a list.

use std::fmt::Write as _;
use std::path::Path;

use crate::executor::plan::ExecutorPlan;

/// The longest that a job is told of its time limit before it comes, in seconds.
const LONGEST_NOTICE: u64 = 60;

pub(super) struct Script<'a> {
    pub(super) plan: &'a ExecutorPlan,
    pub(super) folder: &'a Path,
    pub(super) program: &'a Path,
    pub(super) name: &'a str,
    pub(super) after: &'a [String],
}

impl Script<'_> {
    /// The script of an array with so many tasks.
    pub(super) fn text(&self, tasks: usize) -> String {
        let Self { plan, name, .. } = self;
        let jobs = self.folder.join("jobs");
        let mut text = String::from("#!/bin/bash\n# Written by `twinprint sweep`.\n");
        let mut ask = |option: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "#SBATCH {option}");
        };
        ask(&format!("--job-name={name}"));
        let at_a_time = plan.jobs.map(|jobs| format!("%{jobs}")).unwrap_or_default();
        ask(&format!("--array=0-{}{at_a_time}", tasks.saturating_sub(1)));
        // In a file's name Slurm reads a percent sign as the beginning of a pattern.
        let log = jobs.display().to_string().replace('%', "%%");
        ask(&format!("--output=\"{log}/{name}-%a.log\""));
        ask("--open-mode=append");
        ask("--requeue");
        if !self.after.is_empty() {
            ask(&format!("--dependency=afterany:{}", self.after.join(":")));
        }
        for (option, value) in [
            ("partition", &plan.partition),
            ("account", &plan.account),
            ("time", &plan.time),
            ("mem", &plan.memory),
        ] {
            if let Some(value) = value {
                ask(&format!("--{option}={value}"));
            }
        }
        if let Some(cpus) = plan.cpus {
            ask(&format!("--cpus-per-task={cpus}"));
        }
        if let Some(gpus) = plan.gpus {
            ask(&format!("--gres=gpu:{gpus}"));
        }
        ask(&format!("--signal=B:USR1@{}", self.notice()));
        for option in &plan.options {
            ask(option);
        }
        let (list, program, folder) = (
            quoted(&jobs.join(format!("{name}.tasks")).display().to_string()),
            quoted(&self.program.display().to_string()),
            quoted(&self.folder.display().to_string()),
        );
        let logs = quoted(&self.folder.join("logs").display().to_string());
        let (requeues, preamble) = (plan.requeues, plan.preamble.trim_end());
        let _ = write!(
            text,
            r#"
task=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {list})
exec >>{logs}/"$(printf '%03d-%s' $task)".log 2>&1

# The time limit is near: the job goes back into the queue and on from its checkpoint.
limit() {{
    kill -TERM "$child" 2>/dev/null
    wait "$child"
    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt {requeues} ]; then
        echo "the time limit is near: the job goes back into the queue"
        scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}" && sleep 600
    fi
    {program} job {folder} $task --gave-up "its job ran into its time limit $((${{SLURM_RESTART_COUNT:-0}} + 1)) times: raise executor.time or executor.requeues; the same command goes on from its checkpoint"
    exit 1
}}
trap limit USR1

{preamble}
{program} job {folder} $task --threads "${{SLURM_CPUS_PER_TASK:-1}}" &
child=$!
wait "$child"
"#
        );
        text
    }

    /// Seconds before its time limit that a job is told: a tenth of it, so that short ones come to something.
    fn notice(&self) -> u64 {
        let limit = self.plan.time_limit().unwrap_or(u64::MAX);
        (limit / 10).clamp(1, LONGEST_NOTICE)
    }
}

/// A word of shell that stands for itself.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_asks_for_what_the_plan_says() {
        let plan: ExecutorPlan = toml::from_str(
            "kind = \"slurm\"\njobs = 2\npartition = \"cpu\"\naccount = \"eeg\"\ntime = \"02:00:00\"\nmemory = \"8G\"\ncpus = 4\ngpus = 1\n\
             options = [\"--qos=long\"]\npreamble = \"module load hdf5\"\n",
        )
        .unwrap();
        let folder = Path::new("/scratch/it's 5%");
        let after = ["12".to_owned(), "13".to_owned()];
        let script = Script {
            plan: &plan,
            folder,
            program: Path::new("/opt/twinprint"),
            name: "curves-1",
            after: &after,
        };
        insta::assert_snapshot!(script.text(6));
    }

    #[test]
    fn bash_reads_every_script() {
        for text in ["", "preamble = \"export A='b'\"", "time = \"5\""] {
            let plan: ExecutorPlan = toml::from_str(text).unwrap();
            let folder = Path::new("/scratch/it's \"here\"");
            let script =
                Script { plan: &plan, folder, program: Path::new("/opt/$(x)"), name: "a-1", after: &[] };
            let place = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(place.path(), script.text(1)).unwrap();
            let Ok(output) = std::process::Command::new("bash").arg("-n").arg(place.path()).output() else {
                return;
            };
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
