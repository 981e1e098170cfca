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
