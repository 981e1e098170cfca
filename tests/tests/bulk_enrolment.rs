//! Everybody in a table is enrolled by one command, which can be stopped and goes on.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use twinprint_tests::{refuse, run, succeed};

/// Numbers that look random, -1 to 1.
fn number(seed: u64) -> f64 {
    let mixed = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A table of people by number, `rows` rows each about a direction of their own.
fn table(path: &Path, people: std::ops::Range<u64>, rows: u64) {
    let mut text = String::from("subject,a,b,c,d,e,f,g,h,i,j,k,l\n");
    for person in people {
        for row in 0..rows {
            write!(text, "p{person:05}").unwrap();
            for column in 0..12 {
                let own = number(person * 1000 + column);
                write!(text, ",{:.5}", own + 0.1 * number((person * 100 + row) * 7919 + column + 13))
                    .unwrap();
            }
            text.push('\n');
        }
    }
    std::fs::write(path, text).unwrap();
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_table_of_people_is_enrolled_those_who_are_refused_are_named_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (gallery, all, few) = (path("g.gallery"), path("all.csv"), path("few.csv"));
    table(Path::new(&few), 0..15, 4);
    table(Path::new(&all), 0..60, 4);
    let enroll = |file: &str, more: &[&str]| {
        let words = ["enroll", "--gallery", &gallery, file, "--threshold", "0.97"];
        run(&[&words[..], more].concat())
    };
    let said = flat(&stdout(&enroll(&few, &[])));
    assert!(said.contains("15 enrolled, 0 refused, 0 left out"), "{said}");
    assert!(said.contains("p00003 enrolled from 4 epochs"), "few people are shown one by one: {said}");

    // Nobody is enrolled while it is not said what becomes of those who are there.
    let words = ["enroll", "--gallery", &gallery, &all, "--threshold", "0.97"];
    let said = flat(&refuse(&words));
    for part in
        ["15 of 60 people are enrolled already", "p00000, p00001, p00002, …", "--skip-enrolled", "--update"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = flat(&stdout(&enroll(&all, &["--skip-enrolled"])));
    assert!(said.contains("45 enrolled, 0 refused, 15 left out because they are enrolled"), "{said}");
    assert!(!said.contains("p00020 enrolled"), "many people are counted: {said}");

    // The same people under other names are refused, everybody else of their table is not.
    let text = std::fs::read_to_string(&all).unwrap().replace("\np0000", "\nq0000");
    let mixed = path("mixed.csv");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(['s', 'q'])).collect();
    table(Path::new(&few), 70..80, 4);
    let new = std::fs::read_to_string(&few).unwrap();
    let new = new.split_once('\n').unwrap().1;
    std::fs::write(&mixed, format!("{}\n{new}", lines.join("\n"))).unwrap();
    let output = enroll(&mixed, &["--json"]);
    assert_eq!(output.status.code(), Some(1), "refusals are a negative answer");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["enrolled"].as_array().unwrap().len(), 10);
    assert_eq!(told["refused"].as_array().unwrap().len(), 10);
    let refused = told["refused"][4].clone();
    assert_eq!(refused["subject"], "q00004");
    let reason = refused["reason"].as_str().unwrap();
    assert!(
        reason.contains("this recording is enrolled already") || reason.contains("matches p00004"),
        "{reason}"
    );
    let said = succeed(&["gallery", "check", "--gallery", &gallery]);
    assert!(flat(&said).contains("70 people"), "{said}");
    assert!(
        flat(&refuse(&["enroll", "--gallery", &gallery, "x.edf", "--subject", "x", "--skip-enrolled"]))
            .contains("--skip-enrolled is for a file of prints")
    );
}

#[test]
fn an_enrolment_that_was_killed_goes_on_and_loses_no_more_than_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (gallery, all) = (path("g.gallery"), path("all.csv"));
    table(Path::new(&all), 0..4000, 2);
    let words = ["enroll", "--gallery", &gallery, &all, "--threshold", "0.999"];
    let mut child =
        twinprint_tests::twinprint().args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let people = || {
        let found = run(&["gallery", "show", "--json", "--gallery", &gallery]);
        let shown: Option<serde_json::Value> = serde_json::from_slice(&found.stdout).ok();
        shown.and_then(|shown| shown["people"].as_u64()).unwrap_or(0)
    };
    let started = Instant::now();
    while people() == 0 && child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_secs(60)
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().unwrap();
    let there = people();
    assert!(there >= 1000 && (there % 1000 == 0), "whole batches: {there}");
    let said = flat(&succeed(&[&words[..], &["--skip-enrolled"]].concat()));
    assert!(said.contains(&format!("{} enrolled, 0 refused, {there} left out", 4000 - there)), "{said}");
    assert_eq!(people(), 4000);
}
