//! Runs that are interrupted, moved, made again by somebody else, packed, listed and thinned.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use twinprint_tests::{Cohort, json, only_run, real, refuse, run, succeed, twinprint};

/// All that is computed, kept short.
const SHORT: [&str; 10] = [
    "--set",
    "evaluation.baselines=[\"tangent_wccn\"]",
    "--set",
    "evaluation.audits=[]",
    "--set",
    "evaluation.bootstrap=200",
    "--set",
    "evaluation.episodes=10",
    "--set",
    "encoder.checkpoint_every=2",
];
/// What must be the same to the byte.
const SAME: [&str; 8] = [
    "epochs.h5",
    "split.json",
    "trials.parquet",
    "fold-0/model.safetensors",
    "fold-1/training.csv",
    "systems/encoder.h5",
    "prints.h5",
    "scores.parquet",
];

fn same(one: &Path, other: &Path) {
    for name in SAME {
        let bytes =
            |folder: &Path| fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(bytes(one) == bytes(other), "{name} differs");
    }
}

/// The files of a run folder that begin with a dot: what a killed process was writing.
fn left_over(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(left_over(&path));
        } else if path.file_name().unwrap().to_string_lossy().starts_with('.') {
            found.push(path);
        }
    }
    found
}

/// The stages that are done, of a run that goes on.
fn done(out: &Path) -> usize {
    let mut folders = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    let partial = folders.find(|path| path.extension().is_some_and(|ending| ending == "partial"));
    let text =
        partial.and_then(|folder| fs::read_to_string(folder.join("run.json")).ok()).unwrap_or_default();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    record["stages"].as_object().map_or(0, serde_json::Map::len)
}

fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(300), "{what} never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_run_killed_at_random_points_of_every_stage_ends_in_the_same_bytes() {
    let cohort = Cohort::new("1");
    let whole = cohort.run("whole", &[&SHORT[..], &["--no-cache"]].concat());
    let seconds = json(&whole.join("run.json"))["stages"].clone();
    let out = cohort.folder.path().join("killed");
    let pipeline = cohort.pipeline();
    let start = || -> Child {
        let mut command = twinprint();
        command.args([
            "run",
            pipeline.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--quiet",
            "--no-cache",
        ]);
        command.args(SHORT).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    // A fixed sequence, as random as it needs to be.
    let mut state = 0x2545_f491_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1_u32 << 24)
    };
    for (number, stage) in ["preprocess", "train", "embed", "evaluate", "report"].iter().enumerate() {
        for _ in 0..2 {
            let mut child = start();
            wait_until(stage, || out.exists() && done(&out) >= number || child.try_wait().unwrap().is_some());
            std::thread::sleep(Duration::from_secs_f64(random() * seconds[stage].as_f64().unwrap()));
            let _ = child.kill();
            child.wait().unwrap();
        }
    }
    assert!(start().wait().unwrap().success());
    let resumed = only_run(&out);
    same(&resumed, &whole);
    assert_eq!(left_over(&resumed), Vec::<PathBuf>::new(), "nothing is left behind");
}

/// Six people of eegmat in a folder of data sets of their own.
fn few_of_eegmat(to: &Path) -> Option<()> {
    let from = real("eegmat")?;
    fs::create_dir_all(to.join("eegmat")).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let person = name.strip_prefix("Subject").and_then(|rest| rest.get(..2)?.parse::<usize>().ok());
        if path.is_file() && person.is_none_or(|person| person < 6) {
            fs::copy(&path, to.join("eegmat").join(name)).unwrap();
        }
    }
    Some(())
}

#[test]
fn an_eegmat_run_that_is_interrupted_resumed_moved_and_reproduced_is_the_same_to_the_byte() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let Some(()) = few_of_eegmat(&at("data")) else { return };
    let go = |out: &str, data: &str, more: &[&str]| {
        let mut command = twinprint();
        command.env("TWINPRINT_DATA", at(data)).args(["run", "pipelines/eegmat.toml", "--quiet", "--out"]);
        command
            .arg(at(out))
            .args(["--set", "protocol.folds=2", "--set", "protocol.dev_subjects=0"])
            .args(SHORT);
        let output = command.args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    go("whole", "data", &["--no-cache"]);
    let whole = only_run(&at("whole"));
    // Interrupted after a stage and within one, and resumed where the recordings have another place.
    go("resumed", "data", &["--until", "preprocess"]);
    fs::rename(at("data"), at("moved-data")).unwrap();
    go("resumed", "moved-data", &["--until", "embed", "--threads", "1"]);
    go("resumed", "moved-data", &[]);
    let resumed = only_run(&at("resumed"));
    same(&resumed, &whole);
    // The run folder has moved as well, and somebody with one thread makes the run again.
    let moved = at("moved-run");
    fs::rename(&resumed, &moved).unwrap();
    let mut command = twinprint();
    command.env("TWINPRINT_DATA", at("moved-data")).args([
        "reproduce",
        "--quiet",
        "--threads",
        "1",
        "--json",
        "--to",
    ]);
    let output = command.arg(at("again")).arg(&moved).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let artefacts = found["artefacts"].as_array().unwrap();
    assert!(artefacts.len() > 20 && artefacts.iter().all(|file| file["verdict"] == "identical"), "{said}");
    same(&only_run(&at("again")), &whole);
}

