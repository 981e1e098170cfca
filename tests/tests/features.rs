//! Features of a run, and of anybody, evaluated from their file alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use twinprint_store::prints::PrintFile;
use twinprint_tests::{Cohort, refuse, succeed};

fn evaluate(arguments: &[&str]) -> Value {
    let all: Vec<&str> =
        ["evaluate", "--json", "--bootstrap", "200"].iter().chain(arguments).copied().collect();
    let mut report: Value = serde_json::from_str(&succeed(&all)).unwrap();
    report.as_object_mut().unwrap().remove("file");
    report
}

/// The comparisons of the first with the second session, fold by fold, the slow way: as a score file. Rows count alike in a
/// template, or where `weighted` by their length.
fn scored_by_hand(features: &str, weighted: bool) -> String {
    let file = PrintFile::open_any(features.as_ref()).unwrap();
    let mut sums: BTreeMap<(u32, &str), Vec<f64>> = BTreeMap::new();
    let rows: Vec<(u32, &str, &str, f64, Vec<f64>)> = (file.infos().iter().zip(file.prints().rows()))
        .map(|(info, row)| {
            let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            let unit = row.iter().map(|x| f64::from(*x) / length).collect();
            let key = &info.epoch.key;
            (
                info.fold.unwrap().0,
                key.subject.as_str(),
                key.session.as_str(),
                if weighted { length } else { 1.0 },
                unit,
            )
        })
        .collect();
    for (fold, subject, session, weight, row) in &rows {
        if *session == "ses-1" {
            let sum = sums.entry((*fold, subject)).or_insert_with(|| vec![0.0; row.len()]);
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
        }
    }
    let mut text = "probe,enrol_subject,probe_subject,score\n".to_owned();
    for ((fold, enrolled), template) in &sums {
        let length = template.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (number, (of, probed, session, _, row)) in rows.iter().enumerate() {
            if of == fold && *session == "ses-2" {
                let score = template.iter().zip(row).map(|(a, b)| a * b).sum::<f64>() / length;
                writeln!(text, "{number},{enrolled},{probed},{score}").unwrap();
            }
        }
    }
    text
}

/// Exports a run's prints and evaluates them in all three formats and by hand; gives back the cohort.
fn one_error_rate(more: &[&str], weighted: bool) -> Cohort {
    let cohort = Cohort::new("1");
    let run = cohort.run("out", &[&["--set", "evaluation.baselines=[]"], more].concat());
    let path = |name: &str| cohort.folder.path().join(name).to_str().unwrap().to_owned();
    let sessions = ["--enrol", "session=ses-1", "--probe", "session=ses-2"];
    let of = |file: &str| evaluate(&[&["--features", file], &sessions[..]].concat());
    let files = ["features.h5", "features.parquet", "features.csv"].map(path);
    for file in &files {
        succeed(&["export", run.to_str().unwrap(), "--to", file]);
    }
    let found = of(&files[0]);
    assert_eq!(found, of(&files[1]));
    assert_eq!(found, of(&files[2]));
    let eer = |report: &Value| report["systems"][0]["eer"]["value"].as_f64().unwrap();
    assert!(eer(&found) > 0.0 && eer(&found) < 0.4, "{}", eer(&found));

    let scores = path("scores.csv");
    std::fs::write(&scores, scored_by_hand(&files[0], weighted)).unwrap();
    let by_hand = evaluate(&["--scores", &scores]);
    let (one, other) = (&found["systems"][0], &by_hand["systems"][0]);
    for key in ["subjects", "mated", "non_mated"] {
        assert_eq!(one[key], other[key], "{key}");
    }
    let near = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-3;
    assert!(near(&one["eer"]["value"], &other["eer"]["value"]), "{} and {}", one["eer"], other["eer"]);
    for end in [0, 1] {
        assert!(near(&one["eer"]["ci95"][end], &other["eer"]["ci95"][end]), "{one} and {other}");
    }
    assert!(near(&one["identification"]["rank1"]["value"], &other["identification"]["rank1"]["value"]));
    cohort
}

