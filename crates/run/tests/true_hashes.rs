//! A run is of the recordings it says it is of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use twinprint_dataset::synth::{self, Cohort};
use twinprint_run::{Host, Options, Plan, Progress, RunError, Silent, Source, Surroundings, run};

const PIPELINE: &str = "name = \"small\"\nfinal_model = false\n[dataset]\nroot = \"cohort\"\n\
    [preprocess]\nepochs = { duration = 1.0 }\n[protocol]\nfolds = 2\n\
    enrol = { recordings = [\"ses-1\"], seconds = 4.0 }\nprobe = { recordings = [\"ses-2\"], seconds = [1.0] }\n\
    [evaluation]\nbaselines = []\naudits = []\nbootstrap = 200\nepisodes = 10\n";

/// Six made-up people, two visits of ten seconds, in `cohort` below the folder.
fn cohort(folder: &Path) {
    let cohort =
        Cohort { subjects: 6, sessions: 2, seconds: 10.0, channels: 4, rate: 128.0, ..Cohort::default() };
    synth::write(&cohort, &folder.join("cohort"), &mut |_, _| ()).unwrap();
}

fn plan(folder: &Path, text: &str, read_again: bool) -> Plan {
    let source = Source::new(folder.join("small.toml"), text);
    let cache = Some(folder.join("cache"));
    Plan::resolve(source, &Surroundings { cache, read_again, ..Surroundings::default() }).unwrap()
}

fn go(plan: &Plan, folder: &Path, progress: &dyn Progress) -> Result<PathBuf, RunError> {
    let host = Host { version: "0".to_owned(), os: "test".to_owned(), ..Host::default() };
    let clock = || "2026-01-01T00:00:00Z".to_owned();
    let options = Options::complete(folder.join("out"), host, &clock);
    run(plan, &options, progress).map(|outcome| outcome.folder.root().to_owned())
}

/// The recordings, in the order of their names.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.join("cohort")];
    while let Some(place) = left.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|ending| ending == "edf") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Changes the first samples of a recording, in place: behind 1,536 bytes of header.
fn overwrite(recording: &Path) {
    let mut bytes = fs::read(recording).unwrap();

    bytes[1536..2500].chunks_exact_mut(2).for_each(|pair| pair[1] ^= 1);
    fs::write(recording, bytes).unwrap();
}

/// Does something when the looking is over and the reading has not begun, and counts what is read.
struct Between<F: Fn() + Sync> {
    then: F,
    read: Mutex<Vec<String>>,
}

impl<F: Fn() + Sync> Progress for Between<F> {
    fn begin(&self, stage: &str, _: Option<u64>) {
        if stage == "preprocess" {
            (self.then)();
        }
    }
    fn step(&self, note: &str) {
        self.read.lock().unwrap().push(note.to_owned());
    }
    fn notice(&self, _: &str) {}
    fn end(&self, _: &str) {}
}

#[test]
fn a_recording_that_is_overwritten_between_the_leak_check_and_the_cutting_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    cohort(folder);
    let victim = recordings(folder).remove(5);
    let progress = Between { then: || overwrite(&victim), read: Mutex::default() };
    let said = go(&plan(folder, PIPELINE, false), folder, &progress).unwrap_err().to_string();
    assert!(said.contains(victim.file_name().unwrap().to_str().unwrap()) && said.contains("leaks"), "{said}");
    // Afterwards nothing is left of the wrong content, and the run is of the new one.
    let done = go(&plan(folder, PIPELINE, false), folder, &Silent).unwrap();
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(done.join("run.json")).unwrap()).unwrap();
    let name = victim.file_name().unwrap().to_str().unwrap();
    let inputs = record["inputs"].as_array().unwrap();
    let input = inputs.iter().find(|input| input["path"].as_str().unwrap().ends_with(name)).unwrap();
    let mut bytes = fs::read(&victim).unwrap();
    bytes[8..168].fill(b' ');
    assert_eq!(input["blake3"].as_str().unwrap(), blake3::hash(&bytes).to_hex().as_str());
}

#[test]
fn a_complete_run_says_that_its_recordings_have_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    cohort(folder);
    let plan = plan(folder, PIPELINE, false);
    go(&plan, folder, &Silent).unwrap();
    let victim = recordings(folder).remove(3);
    // A time changes nothing.
    let bytes = fs::read(&victim).unwrap();
    fs::write(&victim, &bytes).unwrap();
    go(&plan, folder, &Silent).unwrap();
    overwrite(&victim);
    let said = go(&plan, folder, &Silent).unwrap_err().to_string();
    let name = victim.file_name().unwrap().to_str().unwrap();
    assert!(said.contains(name) && said.contains("have changed") && said.contains("--force"), "{said}");
    fs::write(&victim, &bytes).unwrap();
    let channels = victim.to_str().unwrap().replace("_eeg.edf", "_channels.tsv");
    let listed = fs::read_to_string(&channels).unwrap();
    fs::write(&channels, listed.replacen("\tgood", "\tbad", 1)).unwrap();
    let said = go(&plan, folder, &Silent).unwrap_err().to_string();
    assert!(said.contains("bad channels"), "{said}");
}

#[test]
fn another_loss_cuts_no_epoch_again_and_a_changed_recording_alone_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    cohort(folder);
    let entries = |kind: &str| fs::read_dir(folder.join("cache").join(kind)).unwrap().count();
    go(&plan(folder, PIPELINE, false), folder, &Silent).unwrap();
    assert_eq!((entries("recording"), entries("epochs"), entries("train"), entries("embed")), (12, 1, 1, 1));
    // Other seconds, the same encoders and prints.
    go(&plan(folder, &PIPELINE.replace("seconds = 4.0", "seconds = 5.0"), false), folder, &Silent).unwrap();
    assert_eq!((entries("recording"), entries("epochs"), entries("train"), entries("embed")), (12, 1, 1, 1));
    let other = format!("{PIPELINE}[encoder.loss]\nname = \"triplet\"\n[encoder.optimiser]\nsteps = 2\n");
    go(&plan(folder, &other, false), folder, &Silent).unwrap();
    assert_eq!((entries("recording"), entries("epochs"), entries("train"), entries("embed")), (12, 1, 2, 2));
    overwrite(&recordings(folder)[7]);
    let whole = folder.join("whole");
    let changed = PIPELINE.replace("name = \"small\"", "name = \"changed\"");
    let from_cache = go(&plan(folder, &changed, false), folder, &Silent).unwrap();
    assert_eq!((entries("recording"), entries("epochs")), (13, 2));
    // As without a cache, to the byte.
    let source = plan(folder, &changed, true).source().clone();
    let alone = Plan::resolve(source, &Surroundings::default()).unwrap();
    let fresh = go(&alone, &whole, &Silent).unwrap();
    for name in
        ["epochs.h5", "prints.h5", "scores.parquet", "split.json", "trials.parquet", "provenance.json"]
    {
        assert!(fs::read(from_cache.join(name)).unwrap() == fs::read(fresh.join(name)).unwrap(), "{name}");
    }
}
