//! What is learnt from and what is asked about: the protocol's windows, whoever asks, and nothing but what earlier stages left.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use twinprint_report::Results;
use twinprint_store::prints::{PrintFile, PrintWriter};
use twinprint_tests::edf::Edf;
use twinprint_tests::{Cohort, PIPELINE, forget_what_stages_left, only_run, refuse, run, succeed};

fn results(folder: &Path) -> Results {
    Results::from_json(&fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

/// Enrols and probes within session 1, with a gap between.
fn within_recording() -> String {
    PIPELINE
        .replace("folds = 2", "folds = 2\nvariant = \"within-recording\"\nguard_seconds = 3.0")
        .replace("ses-2", "ses-1")
        .replace("bootstrap = 200", "bootstrap = 200\nbaselines = [\"log_psd_cosine\"]")
}

#[test]
fn within_one_recording_classifiers_never_meet_a_window_they_learnt_from() {
    // People who are all alike: whoever tells them apart has seen the very windows that are asked about.
    let cohort = Cohort::new("0");
    fs::write(cohort.pipeline(), within_recording()).unwrap();
    let results = results(&cohort.run("out", &[]));
    let asked = |system: &str| results.verification.iter().find(|row| row.system == system).unwrap().mated;
    assert_eq!(asked("encoder"), 8 * 17, "30 s less 10 s of template and 3 s of gap, in probes of 1 s");
    for row in results.classifiers.iter().filter(|row| row.label == "subject") {
        let accuracy = row.accuracy.unwrap().value;
        // Learnt from whole recordings they reached .86 (k-NN) and 1 (MLP) on this cohort, from the protocol's windows .58 and .59.
        assert!(accuracy < 0.75, "{} of {}: {accuracy}", row.classifier, row.system);
    }
}

#[test]
fn a_recording_is_not_compared_with_its_own_length_and_a_caveat_is_said_once() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), within_recording()).unwrap();
    let results = results(&cohort.run("out", &["--set", "evaluation.audits=[\"recording_length_only\"]"]));
    let rows: Vec<_> =
        results.audit.iter().filter(|row| row.check.contains("recording length only")).collect();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row.eer.is_none() && row.detail.contains("one recording"), "{row:?}");
        assert!(row.check.contains(" s"), "each says at which length: {row:?}");
    }
    for caveat in &results.caveats {
        assert_eq!(results.caveats.iter().filter(|other| *other == caveat).count(), 1, "{caveat}");
    }
    let within = results.caveats.iter().filter(|caveat| caveat.contains("within")).count();
    assert_eq!(within, 1, "{:?}", results.caveats);
}

#[test]
fn stages_after_the_first_need_no_recording() {
    let cohort = Cohort::new("1");
    let out = cohort.folder.path().join("out");
    let (pipeline, out) = (cohort.pipeline(), out.to_str().unwrap().to_owned());
    let pipeline = pipeline.to_str().unwrap();
    succeed(&["preprocess", pipeline, "--out", &out]);
    fs::rename(cohort.folder.path().join("cohort"), cohort.folder.path().join("elsewhere")).unwrap();
    for stage in ["train", "embed", "evaluate"] {
        succeed(&[stage, pipeline, "--out", &out]);
    }
    let folder = only_run(Path::new(&out));
    let first = fs::read(folder.join("scores.parquet")).unwrap();
    succeed(&["run", pipeline, "--out", &out, "--from", "embed", "--quiet"]);
    assert_eq!(fs::read(folder.join("scores.parquet")).unwrap(), first);
    assert!(!results(&folder).caveats.is_empty(), "what was known of the recordings is still said");
}

#[test]
fn a_folder_that_lacks_a_file_of_the_first_stage_is_left_as_it_is_and_the_way_out_is_named() {
    let cohort = Cohort::new("1");
    let folder = cohort.run("out", &["--set", "evaluation.baselines=[]"]);
    let out = folder.parent().unwrap().to_str().unwrap().to_owned();
    let again = |from: &str| {
        let pipeline = cohort.pipeline();
        let set = "evaluation.baselines=[]";
        ["run", pipeline.to_str().unwrap(), "--out", &out, "--set", set, "--from", from].map(str::to_owned)
    };
    for name in ["cohort.json", "operations.json"] {
        let aside = folder.with_file_name(name);
        fs::rename(folder.join(name), &aside).unwrap();
        let words = again("embed");
        let said = refuse(&words.each_ref().map(String::as_str));
        assert!(said.contains(name) && said.contains("--from preprocess"), "{said}");
        assert!(folder.join("report.html").is_file(), "the folder keeps its name");
        fs::rename(aside, folder.join(name)).unwrap();
    }
    fs::remove_file(folder.join("cohort.json")).unwrap();
    let words = again("preprocess");
    succeed(&words.each_ref().map(String::as_str));
    assert!(folder.join("cohort.json").is_file());
}

