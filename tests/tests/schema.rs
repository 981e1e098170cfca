//! The JSON Schema of pipelines and the page of every key: those in the project are those of the program, and the schema takes and
//! refuses what a run takes and refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use twinprint_run::Source;
use twinprint_tests::{Cohort, python, root, succeed, twinprint};

/// Values that a run refuses, each by itself: key and value.
const REFUSED: [(&str, &str); 42] = [
    ("name", "\"a b\""),
    ("final_model", "1"),
    ("channels", "\"all\""),
    ("dataset.max_subjects", "0"),
    ("dataset.exclude_recordings", "[\"a/b\"]"),
    ("dataset.layout", "{ kind = \"folder\" }"),
    ("dataset.layout.datatype", "\"e_g\""),
    ("preprocess.channels.unit", "\"volt\""),
    ("preprocess.channels.on_missing", "\"skip\""),
    ("preprocess.filter", "true"),
    ("preprocess.filter.l_freq", "0"),
    ("preprocess.filter.order", "13"),
    ("preprocess.notch", "{ freq = 1e6 }"),
    ("preprocess.resample.sfreq", "0.5"),
    ("preprocess.reject.peak_to_peak", "-1"),
    ("preprocess.bad_channels.detect", "{ uncorrelated = 1.0 }"),
    ("preprocess.scale", "{ method = \"microvolts\", divisor = 0 }"),
    ("preprocess.reference", "\"Cz\""),
    ("protocol.variant", "\"any\""),
    ("protocol.folds", "1"),
    ("protocol.folds", "2.5"),
    ("protocol.enrol.seconds", "0"),
    ("protocol.enrol.templates_per_subject", "0"),
    ("protocol.probe.seconds", "[]"),
    ("protocol.guard_seconds", "-1"),
    ("protocol.allow_leak", "[\"leak\"]"),
    ("encoder.architecture", "{ name = \"conv\", pool = 0 }"),
    ("encoder.architecture", "{ name = \"filterbank\", bands = { count = 129 } }"),
    ("encoder.loss", "{ name = \"triplet\", margin = 0 }"),
    ("encoder.loss", "{ name = \"arc_face\", margin = 1.6 }"),
    ("encoder.batch.subjects", "1"),
    ("encoder.batch.augment", "[{ name = \"channel_dropout\", probability = 1.0 }]"),
    ("encoder.optimiser.learning_rate", "0"),
    ("encoder.optimiser.average", "1"),
    ("encoder.ensemble", "65"),
    ("encoder.fusion", "[{ with = \"tangent_wccn\", weight = 0 }]"),
    ("encoder.backend", "{ name = \"lda\", shrinkage = 1.5 }"),
    ("evaluation.baselines", "[\"encoder\"]"),
    ("evaluation.audits", "[\"colour\"]"),
    ("evaluation.bootstrap", "199"),
    ("executor.cpus", "0"),
    ("executor.memory", "\"much\""),
];

/// Values that a run takes, at the edges of what a key may have.
const TAKEN: [(&str, &str); 22] = [
    ("final_model", "false"),
    ("dataset.max_subjects", "12"),
    ("preprocess.filter", "false"),
    ("preprocess.filter.h_freq", "false"),
    ("preprocess.filter.l_freq", "0.5"),
    ("preprocess.resample.sfreq", "100"),
    ("preprocess.reject.peak_to_peak", "1e6"),
    ("preprocess.bad_channels.detect", "{ noisy = false }"),
    ("preprocess.scale", "{ method = \"epoch_z\" }"),
    ("preprocess.reference", "\"none\""),
    ("preprocess.epochs", "{ duration = 1, overlap = 0.5 }"),
    ("protocol.folds", "2"),
    ("protocol.dev_subjects", "0.25"),
    ("protocol.dev_subjects", "2"),
    ("protocol.guard_seconds", "4"),
    ("encoder.optimiser.steps", "0"),
    ("encoder.ensemble", "64"),
    ("encoder.fusion", "[{ with = \"tangent_wccn\" }]"),
    ("encoder.attention", "{ folds = 2 }"),
    ("evaluation.normalisation", "{ name = \"adaptive_s\", top = 2 }"),
    ("evaluation.audits", "[]"),
    ("executor", "{ kind = \"slurm\", cpus = 1, memory = \"500M\", options = [\"--qos=long\"] }"),
];

#[test]
fn the_schema_and_the_page_of_keys_are_those_of_the_program() {
    for (arguments, path) in
        [(&["schema"][..], "pipelines/schema.json"), (&["schema", "--page"], "docs/guide/keys.md")]
    {
        let written = std::fs::read_to_string(root().join(path)).unwrap();
        assert!(
            written == succeed(arguments),
            "{path} is old: cargo run -p twinprint-cli -- {} > {path}",
            arguments.join(" ")
        );
    }
}

#[test]
fn the_schema_takes_and_refuses_what_a_run_takes_and_refuses() {
    let Some(python) = python("jsonschema") else { return };
    let place = tempfile::tempdir().unwrap();
    let (taken, refused) = (place.path().join("taken"), place.path().join("refused"));
    [&taken, &refused].into_iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let write = |pipeline: &Path, overrides: &[String], to: &Path| {
        std::fs::write(to, Source::read(pipeline, overrides).unwrap().written_out().unwrap()).unwrap();
    };
    let mut shipped = 0;
    for entry in std::fs::read_dir(root().join("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            // As it is written, for editors, and with what it extends.
            let name = path.file_stem().unwrap().to_str().unwrap();
            std::fs::copy(&path, taken.join(format!("{name}-as-written.toml"))).unwrap();
            write(&path, &[], &taken.join(format!("{name}.toml")));
            shipped += 1;
        }
    }
    assert!(shipped > 15, "{shipped}");
    let cohort = Cohort::new("1");
    for (values, folder, is_taken) in [(&REFUSED[..], &refused, false), (&TAKEN[..], &taken, true)] {
        for (index, (key, value)) in values.iter().enumerate() {
            let change = format!("{key}={value}");
            write(
                &cohort.pipeline(),
                std::slice::from_ref(&change),
                &folder.join(format!("case-{index}.toml")),
            );
            let check =
                twinprint().arg("check").arg(cohort.pipeline()).args(["--set", &change]).output().unwrap();
            let said = String::from_utf8_lossy(&check.stderr);
            assert_eq!(check.status.success(), is_taken, "{change}: {said}");
        }
    }
    let script = root().join("tests/interop/pipelines_by_schema.py");
    let schema = root().join("pipelines/schema.json");
    let judged = Command::new(python).arg(script).args([&schema, &taken, &refused]).output().unwrap();
    assert!(
        judged.status.success(),
        "{}{}",
        String::from_utf8_lossy(&judged.stdout),
        String::from_utf8_lossy(&judged.stderr)
    );
}
