//! Sweeps as jobs of a cluster: Slurm's own daemons, one machine.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use twinprint_tests::cluster::Cluster;
use twinprint_tests::{Cohort, PIPELINE, json, only_run, same_runs, twinprint};

/// Two by three points, and one that cannot succeed: no epoch is as quiet.
const AXES: &str = "
[[sweep]]
name = \"training subjects\"
key = \"protocol.train.subjects\"
values = [2, 4]
seeds = [1, 2, 3]

[[sweep]]
name = \"quietest\"
key = \"preprocess.reject.peak_to_peak\"
values = [0.001]
";

const SETTINGS: &str = "audits = []\nbaselines = []\n";

fn small(axes: &str, steps: usize) -> String {
    let text = PIPELINE.replace("steps = 10", &format!("steps = {steps}"));
    text.replace("[encoder.optimiser]", "[encoder]\ncheckpoint_every = 2\n\n[encoder.optimiser]")
        + SETTINGS
        + axes
}

fn sweep(cohort: &Cohort, cluster: &Cluster, out: &str, more: &[&str]) -> Command {
    let mut command = twinprint();
    let (name, value) = cluster.variable();
    let out = cohort.folder.path().join(out);
    command.arg("sweep").arg(cohort.pipeline()).arg("--out").arg(out).args(more).env(name, value);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(300), "{what} did not come");
        sleep(Duration::from_millis(20));
    }
}

/// The first run of the sweep once it has a checkpoint: its place among the runs.
fn training(folder: &Path) -> Option<usize> {
    let state: Value = serde_json::from_str(&fs::read_to_string(folder.join("sweep.json")).ok()?).ok()?;
    let names =
        state["runs"].as_array()?.iter().map(|run| run["folder"].as_str().unwrap_or_default().to_owned());
    let has = |name: &String| {
        folder.join(format!("{name}.partial/fold-0/checkpoint/checkpoint.safetensors")).is_file()
    };
    names.collect::<Vec<_>>().iter().position(has)
}

/// The job array of whole runs, which is the last.
fn array_of_runs(folder: &Path) -> String {
    let state = json(&folder.join("sweep.json"));
    state["batches"].as_array().unwrap().last().unwrap()["job"].as_str().unwrap().to_owned()
}

fn table(cohort: &Cohort, out: &str, name: &str) -> String {
    let path: PathBuf = cohort.folder.path().join(out).join("small-sweep").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_sweep_on_a_cluster_gives_the_table_of_one_machine_whatever_happens_to_its_jobs() {
    let Some(mut cluster) = Cluster::start() else { return };
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), small(AXES, 60)).unwrap();
    let mut jobs = sweep(&cohort, &cluster, "cluster", &["--executor", "slurm"]);
    let running = jobs.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = cohort.folder.path().join("cluster/small-sweep");

    // one job is ended while it trains, and sent back into the queue
    let run = wait_for("a checkpoint", || training(&folder));
    let array = array_of_runs(&folder);
    cluster.run("scontrol", &["requeue", &format!("{array}_{run}")]);
    // and the controller goes away for ten seconds
    cluster.stop_controller();
    sleep(Duration::from_secs(10));
    cluster.start_controller();

    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "a point failed: {}", said(&output));
    let text = said(&output);
    assert!(text.contains("1 of 7 points failed") && text.contains("quietest = 0.001"), "{text}");
    assert!(text.contains("protocol.on_short"), "the point's own error is told: {text}");
    let log = fs::read_to_string(folder.join(format!("logs/{run:03}-whole.log"))).unwrap();
    // The first run is cut by a job of its own; others take its epochs from the cache.
    let cut_again = log.contains("preprocess …") && !log.contains("none rejected, from the cache");
    assert!(!cut_again, "what all points cut alike is in the cache: {log}");
    assert_eq!(log.matches("train …").count(), 2, "it was ended and began again: {log}");

    let here = sweep(&cohort, &cluster, "here", &["--quiet"]).output().unwrap();
    assert_eq!(here.status.code(), Some(1), "{}", said(&here));
    for name in ["sweep.csv", "sweep-means.csv", "sweep.html"] {
        assert_eq!(table(&cohort, "cluster", name), table(&cohort, "here", name), "{name}");
    }
    assert_eq!(table(&cohort, "here", "sweep.csv").lines().count(), 1 + 6 * 2, "points and probe lengths");
    assert_eq!(
        table(&cohort, "here", "sweep-means.csv").lines().count(),
        1 + 2 * 2,
        "values and probe lengths"
    );
}

