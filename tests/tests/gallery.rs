//! From EDF files to enrolled people and decisions.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use twinprint_tests::edf::Edf;
use twinprint_tests::{Cohort, json, refuse, run, succeed};

/// A finished run, a place for galleries, and who the encoder of fold 0 never saw.
struct Stage {
    cohort: Cohort,
    run: PathBuf,
    strangers: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        let cohort = Cohort::new("1");
        let closed_form = ["--set", "encoder.optimiser.steps=0"];
        let run = cohort.run("out", &[&closed_form[..], &["--set", "evaluation.baselines=[]"]].concat());
        let split = json(&run.join("split.json"));
        let strangers = split["folds"][0]["test"].as_array().unwrap();
        let strangers = strangers.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        Self { cohort, run, strangers }
    }

    fn path(&self, name: &str) -> String {
        self.cohort.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn folder(&self) -> &Path {
        self.cohort.folder.path()
    }

    fn recording(&self, subject: &str, session: &str) -> String {
        let folder = self.folder().join(format!("cohort/{subject}/{session}/eeg"));
        let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let found = files.find(|path| path.extension().is_some_and(|ending| ending == "edf"));
        found.unwrap().to_str().unwrap().to_owned()
    }

    /// Enrols with the encoder of fold 0, which never saw the strangers.
    fn enroll(&self, gallery: &str, subject: &str, file: &str, more: &[&str]) -> Vec<String> {
        let run = self.run.to_str().unwrap();
        let fixed = ["enroll", "--gallery", gallery, "--model", run, "--subject", subject, file];
        let fold: &[&str] = if more.contains(&"--fold") { &[] } else { &["--fold", "0"] };
        fixed.iter().chain(more).chain(fold).map(|word| (*word).to_owned()).collect()
    }

    /// Enrols everybody, forced: an encoder that has learnt from four people takes some of them for one another.
    fn enrolled(&self, gallery: &str, more: &[&str]) {
        let more = &[more, &["--force"]].concat();
        for subject in &self.strangers {
            succeed(&words(&self.enroll(gallery, subject, &self.recording(subject, "ses-1"), more)));
        }
    }

    fn refused(&self, gallery: &str, subject: &str, file: &str, more: &[&str]) -> String {
        flat(&refuse(&words(&self.enroll(gallery, subject, file, more))))
    }
}

