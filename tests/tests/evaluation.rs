//! What a run says about its own numbers: audits, options, leaks on purpose, sweeps, and scores of other tools.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use twinprint_report::Results;
use twinprint_report::results::Outcome;
use twinprint_tests::{Cohort, PIPELINE, succeed};

/// What the command says when it refuses, its frame and line breaks taken out.
fn refuse(arguments: &[&str]) -> String {
    let said = twinprint_tests::refuse(arguments).replace(['│', '╰', '─', '▶', '×'], " ");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn results(folder: &Path) -> Results {
    Results::from_json(&fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

/// The smallest plan that still has every kind of number; further lines are added.
fn quick(more: &str) -> String {
    format!("{}baselines = [\"log_psd_wccn\"]\n{more}\n", PIPELINE.replace("episodes = 20", "episodes = 5"))
}

#[test]
fn every_number_has_its_interval_every_audit_its_row_and_dev_people_calibrate() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), quick("").replace("folds = 2", "folds = 2\ndev_subjects = 2")).unwrap();
    let results = results(&cohort.run("out", &[]));
    for row in &results.verification {
        assert!(row.cllr.is_some() && row.transported.len() == 2, "{row:?}");
        assert!(row.transported.iter().all(|moved| moved.fmr_ci95.is_some() && moved.fnmr_ci95.is_some()));
        for key in ["d_prime", "cllr"] {
            assert!(row.ci95.contains_key(key), "{} has no interval of {key}", row.system);
        }
        for (key, value) in [("min_dcf", row.min_dcf), ("min_cllr", row.min_cllr), ("auc", row.auc)] {
            let varies = value.is_some_and(|value| value > 0.0 && value < 1.0);
            assert!(row.ci95.contains_key(key) || !varies, "{} has no interval of {key}", row.system);
        }
    }
    assert!(results.identification.iter().all(|row| row.cmc_ci95.len() == row.cmc.len()));
    for check in [
        "shuffled subject labels",
        "recording length only",
        "channel amplitude only",
        "line noise only",
        "channel gain only",
        "spectral shape only (gain removed)",
        "1–4 Hz alone",
        "20–30 Hz alone",
        "above 30 Hz alone",
    ] {
        let rows = results.audit.iter().filter(|row| row.check == check);
        assert_eq!(rows.clone().count(), 2, "{check}: {:?}", results.audit);
        // Recordings of one length tie everywhere, and ties have no interval.
        assert!(rows.clone().all(|row| row.eer.is_some() || check == "recording length only"), "{check}");
    }
    assert!(
        results.verification.iter().all(|row| !row.system.contains("only") && !row.system.contains("_hz")),
        "an audit is no system"
    );
}

#[test]
fn audits_are_left_out_by_name_and_pooling_and_normalisation_change_the_scores() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), quick("audits = [\"band_8_13_hz\"]")).unwrap();
    let plain = results(&cohort.run("plain", &[]));
    let checks =
        |results: &Results, check: &str| results.audit.iter().filter(|row| row.check == check).count();
    assert_eq!((checks(&plain, "8–13 Hz alone"), checks(&plain, "shuffled subject labels")), (2, 0));
    let said =
        refuse(&["check", cohort.pipeline().to_str().unwrap(), "--set", "evaluation.audits=[\"bands\"]"]);
    assert!(said.contains("bands") && said.contains("band_8_13_hz"), "{said}");
    let d_prime = |results: &Results| results.verification[1].d_prime.unwrap();
    for (name, set) in [
        ("medoid", "evaluation.template=medoid"),
        ("robust", "evaluation.probe=robust_mean"),
        ("z", "evaluation.normalisation={ name = \"z\" }"),
        ("t", "evaluation.normalisation={ name = \"t\" }"),
        ("s", "evaluation.normalisation={ name = \"s\" }"),
        ("adaptive", "evaluation.normalisation={ name = \"adaptive_s\", top = 4 }"),
    ] {
        let found = results(&cohort.run(name, &["--set", set]));
        assert_ne!(d_prime(&found), d_prime(&plain), "{set} changes nothing");
        assert!(found.verification.iter().all(|row| row.eer.is_some_and(|eer| eer.value < 0.5)), "{set}");
    }
    let pipeline = cohort.pipeline();
    let few = ["run", pipeline.to_str().unwrap(), "--out", "/tmp/never", "--set"];
    let said = refuse(&[&few[..], &["evaluation.normalisation={ name = \"adaptive_s\", top = 1 }"]].concat());
    assert!(said.contains("top = 1") && said.contains("2 or more"), "{said}");
}

