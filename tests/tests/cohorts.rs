//! One encoder from several cohorts: on real recordings, and on made ones where roles and channels are what is looked at.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use serde_json::Value;
use twinprint_report::Results;
use twinprint_tests::{only_run, real, refuse, succeed};

/// What makes a run short: no baselines but one, no audits, few resamples.
const SHORT: &str = "[evaluation]\nbaselines = [\"tangent_wccn\"]\naudits = []\nways = []\nshots = []\nlabels = [\"subject\"]\nbootstrap = 200\n";
const ENCODER: &str = "[encoder]\narchitecture = { name = \"filterbank\", covariances = true }\n[encoder.optimiser]\nsteps = 0\n";
const EEGMAT: &str = "layout = { kind = \"manifest\", name = \"eegmat\" }, max_subjects = 8";
const PROTOCOL: &str = "[protocol]\nfolds = 2\nenrol = { recordings = [\"task=rest\"], seconds = 20.0 }\nprobe = { recordings = [\"task=arithmetic\"], seconds = [10.0] }\n";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, format!("name = \"{name}\"\n{text}")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn results(run: &Path) -> Results {
    Results::from_json(&std::fs::read_to_string(run.join("results.json")).unwrap()).unwrap()
}

fn run(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let (plan, out) = (write(folder, name, text), folder.join(format!("out-{name}")));
    succeed(&["run", &plan, "--out", out.to_str().unwrap(), "--quiet"]);
    only_run(&out)
}

fn json(run: &Path, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(run.join(name)).unwrap()).unwrap()
}

#[test]
fn a_plan_of_one_cohort_gives_the_numbers_of_its_data_set_alone() {
    if real("eegmat").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rest = format!("{PROTOCOL}dev_subjects = 2\n{ENCODER}{SHORT}");
    let alone = run(folder.path(), "alone", &format!("dataset = {{ {EEGMAT} }}\n{rest}"));
    let cohort = run(
        folder.path(),
        "cohort",
        &format!("[[cohorts]]\nname = \"eegmat\"\ndataset = {{ {EEGMAT} }}\n{rest}"),
    );
    let (alone, mut cohort) = (results(&alone), results(&cohort));
    // The names are all that differs.
    for pair in cohort.classifiers.iter_mut().flat_map(|row| &mut row.confusion) {
        for name in [&mut pair.truth, &mut pair.answer] {
            *name = name.strip_prefix("eegmat/").unwrap().to_owned();
        }
    }
    assert_eq!((alone.cohort.as_deref(), cohort.cohort.as_deref()), (None, Some("eegmat")));
    assert!(!alone.verification.is_empty() && !alone.classifiers.is_empty() && cohort.cohorts.is_empty());
    assert_eq!(alone.verification, cohort.verification);
    assert_eq!(alone.comparisons, cohort.comparisons);
    assert_eq!(alone.identification, cohort.identification);
    assert_eq!((alone.few_shot, alone.classifiers), (cohort.few_shot, cohort.classifiers));
    assert_eq!(alone.protocol, cohort.protocol);
}

#[test]
fn people_of_another_cohort_are_learnt_from_on_the_channels_that_both_have() {
    if real("eegmat").is_none() || real("guinea-bissau").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let two = |more: &str| {
        format!(
            "[[cohorts]]\nname = \"eegmat\"\ndataset = {{ {EEGMAT} }}\n\
             [[cohorts]]\nname = \"gb\"\nrole = \"learn\"\ndataset = {{ layout = {{ kind = \"manifest\", name = \"guinea-bissau\" }}, max_subjects = 6 }}\n{more}\n\
             {PROTOCOL}{ENCODER}{SHORT}"
        )
    };
    let with = run(folder.path(), "with", &two(""));
    let without = run(folder.path(), "without", &two("learn_from = 0"));
    let light = run(folder.path(), "light", &two("weight = 0.05"));
    let split = json(&with, "split.json");
    for fold in split["folds"].as_array().unwrap() {
        let of = |role: &str, cohort: &str| {
            let people = fold[role].as_array().unwrap().iter();
            people.filter(|who| who.as_str().unwrap().starts_with(cohort)).count()
        };
        assert_eq!(
            (of("train", "eegmat/"), of("train", "gb/"), of("test", "eegmat/"), of("test", "gb/")),
            (4, 6, 4, 0)
        );
    }
    let found = [&with, &without, &light].map(|run| results(run));
    assert_eq!(found.each_ref().map(|results| results.protocol.train_subjects), [10, 4, 10]);
    for other in &found[1..] {
        // The same trials, and other scores.
        let (one, two) = (&found[0].verification[0], &other.verification[0]);
        assert_eq!((one.mated, one.non_mated), (two.mated, two.non_mated));
        assert_ne!(one.d_prime, two.d_prime);
    }
    let inputs = json(&with, "run.json")["inputs"].as_array().unwrap().len();
    assert_eq!(inputs, 8 * 2 + 6);
    let side = succeed(&["compare", with.to_str().unwrap(), without.to_str().unwrap()]);
    assert!(!side.contains("other trials"), "{side}");
    // Neither data set has a channel that the other lacks in the file that both lie in: F3 F4 F7 F8 T7 T8 P7 P8 O1 O2.
    let model = std::fs::read_to_string(with.join("fold-0/model.json")).unwrap();
    for (name, there) in [("\"F7\"", true), ("\"O1\"", true), ("\"Cz\"", false), ("\"AF3\"", false)] {
        assert_eq!(model.contains(name), there, "{name}: {model}");
    }
}