#[test]
fn a_sweep_is_submitted_left_alone_and_looked_at_later() {
    let Some(cluster) = Cluster::start() else { return };
    let cohort = Cohort::new("1");
    let axis =
        "\n[[sweep]]\nname = \"training subjects\"\nkey = \"protocol.train.subjects\"\nvalues = [2, 4]\n";
    let executor = "\n[executor]\nkind = \"slurm\"\njob = \"fold\"\nrecording_jobs = 2\npartition = \"debug\"\ntime = \"00:10:00\"\npreamble = \"export GREETING=hello\"\n";
    fs::write(cohort.pipeline(), small(&format!("{axis}{executor}"), 10)).unwrap();
    let run = |more: &[&str]| sweep(&cohort, &cluster, "out", more).output().unwrap();

    let output = run(&["--set", "executor.partition=nowhere"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("the cluster has no such partition: it has debug"), "{}", said(&output));

    let output = run(&["--detach", "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    let begun: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        begun["jobs"].as_array().unwrap().len(),
        5,
        "recordings, epochs of one run, of the other, folds, the rest: {begun}"
    );
    let complete = || {
        let output = run(&["--status", "--json"]);
        assert!(output.status.success(), "{}", said(&output));
        let now: Value = serde_json::from_slice(&output.stdout).unwrap();
        now["points"].as_array().unwrap().iter().all(|point| point["state"] == "complete").then_some(now)
    };
    let ended = wait_for("the end", complete);
    assert_eq!(ended["rows"].as_array().unwrap().len(), 2 * 2, "points and probe lengths");
    let folder = cohort.folder.path().join("out/small-sweep");
    for part in [
        "000-recordings-0-of-2",
        "000-recordings-1-of-2",
        "000-preprocess",
        "001-preprocess",
        "000-fold-0",
        "000-fold-1",
        "001-fold-1",
        "001-whole",
    ] {
        assert_eq!(json(&folder.join(format!("points/{part}.json")))["state"], "done", "{part}");
    }
    let log = fs::read_to_string(folder.join("logs/000-fold-1.log")).unwrap();
    assert!(
        log.contains("train") && !log.contains("preprocess"),
        "a fold is all that this job trains: {log}"
    );

    let here = sweep(&cohort, &cluster, "here", &["--executor", "local", "--jobs", "2", "--quiet"])
        .output()
        .unwrap();
    assert!(here.status.success(), "{}", said(&here));
    assert_eq!(table(&cohort, "out", "sweep.csv"), table(&cohort, "here", "sweep.csv"));
}

#[test]
fn a_job_near_its_time_limit_goes_back_into_the_queue_and_on_from_its_checkpoint() {
    let Some(cluster) = Cluster::start() else { return };
    let cohort = Cohort::new("1");
    let axis = "\n[[sweep]]\nname = \"training subjects\"\nkey = \"protocol.train.subjects\"\nvalues = [4]\n";
    fs::write(cohort.pipeline(), small(axis, 60)).unwrap();
    let mut jobs =
        sweep(&cohort, &cluster, "cluster", &["--executor", "slurm", "--set", "executor.requeues=1"]);
    let running = jobs.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = cohort.folder.path().join("cluster/small-sweep");
    let run = wait_for("a checkpoint", || training(&folder));
    let array = array_of_runs(&folder);
    // what Slurm sends before the limit
    let near = || cluster.run("scancel", &["--signal=USR1", "--batch", &format!("{array}_{run}")]);
    near();
    let log = || fs::read_to_string(folder.join("logs/000-whole.log")).unwrap_or_default();
    wait_for("the second beginning", || (log().matches("train …").count() == 2).then_some(()));
    assert!(log().contains("the time limit is near"), "{}", log());
    // the plan lets it go on once
    near();
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("ran into its time limit 2 times: raise executor.time"),
        "{}",
        said(&output)
    );
    let again = sweep(&cohort, &cluster, "cluster", &["--executor", "slurm", "--quiet"]).output().unwrap();
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(log().matches("preprocess …").count(), 1, "{}", log());
}

#[test]
fn the_commands_of_the_guide_run_as_they_are_written() {
    let Some(cluster) = Cluster::start() else { return };
    let cohort = Cohort::new("1");
    let axis = "\n[[sweep]]\nname = \"training subjects\"\nkey = \"protocol.train.subjects\"\nvalues = [2]\n";
    fs::write(cohort.pipeline(), small(axis, 2)).unwrap();
    let page = fs::read_to_string(twinprint_tests::root().join("docs/guide/scale-out.md")).unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    twinprint ")).collect();
    assert_eq!(commands.len(), 8, "{commands:?}");
    for command in commands {
        let (name, value) = cluster.variable();
        let mut twinprint = twinprint();
        twinprint.args(command.split(' ')).current_dir(cohort.folder.path()).env(name, value);
        let output = twinprint.output().unwrap();
        assert!(output.status.success(), "{command}: {}", said(&output));
        let wanted = if command.starts_with("run") { "small-" } else { "training subjects" };
        assert!(said(&output).contains(wanted), "{command}: {}", said(&output));
    }
}

#[test]
fn a_run_divided_over_jobs_has_the_bytes_of_one_that_is_not() {
    let Some(cluster) = Cluster::start() else { return };
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), small("\n[executor]\nrecording_jobs = 2\n", 10)).unwrap();
    let (name, value) = cluster.variable();
    let run = |out: &str, more: &[&str]| {
        let mut command = twinprint();
        command.arg("run").arg(cohort.pipeline()).arg("--out").arg(cohort.folder.path().join(out));
        let output = command.args(more).env(name, value.clone()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let text = run("jobs", &["--executor", "slurm", "--detach"]);
    assert!(text.contains("handed over as") && text.contains(".jobs"), "{text}");
    // The same command again waits for the jobs and submits none twice.
    run("jobs", &["--executor", "slurm"]);
    run("here", &[]);
    same_runs(&only_run(&cohort.folder.path().join("jobs")), &only_run(&cohort.folder.path().join("here")));
}