#[test]
fn a_leak_is_refused_with_two_rows_and_on_purpose_it_is_marked_with_what_it_gains() {
    let cohort = Cohort::new("1");
    let leaking = quick("audits = []").replace("recordings = [\"ses-2\"]", "recordings = [\"ses-1\"]");
    fs::write(cohort.pipeline(), leaking).unwrap();
    let pipeline = cohort.pipeline();
    let said = refuse(&["check", pipeline.to_str().unwrap()]);
    for word in ["leak same-recording", "test enrol", "test probe", "--allow-leak same-recording"] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    let shown = succeed(&["check", pipeline.to_str().unwrap(), "--allow-leak", "same-recording"]);
    assert!(shown.contains("allowed: same-recording"), "{shown}");
    let unknown = refuse(&["check", pipeline.to_str().unwrap(), "--allow-leak", "overlap"]);
    assert!(unknown.contains("--allow-leak: \"overlap\"") && unknown.contains("same-session"), "{unknown}");
    let allowed = ["--allow-leak", "same-recording", "--set", "protocol.guard_seconds=0", "--allow-leak"];
    let folder = cohort.run("out", &[&allowed[..], &["windows-without-guard"]].concat());
    let results = results(&folder);
    let names: Vec<&str> = results.leaks.iter().map(|leak| leak.leak.as_str()).collect();
    assert_eq!(names, ["same-recording", "windows-without-guard"]);
    for gained in results.leaks.iter().flat_map(|leak| &leak.optimism) {
        let leaky = results
            .verification
            .iter()
            .find(|row| row.system == gained.system && row.probe_seconds == gained.probe_seconds);
        assert_eq!(leaky.unwrap().eer.unwrap().value, gained.leaky_eer);
    }
    assert_eq!(results.leaks[0].optimism.len(), 4, "two systems at two lengths");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(
        page.contains("class=\"alert leak\"") && page.contains("points of optimism")
            || page.contains("optimism <b>")
    );
    let honest = fs::read_dir(folder.join("honest")).unwrap().count();
    assert_eq!(honest, 1, "the honest run is kept beside");
}

#[test]
fn people_who_train_and_are_tested_on_purpose_are_measured_against_those_who_do_not() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), quick("audits = []")).unwrap();
    let results = results(&cohort.run("out", &["--allow-leak", "subject-in-two-roles"]));
    assert_eq!(results.leaks.len(), 1, "{:?}", results.leaks);
    assert!(results.leaks[0].detail.contains("and 7 more like it"), "{}", results.leaks[0].detail);
    assert_eq!(results.leaks[0].optimism.len(), 4);
}

#[test]
fn one_file_under_two_people_on_purpose_is_measured_against_a_cohort_without_the_copy() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), quick("audits = []")).unwrap();
    let at = |subject: &str| {
        let folder = cohort.folder.path().join(format!("cohort/{subject}/ses-1/eeg"));
        let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap()
    };
    fs::copy(at("sub-01"), at("sub-02")).unwrap();
    let pipeline = cohort.pipeline();
    assert!(refuse(&["check", pipeline.to_str().unwrap()]).contains("sub-02"));
    let folder = cohort.run("out", &["--allow-leak", "duplicate-recording"]);
    assert_eq!(results(&folder).leaks[0].optimism.len(), 4);
    let honest = twinprint_tests::only_run(&folder.join("honest"));
    assert_eq!(
        results(&honest).protocol.test_subjects,
        7,
        "whose the file is nobody knows: they are left out"
    );
}

#[test]
fn labels_other_than_the_subject_are_told_apart_for_people_never_seen() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), quick("audits = []\nlabels = [\"subject\", \"session\", \"nothing\"]"))
        .unwrap();
    let results = results(&cohort.run("out", &[]));
    let absent =
        results.audits(Outcome::Absent).filter(|row| row.check.starts_with("classifiers of nothing"));
    assert_eq!(absent.count(), 2, "{:?}", results.audit);
    for row in results.classifiers.iter().filter(|row| row.label != "subject") {
        assert!(row.accuracy.is_some() && row.balanced_ci95.is_some(), "{row:?}");
    }
}