#[test]
fn a_run_whose_plan_has_a_sweep_lends_its_encoder_and_its_prints() {
    let cohort = Cohort::new("1");
    let sweep = "\n[[sweep]]\nname = \"people\"\nkey = \"protocol.train.subjects\"\nvalues = [2, 3]\n";
    fs::write(cohort.pipeline(), format!("{PIPELINE}baselines = []\n{sweep}")).unwrap();
    let folder = cohort.run("out", &[]);
    let (run, at) = (folder.to_str().unwrap(), |name: &str| cohort.folder.path().join(name));
    for name in ["prints.h5", "encoder.safetensors"] {
        succeed(&["export", run, "--to", at(name).to_str().unwrap()]);
    }
}

/// The recordings of session 1, in the order of their names.
fn first_sessions(cohort: &Cohort) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(cohort.folder.path().join("cohort"))
        .unwrap()
        .filter_map(|entry| fs::read_dir(entry.unwrap().path().join("ses-1/eeg")).ok())
        .flat_map(|files| files.map(|file| file.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "edf"))
        .collect();
    found.sort();
    found
}

#[test]
fn a_flat_stretch_is_rejected_and_counted_and_even_where_it_is_kept_the_run_ends_well() {
    let cohort = Cohort::new("1");
    for path in &first_sessions(&cohort)[..2] {
        let mut file = Edf::read(path);
        (0..6).for_each(|signal| {
            file.hold(signal, 100, |record| (4..6).contains(&record));
        });
        file.write(path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
    }
    // As recordings come: the flat stretch is rejected and counted, and nobody else notices.
    let out = cohort.folder.path().join("rejected");
    let plain = run(&["run", cohort.pipeline().to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&plain.stderr);
    assert!(plain.status.success() && said.contains(" flat"), "{said}");
    cohort.run("kept", &["--set", "preprocess.reject.constant=false"]);
}

#[test]
fn a_print_without_a_direction_costs_its_trials_in_every_system_and_is_reported() {
    let cohort = Cohort::new("1");
    let folder = cohort.run("out", &["--set", "evaluation.baselines=[\"tangent_wccn\"]"]);
    let before = results(&folder);
    // The template of the person who stands first is spoilt, in one system.
    let path = folder.join("systems/tangent_wccn.h5");
    let file = PrintFile::open(&path).unwrap();
    let mut prints = file.prints().to_owned();
    let spoilt = file.infos().iter().position(|info| info.epoch.key.session.as_str() == "ses-1").unwrap();
    prints.row_mut(spoilt).fill(0.0);
    let own = |name: &str| name != "README" && name != "schema";
    let attributes = file.attributes().clone().into_iter().filter(|(name, _)| own(name)).collect();
    let mut writer = PrintWriter::create(&path, file.dim(), &attributes).unwrap();
    writer.append(prints.view(), file.infos()).unwrap();
    drop(file);
    writer.finish().unwrap();
    forget_what_stages_left(&folder);
    let (pipeline, out) = (cohort.pipeline(), folder.parent().unwrap().to_owned());
    let set = "evaluation.baselines=[\"tangent_wccn\"]";
    succeed(&[
        "run",
        pipeline.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--set",
        set,
        "--from",
        "evaluate",
    ]);
    let after = results(&folder);
    for (before, after) in before.verification.iter().zip(&after.verification) {
        assert_eq!((before.failures_to_enrol, after.failures_to_enrol), (0, 1), "{}", after.system);
        assert_eq!((after.mated, after.non_mated), (before.mated * 7 / 8, before.non_mated * 7 / 8));
    }
    let said = after.audit.iter().find(|row| row.check == "every print has a direction").unwrap();
    assert!(said.detail.contains("tangent_wccn gives no direction to 1 epoch"), "{}", said.detail);
}
