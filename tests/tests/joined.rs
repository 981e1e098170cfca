//! Features learnt on one cohort, joined to the encoder of another: end to end on synthetic cohorts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use twinprint_tests::{Cohort, json, only_run, refuse, succeed, twinprint};

/// Eight people of six channels are tested; ten others of nine channels, one recording each, are learnt from.
fn cohorts() -> Cohort {
    let home = Cohort::new("1");
    let others = home.folder.path().join("others");
    let others = others.to_str().unwrap();
    let more = ["--subjects", "10", "--sessions", "1", "--seconds", "20", "--channels", "9", "--rate", "128"];
    succeed(&[&["synth", others, "--seed", "7", "--quiet"], more.as_slice()].concat());
    let pipeline = fs::read_to_string(home.pipeline()).unwrap();
    let tables = "[[cohorts]]\nname = \"home\"\ndataset = { root = \"cohort\" }\n\n\
        [[cohorts]]\nname = \"others\"\nrole = \"learn\"\nchannels = \"own\"\ndataset = { root = \"others\" }\n";
    let pipeline = pipeline.replace("[dataset]\nroot = \"cohort\"\n", tables);
    let joined = "[[encoder.joined]]\nname = \"shared_conv\"\nwidths = [4, 4]\nkernels = [9, 5]\ndim = 3\nsteps = 12\n\n";
    let pipeline = pipeline.replace("[encoder.optimiser]", &format!("{joined}[encoder.optimiser]"));
    assert!(pipeline.contains("joined") && pipeline.contains("others"), "{pipeline}");
    fs::write(home.pipeline(), pipeline).unwrap();
    home
}

fn bytes(run: &Path, name: &str) -> Vec<u8> {
    fs::read(run.join(name)).unwrap()
}

#[test]
fn what_was_learnt_on_other_people_is_in_the_encoder_and_held_against_the_closed_form() {
    let cohort = cohorts();
    let run = cohort.run("out", &[]);
    let log = fs::read_to_string(run.join("joined/training.csv")).unwrap();
    assert_eq!(log.lines().count(), 1 + 12, "{log}");
    let results = json(&run.join("results.json"));
    let compared = results["comparisons"].as_array().unwrap();
    assert!(compared.iter().any(|row| row["system"] == "encoder" && row["baseline"] == "whitened_encoder"));
    let tested = json(&run.join("provenance.json"));
    let fits = tested["fits"].as_array().unwrap();
    let joined = fits.iter().find(|fit| fit["what"] == "joined features").expect("who was learnt from");
    let people: Vec<&str> =
        joined["subjects"].as_array().unwrap().iter().map(|who| who.as_str().unwrap()).collect();
    assert!(people.len() == 10 && people.iter().all(|who| who.starts_with("others/")), "{people:?}");

    // It is learnt once, kept for what comes later, and comes out the same when it is learnt again.
    let model = "fold-0/model.safetensors";
    let before = (
        bytes(&run, "joined/joined.safetensors"),
        bytes(&run, model),
        bytes(&run, "model/model.safetensors"),
    );
    let again = cohort.run("out", &["--from", "train"]);
    let after = (
        bytes(&again, "joined/joined.safetensors"),
        bytes(&again, model),
        bytes(&again, "model/model.safetensors"),
    );
    assert_eq!((again == run, before == after), (true, true));
}

#[test]
fn people_to_learn_from_and_a_network_that_learns_need_one_another() {
    let cohort = cohorts();
    let pipeline = cohort.pipeline();
    let pipeline = pipeline.to_str().unwrap();
    let said = refuse(&["check", pipeline, "--set", "encoder.joined=[]"]);
    assert!(said.contains("others") && said.contains("channels = \"common\""), "{said}");
    let text = fs::read_to_string(pipeline).unwrap();
    fs::write(pipeline, text.replace("role = \"learn\"\nchannels = \"own\"\n", "role = \"learn\"\n"))
        .unwrap();
    let said = refuse(&["check", pipeline]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("encoder.joined") && said.contains("channels = \"own\""), "{said}");
}

#[test]
fn a_run_killed_while_it_learns_on_other_people_goes_on_and_ends_in_the_same_bytes() {
    let cohort = cohorts();
    let pipeline = fs::read_to_string(cohort.pipeline()).unwrap();
    fs::write(cohort.pipeline(), pipeline.replace("steps = 12\n", "steps = 60\n")).unwrap();
    let settings = ["encoder.checkpoint_every=5", "evaluation.baselines=[]", "evaluation.audits=[]"];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
    let whole = cohort.run("whole", &settings);
    let out = cohort.folder.path().join("killed");
    let pipeline = cohort.pipeline();
    let fixed = ["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"];
    let arguments = [&fixed[..], &settings].concat();
    let mut child = twinprint().args(&arguments).spawn().unwrap();
    let begun = Instant::now();
    let checkpoint = || {
        // What is kept by content lies beside the run.
        let beside = fs::read_dir(&out).ok()?.flatten();
        beside
            .map(|entry| entry.path().join("joined/checkpoint/checkpoint.safetensors"))
            .find(|path| path.is_file())
    };
    while checkpoint().is_none() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        assert!(begun.elapsed() < Duration::from_secs(300), "no checkpoint appeared");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(&arguments);
    let resumed = only_run(&out);
    for name in ["joined/joined.safetensors", "joined/training.csv", "fold-0/model.safetensors"] {
        assert!(bytes(&resumed, name) == bytes(&whole, name), "{name} differs");
    }
    assert!(!resumed.join("joined/checkpoint").exists(), "nothing is left behind");
}
