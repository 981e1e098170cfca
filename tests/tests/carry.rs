//! An encoder that is carried to people no run has met.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use twinprint_tests::{Cohort, json, only_run, real, refuse, root, run, succeed};

/// `pipelines/eegmat.toml` for some of its people, with no more evaluation than it takes.
fn pipeline_of(people: std::ops::Range<usize>, folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(root().join("pipelines/eegmat.toml")).unwrap();
    let people: Vec<String> = people.map(|number| format!("\"Subject{number:02}\"")).collect();
    let chosen = format!("[dataset]\nsubjects = [{}]", people.join(", "));
    let evaluation = "[evaluation]\nbaselines = []\naudits = []\nbootstrap = 200\nepisodes = 20\n";
    let path = folder.join("some.toml");
    std::fs::write(&path, text.replace("[dataset]", &chosen) + evaluation).unwrap();
    path
}

/// Whether `probe`, saying they are `claimed`, are believed at the gallery's defaults.
fn verified(gallery: &str, claimed: usize, probe: usize, data: &Path) -> bool {
    let (claimed, file) = (format!("Subject{claimed:02}"), data.join(format!("Subject{probe:02}_2.edf")));
    let output = run(&["verify", "--gallery", gallery, "--subject", &claimed, file.to_str().unwrap()]);
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// The recording of a session of somebody in a synthetic cohort.
fn recording(cohort: &Cohort, person: usize, session: usize) -> PathBuf {
    let folder = cohort.folder.path().join(format!("cohort/sub-{person:02}/ses-{session}/eeg"));
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap()
}

/// Two minutes in a dev build.
#[test]
fn twelve_people_are_enrolled_and_verified_by_an_encoder_that_twelve_others_taught() {
    let Some(data) = real("eegmat") else { return };
    let data = data.canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (out, gallery) = (folder.path().join("out"), folder.path().join("twelve.gallery"));
    let (out_text, gallery) = (out.to_str().unwrap(), gallery.to_str().unwrap());
    let pipeline = pipeline_of(0..12, folder.path());
    succeed(&["run", pipeline.to_str().unwrap(), "--out", out_text, "--quiet"]);
    let model = only_run(&out);
    let enrol = |person: usize| -> (Option<i32>, Value) {
        let (name, file) = (format!("Subject{person:02}"), data.join(format!("Subject{person:02}_1.edf")));
        let fixed = ["enroll", "--gallery", gallery, "--model", model.to_str().unwrap(), "--json"];
        let output = run(&[&fixed[..], &["--subject", &name, file.to_str().unwrap()]].concat());
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    };
    let mut enrolled = 0;
    for person in 12..24 {
        let (code, said) = enrol(person);
        enrolled += usize::from(code == Some(0));
        if let Some(chance) = said[0]["duplicate_chance"].as_f64() {
            assert!(chance < 0.0101, "{said}");
        }
    }
    assert_eq!(enrolled, 12, "people refused as duplicates");
    let (mut right, mut wrong) = (0, 0);
    let claims: Vec<(usize, usize)> = (12..24).flat_map(|a| (12..24).map(move |b| (a, b))).collect();
    let half = |claims: &[(usize, usize)]| -> Vec<(bool, bool)> {
        claims.iter().map(|&(a, b)| (a == b, verified(gallery, a, b, &data))).collect()
    };
    let (one, other) = claims.split_at(claims.len() / 2);
    let outcomes = std::thread::scope(|scope| {
        let one = scope.spawn(|| half(one));
        [half(other), one.join().unwrap()].concat()
    });
    for (mated, matched) in outcomes {
        right += usize::from(mated && matched);
        wrong += usize::from(!mated && matched);
    }
    eprintln!("{enrolled} of 12 enrolled, {right} of 12 verified, {wrong} of 132 impostors accepted");
    assert_eq!(right, 12, "verified");
    assert!(wrong <= 1, "{wrong} of 132 impostors accepted");

    // Somebody the encoder was taught by can be enrolled, and is named.
    let (code, said) = enrol(3);
    let notices = said[0]["notices"].to_string();
    assert!(code == Some(0) && notices.contains("has learnt from this recording"), "{said}");
}

#[test]
fn a_run_ends_with_a_model_of_everybody_and_says_what_its_thresholds_do() {
    let cohort = Cohort::new("1");
    let short = ["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"];
    let with = cohort.run("with", &short);
    let without = cohort.run("without", &[&short[..], &["--set", "final_model=false"]].concat());
    for file in ["model.safetensors", "model.json", "training.csv", "thresholds.json"] {
        assert!(with.join("model").join(file).is_file(), "{file}");
    }
    assert!(!without.join("model").exists());
    let (results, plain) = (json(&with.join("results.json")), json(&without.join("results.json")));
    let thresholds = json(&with.join("model/thresholds.json"));
    assert_eq!(results["final_model"], thresholds);
    assert_eq!(thresholds["people"], 8);
    let at = |seconds: usize| &thresholds["thresholds"][seconds];
    // 8 people in 2 folds: 3 others each, 30 probes of 1 s a person.
    assert_eq!(
        (&at(0)["people"], &at(0)["mated"], &at(0)["non_mated"]),
        (&8.into(), &240.into(), &720.into())
    );
    assert_eq!(at(0)["strictest_fmr"], 30.0 / 720.0);
    let rates: Vec<f64> = at(0)["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["target_fmr"].as_f64().unwrap())
        .collect();
    assert_eq!(rates, [0.2, 0.1, 0.05]);
    for point in at(0)["points"].as_array().unwrap() {
        assert!(point["threshold"].is_number() && point["fmr"].is_number() && point["fnmr"].is_number());
    }
    // Everything else is as it is without.
    let rest = |results: &Value| {
        let mut results = results.clone();
        let keys = results.as_object_mut().unwrap();
        keys.remove("final_model");
        keys.remove("timing");
        results
    };
    assert_eq!(rest(&results), rest(&plain));
    assert_eq!(with.file_name(), without.file_name(), "the final model decides no number");
    // The encoder of a fold and the final model are not one another's.
    let (gallery, fold) = (cohort.folder.path().join("a.gallery"), cohort.folder.path().join("b.gallery"));
    let edf = recording(&cohort, 1, 1);
    let (model, edf) = (with.to_str().unwrap(), edf.to_str().unwrap());
    let enrol = |gallery: &Path, more: &[&str]| {
        let gallery = gallery.to_str().unwrap();
        succeed(&[&["enroll", "--gallery", gallery, "--model", model, "--subject", "a", edf], more].concat());
        succeed(&["gallery", "show", "--gallery", gallery])
    };
    assert!(enrol(&gallery, &[]).contains("final model"));
    assert!(enrol(&fold, &["--fold", "1"]).contains("of fold 1"));
}

#[test]
fn a_final_model_stops_after_the_median_of_the_steps_that_served_its_folds_best() {
    let cohort = Cohort::new("1");
    let settings = [
        "evaluation.baselines=[]",
        "evaluation.audits=[]",
        "protocol.dev_subjects=2",
        "encoder.early_stopping={ every = 2, patience = 0 }",
        "encoder.optimiser.learning_rate=0.05",
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
    let folder = cohort.run("out", &settings);
    let log = |place: &str| -> Vec<(usize, Option<f64>)> {
        let text = std::fs::read_to_string(folder.join(place).join("training.csv")).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[1].parse().unwrap(), cells[5].parse().ok())
        };
        text.lines().skip(1).map(row).collect()
    };
    let best = |place: &str| {
        let looks = log(place).into_iter().filter_map(|(step, score)| Some((step, score?)));
        looks.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
    };
    let mut steps = [best("fold-0"), best("fold-1")];
    steps.sort_unstable();
    assert_eq!(log("model").last().unwrap().0, steps[1], "{steps:?}");
    assert!(log("model").iter().all(|(_, score)| score.is_none()), "it has no dev people");
}

#[test]
fn a_packed_model_serves_like_the_run_it_came_from() {
    let cohort = Cohort::new("1");
    let folder = cohort.folder.path();
    let run_folder =
        cohort.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (from, packed) = (run_folder.to_str().unwrap(), path("m.twinprint"));
    succeed(&["model", "pack", from, "--to", &packed]);
    assert!(refuse(&["model", "pack", from, "--to", &packed]).contains("--force"));
    assert!(succeed(&["model", "check", &packed]).starts_with("ok"));
    let shown = succeed(&["model", "show", &packed]);
    for word in [
        "final model",
        "8 people in 16 recordings",
        "epochs of 1 s",
        "measured",
        "not for",
        "Synthetic cohort",
    ] {
        assert!(shown.contains(word), "no {word:?} in {shown}");
    }
    // Nobody's name and no file's stands in it.
    let bytes = std::fs::read(&packed).unwrap();
    for word in ["sub-0", ".edf", "cohort/"] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    // Its thresholds, prints and decisions are those of the run.
    let (gallery, other) = (path("run.gallery"), path("packed.gallery"));
    let (first, second) = (recording(&cohort, 3, 1), recording(&cohort, 3, 2));
    let said: Vec<(String, String)> = [(from, &gallery), (packed.as_str(), &other)]
        .map(|(model, gallery)| {
            let enrol =
                ["enroll", "--gallery", gallery, "--model", model, "--subject", "x", first.to_str().unwrap()];
            let notices = run(&enrol).stderr;
            assert!(String::from_utf8_lossy(&notices).contains("has learnt from this recording"));
            let verify =
                ["verify", "--gallery", gallery, "--subject", "x", second.to_str().unwrap(), "--json"];
            let lock = json_of(&["gallery", "show", "--gallery", gallery, "--json"]);
            (String::from_utf8(run(&verify).stdout).unwrap(), lock["thresholds"].to_string())
        })
        .into();
    assert_eq!(said[0], said[1]);
    // Each opens with the other's encoder, which is the same.
    let verify = |model: &str| {
        run(&["verify", "--gallery", &gallery, "--model", model, "--subject", "x", second.to_str().unwrap()])
    };
    assert_eq!(verify(&packed).status.code(), verify(from).status.code());
    succeed(&["export", &packed, "--to", &path("weights.safetensors")]);
    assert!(refuse(&["export", &packed, "--to", &path("prints.h5")]).contains("needs a run folder"));
    // A fold's encoder can be carried as well, and is another.
    let of_fold = path("fold.twinprint");
    succeed(&["model", "pack", from, "--to", &of_fold, "--fold", "1"]);
    assert_ne!(
        json_of(&["model", "show", &of_fold, "--json"])["encoder"],
        json_of(&["model", "show", &packed, "--json"])["encoder"]
    );

    // One flipped byte, a torn file, and what is no model at all.
    let damaged = path("damaged.twinprint");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for (content, sentence) in [
        (flipped, "damaged or was changed"),
        (bytes[..bytes.len() / 2].to_vec(), "damaged or was changed"),
        (b"hello".to_vec(), "no packed model"),
    ] {
        std::fs::write(&damaged, content).unwrap();
        let checked = run(&["model", "check", &damaged]);
        assert_eq!(checked.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&checked.stdout).contains(sentence));
        let enrol = [
            "enroll",
            "--gallery",
            &path("no.gallery"),
            "--model",
            &damaged,
            "--subject",
            "x",
            first.to_str().unwrap(),
        ];
        assert!(refuse(&enrol).contains(sentence));
    }
}

fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(arguments)).unwrap()
}

/// A pipeline for a cohort that starts from a packed model.
fn from_model(cohort: &Cohort, more: &str) -> PathBuf {
    let text = std::fs::read_to_string(cohort.pipeline()).unwrap();
    let (before, after) = text.split_once("[encoder.optimiser]\nsteps = 10\n").unwrap();
    let path = cohort.folder.path().join("carried.toml");
    let encoder = format!("[encoder]\nfrom = \"m.twinprint\"\n{more}\n");
    let evaluation = "baselines = [\"tangent_wccn\"]\naudits = []\n";
    std::fs::write(&path, format!("{before}{encoder}{after}{evaluation}")).unwrap();
    path
}

#[test]
fn a_carried_encoder_is_judged_on_other_people_beside_one_learnt_there() {
    let (teachers, home) = (Cohort::new("1"), Cohort::new("1"));
    let taught = teachers.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
    // Other people, of the same kind of headset.
    let (at, data) = (home.folder.path(), home.folder.path().join("cohort"));
    std::fs::remove_dir_all(&data).unwrap();
    let fixed = ["--subjects", "8", "--sessions", "2", "--seconds", "30", "--channels", "6", "--rate", "128"];
    let data = data.to_str().unwrap().to_owned();
    succeed(&[&["synth", &data, "--seed", "77", "--quiet"], &fixed[..]].concat());
    let packed = at.join("m.twinprint");
    succeed(&["model", "pack", taught.to_str().unwrap(), "--to", packed.to_str().unwrap()]);
    let eer = |system: &str, results: &Value| {
        let rows = results["verification"].as_array().unwrap();
        rows.iter().find(|row| row["system"] == system).unwrap()["eer"]["value"].as_f64().unwrap()
    };
    for adapt in ["none", "closed-form", "fine-tune"] {
        let steps = if adapt == "fine-tune" { "\n[encoder.optimiser]\nsteps = 5\n" } else { "" };
        let pipeline = from_model(&home, &format!("adapt = \"{adapt}\"{steps}"));
        let out = at.join(adapt);
        succeed(&["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
        let run = only_run(&out);
        let results = json(&run.join("results.json"));
        assert!(eer("encoder", &results) < 0.5 && eer("learnt_here", &results) < 0.5, "{adapt}");
        let differences = results["comparisons"].as_array().unwrap();
        assert!(
            differences.iter().any(|row| row["baseline"] == "learnt_here" && row["ci95"].is_array()),
            "{adapt}: {results}"
        );
        let weights =
            |fold: usize| std::fs::read(run.join(format!("fold-{fold}/model.safetensors"))).unwrap();
        assert_eq!(weights(0) == weights(1), adapt == "none", "{adapt}");
        // Packed again, it names all who taught it.
        let again = at.join(format!("{adapt}.twinprint"));
        succeed(&["model", "pack", run.to_str().unwrap(), "--to", again.to_str().unwrap()]);
        assert_eq!(
            json_of(&["model", "show", again.to_str().unwrap(), "--json"])["about"]["card"]["people"],
            16
        );
    }

    let refused = |more: &str| refuse(&["check", from_model(&home, more).to_str().unwrap()]);
    let said = refused("architecture = { name = \"conv\" }");
    assert!(said.contains("comes from the model"), "{said}");
    // People who taught it cannot be tested, whatever they are called here.
    std::fs::copy(&packed, teachers.folder.path().join("m.twinprint")).unwrap();
    let leak = refuse(&["check", from_model(&teachers, "").to_str().unwrap()]);
    assert!(leak.contains("fitted-on-test") && leak.contains("sub-0"), "{leak}");
    let pipeline = from_model(&home, "");
    let with = |set: &str| refuse(&["check", pipeline.to_str().unwrap(), "--set", set]);
    let said = with("preprocess.epochs={ duration = 0.5, overlap = 0.0 }");
    assert!(said.contains("epoch length: the model takes 1 s"), "{said}");
}