#[test]
fn prints_whose_lengths_are_weights_give_one_error_rate_too() {
    let cohort = one_error_rate(&["--set", "encoder.attention={ steps = 30 }"], true);
    // The run's own file of prints says so too, and other distances are between directions.
    let of = |file: &std::path::Path, more: &[&str]| {
        let fixed =
            ["--features", file.to_str().unwrap(), "--enrol", "session=ses-1", "--probe", "session=ses-2"];
        evaluate(&[&fixed, more].concat())["systems"][0]["eer"].clone()
    };
    let exported = cohort.folder.path().join("features.h5");
    let run = twinprint_tests::only_run(&cohort.folder.path().join("out"));
    assert_eq!(of(&exported, &["--pool", "3"]), of(&run.join("prints.h5"), &["--pool", "3"]));
    assert!(of(&exported, &["--metric", "euclidean"])["value"].as_f64().unwrap() < 0.4);

    // What stands beside a table must be understood, or it would be averaged otherwise.
    let table = cohort.folder.path().join("features.csv");
    let beside = cohort.folder.path().join("features.csv.json");
    for (text, word) in [("{", "no table of names"), ("{\"print_lengths\": \"cubits\"}", "cubits")] {
        std::fs::write(&beside, text).unwrap();
        let arguments =
            ["--features", table.to_str().unwrap(), "--enrol", "session=ses-1", "--probe", "session=ses-2"];
        let said = refuse(&[&["evaluate"], &arguments[..]].concat());
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn exported_prints_give_one_error_rate_in_all_three_formats_and_by_hand() {
    let cohort = one_error_rate(&[], false);
    let file = cohort.folder.path().join("features.h5");
    let whole =
        ["--features", file.to_str().unwrap(), "--enrol", "session=ses-1", "--probe", "session=ses-2"];
    let of = |more: &[&str]| evaluate(&[&whole, more].concat());
    let eer = |report: &Value| report["systems"][0]["eer"]["value"].as_f64().unwrap();
    let found = of(&[]);
    let longer = of(&["--pool", "5"]);
    assert!(eer(&longer) <= eer(&found), "{} after {}", eer(&longer), eer(&found));
    // Prints have unit length: the distance of unpooled ones from a mean that is shorter than they are ranks otherwise.
    let far = of(&["--metric", "euclidean"]);
    assert!(eer(&far) < 0.4 && far["systems"][0]["threshold"].as_f64().unwrap() > 0.0, "{far}");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let says = |arguments: &[&str], words: &[&str]| {
        let said = refuse(&[&["evaluate"], arguments].concat());
        for word in words {
            assert!(said.contains(word), "no {word:?} in: {said}");
        }
    };
    says(&["--features", "x.h5", "--enrol", "session=1"], &["--probe"]);
    says(&["--features", "x.h5", "--probe", "session=1"], &["--enrol"]);
    says(&["--scores", "x.csv", "--enrol", "session=1"], &["--features"]);
    says(&["--scores", "x.csv", "--features", "x.h5"], &["cannot be asked for together"]);
    let whole = ["--features", "x.npy", "--enrol", "session=1", "--probe", "session=2"];
    says(&whole, &["x.npy", ".h5, .parquet and .csv"]);
    says(&["--features", "none.csv", "--enrol", "session=1", "--probe", "session=2"], &["none.csv"]);
}

#[test]
fn a_gallery_of_features_names_what_it_cannot_enrol_or_compare() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| {
        std::fs::write(path(name), text).unwrap();
        path(name)
    };
    let says = |arguments: &[&str], words: &[&str]| {
        let said = refuse(arguments).replace(['│', '╰', '─', '▶', '×'], " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(said.contains(word), "no {word:?} in: {said}");
        }
    };
    let mine = write("mine.csv", "subject,session,x,y\nann,1,1,0\nbob,1,0,1\nann,2,1,0.2\n");
    let other = write("other.csv", "subject,session,u,v,w\nann,2,1,0,0\n");
    let (gallery, new) = (path("mine.gallery"), path("new.gallery"));
    let enroll = |more: &[&'static str]| {
        let fixed = ["enroll", "--gallery", new.as_str(), mine.as_str()];
        fixed.iter().chain(more).map(|word| (*word).to_owned()).collect::<Vec<String>>()
    };
    let refused = |arguments: &[String], words: &[&str]| {
        says(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), words);
    };
    refused(
        &enroll(&["--rows", "session=9"]),
        &["none of its 3 rows", "--rows session=9", "session is 1, 2"],
    );
    refused(&enroll(&["--rows", "session"]), &["--rows session: write KEY=VALUE"]);
    refused(&enroll(&["--rows", "session=1", "--seconds", "3"]), &["--seconds", "write --epochs"]);
    refused(&enroll(&["--rows", "session=1", "--subject", "cas"]), &["no row of cas", "ann, bob"]);
    refused(&enroll(&["--encrypt"]), &["need a secret", "--key-file or --passphrase-file"]);
    let short = write("short.key", "1234");
    says(
        &["enroll", "--gallery", &new, &mine, "--encrypt", "--key-file", &short],
        &["a file of 4 bytes", "32 bytes", "/dev/urandom"],
    );
    says(&["enroll", "--gallery", &new, &mine, &other], &["enrolled alone"]);
    assert!(!folder.path().join("new.gallery").exists(), "a refused enrolment left a gallery");

    succeed(&["enroll", "--gallery", &gallery, &mine, "--rows", "session=1"]);
    says(
        &["enroll", "--gallery", &gallery, &mine, "--rows", "session=2", "--encrypt"],
        &["--encrypt", "is not encrypted", "when a gallery is made"],
    );
    let later = ["--rows", "session=2"];
    let asked = |more: &[&str], words: &[&str]| {
        says(&[&["identify", "--gallery", gallery.as_str()], more].concat(), words);
    };
    asked(
        &[&[mine.as_str()], &later[..]].concat(),
        &["no threshold was measured (its prints were made elsewhere)", "--threshold"],
    );
    asked(
        &[&[other.as_str(), "--threshold", "0.5"], &later[..]].concat(),
        &["opens only with the encoder it was made with", "numbers a print: the gallery's is 2, given is 3"],
    );
    asked(&["who.edf", "--threshold", "0.5"], &["prints that were made elsewhere", ".h5, .parquet or .csv"]);
}
