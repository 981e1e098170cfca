//! The whole road on real recordings.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use twinprint_report::Results;
use twinprint_report::results::Outcome;
use twinprint_tests::{only_run, real, refuse, root, succeed};

#[test]
fn eegmat_runs_end_to_end_and_verifies_people_never_seen() {
    if real("eegmat").is_none() {
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_str().unwrap();
    succeed(&["run", "pipelines/eegmat.toml", "--out", out, "--quiet"]);
    let folder = only_run(out.as_ref());
    let results = Results::from_json(&std::fs::read_to_string(folder.join("results.json")).unwrap()).unwrap();
    assert_eq!((results.protocol.test_subjects, results.protocol.folds), (24, 3));
    let row = |system: &str, seconds: f64| {
        let found =
            results.verification.iter().find(|row| row.system == system && row.probe_seconds == seconds);
        found.unwrap_or_else(|| panic!("no {system} at {seconds} s")).clone()
    };
    let eer = |system: &str, seconds: f64| row(system, seconds).eer.unwrap().value;
    assert_eq!(row("encoder", 2.0).mated + row("encoder", 2.0).non_mated, 24 * 30 * 8);
    assert!(eer("encoder", 2.0) <= 0.03 && eer("encoder", 10.0) <= 0.02);
    assert!(
        eer("encoder", 2.0) < eer("log_psd_cosine", 2.0)
            && eer("encoder", 2.0) < eer("untrained_encoder", 2.0)
    );
    let shuffled = results.audit.iter().filter(|row| row.check == "shuffled subject labels");
    assert!(
        shuffled.clone().count() == 2 && shuffled.clone().all(|row| row.outcome == Outcome::Passed),
        "{:?}",
        results.audit
    );
    for name in ["run.json", "results.json", "report.html", "plan.json", "split.json"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            !text.contains("01-JAN-1990") && !text.contains("NeuroCom"),
            "{name} holds a header's patient field"
        );
    }
}

#[test]
fn every_pipeline_in_the_repository_is_checked_without_a_leak() {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let data = ["eegmat", "muse-cueing", "quickstart"].into_iter().find(|name| {
            let pipeline = name.trim_end_matches("-cueing");
            let named = [
                format!("name = \"{name}\" }}"),
                format!("data/{name}\""),
                format!("\"common/{name}-"),
                format!("extends = \"{pipeline}.toml\""),
            ];
            named.iter().any(|named| text.contains(named))
        });
        let data = data.unwrap_or_else(|| panic!("{} names no dataset this test knows", path.display()));
        seen += 1;
        if data == "quickstart" {
            continue;
        }
        if real(data).is_some() {
            let said = succeed(&["check", path.to_str().unwrap()]);
            assert!(said.contains("none found"), "{said}");
        }
    }
    assert!(seen >= 3);
}

#[test]
fn the_quickstart_pipeline_runs_on_the_cohort_that_synth_writes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(folder.path().join("pipelines")).unwrap();
    std::fs::copy(root().join("pipelines/quickstart.toml"), at("pipelines/quickstart.toml")).unwrap();
    let pipeline = std::fs::read_to_string(root().join("pipelines/quickstart.toml")).unwrap();
    let synth = pipeline.lines().find_map(|line| line.strip_prefix("#   twinprint synth data/quickstart "));
    let synth: Vec<&str> = synth.unwrap().split(' ').collect();
    succeed(&[&["synth", &at("data/quickstart"), "--quiet"][..], &synth].concat());
    let said = succeed(&["run", &at("pipelines/quickstart.toml"), "--out", &at("reports"), "--quiet"]);
    assert!(said.contains("encoder") && said.contains("run folder"), "{said}");
    assert!(said.contains("Synthetic"), "every output says that nobody was recorded: {said}");
    // What `cargo xtask quickstart` prints below the table, xtask/src/quickstart.txt, must be so.
    assert!(said.contains("20 training subjects a fold · 40 test subjects"), "{said}");
    let verdict = |length: &str| said.lines().find(|line| line.starts_with(length)).unwrap().to_owned();
    assert!(verdict("2 s probes: ").ends_with("the encoder beats every baseline"), "{said}");
    assert!(verdict("10 s probes: ").contains("not by more than chance explains"), "{said}");
    assert!(!said.contains("learnt nothing"), "a newcomer's first run: {said}");
}

#[test]
fn a_file_mangled_by_a_text_transfer_is_refused_by_name() {
    let Some(folder) = real("eegmmidb") else { return };
    let said = refuse(&["inspect", folder.join("damaged/S001R01-crlf-mangled.edf").to_str().unwrap()]);
    assert!(said.contains("text mode") || said.contains("text-mode"), "{said}");
}
