//! One run divided over processes: the same bytes, and what happens when a part fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Output;

use twinprint_tests::{Cohort, PIPELINE, only_run, same_runs, twinprint};

const EXECUTOR: &str =
    "audits = []\nbaselines = [\"tangent_wccn\"]\n\n[executor]\nrecording_jobs = 3\njobs = 2\n";

fn run(cohort: &Cohort, out: &str, more: &[&str]) -> Output {
    let mut command = twinprint();
    command.arg("run").arg(cohort.pipeline()).arg("--out").arg(cohort.folder.path().join(out)).args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_divided_run_has_the_bytes_of_one_that_is_not() {
    let cohort = Cohort::new("1");
    let text =
        PIPELINE.replace("[encoder.optimiser]", "[encoder]\ncheckpoint_every = 2\n\n[encoder.optimiser]");
    fs::write(cohort.pipeline(), text + EXECUTOR).unwrap();
    let parts = run(&cohort, "parts", &["--executor", "local"]);
    assert!(parts.status.success(), "{}", said(&parts));
    // Three parts cut recordings, one begins the run, two train, one makes what is left.
    assert!(said(&parts).contains("7 parts"), "{}", said(&parts));
    let whole = run(&cohort, "whole", &[]);
    assert!(whole.status.success(), "{}", said(&whole));
    let folder = |out: &str| only_run(&cohort.folder.path().join(out));
    same_runs(&folder("parts"), &folder("whole"));
    let again = run(&cohort, "parts", &["--executor", "local"]);
    assert!(again.status.success() && said(&again).contains("already complete"), "{}", said(&again));
}

#[test]
fn a_part_that_fails_is_told_with_where_it_said_more_and_the_run_goes_on_later() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), PIPELINE.to_owned() + EXECUTOR).unwrap();
    let quiet =
        run(&cohort, "out", &["--executor", "local", "--set", "preprocess.reject.peak_to_peak=0.001"]);
    assert_eq!(quiet.status.code(), Some(2), "{}", said(&quiet));
    assert!(
        said(&quiet).contains("protocol.on_short") && said(&quiet).contains("000-whole.log"),
        "{}",
        said(&quiet)
    );
    let impossible = run(&cohort, "out", &["--executor", "local", "--from", "train"]);
    assert_eq!(impossible.status.code(), Some(2), "{}", said(&impossible));
}
