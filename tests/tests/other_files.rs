//! Cohorts as other people have them: what is usable is used, what is not is refused by `check` with the key that mends it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use twinprint_tests::edf::Edf;
use twinprint_tests::{Cohort, refuse, run, succeed};

/// Every file below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            (if path.is_dir() { &mut folders } else { &mut found }).push(path);
        }
    }
    found.sort();
    found
}

fn recordings(cohort: &Cohort) -> Vec<PathBuf> {
    let mut found = below(&cohort.folder.path().join("cohort"));
    found.retain(|path| path.extension().is_some_and(|ending| ending == "edf"));
    assert_eq!(found.len(), 16);
    found
}

/// Changes every recording of a cohort.
fn change(cohort: &Cohort, how: impl Fn(&mut Edf)) {
    for path in recordings(cohort) {
        let mut edf = Edf::read(&path);
        how(&mut edf);
        edf.write(path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
    }
}

fn check(cohort: &Cohort, more: &[&str]) -> String {
    let pipeline = cohort.pipeline();
    let output = run(&[&["check", pipeline.to_str().unwrap()], more].concat());
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    flat(&said)
}

fn refused(cohort: &Cohort, more: &[&str]) -> String {
    let pipeline = cohort.pipeline();
    flat(&refuse(&[&["check", pipeline.to_str().unwrap()], more].concat()))
}

fn flat(said: &str) -> String {
    said.replace(['│', '╰', '─', '▶', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

/// The file of epochs below a folder.
fn epochs(out: &Path) -> Vec<u8> {
    let found = below(out).into_iter().find(|path| path.ends_with("epochs.h5"));
    std::fs::read(found.unwrap()).unwrap()
}

#[test]
fn channels_that_are_no_eeg_by_name_or_unit_are_set_aside_and_listed() {
    let cohort = Cohort::new("1");
    change(&cohort, |edf| {
        edf.label(4, "Status").label(5, "ACC_X").unit(5, "g");
    });
    // What the side-cars list is what they say; without them the files speak for themselves.
    for path in recordings(&cohort) {
        let name = path.to_str().unwrap().replace("_eeg.edf", "_channels.tsv");
        std::fs::remove_file(name).unwrap();
    }
    says(
        &check(&cohort, &[]),
        &["channels set aside as no EEG", "Status (its name says STATUS)", "ACC_X (its name says ACC)"],
    );
    let shown = succeed(&["inspect", recordings(&cohort)[0].to_str().unwrap()]);
    says(&shown, &["no EEG unless picked", "Status", "ACC_X"]);
}

#[test]
fn an_empty_unit_is_stated_in_the_plan_and_nothing_else_changes() {
    let cohort = Cohort::new("1");
    let out = |name: &str| cohort.folder.path().join(name);
    let preprocess = |name: &str, more: &[&str]| {
        let (pipeline, out) = (cohort.pipeline(), out(name));
        let fixed = ["preprocess", pipeline.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()];
        succeed(&[&fixed, more].concat());
    };
    preprocess("before", &[]);
    change(&cohort, |edf| {
        for signal in 0..6 {
            edf.unit(signal, "");
        }
    });
    says(&refused(&cohort, &[]), &["it states no unit for", "preprocess.channels.unit"]);
    preprocess("after", &["--set", "preprocess.channels.unit=\"uV\""]);
    let (before, after) = (epochs(&out("before")), epochs(&out("after")));
    let numbers = 16 * 30 * 6 * 128 * 4;
    assert!(before.len() > numbers && after.len() > numbers);
    // The attributes name another plan; the numbers stand in front of them or behind, all of them unchanged.
    let same = before.iter().zip(&after).filter(|(a, b)| a == b).count();
    assert!(same > numbers, "{same} of {numbers} bytes");
}

#[test]
fn check_refuses_what_preprocessing_would_with_the_key_that_mends_it() {
    let cohort = Cohort::new("1");
    change(&cohort, |edf| {
        edf.unit(3, "degC");
    });
    let drop = ["--set", "preprocess.channels.drop=[\"F3\"]"];
    let said = refused(&cohort, &[]);
    says(&said, &["\"degC\", which is no voltage", "preprocess.channels.drop", "preprocess.channels.pick"]);
    assert!(said.contains("F3"), "the fourth channel of a synthetic cohort: {said}");
    check(&cohort, &drop);
    change(&cohort, |edf| {
        edf.unit(3, "uV").label(3, "Fp1");
    });
    says(&refused(&cohort, &[]), &["two of its channels", "Fp1", "preprocess.channels.drop"]);
    check(&cohort, &["--set", "preprocess.channels.drop=[\"Fp1\"]"]);
}

#[test]
fn lenient_reading_is_advised_only_where_it_helps() {
    let cohort = Cohort::new("1");
    let path = &recordings(&cohort)[0];
    let whole = std::fs::read(path).unwrap();
    let with = |at: usize, text: &str| {
        let mut bytes = whole.clone();
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        std::fs::write(path, bytes).unwrap();
        refused(&cohort, &[])
    };
    let helps = with(236, "9       ");
    says(&helps, &["number of data records", "dataset.lenient"]);
    check(&cohort, &["--set", "dataset.lenient=true"]);
    for (at, text) in [(236, "        "), (252, "3   ")] {
        let said = with(at, text);
        assert!(!said.contains("lenient"), "{said}");
        says(&said, &["at byte", "it must be"]);
    }
}

#[test]
fn check_refuses_recordings_of_another_rate_and_those_too_short_for_the_filter() {
    let cohort = Cohort::new("1");
    let other = |name: &str, more: &str| {
        let folder = cohort.folder.path().join(name);
        let words = format!("--subjects 1 --sessions 1 --channels 6 --quiet {more}");
        succeed(&["synth", folder.to_str().unwrap()].into_iter().chain(words.split(' ')).collect::<Vec<_>>());
        let found = below(&folder).into_iter().find(|path| path.to_str().unwrap().ends_with("_eeg.edf"));
        std::fs::copy(found.unwrap(), &recordings(&cohort)[3]).unwrap();
    };
    other("fast", "--seconds 30 --rate 160");
    check(&cohort, &[]);
    let said = refused(&cohort, &["--set", "preprocess.resample=false"]);
    says(&said, &["128 Hz", "sub-02/ses-2", "160 Hz", "preprocess.resample.sfreq", "exclude_recordings"]);
    other("short", "--seconds 2 --rate 128");
    let said = refused(
        &cohort,
        &["--set", "protocol.probe.recordings=[\"ses-1\"]", "--set", "protocol.enrol.recordings=[\"ses-2\"]"],
    );
    says(&said, &["sub-02_ses-2", "256 samples", "band filter needs", "leave the recording out"]);
}
