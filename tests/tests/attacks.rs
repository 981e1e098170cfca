//! Who should not be let in: noise, replays, and whoever asks again and again.

#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use twinprint_tests::edf::Edf;
use twinprint_tests::{Cohort, json, refuse, run, succeed};

/// A gallery with one stranger to the encoder in it.
struct Stage {
    cohort: Cohort,
    gallery: String,
    run: PathBuf,
    people: [String; 2],
}

impl Stage {
    fn new() -> Self {
        let cohort = Cohort::new("1");
        let run = cohort.run("out", &["--set", "evaluation.baselines=[]"]);
        let test = json(&run.join("split.json"))["folds"][0]["test"].clone();
        let people = [0, 1].map(|at: usize| test[at].as_str().unwrap().to_owned());
        let gallery = cohort.folder.path().join("g.gallery").to_str().unwrap().to_owned();
        let stage = Self { cohort, gallery, run, people };
        let [ann, _] = &stage.people;
        succeed(&words(&stage.enrol(ann, &stage.recording(ann, "ses-1"))));
        stage
    }

    fn recording(&self, subject: &str, session: &str) -> String {
        let folder = self.cohort.folder.path().join(format!("cohort/{subject}/{session}/eeg"));
        let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let found = files.find(|path| path.extension().is_some_and(|ending| ending == "edf"));
        found.unwrap().to_str().unwrap().to_owned()
    }

    fn enrol(&self, subject: &str, file: &str) -> Vec<String> {
        let run = self.run.to_str().unwrap();
        let all = ["enroll", "--gallery", &self.gallery, "--model", run, "--subject", subject, file];
        all.map(str::to_owned).to_vec()
    }

    fn verify(&self, file: &str, more: &[&str]) -> Vec<String> {
        let fixed = ["verify", "--gallery", &self.gallery, "--subject", &self.people[0], file];
        fixed.iter().chain(more).map(|word| (*word).to_owned()).collect()
    }

    fn answer(&self, file: &str, more: &[&str]) -> (i32, Value) {
        let output = run(&words(&self.verify(file, &[more, &["--json"]].concat())));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        (output.status.code().unwrap(), value)
    }
}

fn words(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

fn flat(said: &str) -> String {
    said.replace(['│', '╰', '─', '▶', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn noise_neither_enrols_nor_verifies_nor_is_identified() {
    let stage = Stage::new();
    let good = stage.recording(&stage.people[1], "ses-1");
    let noise = |name: &str, least: i64, most: i64| {
        let mut state = 1u64;
        let mut edf = Edf::read(Path::new(&good));
        edf.fill(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (least + ((state >> 33) as i64) % (most - least + 1)) as i16
        });
        edf.write(stage.cohort.folder.path(), name).to_str().unwrap().to_owned()
    };
    let mut alike = Edf::read(Path::new(&good));
    let (first, mut taken) = (alike.samples(0), [0; 64]);
    alike.fill(|signal| {
        taken[signal] += 1;
        first[taken[signal] - 1]
    });
    let alike = alike.write(stage.cohort.folder.path(), "alike.edf").to_str().unwrap().to_owned();
    for (file, why) in [
        (noise("loud.edf", -900, 900), "flat spectrum of noise"),
        (noise("step.edf", -1, 1), "failure to enrol or acquire"),
        (alike, "copies of one another"),
    ] {
        let identify = ["identify", "--gallery", &stage.gallery, &file];
        for said in [
            refuse(&words(&stage.enrol("headset", &file))),
            refuse(&words(&stage.verify(&file, &[]))),
            refuse(&identify),
        ] {
            let said = flat(&said);
            assert!(said.contains("failure to enrol or acquire") && said.contains(why), "{file}: {said}");
        }
    }
}

#[test]
fn the_enrolled_recording_itself_is_no_match_and_scores_are_told_to_one_decimal() {
    let stage = Stage::new();
    let [ann, _] = &stage.people;
    let enrolled = stage.recording(ann, "ses-1");
    let (code, said) = stage.answer(&enrolled, &[]);
    assert_eq!(
        (code, &said["matched"], &said["replay"]["subject"]),
        (1, &false.into(), &ann.as_str().into())
    );
    assert!(said["notices"].to_string().contains("--allow-replay"), "{said}");
    let (code, said) = stage.answer(&enrolled, &["--allow-replay"]);
    assert_eq!((code, &said["matched"]), (0, &true.into()));
    assert_eq!(said["replay"]["subject"], ann.as_str());
    let score =
        |more: &[&str]| stage.answer(&stage.recording(ann, "ses-2"), more).1["score"].as_f64().unwrap();
    let (told, full) = (score(&[]), score(&["--scores"]));
    assert!((10.0 * told).fract().abs() < 1e-9 && (told - full).abs() <= 0.05 + 1e-9, "{told} for {full}");
    assert!((10.0 * full).fract().abs() > 1e-9, "{full} must have more decimals for this test to tell");
    let output = run(&["identify", "--gallery", &stage.gallery, &enrolled, "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["candidates"][0][2]), (Some(1), &false.into()));
}

#[test]
fn who_does_not_match_again_and_again_has_to_wait() {
    let stage = Stage::new();
    let other = stage.recording(&stage.people[1], "ses-2");
    let attempt = || run(&words(&stage.verify(&other, &["--threshold", "1"])));
    let waits = (0..25).map(|_| attempt()).find(|output| output.status.code() == Some(2));
    let said = flat(&String::from_utf8_lossy(&waits.expect("nobody had to wait").stderr));
    assert!(said.contains("probes did not match") && said.contains("wait"), "{said}");
}

#[test]
fn numbers_that_mean_nothing_are_refused_by_every_option() {
    let stage = Stage::new();
    let [_, bob] = &stage.people;
    let file = stage.recording(bob, "ses-1");
    for (option, value) in [
        ("--threshold", "nan"),
        ("--threshold", "inf"),
        ("--threshold", "2"),
        ("--fmr", "nan"),
        ("--fmr", "0"),
        ("--seconds", "nan"),
        ("--seconds", "0"),
        ("--weight", "nan"),
        ("--threads", "100000"),
    ] {
        let mut all = stage.enrol(bob, &file);
        all.extend([option.to_owned(), value.to_owned()]);
        let said = flat(&refuse(&words(&all)));
        assert!(said.contains(option) && said.contains(value), "{option} {value}: {said}");
    }
}