#[test]
fn what_a_run_cannot_reproduce_is_named_with_its_first_cause() {
    let cohort = Cohort::new("1");
    let folder = cohort.run("out", &SHORT);
    let path = folder.to_str().unwrap();
    let results = fs::read_to_string(folder.join("results.json")).unwrap();
    let mated = json(&folder.join("results.json"))["verification"][0]["mated"].clone();
    fs::write(
        folder.join("results.json"),
        results.replacen(&format!("\"mated\": {mated}"), "\"mated\": 7", 1),
    )
    .unwrap();
    let output = run(&["reproduce", path, "--quiet"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let line = said.lines().find(|line| line.contains("DIFFERENT")).unwrap();
    assert!(line.contains(&format!("verification.0.mated: 7 against {mated}")), "{line}");
    assert_eq!(said.matches("DIFFERENT").count(), 1, "{said}");
    assert!(said.contains("first difference: results.json of evaluate"), "{said}");
    // Recordings that are others are no reproduction.
    let recording = cohort.folder.path().join("cohort/sub-01/ses-1/eeg/sub-01_ses-1_task-rest_eeg.edf");
    let mut bytes = fs::read(&recording).unwrap();
    bytes[3000] ^= 1;
    fs::write(&recording, bytes).unwrap();
    let said = refuse(&["reproduce", path, "--quiet"]);
    assert!(said.contains("sub-01_ses-1") && said.contains("has other content"), "{said}");
}

#[test]
fn runs_are_listed_compared_packed_and_thinned() {
    let cohort = Cohort::new("1");
    let out = cohort.folder.path().join("out");
    let text = out.to_str().unwrap();
    let pipeline = cohort.pipeline();
    for people in ["2", "4"] {
        let set = format!("protocol.train.subjects={people}");
        let mut words = vec!["run", pipeline.to_str().unwrap(), "--out", text, "--quiet", "--set", &set];
        words.extend(SHORT);
        succeed(&words);
    }
    let listed = |more: &[&str]| -> serde_json::Value {
        serde_json::from_str(&succeed(
            &[&["runs", text, "--json", "--with", "protocol.train.subjects"], more].concat(),
        ))
        .unwrap()
    };
    let all = listed(&["--sort", "-protocol.train.subjects"]);
    let people = |row: &serde_json::Value| row["protocol.train.subjects"].as_f64().unwrap();
    assert_eq!(all.as_array().unwrap().iter().map(people).collect::<Vec<_>>(), [4.0, 2.0]);
    let row = &listed(&["--where", "train_subjects = 2 and eer_1s <= 1"])[0];
    let (two, four) = (row["run"].as_str().unwrap(), all[0]["run"].as_str().unwrap());
    let results = json(&Path::new(two).join("results.json"));
    assert_eq!(row["eer_1s"], results["verification"][0]["eer"]["value"]);
    assert!(succeed(&["runs", text, "--csv"]).lines().next().unwrap().starts_with("run,name,complete,leaky"));
    let said = refuse(&["runs", text, "--where", "eer < 1"]);
    assert!(said.contains("no column") && said.contains("eer_5s"), "{said}");

    let said = succeed(&["diff", two, four]);
    let key = said.lines().find(|line| line.contains("protocol.train.subjects")).unwrap();
    assert!(key.contains("2 -> 4") && said.contains("verification.encoder.1.0 s.eer.value"), "{said}");
    assert!(succeed(&["diff", two, two]).contains("no difference"));

    let archive = cohort.folder.path().join("supplement.tar");
    let names = succeed(&["bundle", two, "--to", archive.to_str().unwrap()]);
    for name in ["plan.json", "scores.parquet", "trials.parquet", "split.json", "results.json", "run.json"] {
        assert!(names.lines().any(|line| line == name), "{names}");
    }
    assert!(!names.contains("epochs") && !names.contains("safetensors"), "{names}");
    let bytes = fs::read(&archive).unwrap();
    let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(holds(&fs::read(Path::new(two).join("scores.parquet")).unwrap()));
    succeed(&["bundle", two, "--to", archive.to_str().unwrap()]);
    assert!(fs::read(&archive).unwrap() == bytes, "the same run gives the same bytes");
    assert!(refuse(&["bundle", two, "--to", "supplement.rar"]).contains(".tar.gz"));

    let would = succeed(&["runs", "prune", two, "--dry-run"]);
    assert!(would.contains("epochs.h5") && Path::new(two).join("epochs.h5").is_file(), "{would}");
    succeed(&["runs", "prune", two]);
    let there = |name: &str| Path::new(two).join(name).exists();
    assert!(!there("epochs.h5") && !there("systems/tangent_wccn.h5") && there("systems/encoder.h5"));
    succeed(&["report", two]);
    // A thinned run is reproduced by the hashes of what was removed.
    let output = run(&["reproduce", two, "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let record = json(&Path::new(two).join("run.json"));
    for fact in ["compiler", "cargo_lock"] {
        assert!(record["host"][fact].is_string(), "{}", record["host"]);
    }
}
