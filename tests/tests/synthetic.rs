//! The whole road on a synthetic cohort.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use twinprint_report::Results;
use twinprint_store::epochs::EpochFile;
use twinprint_store::prints::PrintFile;
use twinprint_tests::{Cohort, forget_what_stages_left, json, refuse, run, succeed, twinprint};

fn results(folder: &Path) -> Results {
    Results::from_json(&std::fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

#[test]
fn a_run_writes_every_file_of_the_run_folder() {
    let cohort = Cohort::new("1");
    let folder = cohort.run("out", &[]);
    for name in [
        "run.json",
        "pipeline.toml",
        "plan.json",
        "epochs.h5",
        "quality.parquet",
        "operations.json",
        "split.json",
        "fold-0/training.csv",
        "fold-0/model.safetensors",
        "fold-1/model.safetensors",
        "prints.h5",
        "trials.parquet",
        "scores.parquet",
        "provenance.json",
        "results.json",
        "report.html",
    ] {
        assert!(folder.join(name).is_file(), "{name} is missing");
    }
    let epochs = EpochFile::open(&folder.join("epochs.h5")).unwrap();
    assert_eq!(epochs.samples().dim(), (8 * 2 * 30, 6, 128));
    let prints = PrintFile::open(&folder.join("prints.h5")).unwrap();
    assert_eq!(prints.infos().len(), 8 * 2 * 30, "everybody is tested once");
    let results = results(&folder);
    let systems: Vec<&str> = results.verification.iter().map(|row| row.system.as_str()).collect();
    for system in ["encoder", "untrained_encoder", "whitened_encoder", "log_psd_cosine", "tangent_wccn"] {
        assert_eq!(
            systems.iter().filter(|name| **name == system).count(),
            2,
            "{system} at both probe lengths"
        );
    }
    let encoder = &results.verification[0];
    assert_eq!((encoder.mated, encoder.non_mated), (8 * 30, 8 * 30 * 3));
    assert!(results.classifiers.iter().any(|row| row.classifier == "mlp"));
    assert!(results.classifiers.iter().any(|row| row.classifier == "knn"));
    assert!(results.few_shot.iter().any(|row| row.shots == 5));
    assert!(results.caveats[0].contains("Synthetic"), "{:?}", results.caveats);
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("Synthetic"));
    for fetched in ["src=\"", "href=\"http", "url(h", "@import"] {
        assert!(!page.contains(fetched), "the page fetches something: {fetched}");
    }
    let named = json(&folder.join("run.json"))["plan_hash"].as_str().unwrap()[..8].to_owned();
    assert!(folder.file_name().unwrap().to_str().unwrap().ends_with(&named));
}

#[test]
fn the_same_plan_gives_the_same_numbers_whatever_the_threads() {
    let cohort = Cohort::new("1");
    let first = cohort.run("first", &["--threads", "1"]);
    let second = cohort.run("second", &["--threads", "2"]);
    let prints = |folder: &Path| PrintFile::open(&folder.join("prints.h5")).unwrap().prints().to_owned();
    let bits = |folder: &Path| prints(folder).iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&first), bits(&second));
    assert_eq!(scores(&first), scores(&second));
    let numbers = |folder: &Path| Results { timing: Default::default(), ..results(folder) };
    assert_eq!(numbers(&first), numbers(&second));
}

fn scores(folder: &Path) -> Vec<Option<u32>> {
    use polars::prelude::{ParquetReader, SerReader};
    let file = std::fs::File::open(folder.join("scores.parquet")).unwrap();
    let table = ParquetReader::new(file).finish().unwrap();
    table.column("score").unwrap().f32().unwrap().iter().map(|score| score.map(f32::to_bits)).collect()
}

#[test]
fn a_cohort_without_identity_has_an_error_rate_of_one_half() {
    let cohort = Cohort::new("0");
    let results = results(&cohort.run("out", &[]));
    for row in results.verification.iter().filter(|row| row.probe_seconds == 5.0) {
        let eer = row.eer.unwrap();
        assert!(eer.ci95.unwrap().contains(0.5), "{}: {eer:?}", row.system);
    }
}