/// Two made cohorts of different montages and rates, and what a plan says of both.
fn made(folder: &Path) -> String {
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let synth = |name: &str, seed: &str, channels: &str, rate: &str| {
        succeed(&[
            "synth",
            &at(name),
            "--subjects",
            "6",
            "--sessions",
            "2",
            "--seconds",
            "40",
            "--channels",
            channels,
            "--rate",
            rate,
            "--seed",
            seed,
            "--quiet",
        ]);
    };
    synth("one", "1", "8", "128");
    synth("two", "2", "6", "256");
    let cohort = |name: &str, role: &str| {
        format!("[[cohorts]]\nname = \"{name}\"\nrole = \"{role}\"\ndataset = {{ root = \"{name}\" }}\n")
    };
    format!("{}{}", cohort("one", "learn-and-test"), cohort("two", "test"))
}

#[test]
fn a_cohort_that_is_only_tested_has_numbers_of_its_own_on_positions_that_both_are_brought_to() {
    let folder = tempfile::tempdir().unwrap();
    let cohorts = made(folder.path());
    let text = format!(
        "channels = {{ montage = [\"Fp1\", \"Fp2\", \"O1\", \"O2\", \"CPz\"] }}\n{cohorts}[protocol]\nfolds = 2\nenrol = {{ seconds = 10.0 }}\nprobe = {{ seconds = [4.0] }}\n{ENCODER}{SHORT}"
    );
    let run = run(folder.path(), "montage", &text);
    let found = results(&run);
    assert_eq!((found.cohort.as_deref(), found.cohorts.len()), (Some("one"), 1));
    let other = &found.cohorts[0];
    assert_eq!((other.cohort.as_str(), other.protocol.test_subjects), ("two", 6));
    assert!(other.verification.iter().any(|row| row.system == "encoder" && row.eer.is_some()));
    for row in found.verification.iter().chain(&other.verification) {
        assert_eq!(
            row.non_mated,
            2 * row.mated,
            "three people a fold, each met by the two others of their cohort"
        );
    }
    let model = std::fs::read_to_string(run.join("fold-0/model.json")).unwrap();
    assert!(model.contains("\"CPz\""), "{model}");
    let shown = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(shown.contains("Cohort two"));
}

#[test]
fn cohorts_that_do_not_go_together_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let cohorts = made(folder.path());
    let protocol = "[protocol]\nfolds = 2\nenrol = { seconds = 10.0 }\nprobe = { seconds = [4.0] }\n";
    let said = |name: &str, text: &str| refuse(&["check", &write(folder.path(), name, text)]);

    let rates = said(
        "rates",
        &format!("{cohorts}{protocol}[preprocess]\nresample = false\nfilter = {{ h_freq = 30.0 }}\n"),
    );
    assert!(
        rates.contains("one has epochs of 2 s at 128 Hz, but two has epochs of 2 s at 256 Hz"),
        "{rates}"
    );

    let apart = cohorts
        .replace("\"one\" }\n", "\"one\" }\npreprocess = { channels = { pick = [\"Fp1\", \"F7\"] } }\n")
        + "preprocess = { channels = { pick = [\"Fp2\", \"F3\"] } }\n";
    let channels = said("channels", &format!("{apart}{protocol}"));
    assert!(
        channels.contains("one has Fp1 F7; two has Fp2 F3") && channels.contains("montage"),
        "{channels}"
    );

    let own = cohorts.replace("\"test\"", "\"learn\"") + "channels = \"own\"\n";
    let refused = said("own", &format!("{own}{protocol}{ENCODER}"));
    assert!(refused.contains("takes any montage") && refused.contains("own.toml:"), "{refused}");

    let twice = cohorts.replace("root = \"two\"", "root = \"one\"");
    let leak = said("twice", &format!("{twice}{protocol}"));
    assert!(
        leak.contains("duplicate-recording") && leak.contains("one/sub-01") && leak.contains("two/sub-01"),
        "{leak}"
    );

    let neither = said("neither", protocol);
    assert!(neither.contains("[dataset]") && neither.contains("[[cohorts]]"), "{neither}");
}
