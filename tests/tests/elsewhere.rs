//! Files of twinprint opened with the tools people already use.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use twinprint_tests::{Cohort, python, real, root, succeed, twinprint};

/// Runs a script of `tests/interop` on a folder and wants it to find everything in order.
fn passes(python: &Path, script: &str, folder: &Path) {
    let script = root().join("tests/interop").join(script);
    let output = Command::new(python).arg(&script).arg(folder).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{said}", script.display());
}

#[test]
fn every_file_of_a_synthetic_cohort_opens_in_other_readers() {
    let Some(python) = python("pyedflib, edfio, mne_bids") else { return };
    let folder = tempfile::tempdir().unwrap();
    let cohort = folder.path().join("cohort");
    succeed(&["synth", cohort.to_str().unwrap(), "--subjects", "3", "--seconds", "20", "--quiet"]);
    passes(&python, "synth_opens_elsewhere.py", &cohort);
}

#[test]
fn h5py_opens_the_epochs_and_the_prints_of_a_run() {
    let Some(python) = python("h5py") else { return };
    let cohort = Cohort::new("1");
    passes(&python, "open_run_folder.py", &cohort.run("out", &["--set", "evaluation.baselines=[]"]));
}

#[test]
fn recordings_are_read_as_mne_python_reads_them() {
    let (Some(data), Some(python)) = (real("formats"), python("mne_bids, edfio, pybv, eeglabio, h5py"))
    else {
        return;
    };
    let script = root().join("tests/peers/conformance.py");
    let mut command = Command::new(python);
    command.arg(script).arg(twinprint().get_program()).arg(data.parent().unwrap()).arg("--short");
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let agreed: usize = said.lines().last().and_then(|line| line.split(' ').next()).unwrap().parse().unwrap();
    assert!(agreed >= 14, "{said}");
}