#[test]
fn a_stopped_run_goes_on_after_its_last_stage_and_a_complete_one_is_kept() {
    let cohort = Cohort::new("1");
    let pipeline = cohort.pipeline();
    let out = cohort.folder.path().join("out");
    let (pipeline, out) = (pipeline.to_str().unwrap(), out.to_str().unwrap());
    let said = refuse(&["train", pipeline, "--out", out]);
    assert!(said.contains("preprocess must be done first"), "{said}");
    let folder = succeed(&["preprocess", pipeline, "--out", out]);
    let folder = Path::new(folder.trim());
    assert!(folder.to_str().unwrap().ends_with(".partial"));
    let before = std::fs::metadata(folder.join("epochs.h5")).unwrap().modified().unwrap();
    succeed(&["train", pipeline, "--out", out]);
    filter_after_epoching_is_found(folder, &["embed", pipeline, "--out", out]);
    succeed(&["embed", pipeline, "--out", out]);
    succeed(&["evaluate", pipeline, "--out", out]);
    assert!(!folder.exists(), "the last stage gives the folder its name");
    let complete = twinprint_tests::only_run(Path::new(out));
    let after = std::fs::metadata(complete.join("epochs.h5")).unwrap().modified().unwrap();
    assert_eq!(before, after, "preprocess ran once");
    let again = run(&["run", pipeline, "--out", out]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("already complete"));
    std::fs::remove_file(complete.join("report.html")).unwrap();
    succeed(&["report", complete.to_str().unwrap()]);
    assert!(complete.join("report.html").is_file());
    succeed(&["run", pipeline, "--out", out, "--from", "evaluate", "--quiet"]);
    assert_eq!(std::fs::metadata(complete.join("epochs.h5")).unwrap().modified().unwrap(), after);
}

/// The leak check reads what preprocessing says it did: one recording filtered after it was cut stops the run.
fn filter_after_epoching_is_found(folder: &Path, embed: &[&str]) {
    let (file, run) = (folder.join("operations.json"), folder.join("run.json"));
    let (done, record, before) = (json(&file), json(&run), std::fs::read(&file).unwrap());
    let names = ["band filter", "reference", "scale"];
    assert!(names.iter().all(|name| done[0].to_string().contains(name)), "{done}");
    assert_eq!(done.as_array().unwrap().len(), 1, "all recordings went the same way: {done}");
    let mut late = done.clone();
    late[0].as_array_mut().unwrap().push(serde_json::json!({ "filter": "notch" }));
    std::fs::write(&file, late.to_string()).unwrap();
    let said = refuse(embed);
    assert!(said.contains("operations.json") && said.contains("--from preprocess"), "{said}");
    forget_what_stages_left(folder);
    let said = refuse(embed);
    assert!(said.contains("leak filter-after-epoching") && said.contains("notch"), "{said}");
    std::fs::write(&file, before).unwrap();
    std::fs::write(&run, record.to_string()).unwrap();
}

#[test]
fn every_loss_that_a_plan_can_name_trains() {
    let cohort = Cohort::new("1");
    for (out, loss) in [
        ("l2", "{ name = \"contrastive\", distance = \"l2\" }"),
        ("l1", "{ name = \"contrastive\", distance = \"l1\" }"),
    ] {
        let set = format!("encoder.loss={loss}");
        let results = results(&cohort.run(out, &["--set", &set, "--set", "evaluation.baselines=[]"]));
        let encoder = results.verification.iter().find(|row| row.system == "encoder").unwrap();
        assert!(encoder.eer.unwrap().value < 0.5, "{loss}: {encoder:?}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_a_command_without_a_word() {
    let cohort = Cohort::new("1");
    let mut child = twinprint()
        .arg("check")
        .arg(cohort.pipeline())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(141) && !said.contains("fault"), "{:?}: {said}", output.status);
}

#[test]
fn what_training_would_refuse_is_refused_before_the_run() {
    let cohort = Cohort::new("1");
    let path = cohort.pipeline();
    let few = ["encoder.attention={}", "protocol.train.subjects=3"];
    let tapers = ["encoder.architecture={ name = \"filterbank\", covariances = true, tapers = 300 }"];
    let high = ["encoder.architecture={ name = \"filterbank\", bands = { high = 90.0 } }"];
    for (settings, words) in [
        (&few[..], "learns from 3 people, and attention needs 4"),
        (&tapers, "encoder.architecture.tapers = 300: "),
        (&high, "encoder.architecture.bands.high = 90: it must lie below half the rate of 128 Hz"),
    ] {
        let mut arguments = vec!["check", path.to_str().unwrap()];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let said = refuse(&arguments);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{said}");
    }
}
