//! Recordings made on several days: error rates by the days between, and templates of several recordings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use twinprint_tests::{Cohort, json, run, succeed};

/// Half of the people come again after 3 days, the others after 40; one table says the day of the session, one that of the file.
fn dated(cohort: &Cohort) {
    for person in 1..=8 {
        let folder = cohort.folder.path().join(format!("cohort/sub-{person:02}"));
        let again = if person % 2 == 0 { "1921-01-04" } else { "1921-02-10" };
        let sessions = format!("session_id\tacq_time\nses-1\t1921-01-01T23:50:00\nses-2\t{again}\n");
        fs::write(folder.join(format!("sub-{person:02}_sessions.tsv")), sessions).unwrap();
    }
    let scans = "filename\tacq_time\neeg/sub-08_ses-2_task-rest_eeg.edf\t1921-02-10T08:00:00\n";
    fs::write(cohort.folder.path().join("cohort/sub-08/ses-2/sub-08_ses-2_scans.tsv"), scans).unwrap();
}

fn rows<'a>(results: &'a Value, system: &str) -> Vec<&'a Value> {
    results["days"].as_array().unwrap().iter().filter(|row| row["system"] == system).collect()
}

#[test]
fn error_rates_are_told_by_the_days_between_enrolment_and_probe() {
    let cohort = Cohort::new("1");
    dated(&cohort);
    let short = ["--set", "evaluation.baselines=[\"alpha_aligned_wccn\"]", "--set", "evaluation.audits=[]"];
    let folder = cohort.run("out", &short);
    let results = json(&folder.join("results.json"));
    let encoder = rows(&results, "encoder");
    let whole = |key: &str| results["verification"][0][key].as_u64().unwrap();
    for (row, from, to, people) in [(encoder[0], 1, 7, 3), (encoder[1], 31, 90, 5)] {
        assert_eq!(
            (&row["from_days"], &row["to_days"], &row["people"]),
            (&from.into(), &to.into(), &people.into())
        );
        assert!(row["eer"]["value"].is_number(), "{row}");
        // Every probe meets its own template and three others of its fold.
        assert_eq!(row["mated"].as_u64().unwrap() * 3, row["non_mated"].as_u64().unwrap(), "{row}");
    }
    let at_first_length = encoder.iter().filter(|row| row["probe_seconds"] == encoder[0]["probe_seconds"]);
    assert_eq!(at_first_length.map(|row| row["mated"].as_u64().unwrap()).sum::<u64>(), whole("mated"));
    assert_eq!(rows(&results, "alpha_aligned_wccn").len(), encoder.len());
    // The page and the tables show it; no date is kept.
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("Days between enrolment and probe") && page.contains("31 to 90 days"));
    let table = succeed(&["report", folder.to_str().unwrap()]);
    assert!(table.contains("1 to 7 days"), "{table}");
    assert!(!fs::read_to_string(folder.join("cohort.json")).unwrap().contains("1921"));
}

#[test]
fn recordings_without_a_date_leave_the_row_out_and_say_why() {
    let cohort = Cohort::new("1");
    let folder = cohort.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
    let results = json(&folder.join("results.json"));
    let audit = results["audit"].as_array().unwrap();
    let row = audit.iter().find(|row| row["check"] == "days between enrolment and probe").unwrap();
    assert!(row["detail"].as_str().unwrap().contains("no recording is dated"), "{row}");
    // What stands in these headers, midnight of a 1 January, is no date.
    assert!(results["days"].is_null());
}

fn recording(cohort: &Cohort, person: usize, session: usize) -> PathBuf {
    let name =
        format!("cohort/sub-{person:02}/ses-{session}/eeg/sub-{person:02}_ses-{session}_task-rest_eeg.edf");
    cohort.folder.path().join(name)
}

#[test]
fn a_template_of_two_recordings_is_the_same_whichever_is_named_first() {
    let cohort = Cohort::new("1");
    let model = cohort.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
    let scores: Vec<Value> = [(1, 2), (2, 1), (1, 1)]
        .map(|(first, second)| {
            let gallery = cohort.folder.path().join(format!("{first}{second}.gallery"));
            let gallery = gallery.to_str().unwrap();
            let files =
                [first, second].map(|session| recording(&cohort, 1, session).to_str().unwrap().to_owned());
            let files: Vec<&str> = if first == second { vec![&files[0]] } else { vec![&files[0], &files[1]] };
            let fixed =
                ["enroll", "--gallery", gallery, "--model", model.to_str().unwrap(), "--subject", "x"];
            succeed(&[&fixed[..], &files].concat());
            let probe = recording(&cohort, 5, 1);
            let probe = ["--seconds", "5", "--scores", "--json", probe.to_str().unwrap()];
            let verify = [&["verify", "--gallery", gallery, "--subject", "x"][..], &probe].concat();
            let said: Value = serde_json::from_slice(&run(&verify).stdout).unwrap();
            said["score"].clone()
        })
        .into();
    let number = |at: usize| scores[at].as_f64().unwrap();
    assert!((number(0) - number(1)).abs() < 1e-6, "{scores:?}");
    assert!((number(0) - number(2)).abs() > 1e-4, "the second recording counts: {scores:?}");
}
