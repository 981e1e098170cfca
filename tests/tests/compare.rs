//! Score fusion, and finished runs side by side.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use twinprint_report::{Results, SideBySide, SideBySideRow};
use twinprint_tests::{Cohort, refuse, succeed};

fn results(folder: &Path) -> Results {
    Results::from_json(&std::fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

fn row<'a>(side: &'a SideBySide, run: &str, system: &str) -> &'a SideBySideRow {
    side.rows.iter().find(|row| row.run == run && row.system == system).unwrap()
}

#[test]
fn fused_runs_report_the_encoder_alone_and_compare_with_others_on_the_same_trials() {
    let cohort = Cohort::new("1");
    let small = ["--set", "evaluation.baselines=[\"tangent_wccn\"]", "--set", "evaluation.audits=[]"];
    let run = |out: &str, more: &[&str]| cohort.run(out, &[&small[..], more].concat());
    let fusion = "encoder.fusion=[{ with = \"tangent_wccn\", weight = 2.0 }]";
    let fused = run("fused", &["--set", fusion, "--set", "name=fused"]);
    let plain = run("plain", &["--set", "name=plain"]);
    let other = run("other", &["--set", "protocol.enrol.seconds=5.0", "--set", "name=other"]);
    assert!(fused.join("systems/encoder-alone.h5").is_file());
    let found = results(&fused);
    let systems: Vec<&str> = found.verification.iter().map(|row| row.system.as_str()).collect();
    assert_eq!(
        systems,
        ["encoder", "encoder", "encoder:alone", "encoder:alone", "tangent_wccn", "tangent_wccn"]
    );
    assert!(found.comparisons.iter().any(|row| row.system == "encoder:alone"));

    let [fused, plain, other] = [&fused, &plain, &other].map(|folder| folder.to_str().unwrap());
    let side: SideBySide =
        serde_json::from_str(&succeed(&["compare", fused, plain, other, "--json"])).unwrap();
    assert_eq!((side.run.as_str(), side.against.as_str()), ("fused", "encoder"));
    // What fusion adds does not change what is fused: seeds and training are the same.
    let (alone, plain_row) = (row(&side, "fused", "encoder:alone"), row(&side, "plain", "encoder"));
    assert_eq!(alone.at, plain_row.at);
    assert_ne!(row(&side, "fused", "encoder").at[0].eer, alone.at[0].eer);
    for cell in &plain_row.at {
        let reference =
            row(&side, "fused", "encoder").at.iter().find(|at| at.probe_seconds == cell.probe_seconds);
        let gap = cell.eer.unwrap().value - reference.unwrap().eer.unwrap().value;
        let difference = cell.difference.unwrap();
        assert!((difference.value - gap).abs() < 1e-12);
        assert!(difference.ci95.unwrap().contains(gap));
    }
    assert!(row(&side, "fused", "encoder").at.iter().all(|cell| cell.difference.is_none()));
    assert!(
        row(&side, "other", "encoder").at.iter().all(|cell| cell.difference.is_none() && cell.eer.is_some())
    );
    assert!(side.notes.iter().any(|note| note.contains("other has other trials")), "{:?}", side.notes);

    let shown = succeed(&["compare", fused, plain, "--against", "tangent_wccn", "--markdown"]);
    assert!(
        shown.contains("| plain | `encoder` |") && shown.contains("| fused | `tangent_wccn` |"),
        "{shown}"
    );
    // A difference has the interval that the run itself reports, whichever side it is asked from.
    let said = succeed(&["compare", fused, "--against", "tangent_wccn", "--json"]);
    let side_by_side: SideBySide = serde_json::from_str(&said).unwrap();
    assert_eq!(found.comparisons.len(), 4);
    for comparison in &found.comparisons {
        let at = &row(&side_by_side, "fused", &comparison.system).at;
        let cell = at.iter().find(|cell| cell.probe_seconds == comparison.probe_seconds).unwrap();
        assert_eq!(cell.difference, Some(comparison.estimate()), "{comparison:?}");
    }
    let said = refuse(&["compare", fused, "--against", "log_psd"]);
    assert!(said.contains("encoder:alone") && said.contains("tangent_wccn"), "{said}");
    let said = refuse(&["compare", cohort.folder.path().to_str().unwrap()]);
    assert!(said.contains("finished runs"), "{said}");
}

#[test]
fn runs_under_several_seeds_count_as_one_and_a_person_once() {
    let cohort = Cohort::new("1");
    let run = |out: &str, seed: &str| {
        let seed = format!("protocol.seed={seed}");
        let baselines = "evaluation.baselines=[\"tangent_wccn\"]";
        cohort.run(out, &["--set", baselines, "--set", "evaluation.audits=[]", "--set", &seed])
    };
    let (one, two) = (run("one", "1"), run("two", "2"));
    let [first, second] = [&one, &two].map(|folder| folder.to_str().unwrap());
    let pooled = |runs: &[&str]| -> SideBySide {
        let arguments = [&["compare", "--pooled", "--against", "tangent_wccn", "--json"], runs].concat();
        serde_json::from_str(&succeed(&arguments)).unwrap()
    };
    let (alone, both) = (pooled(&[first]), pooled(&[first, second]));
    // Of one run it is what the run says itself.
    let said: SideBySide =
        serde_json::from_str(&succeed(&["compare", first, "--against", "tangent_wccn", "--json"])).unwrap();
    for system in ["encoder", "tangent_wccn"] {
        let own = said.rows.iter().find(|row| row.system == system).unwrap();
        let found = row(&alone, "1 run", system);
        for (own, found) in own.at.iter().zip(&found.at) {
            assert_eq!(own.difference, found.difference);
            assert!((own.eer.unwrap().value - found.eer.unwrap().value).abs() < 1e-12);
        }
    }
    for length in 0..alone.rows[0].at.len() {
        let eer = |folder: &Path| {
            let found = results(folder);
            let mut rows = found.verification.iter().filter(|row| row.system == "encoder");
            rows.nth(length).unwrap().eer.unwrap().value
        };
        let mean = row(&both, "2 runs", "encoder").at[length].eer.unwrap().value;
        assert!((mean - (eer(&one) + eer(&two)) / 2.0).abs() < 1e-9);
    }
    assert!(refuse(&["compare", "--pooled", first, first]).contains("given twice"));
    let fewer = cohort.run("fewer", &["--set", "dataset.max_subjects=6", "--set", "evaluation.audits=[]"]);
    let refused = refuse(&["compare", "--pooled", first, fewer.to_str().unwrap()]);
    assert!(refused.contains("other people"), "{refused}");
}