fn words(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

fn flat(said: &str) -> String {
    said.replace(['│', '╰', '─', '▶', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

fn answer(arguments: &[&str]) -> (i32, Value) {
    let output = run(arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text}\n{error}"));
    (output.status.code().unwrap(), value)
}

#[test]
fn strangers_are_enrolled_verified_identified_and_revoked() {
    let stage = Stage::new();
    let gallery = stage.path("staff.gallery");
    stage.enrolled(&gallery, &[]);
    let (mut right, mut wrong, mut first) = (0, 0, 0);
    for probe in &stage.strangers {
        let file = stage.recording(probe, "ses-2");
        for claimed in &stage.strangers {
            let (code, said) =
                answer(&["verify", "--gallery", &gallery, "--subject", claimed, &file, "--json"]);
            assert_eq!(code == 0, said["matched"].as_bool().unwrap(), "{said}");
            assert_eq!(said["decision"], "sequential");
            let seconds = said["seconds"].as_f64().unwrap();
            assert!((1.0..=5.0).contains(&seconds), "{said}");
            assert!(said["fnmr"]["value"].is_number() && said["fnmr"]["ci95"].is_array(), "{said}");
            right += usize::from(code == 0 && probe == claimed);
            wrong += usize::from(code == 0 && probe != claimed);
        }
        let (_, said) = answer(&["identify", "--gallery", &gallery, &file, "--top", "2", "--json"]);
        assert_eq!(said["candidates"].as_array().unwrap().len(), 2);
        first += usize::from(said["candidates"][0][0].as_str() == Some(probe));
    }
    assert!(
        right >= 3 && wrong <= 3 && first >= 3,
        "{right} of 4 right, {wrong} of 12 wrong, {first} of 4 first"
    );

    let probe = stage.recording(&stage.strangers[0], "ses-2");
    let fixed = ["verify", "--gallery", &gallery, "--subject", &stage.strangers[0], &probe, "--json"];
    let with = |more: &[&str]| answer(&fixed.iter().chain(more).copied().collect::<Vec<_>>()).1;
    assert_eq!(with(&["--seconds", "3"])["decision"], "fixed");
    assert_eq!(with(&["--seconds", "3"])["seconds"], 3.0);
    let stated = with(&["--threshold", "1"]);
    assert_eq!(
        (&stated["decision"], &stated["matched"], &stated["fmr"]),
        (&"stated".into(), &false.into(), &Value::Null)
    );

    let (code, people) = answer(&["gallery", "list", "--gallery", &gallery, "--json"]);
    assert_eq!((code, people.as_array().unwrap().len()), (0, stage.strangers.len()));
    says(
        &succeed(&["gallery", "show", "--gallery", &gallery]),
        &["sequential", "FNMR", "fold 0", "set them"],
    );
    says(&succeed(&["gallery", "check", "--gallery", &gallery]), &["ok", "encoder"]);

    let gone = &stage.strangers[1];
    let holds = || {
        let bytes = std::fs::read(&gallery).unwrap();
        bytes.windows(gone.len()).any(|window| window == gone.as_bytes())
    };
    assert!(holds());
    says(&succeed(&["gallery", "revoke", "--gallery", &gallery, "--subject", gone]), &["removed", "3 left"]);
    assert!(!holds() && !Path::new(&format!("{gallery}-wal")).exists());
    let said = flat(&refuse(&["verify", "--gallery", &gallery, "--subject", gone, &probe]));
    says(&said, &["nobody called", gone]);
}

#[test]
fn a_protected_gallery_asks_for_its_secret_and_can_be_reissued() {
    let stage = Stage::new();
    let gallery = stage.path("sealed.gallery");
    for (name, byte) in [("one.key", 1u8), ("two.key", 2)] {
        std::fs::write(stage.path(name), [byte; 32]).unwrap();
    }
    let (one, two) = (stage.path("one.key"), stage.path("two.key"));
    stage.enrolled(&gallery, &["--encrypt", "--cancelable", "--key-file", &one]);
    let bytes = std::fs::read(&gallery).unwrap();
    let name = stage.strangers[0].as_bytes();
    assert!(!bytes.windows(name.len()).any(|window| window == name), "a name shows in a sealed gallery");
    let probe = stage.recording(&stage.strangers[0], "ses-2");
    says(&flat(&refuse(&["identify", "--gallery", &gallery, &probe])), &["give its --key-file"]);
    says(
        &flat(&refuse(&["identify", "--gallery", &gallery, &probe, "--key-file", &two])),
        &["not this gallery's"],
    );
    let shown = succeed(&["gallery", "show", "--gallery", &gallery, "--key-file", &one]);
    says(&shown, &["sealed", "cancelable", "EER", "D_sys", "paired by their angles"]);
    let best = |key: &str| {
        let (_, said) =
            answer(&["identify", "--gallery", &gallery, &probe, "--key-file", key, "--json", "--scores"]);
        (said["candidates"][0][0].clone(), said["candidates"][0][1].as_f64().unwrap())
    };
    let before = best(&one);
    succeed(&["gallery", "reissue", "--gallery", &gallery, "--key-file", &one, "--new-key-file", &two]);
    let after = best(&two);
    assert_eq!(before.0, after.0);
    assert!((before.1 - after.1).abs() < 1e-3, "{before:?} and {after:?}");
    refuse(&["gallery", "list", "--gallery", &gallery, "--key-file", &one]);
}

#[test]
fn bad_recordings_fail_to_enrol_with_counts_and_leave_no_gallery() {
    let stage = Stage::new();
    let gallery = stage.path("none.gallery");
    let good = PathBuf::from(stage.recording(&stage.strangers[0], "ses-1"));
    let bad = |change: &dyn Fn(&mut Edf)| {
        let mut edf = Edf::read(&good);
        change(&mut edf);
        edf.write(stage.folder(), "bad.edf").to_str().unwrap().to_owned()
    };
    let said = |change: &dyn Fn(&mut Edf)| stage.refused(&gallery, "x", &bad(change), &[]);
    let flat_electrode = said(&|edf| {
        edf.hold(2, 100, |_| true);
    });
    says(
        &flat_electrode,
        &["failure to enrol x", "30 of 30 epochs were left out", "30 with a flat electrode", "inspect"],
    );
    let saturated = said(&|edf| {
        edf.hold(2, 0, |record| record % 4 != 3);
    });
    says(&saturated, &["failure to enrol", "of 30 epochs were left out, more than half", "record again"]);
    let too_short = stage.refused(&gallery, "x", good.to_str().unwrap(), &["--seconds", "40"]);
    says(
        &too_short,
        &["40 s of clean signal are needed, there are 30 s", "30 epochs, 30 clean, none left out"],
    );
    let missing = said(&|edf| {
        edf.label(1, "EEG Q9").label(2, "EEG Q8");
    });
    says(
        &missing,
        &["cannot be brought to what the encoder takes", "missing channels", "the file has", "Q9"],
    );
    let unit = said(&|edf| {
        edf.unit(0, "degC").label(2, "EEG Q8");
    });
    says(&unit, &["\"degC\" is no voltage", "missing channels"]);
    let twice = said(&|edf| {
        edf.label(1, "EEG Q9").label(2, "EEG Q9");
    });
    says(&twice, &["Q9"]);
    std::fs::write(stage.path("text.edf"), "hello").unwrap();
    says(&stage.refused(&gallery, "x", &stage.path("text.edf"), &[]), &["text.edf"]);
    assert!(!Path::new(&gallery).exists(), "a refused enrolment left a gallery");
}

#[test]
fn another_rate_is_resampled_and_one_too_low_is_refused() {
    let stage = Stage::new();
    let gallery = stage.path("rates.gallery");
    let made = |rate: &str| {
        let folder = stage.path(&format!("at-{rate}"));
        let more = [
            "--subjects",
            "1",
            "--sessions",
            "1",
            "--seconds",
            "20",
            "--channels",
            "6",
            "--rate",
            rate,
            "--quiet",
        ];
        let fixed = ["synth", folder.as_str()];
        succeed(&fixed.iter().chain(&more).copied().collect::<Vec<_>>());
        let eeg = Path::new(&folder).join("sub-01/ses-1/eeg");
        let mut files = std::fs::read_dir(eeg).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap()
    };
    succeed(&words(&stage.enroll(&gallery, "fast", made("256").to_str().unwrap(), &[])));
    let said = stage.refused(&gallery, "slow", made("64").to_str().unwrap(), &[]);
    says(&said, &["cannot be brought", "rate", "64", "Nyquist"]);
}

#[test]
fn wrong_requests_are_answered_with_what_to_write_instead() {
    let stage = Stage::new();
    let gallery = stage.path("g.gallery");
    let (ann, bob) = (&stage.strangers[0], &stage.strangers[1]);
    let (file, probe) = (stage.recording(ann, "ses-1"), stage.recording(ann, "ses-2"));
    says(
        &flat(&refuse(&["verify", "--gallery", &gallery, "--subject", ann, &probe])),
        &["there is no gallery", "--model"],
    );
    succeed(&words(&stage.enroll(&gallery, ann, &file, &[])));
    let enroll = |subject: &str, file: &str, more: &[&str]| stage.refused(&gallery, subject, file, more);
    says(&enroll(ann, &probe, &[]), &["enrolled already", "--update append"]);
    says(&enroll("eve", &file, &[]), &["this recording is enrolled already", ann, "--force"]);
    says(&enroll("eve", &probe, &["--threshold", "-1"]), &["eve matches", ann, "--force"]);
    says(
        &enroll(ann, &probe, &["--update", "append", "--threshold", "1"]),
        &["does not match", "--update replace"],
    );
    says(
        &enroll(bob, &probe, &["--update", "weighted", "--weight", "2"]),
        &["--weight = 2", "between 0 and 1"],
    );
    says(&enroll(bob, &probe, &["--fmr", "0.00001"]), &["--fmr", "30 / rate", "--threshold"]);
    says(&enroll(bob, &probe, &["--fold", "1"]), &["made with the encoder of fold 0"]);
    says(&enroll(bob, &probe, &["--epochs", "0"]), &["--epochs = 0", "1 or more"]);
    says(&enroll(bob, &probe, &["--rows", "session=1"]), &["--rows", "a recording has none"]);
    let verify = |more: &[&str]| {
        let fixed = ["verify", "--gallery", &gallery, "--subject", ann.as_str(), probe.as_str()];
        flat(&refuse(&fixed.iter().chain(more).copied().collect::<Vec<_>>()))
    };
    says(&verify(&["--fmr", "0.01"]), &["--fmr = 0.01", "0.2", "30 / rate"]);
    says(&verify(&["--fmr", "2"]), &["--fmr = 2", "between 0 and 1"]);
    says(&verify(&["--threshold", "7"]), &["--threshold = 7", "-1 and 1"]);
    says(&verify(&["--fmr", "0.2", "--threshold", "0.5"]), &["one of the two"]);
    says(&verify(&["--seconds", "99"]), &["failure to acquire", "99 s", "30 s"]);
    let another = stage
        .cohort
        .run("other", &["--set", "evaluation.baselines=[]", "--set", "encoder.optimiser.steps=3"]);
    says(
        &verify(&["--model", another.to_str().unwrap()]),
        &["opens only with the encoder it was made with", "encoder:", "plan:"],
    );
    says(&verify(&["--model", "/no/such/run"]), &["no run folder"]);
    says(&flat(&refuse(&["gallery", "revoke", "--gallery", &gallery])), &["--subject"]);
    says(&flat(&refuse(&["identify", "--gallery", &gallery, &probe, "--top", "0"])), &["--top = 0"]);
    succeed(&words(&stage.enroll(&gallery, ann, &probe, &["--update", "append"])));
    succeed(&words(&stage.enroll(&gallery, "twin", &probe, &["--force"])));
    let (_, log) = answer(&["gallery", "show", "--gallery", &gallery, "--subject", "twin", "--json"]);
    assert_eq!(log["events"][0]["forced"], true);
    std::fs::rename(&stage.run, stage.run.with_extension("moved")).unwrap();
    says(&verify(&[]), &["no longer there", "--model"]);
    let checked = run(&["gallery", "check", "--gallery", &gallery]);
    assert_eq!(checked.status.code(), Some(1), "a gallery without its encoder must not pass");
}

#[test]
fn a_run_that_saw_its_test_people_lends_no_threshold() {
    let cohort = Cohort::new("1");
    let run =
        cohort.run("seen", &["--set", "protocol.variant=seen-subjects", "--set", "evaluation.baselines=[]"]);
    let gallery = cohort.folder.path().join("g.gallery");
    let folder = cohort.folder.path().join("cohort/sub-01/ses-1/eeg");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap();
    let said = flat(&refuse(&[
        "enroll",
        "--gallery",
        gallery.to_str().unwrap(),
        "--model",
        run.to_str().unwrap(),
        "--subject",
        "x",
        file.to_str().unwrap(),
    ]));
    says(&said, &["cannot set a gallery's thresholds", "seen-subjects"]);
    assert!(!gallery.exists());
}

#[test]
fn a_run_whose_plan_lists_a_sweep_is_no_changed_run() {
    let cohort = Cohort::new("1");
    let axis = "
[[sweep]]
name = \"enrol seconds\"
key = \"protocol.enrol.seconds\"
values = [5.0, 10.0]
";
    std::fs::write(cohort.pipeline(), twinprint_tests::PIPELINE.to_owned() + axis).unwrap();
    let run = cohort.run("out", &["--set", "evaluation.baselines=[]"]);
    let stage = Stage { strangers: Vec::new(), run, cohort };
    let gallery = stage.path("g.gallery");
    let stranger = json(&stage.run.join("split.json"))["folds"][0]["test"][0].as_str().unwrap().to_owned();
    succeed(&words(&stage.enroll(&gallery, &stranger, &stage.recording(&stranger, "ses-1"), &[])));
    for file in ["prints.h5", "encoder.safetensors"] {
        let to = stage.path(&format!("exported-{file}"));
        succeed(&["export", stage.run.to_str().unwrap(), "--to", &to]);
    }
}

#[test]
fn rows_of_another_fold_are_never_compared() {
    let stage = Stage::new();
    let exported = stage.path("exported.h5");
    succeed(&["export", stage.run.to_str().unwrap(), "--to", &exported]);
    let run = |name: &str| stage.run.join(name).to_str().unwrap().to_owned();
    let files = [(run("prints.h5"), "test"), (run("systems/encoder.h5"), "train"), (exported, "test")];
    for (number, (prints, role)) in files.iter().enumerate() {
        let role = format!("role={role}");
        let gallery = stage.path(&format!("{number}.gallery"));
        let fixed = ["--gallery", gallery.as_str(), prints.as_str()];
        let with = |command: &str, more: &[&str]| -> Vec<String> {
            [&[command], &fixed[..], more].concat().iter().map(|word| (*word).to_owned()).collect()
        };
        let said = |words_given: Vec<String>| flat(&refuse(&words(&words_given)));
        let first = ["--rows", "fold=0", "--rows", role.as_str()];
        says(&said(with("enroll", &["--rows", &role])), &["folds 0, 1", "--rows fold=0"]);
        succeed(&words(&with("enroll", &first)));
        let stated = ["--threshold", "0.5"];
        let (code, _) = answer(&words(&with("identify", &[&first[..], &stated, &["--json"]].concat())));
        assert!(code < 2, "prints of the gallery's own fold are compared");
        let other = with("identify", &[&["--rows", "fold=1", "--rows", &role][..], &stated].concat());
        says(&said(other), &["opens only with the encoder it was made with", "fold", "is 0, given is 1"]);
        let both = with("identify", &[&["--rows", &role][..], &stated].concat());
        says(&said(both), &["folds 0, 1", "--rows fold=0"]);
    }
}

#[test]
fn enrol_is_another_spelling_of_enroll() {
    says(&flat(&succeed(&["--help"])), &["enroll", "[alias: enrol]"]);
    says(&succeed(&["enrol", "--help"]), &["--gallery", "--subject"]);
}

#[test]
fn a_damaged_recording_is_used_as_far_as_it_goes_where_that_is_asked_for() {
    let stage = Stage::new();
    let (gallery, subject) = (stage.path("lenient.gallery"), &stage.strangers[0]);
    let cut = |session: &str| {
        let bytes = std::fs::read(stage.recording(subject, session)).unwrap();
        let path = stage.path(&format!("{session}.edf"));
        std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
        path
    };
    let (enrolled, probe) = (cut("ses-1"), cut("ses-2"));
    says(&stage.refused(&gallery, subject, &enrolled, &[]), &["ses-1.edf", "--lenient"]);
    let said = succeed(&words(&stage.enroll(&gallery, subject, &enrolled, &["--lenient"])));
    assert!(said.contains(subject.as_str()), "{said}");
    let verify = ["verify", "--gallery", &gallery, "--subject", subject, &probe];
    let identify = ["identify", "--gallery", &gallery, &probe];
    for command in [verify.as_slice(), identify.as_slice()] {
        says(&flat(&refuse(command)), &["ses-2.edf", "--lenient"]);
        let (code, said) = answer(&[command, &["--lenient", "--json"]].concat());
        assert!(code < 2, "{said}");
    }
}