#[test]
fn a_sweep_trains_once_for_each_training_set_and_is_cached() {
    let cohort = Cohort::new("1");
    let axes = "
[[sweep]]
name = \"training subjects\"
key = \"protocol.train.subjects\"
values = [2, 4]

[[sweep]]
name = \"enrol seconds\"
key = \"protocol.enrol.seconds\"
values = [5.0, 10.0]

[[sweep]]
name = \"channels\"
key = \"preprocess.channels.pick\"
values = [[\"Fp1\", \"Fp2\", \"F7\"]]
labels = [\"3\"]
";
    fs::write(cohort.pipeline(), quick("audits = []") + axes).unwrap();
    let out = cohort.folder.path().join("out");
    let (pipeline, out) = (cohort.pipeline(), out.to_str().unwrap().to_owned());
    let arguments = ["sweep", pipeline.to_str().unwrap(), "--out", &out, "--quiet", "--json"];
    let first: serde_json::Value = serde_json::from_str(&succeed(&arguments)).unwrap();
    assert_eq!(first["rows"].as_array().unwrap().len(), 5 * 2 * 2, "points, probe lengths, systems");
    let trained = fs::read_dir(Path::new(&out).join(".cache/train")).unwrap().count();
    assert_eq!(trained, 3, "five points, three training sets");
    let folder = Path::new(&out).join("small-sweep");
    let page = fs::read_to_string(folder.join("sweep.html")).unwrap();
    assert!(page.contains("training subjects") && page.contains("<svg"));
    assert_eq!(fs::read_to_string(folder.join("sweep.csv")).unwrap().lines().count(), 21);
    let again: serde_json::Value = serde_json::from_str(&succeed(&arguments)).unwrap();
    assert_eq!((&again["cached"], &again["rows"]), (&serde_json::json!(5), &first["rows"]));
    let set = ["run", pipeline.to_str().unwrap(), "--out", &out, "--quiet", "--json", "--set"];
    let alone = succeed(&[&set[..], &["protocol.enrol.seconds=10.0"]].concat());
    let alone = Results::from_json(&alone).unwrap();
    let row = |seconds: f64| alone.verification.iter().find(|row| row.probe_seconds == seconds).unwrap();
    let swept = first["rows"].as_array().unwrap().iter().find(|row| {
        row["axis"] == "enrol seconds"
            && row["value"] == "10.0"
            && row["probe_seconds"] == 5.0
            && row["system"] == "encoder"
    });
    assert_eq!(swept.unwrap()["eer"]["value"], row(5.0).eer.unwrap().value, "as a run of its own");
    fs::write(&pipeline, quick("")).unwrap();
    assert!(refuse(&arguments).contains("[[sweep]]"));
}

#[test]
fn the_scores_of_a_run_give_its_own_error_rates_when_they_are_evaluated_as_a_file() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), quick("audits = []")).unwrap();
    let folder = cohort.run("out", &[]);
    let scores = folder.join("scores.parquet");
    let said = succeed(&["evaluate", "--scores", scores.to_str().unwrap(), "--bootstrap", "200", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let results = results(&folder);
    assert_eq!(report["systems"].as_array().unwrap().len(), results.verification.len());
    for (summary, row) in report["systems"].as_array().unwrap().iter().zip(&results.verification) {
        assert_eq!(summary["group"]["system"], row.system);
        assert_eq!(summary["eer"]["value"].as_f64().unwrap(), row.eer.unwrap().value);
        assert_eq!(summary["min_cllr"].as_f64().unwrap(), row.min_cllr.unwrap());
    }
    let shown = succeed(&["evaluate", "--scores", scores.to_str().unwrap(), "--bootstrap", "200"]);
    assert!(shown.contains("system encoder") && shown.contains("rank 1 %"), "{shown}");
    for wrong in [
        &["evaluate"][..],
        &["evaluate", "a.toml", "--scores", "b.csv"],
        &["evaluate", "a.toml", "--distance"],
    ] {
        refuse(wrong);
    }
}
