//! Sweeps on one machine: grids, seeds, points that fail or are killed, and two commands at work in one folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use twinprint_tests::{Cohort, PIPELINE, json, refuse, twinprint};

fn write(cohort: &Cohort, steps: usize, axes: &str) {
    let text = PIPELINE.replace("steps = 10", &format!("steps = {steps}"));
    let text = text.replace("[encoder.optimiser]", "[encoder]\ncheckpoint_every = 2\n\n[encoder.optimiser]");
    fs::write(cohort.pipeline(), text + "audits = []\nbaselines = []\n" + axes).unwrap();
}

fn sweep(cohort: &Cohort, out: &str, more: &[&str]) -> Command {
    let mut command = twinprint();
    command.arg("sweep").arg(cohort.pipeline()).arg("--out").arg(cohort.folder.path().join(out)).args(more);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The process of the first run, once it has a checkpoint.
fn training(folder: &Path) -> u64 {
    let started = Instant::now();
    loop {
        let state = fs::read_to_string(folder.join("sweep.json")).unwrap_or_default();
        let state: Value = serde_json::from_str(&state).unwrap_or_default();
        let name = state["runs"][0]["folder"].as_str().unwrap_or_default();
        if folder.join(format!("{name}.partial/fold-1/checkpoint/checkpoint.safetensors")).is_file() {
            return json(&folder.join("points/000-whole.json"))["by"]["process"].as_u64().unwrap();
        }
        assert!(started.elapsed() < Duration::from_secs(300), "no checkpoint appeared");
        sleep(Duration::from_millis(5));
    }
}

const PEOPLE: &str = "\n[[sweep]]\nname = \"people\"\nkey = \"protocol.train.subjects\"\nvalues = [2, 4]\n";

#[test]
fn a_grid_has_a_curve_for_each_value_across_and_a_mean_over_its_seeds() {
    let cohort = Cohort::new("1");
    let across = "seeds = [1, 2]\n\n[[sweep.across]]\nname = \"dimensions\"\nkey = [\"encoder.optimiser.steps\", \"encoder.checkpoint_every\"]\n\
                  values = [[2, 1], [3, 1]]\nlabels = [\"few\", \"more\"]\n";
    write(&cohort, 2, &format!("{PEOPLE}{across}"));
    let output = sweep(&cohort, "out", &["--json", "--quiet", "--jobs", "2"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        outcome["rows"].as_array().unwrap().len(),
        2 * 2 * 2 * 2,
        "people, across, seeds, probe lengths"
    );
    let mean = &outcome["means"][0];
    assert_eq!((&mean["axis"], &mean["seeds"]), (&"people, dimensions = few".into(), &2.into()));
    let rates: Vec<f64> = outcome["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| ["axis", "value", "probe_seconds", "system"].iter().all(|key| row[key] == mean[key]))
        .map(|row| row["eer"]["value"].as_f64().unwrap())
        .collect();
    assert_eq!(rates.len(), 2);
    assert!((mean["eer"]["value"].as_f64().unwrap() - (rates[0] + rates[1]) / 2.0).abs() < 1e-12);
    let page = fs::read_to_string(cohort.folder.path().join("out/small-sweep/sweep.html")).unwrap();
    assert!(page.contains("people, dimensions = more") && page.contains("mean of 2 seeds"));
}

#[test]
fn a_point_that_is_killed_is_told_and_the_same_command_goes_on_with_it() {
    let cohort = Cohort::new("1");
    write(&cohort, 60, PEOPLE);
    let whole = sweep(&cohort, "whole", &["--quiet"]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    let mut command = sweep(&cohort, "killed", &["--jobs", "1"]);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = cohort.folder.path().join("killed/small-sweep");
    let process = training(&folder);

    // whoever looks meanwhile sees how far it is, and whoever begins it again is told who is at work
    let status = sweep(&cohort, "killed", &["--status"]).output().unwrap();
    assert!(status.status.success(), "{}", said(&status));
    assert!(
        said(&status).contains("people = 2: train") && said(&status).contains("wait for their turn"),
        "{}",
        said(&status)
    );
    let second = sweep(&cohort, "killed", &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let words = said(&second);
    assert!(
        words.contains(&format!("process {}", running.id())) && words.contains("is at work in it"),
        "{words}"
    );

    assert!(Command::new("kill").args(["-9", &process.to_string()]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("people = 2: its process was killed (signal 9"), "{}", said(&output));
    let again = sweep(&cohort, "killed", &["--quiet"]).output().unwrap();
    assert!(again.status.success(), "{}", said(&again));
    let log = fs::read_to_string(folder.join("logs/000-whole.log")).unwrap();
    assert_eq!((log.matches("preprocess …").count(), log.matches("train …").count()), (0, 2), "{log}");
    let table = |out: &str| fs::read(cohort.folder.path().join(out).join("small-sweep/sweep.csv")).unwrap();
    assert_eq!(table("killed"), table("whole"));
}

#[test]
fn a_sweep_whose_command_alone_is_killed_goes_on_with_the_point_at_work() {
    let cohort = Cohort::new("1");
    write(&cohort, 60, PEOPLE);
    let whole = sweep(&cohort, "whole", &["--quiet"]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    let mut command = sweep(&cohort, "orphan", &["--jobs", "1"]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let folder = cohort.folder.path().join("orphan/small-sweep");
    let process = training(&folder).to_string();
    let signal =
        |name: &str| assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    signal("-STOP");
    running.kill().unwrap();
    running.wait().unwrap();

    let status = sweep(&cohort, "orphan", &["--status"]).output().unwrap();
    assert!(said(&status).contains("people = 2: train"), "{}", said(&status));
    let mut command = sweep(&cohort, "orphan", &["--quiet", "--jobs", "1"]);
    let again = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first task of the new command cuts the recordings of both points.
    let log = folder.join("logs/000-preprocess.log");
    let started = Instant::now();
    while !fs::read_to_string(&log)
        .unwrap_or_default()
        .contains("is at work in it: waiting until it has ended")
    {
        assert!(started.elapsed() < Duration::from_secs(60), "{}", fs::read_to_string(&log).unwrap());
        sleep(Duration::from_millis(20));
    }
    signal("-CONT");
    let again = again.wait_with_output().unwrap();
    assert!(again.status.success(), "{}", said(&again));
    let table = |out: &str| fs::read(cohort.folder.path().join(out).join("small-sweep/sweep.csv")).unwrap();
    assert_eq!(table("orphan"), table("whole"));
}

#[test]
fn a_point_whose_recordings_have_changed_is_made_again_when_asked_for() {
    let cohort = Cohort::new("1");
    write(&cohort, 2, PEOPLE);
    let first = sweep(&cohort, "out", &["--quiet"]).output().unwrap();
    assert!(first.status.success(), "{}", said(&first));
    let recording = cohort.folder.path().join("cohort/sub-01/ses-1/eeg/sub-01_ses-1_task-rest_eeg.edf");
    let mut bytes = fs::read(&recording).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&recording, bytes).unwrap();
    let refused = sweep(&cohort, "out", &[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(
        said(&refused).contains("has other content") && said(&refused).contains("--force"),
        "{}",
        said(&refused)
    );
    let again = sweep(&cohort, "out", &["--force", "--json", "--quiet"]).output().unwrap();
    assert!(again.status.success(), "{}", said(&again));
    let outcome: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&outcome["cached"], outcome["points"].as_array().unwrap().len()), (&0.into(), 2));
    // Now they are of what is there, and asking again makes nothing.
    let same = sweep(&cohort, "out", &["--force", "--json", "--quiet"]).output().unwrap();
    let outcome: Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!(outcome["cached"], 2);
}

#[test]
fn two_runs_into_one_folder_do_not_meet() {
    let cohort = Cohort::new("1");
    write(&cohort, 200, "");
    let (pipeline, out) = (cohort.pipeline(), cohort.folder.path().join("out"));
    let arguments = ["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"];
    let mut first = twinprint().args(arguments).spawn().unwrap();
    let started = Instant::now();
    let lock = || {
        let entries = fs::read_dir(&out).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "lock"))
    };
    while lock().is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "no lock appeared");
        sleep(Duration::from_millis(2));
    }
    let words = refuse(&arguments);
    assert!(
        words.contains(&format!("process {} on ", first.id())) && words.contains("wait until it has ended"),
        "{words}"
    );
    // a dead holder's lock is nobody's
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(lock().is_some());
    let third = twinprint().args(arguments).args(["--set", "encoder.optimiser.steps=200"]).output().unwrap();
    assert!(third.status.success(), "{}", said(&third));
    assert!(lock().is_none(), "nothing is left behind");
}

#[test]
fn what_cannot_be_swept_is_refused_with_the_line_and_a_way_on() {
    let cohort = Cohort::new("1");
    let out = cohort.folder.path().join("out");
    let pipeline = cohort.pipeline();
    let arguments = ["sweep", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap()];
    for (axes, words) in [
        (format!("{PEOPLE}seeds = [1, 1]\n"), "lists the seed 1 twice"),
        (format!("{PEOPLE}[executor]\ntime = \"soon\"\n"), "small.toml:31: executor.time = \"soon\""),
        (format!("{PEOPLE}[executor]\npartition = \"a; b\"\n"), "write a name of letters"),
        (format!("{PEOPLE}[executor]\njobs = 0\n"), "write 1 or more"),
        (PEOPLE.replace("subjects", "sbjects"), "sbjects"),
    ] {
        write(&cohort, 2, &axes);
        let said = refuse(&arguments);
        assert!(said.contains(words), "{said}");
    }
    write(&cohort, 2, PEOPLE);
    let said = refuse(&[&arguments[..], &["--status"]].concat());
    assert!(said.contains("no sweep was begun here"), "{said}");
    let none = twinprint().args(arguments).args(["--executor", "slurm"]).env("PATH", "").output().unwrap();
    assert!(String::from_utf8_lossy(&none.stderr).contains("write --executor local"), "{none:?}");
}

#[test]
fn the_plans_of_the_guide_are_plans() {
    let cohort = Cohort::new("1");
    let page = fs::read_to_string(twinprint_tests::root().join("docs/guide/scale-out.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        write(&cohort, 2, &format!("\n{block}"));
        let output = twinprint().arg("check").arg(cohort.pipeline()).output().unwrap();
        assert!(output.status.success(), "{block}: {}", said(&output));
    }
}
