//! Wrong paths, misspelt keys, impossible values, damaged files: one clear answer each, and nothing left behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;

use twinprint_tests::{Cohort, PIPELINE, refuse, succeed};

/// What a pipeline text is answered with, white space folded, and that no run folder appeared.
fn answer(cohort: &Cohort, text: &str, more: &[&str]) -> String {
    fs::write(cohort.pipeline(), text).unwrap();
    let out = cohort.folder.path().join("out");
    let pipeline = cohort.pipeline();
    let mut arguments = vec!["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"];
    arguments.extend(more);
    let said = refuse(&arguments);
    let finals: Vec<_> = fs::read_dir(&out)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    let finals: Vec<&String> =
        finals.iter().filter(|name| !name.ends_with(".partial") && *name != ".cache").collect();
    assert!(finals.is_empty(), "a run folder was left: {finals:?}");
    said.replace(['│', '╰', '─', '▶', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

#[test]
fn a_pipeline_that_is_not_there_is_named() {
    says(
        &refuse(&["run", "no/such/pipeline.toml"]),
        &["no/such/pipeline.toml", "there is no such pipeline", "has no .toml file"],
    );
}

#[test]
fn impossible_plans_are_refused_with_line_value_limit_and_remedy() {
    let cohort = Cohort::new("1");
    let with = |extra: &str| format!("{PIPELINE}\n{extra}\n");
    let cases: [(String, &[&str]); 12] = [
        (
            PIPELINE.replace("root = \"cohort\"", "root = \"elsewhere\""),
            &["small.toml:4", "elsewhere", "is not a folder"],
        ),
        (PIPELINE.replace("folds = 2", "fold = 2"), &["no key fold", "did you mean folds?"]),
        (
            PIPELINE.replace("folds = 2", "folds = 7"),
            &["small.toml:10", "folds = 7", "8 subjects", "folds = 4"],
        ),
        (
            PIPELINE.replace("seconds = 10.0", "seconds = 100.0"),
            &["small.toml:11", "100 s", "30 s recorded", "on_short"],
        ),
        (
            PIPELINE.replace("seconds = 10.0", "seconds = 10.5"),
            &["small.toml:11", "enrol.seconds = 10.5 s", "epochs of 1 s", "10 or 11"],
        ),
        (PIPELINE.replace("name = \"small\"", "name = \"a/b\""), &["small.toml:1", "letters, digits"]),
        (with("[preprocess.filter]\nh_freq = 64.0"), &["h_freq", "64", "Nyquist"]),
        (with("[preprocess.channels]\npick = [\"Fp1\", \"Q9\"]"), &["no channel Q9", "Fp1", "on_missing"]),
        (PIPELINE.replace("bootstrap = 200", "bootstrap = 3"), &["evaluation.bootstrap", "200 or more"]),
        (
            PIPELINE.replace("bootstrap = 200", "bootstrap = 9000000000"),
            &["evaluation.bootstrap", "1000000 or less"],
        ),
        (PIPELINE.replace("episodes = 20", "episodes = 9000000000"), &["evaluation.episodes", "or less"]),
        (with("[encoder.batch]\nsubjects = 1000000000"), &["batch.subjects", "at most 16384 windows"]),
    ];
    for (text, words) in cases {
        says(&answer(&cohort, &text, &[]), words);
    }
    // What a message holds is not said once more as its cause.
    let misspelt = answer(&cohort, &PIPELINE.replace("folds = 2", "fold = 2"), &[]);
    assert_eq!(misspelt.matches("the keys here are").count(), 1, "{misspelt}");
}

#[test]
fn overrides_are_checked_like_the_file() {
    let cohort = Cohort::new("1");
    says(&answer(&cohort, PIPELINE, &["--set", "protocol.folds"]), &["key.path=value"]);
    says(&answer(&cohort, PIPELINE, &["--set", "protocol.fold=3"]), &["protocol.fold=3", "no key fold"]);
    says(&answer(&cohort, PIPELINE, &["--device", "abacus"]), &["abacus", "cpu"]);
    says(
        &answer(&cohort, PIPELINE, &["--from", "lunch"]),
        &["lunch", "preprocess, train, embed, evaluate, report"],
    );
}

#[test]
fn a_truncated_recording_and_one_that_is_no_recording_are_named() {
    let cohort = Cohort::new("1");
    let folder = cohort.folder.path().join("cohort/sub-01/ses-1/eeg");
    let file = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "edf"))
        .unwrap();
    let whole = fs::read(&file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    fs::write(&file, &whole[..whole.len() - 100]).unwrap();
    let said = answer(&cohort, PIPELINE, &[]);
    says(&said, &[name, "bytes", "dataset.lenient"]);
    assert_eq!(said.matches(name).count(), 1, "{said}");
    fs::write(&file, "hello").unwrap();
    let said = answer(&cohort, PIPELINE, &[]);
    says(&said, &[name, "not an EDF or BDF file"]);
    assert!(!said.contains("lenient"), "nothing of this file is certain: {said}");
}

#[test]
fn one_recording_under_two_names_is_a_leak_with_both_rows_shown() {
    let cohort = Cohort::new("1");
    let at = |subject: &str| {
        let folder = cohort.folder.path().join(format!("cohort/{subject}/ses-1/eeg"));
        let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap()
    };
    fs::copy(at("sub-01"), at("sub-02")).unwrap();
    let said = answer(&cohort, PIPELINE, &[]);
    says(&said, &["duplicate-recording", "sub-01", "sub-02"]);
}

#[test]
fn a_template_longer_than_one_of_two_recordings_comes_from_the_other() {
    let cohort = Cohort::new("1");
    let short = cohort.folder.path().join("short");
    let words = "--subjects 8 --sessions 1 --seconds 12 --channels 6 --rate 128 --seed 2 --quiet";
    succeed(&["synth", short.to_str().unwrap()].into_iter().chain(words.split(' ')).collect::<Vec<_>>());
    for subject in (1..=8).map(|number| format!("sub-{number:02}")) {
        let from = short.join(format!("{subject}/ses-1/eeg/{subject}_ses-1_task-rest_eeg.edf"));
        let to = format!("cohort/{subject}/ses-1/eeg/{subject}_ses-1_task-rest_run-2_eeg.edf");
        fs::copy(from, cohort.folder.path().join(to)).unwrap();
    }
    fs::write(cohort.pipeline(), PIPELINE.replace("seconds = 10.0", "seconds = 20.0")).unwrap();
    succeed(&["check", cohort.pipeline().to_str().unwrap()]);
}

#[test]
fn a_cohort_is_not_written_over_what_is_there() {
    let cohort = Cohort::new("1");
    let folder = cohort.folder.path().join("cohort");
    says(&refuse(&["synth", folder.to_str().unwrap()]), &["cohort"]);
    says(&refuse(&["synth", "/tmp/never", "--subjects", "0"]), &["subjects", "0"]);
}
