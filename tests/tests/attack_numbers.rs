//! `evaluate RUN --attacks`: how often each attack on a run's encoders succeeds.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use serde_json::Value;
use twinprint_tests::{Cohort, json, refuse, succeed};

/// The row of the one attack whose name begins so.
fn row<'a>(found: &'a Value, name: &str) -> &'a Value {
    let mut rows = found["rows"].as_array().unwrap().iter();
    let row = rows.find(|row| row["attack"].as_str().unwrap().starts_with(name));
    row.unwrap_or_else(|| panic!("no row {name} in {found:#}"))
}

fn rate(row: &Value, at: usize) -> f64 {
    row["outcomes"][at]["rate"]["value"].as_f64().unwrap()
}

fn attack(run: &Path) -> Value {
    let run = run.to_str().unwrap();
    let text = succeed(&["evaluate", run, "--attacks", "--queries", "400", "--json", "--quiet"]);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn attacks_on_a_run_are_counted_by_what_stops_them_and_by_what_does_not() {
    let cohort = Cohort::new("1");
    let less = ["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"];
    let run = cohort.run("out", &less);
    let found = attack(&run);
    assert_eq!(found["people"], 8);
    assert_eq!(found["operating_points"].as_array().unwrap().len(), 2);

    let own = row(&found, "no attack");
    let impostors = row(&found, "other people, without effort");
    assert!(rate(own, 0) > rate(impostors, 0) && rate(impostors, 0) < 0.5, "{own:#} {impostors:#}");
    assert!(impostors["outcomes"][0]["rate"]["ci95"].is_array(), "{impostors:#}");

    let exact = row(&found, "replay of the enrolment, exact");
    assert_eq!((&exact["attempts"], &exact["refused"]["replay, by its hash"]), (&8.into(), &8.into()));
    assert!(exact["middle_score"].as_f64().unwrap() > 0.9999, "{exact:#}");
    assert_eq!((rate(exact, 0), &exact["outcomes"][1]["rate_without_checks"]["value"]), (0.0, &1.0.into()));
    for name in ["replay of a cut of the enrolment, exact", "replay of a cut of the enrolment, resampled"] {
        let cut = row(&found, name);
        assert!(cut.get("refused").is_none() && rate(cut, 0) > 0.5, "no check knows a cut: {cut:#}");
    }
    for name in ["flat line", "white noise"] {
        let noise = row(&found, name);
        assert_eq!(noise["refused"]["no EEG"], noise["attempts"], "{noise:#}");
        assert_eq!((rate(noise, 0), rate(noise, 1)), (0.0, 0.0));
    }
    let falling = row(&found, "noise with the falling spectrum");
    assert!(
        falling["attempts"].as_u64() == Some(64) && falling["refused"].get("no EEG").is_none(),
        "{falling:#}"
    );

    let climb = |words: &str| row(&found, &format!("hill climbing, prints, {words}, 400 queries"));
    let (full, rounded) = (climb("scores in full"), climb("scores to one decimal"));
    assert!(rate(full, 0) > rate(impostors, 0), "climbing does nothing: {full:#}");
    let reached = |row: &Value| rate(row, 0) + rate(row, 1);
    assert!(reached(full) > reached(rounded), "rounding does nothing: {full:#} {rounded:#}");
    let waits = row(&found, "hill climbing, prints, scores in full, a day of waits (315 queries)");
    assert!(reached(waits) <= reached(full));
    assert!(row(&found, "hill climbing, signals, scores in full, 100 queries")["attempts"] == 8);

    assert_eq!(rate(row(&found, "stolen plain gallery: its templates"), 1), 1.0);
    let sealed = row(&found, "stolen sealed gallery, without");
    assert_eq!((rate(sealed, 0), sealed["outcomes"].as_array().unwrap().len()), (0.0, 1), "{sealed:#}");
    assert_eq!(sealed["refused"]["the seal: no key, no template"], 8);
    assert_eq!(rate(row(&found, "stolen sealed gallery, with its key"), 1), 1.0);
    assert!(rate(row(&found, "stolen cancelable gallery, without"), 1) < 0.5);
    assert_eq!(rate(row(&found, "stolen cancelable gallery, with its key"), 1), 1.0);
    assert_eq!(rate(row(&found, "membership, from the list"), 0), 1.0);
    let guessed = row(&found, "membership, from how alike");
    assert!(guessed["attempts"] == 16 && (0.0..=1.0).contains(&rate(guessed, 0)), "{guessed:#}");
    assert!(row(&found, "morphed template")["attempts"].as_u64().unwrap() > 0);

    assert_eq!(json(&run.join("attacks.json")), found);
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("id=\"attacks\"") && page.contains("stolen sealed gallery"));
    assert_eq!(attack(&run), found, "the same run gives the same numbers");

    // What was tried on the encoders of before is not said of those that are evaluated anew.
    let again = cohort.run("out", &[&less[..], &["--from", "evaluate"]].concat());
    assert!(again == run && !run.join("attacks.json").exists());
    assert!(!std::fs::read_to_string(run.join("report.html")).unwrap().contains("id=\"attacks\""));
}

#[test]
fn what_cannot_be_attacked_is_refused_with_the_reason() {
    let cohort = Cohort::new("1");
    let pipeline = cohort.pipeline();
    let said = refuse(&["evaluate", pipeline.to_str().unwrap(), "--attacks"]);
    assert!(said.contains("run folder"), "{said}");
    let less = ["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"];
    let run = cohort.run("out", &less);
    let run = run.to_str().unwrap();
    let said = refuse(&["evaluate", run, "--attacks", "--queries", "0"]);
    assert!(said.contains("--queries 0"), "{said}");
    succeed(&["runs", "prune", run]);
    let said = refuse(&["evaluate", run, "--attacks"]);
    assert!(said.contains("--from preprocess"), "{said}");
}
