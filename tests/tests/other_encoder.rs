//! A run folder into which somebody put an encoder that is not its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use std::path::Path;

use twinprint_tests::{Cohort, forget_what_stages_left, only_run, refuse, succeed};

/// Where an encoder lies.
const FOLD: &str = "fold-1";

fn put(from: &Path, into: &Path) {
    for name in ["model.json", "model.safetensors"] {
        std::fs::copy(from.join(FOLD).join(name), into.join(FOLD).join(name)).unwrap();
    }
}

#[test]
fn an_encoder_of_another_architecture_plan_or_channel_set_is_refused_with_what_differs() {
    let cohort = Cohort::new("1");
    let run = cohort.run("own", &[]);
    let network = "encoder.architecture={ name = \"twin_cnn\", widths = [4], dim = 8 }";
    let others = [
        ("architecture", network, "its architecture is twin_cnn, wanted is filterbank"),
        ("plan", "encoder.seed=7", "its seed is 7, wanted is "),
        (
            "channels",
            "preprocess.channels.pick=[\"Fp1\", \"Fp2\", \"F3\", \"F4\"]",
            "its channel set is fp1 fp2 f3 f4, wanted is",
        ),
    ];
    let out = cohort.folder.path().join("own");
    let pipeline = cohort.pipeline();
    let again =
        ["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet", "--from", "embed"];
    let kept = tempfile::tempdir().unwrap();
    std::fs::create_dir(kept.path().join(FOLD)).unwrap();
    put(&run, kept.path());
    for (name, setting, difference) in others {
        let other = cohort.run(name, &["--set", setting]);
        put(&other, &only_run(&out));
        // Otherwise the files are refused as changed before anybody reads what they hold.
        forget_what_stages_left(&only_run(&out));
        let said = refuse(&again).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(difference) && said.contains(FOLD) && said.contains("--from train"), "{said}");
    }
    put(kept.path(), &only_run(&out));
    forget_what_stages_left(&only_run(&out));
    succeed(&again);
    assert_eq!(only_run(&out), run, "it is complete again");
}
