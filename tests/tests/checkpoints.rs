//! A run that is killed while it trains.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use twinprint_store::prints::PrintFile;
use twinprint_tests::{Cohort, refuse, succeed, twinprint};

const SETTINGS: [&str; 4] = ["--set", "encoder.optimiser.steps=80", "--set", "encoder.checkpoint_every=5"];

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The checkpoint of the second fold, once there is one.
fn checkpoint(out: &Path) -> Option<PathBuf> {
    let mut folders = std::fs::read_dir(out).ok()?.flatten().map(|entry| entry.path());
    let run = folders.find(|path| path.extension().is_some_and(|ending| ending == "partial"))?;
    let path = run.join("fold-1/checkpoint/checkpoint.safetensors");
    path.is_file().then_some(path)
}

/// Starts the run and kills it, with no chance to tidy up, when the second fold has a checkpoint.
fn kill_while_training(arguments: &[&str], out: &Path) -> PathBuf {
    let mut child = twinprint().args(arguments).spawn().unwrap();
    let begun = Instant::now();
    let found = loop {
        if let Some(path) = checkpoint(out) {
            break path;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        assert!(begun.elapsed() < Duration::from_secs(300), "no checkpoint appeared");
        std::thread::sleep(Duration::from_millis(2));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    found
}

#[test]
fn a_run_killed_while_it_trains_goes_on_and_ends_in_the_same_bytes() {
    let cohort = Cohort::new("1");
    let whole = cohort.run("whole", &SETTINGS);
    let out = cohort.folder.path().join("killed");
    let pipeline = cohort.pipeline();
    let mut arguments = vec!["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"];
    arguments.extend(SETTINGS);
    let checkpoint = kill_while_training(&arguments, &out);

    // it is read: a damaged one is refused, with the way out
    let good = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &good[..good.len() / 2]).unwrap();
    let said = refuse(&arguments);
    assert!(said.contains("checkpoint.safetensors") && said.contains("delete it"), "{said}");
    std::fs::write(&checkpoint, &good).unwrap();

    succeed(&arguments);
    let resumed = twinprint_tests::only_run(&out);
    for fold in ["fold-0", "fold-1"] {
        assert_eq!(names(&resumed.join(fold)), names(&whole.join(fold)), "nothing is left behind");
        for name in ["model.safetensors", "model.json", "training.csv"] {
            let name = format!("{fold}/{name}");
            assert!(bytes(&resumed, &name) == bytes(&whole, &name), "{name} differs");
        }
    }
    let prints = |folder: &Path| PrintFile::open(&folder.join("prints.h5")).unwrap().prints().to_owned();
    assert_eq!(prints(&resumed), prints(&whole));
}

#[test]
fn starting_again_from_training_forgets_the_checkpoint() {
    let cohort = Cohort::new("1");
    let out = cohort.folder.path().join("killed");
    let pipeline = cohort.pipeline();
    let mut arguments = vec!["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"];
    arguments.extend(SETTINGS);
    let checkpoint = kill_while_training(&arguments, &out);
    std::fs::write(&checkpoint, "damaged").unwrap();
    arguments.extend(["--from", "train"]);
    succeed(&arguments);
}
