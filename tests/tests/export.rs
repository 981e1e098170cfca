//! Features and weights for other programs, and other programs' features back.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use twinprint_encoder::{Compute, Model};
use twinprint_store::{epochs::EpochFile, prints::PrintFile};
use twinprint_tests::{Cohort, json, python, refuse, root, succeed};

struct Stage {
    cohort: Cohort,
    run: PathBuf,
}

impl Stage {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(more: &[&str]) -> Self {
        let cohort = Cohort::new("1");
        let run = cohort.run("out", &[&["--set", "evaluation.baselines=[]"], more].concat());
        Self { cohort, run }
    }

    fn path(&self, name: &str) -> String {
        self.cohort.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn export(&self, name: &str, more: &[&str]) -> String {
        let (run, to) = (self.run.to_str().unwrap(), self.path(name));
        let fixed = ["export", run, "--to", to.as_str()];
        succeed(&fixed.iter().chain(more).copied().collect::<Vec<_>>());
        to
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let run = self.run.to_str().unwrap();
        let said = refuse(&["export", run].iter().chain(arguments).copied().collect::<Vec<_>>());
        said.replace(['│', '╰', '─', '▶', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

/// Runs a program on files and wants it to find everything in order; gives back what it said.
fn passes(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}:\n{said}", program.display());
    said
}

fn script(name: &str) -> String {
    root().join("tests/interop").join(name).to_str().unwrap().to_owned()
}

#[test]
fn every_test_print_is_exported_once_with_its_owner_its_epoch_and_its_features() {
    let stage = Stage::new();
    let path = stage.export("features.h5", &["--with", "band-powers,log-psd,epochs"]);
    let (file, prints) =
        (PrintFile::open_any(path.as_ref()).unwrap(), PrintFile::open(&stage.run.join("prints.h5")).unwrap());
    assert_eq!(file.prints(), prints.prints());
    assert_eq!(file.infos(), prints.infos());
    assert_eq!(file.infos().len(), EpochFile::open(&stage.run.join("epochs.h5")).unwrap().infos().len());
    let record = json(&stage.run.join("run.json"));
    assert_eq!(file.attributes()["plan_hash"], record["plan_hash"].as_str().unwrap());
    assert!(file.attributes().contains_key("encoder_hash_fold_1"));
    let all = stage.export("all.h5", &["--roles", "train,test"]);
    assert_eq!(PrintFile::open_any(all.as_ref()).unwrap().infos().len(), 2 * prints.infos().len());
    let one = stage.export("one.h5", &["--fold", "1"]);
    assert!(
        PrintFile::open_any(one.as_ref())
            .unwrap()
            .infos()
            .iter()
            .all(|info| info.fold.is_some_and(|fold| fold.0 == 1))
    );
}

#[test]
fn scikit_learn_mne_and_pandas_open_what_is_exported() {
    let stage = Stage::new();
    let Some(python) = python("h5py, mne, sklearn, pandas, pyarrow") else { return };
    stage.export("features.h5", &["--with", "band-powers,log-psd,epochs"]);
    for name in ["features.parquet", "features.csv"] {
        stage.export(name, &["--with", "band-powers,log-psd"]);
    }
    let (run, folder) = (stage.run.to_str().unwrap(), stage.path(""));
    let said = passes(&python, &[&script("features_elsewhere.py"), run, &folder]);
    says(&said, &["k-NN accuracy", "rows alike"]);
}

#[test]
fn octave_loads_what_is_exported() {
    let stage = Stage::new();
    let path = stage.export("features.h5", &["--with", "band-powers,epochs"]);
    let octave = Path::new("octave-cli");
    if Command::new(octave).arg("--version").output().is_err() {
        eprintln!("SKIPPED: octave_loads_what_is_exported: no octave-cli; apt-get install octave");
        return;
    }
    says(&passes(octave, &["--no-gui", &script("export_in_octave.m"), &path]), &["prints of"]);
}

#[test]
fn pytorch_makes_the_same_prints_from_the_exported_weights() {
    let Some(python) = python("h5py, torch, safetensors") else { return };
    for (covariances, attention) in
        [("false", "{ steps = 20 }"), ("true, tapers = 6", "{ steps = 20 }"), ("true", "")]
    {
        let front = format!("encoder.architecture={{ name = \"filterbank\", covariances = {covariances} }}");
        let attention = format!("encoder.attention={attention}");
        let mut settings = vec!["--set", front.as_str()];
        if !attention.ends_with('=') {
            settings.extend(["--set", &attention]);
        }
        let stage = Stage::with(&settings);
        let weights = stage.export("encoder.safetensors", &["--fold", "1"]);
        let features = stage.export("features.h5", &["--fold", "1", "--with", "epochs"]);
        let said = passes(&python, &[&script("encoder_in_pytorch.py"), &weights, &features]);
        says(&said, &["largest difference"]);
    }
}

/// Loads the file, turns the head's sign and writes a file of its own.
const TURN: &str = "import sys; from safetensors.torch import load_file, save_file
weights = load_file(sys.argv[1])
weights['members.0.head.weight'] = -weights['members.0.head.weight']
save_file(weights, sys.argv[2])";

#[test]
fn weights_changed_in_pytorch_come_back() {
    let Some(python) = python("torch, safetensors") else { return };
    let stage = Stage::new();
    let (weights, turned) = (stage.export("encoder.safetensors", &[]), stage.path("turned.safetensors"));
    passes(&python, &["-c", TURN, &weights, &turned]);
    let model = Model::load(&stage.run.join("fold-0"), &Compute::cpu()).unwrap();
    let epochs = EpochFile::open(&stage.run.join("epochs.h5")).unwrap();
    let epochs = epochs.samples();
    let prints = model.embed(epochs).unwrap();
    let same = model.with_weights(weights.as_ref()).unwrap();
    assert_eq!(same.embed(epochs).unwrap(), prints);
    let back = model.with_weights(turned.as_ref()).unwrap();
    assert_eq!(back.embed(epochs).unwrap(), -prints);

    let own = PrintFile::open_any(stage.export("own.h5", &["--fold", "0"]).as_ref()).unwrap();
    let made = PrintFile::open_any(stage.export("made.h5", &["--weights", &turned]).as_ref()).unwrap();
    assert_eq!(made.infos(), own.infos());
    assert_eq!(made.prints(), -&own.prints());
}

#[test]
fn exported_prints_of_brought_back_weights_say_whose_they_are() {
    let stage = Stage::new();
    let weights = stage.export("encoder.safetensors", &["--fold", "1"]);
    let own = PrintFile::open_any(stage.export("own.h5", &["--fold", "1"]).as_ref()).unwrap();
    let to = stage.path("made.h5");
    let run = stage.run.to_str().unwrap();
    let said = succeed(&["export", run, "--to", &to, "--weights", &weights, "--fold", "1"]);
    let made = PrintFile::open_any(to.as_ref()).unwrap();
    assert_eq!(made.prints(), own.prints(), "unchanged weights make the run's own prints, bit for bit");
    let attribute = |name: &str| made.attributes().get(name).map(String::as_str);
    let hash = attribute("weights_blake3").unwrap();
    says(&said, &["encoder.safetensors", hash, "not the run's own"]);
    assert_eq!((hash.len(), attribute("weights")), (64, Some("encoder.safetensors")));
    assert_eq!(attribute("encoder_hash"), None, "the hash of all the run's encoders is not that of this one");
    assert_eq!(
        attribute("encoder_hash_fold_1"),
        own.attributes().get("encoder_hash_fold_1").map(String::as_str)
    );
    let table = stage.export("made.csv", &["--weights", &weights, "--fold", "1"]);
    says(&std::fs::read_to_string(table + ".json").unwrap(), &[hash]);
}

/// A safetensors file with its tensors' names, kinds and shapes changed by `change`, which gets them as JSON.
fn with_header(from: &str, to: &str, change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) {
    let bytes = std::fs::read(from).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    change(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let parts = [&(header.len() as u64).to_le_bytes()[..], &header, &bytes[8 + length..]];
    std::fs::write(to, parts.concat()).unwrap();
}

#[test]
fn weights_that_do_not_fit_are_refused_with_every_difference() {
    let stage = Stage::new();
    let (weights, bad, to) =
        (stage.export("encoder.safetensors", &[]), stage.path("bad.safetensors"), stage.path("x.h5"));
    let refused = |words: &[&str]| {
        let said = stage.refused(&["--to", &to, "--weights", &bad]);
        says(&said, &[&["bad.safetensors", "encoder of fold 0", "--to encoder.safetensors"], words].concat());
    };
    with_header(&weights, &bad, |header| {
        let head = header.remove("members.0.head.weight").unwrap();
        header.insert("members.0.tail.weight".to_owned(), head);
        let mean = &mut header["members.0.standardise.mean"]["shape"];
        *mean = serde_json::json!([1, mean[0]]);
    });
    refused(&["members.0.head.weight is missing", "members.0.standardise.mean has the shape [1,"]);
    with_header(&weights, &bad, |header| {
        header["members.0.head.weight"]["dtype"] = "I32".into();
    });
    refused(&["members.0.head.weight is I32, not F32"]);
    let mut bytes = std::fs::read(&weights).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&bad, &bytes).unwrap();
    refused(&["NaN", "weights must be finite"]);
    std::fs::write(&bad, "no weights").unwrap();
    refused(&[]);
    let none = stage.path("none.safetensors");
    says(&stage.refused(&["--to", &to, "--weights", &none]), &["cannot read", "none.safetensors"]);
    let twice = stage.path("twice.safetensors");
    says(&stage.refused(&["--to", &twice, "--weights", &weights]), &["--weights makes prints"]);
    says(&stage.refused(&["--to", &to, "--weights", &weights, "--fold", "7"]), &["fold 7"]);
    assert!(!Path::new(&to).exists() && !Path::new(&twice).exists());
}

#[test]
fn features_from_elsewhere_become_a_gallery_in_all_three_formats() {
    let stage = Stage::new();
    for ending in ["h5", "parquet", "csv"] {
        let features = stage.export(&format!("features.{ending}"), &[]);
        let gallery = stage.path(&format!("{ending}.gallery"));
        let rows = ["--rows", "fold=0", "--rows", "session=ses-1"];
        let enroll = ["enroll", "--gallery", &gallery, &features, "--epochs", "10"];
        succeed(&enroll.iter().chain(&rows).copied().collect::<Vec<_>>());
        let listed = succeed(&["gallery", "list", "--gallery", &gallery]);
        says(&listed, &["4 enrolled"]);
        let subject = listed.lines().nth(1).unwrap().split_whitespace().next().unwrap();
        let of_subject = format!("subject={subject}");
        let said = succeed(&[
            "identify",
            "--gallery",
            &gallery,
            &features,
            "--rows",
            "fold=0",
            "--rows",
            "session=ses-2",
            "--rows",
            &of_subject,
            "--threshold",
            "-1",
            "--top",
            "1",
        ]);
        says(&said, &[subject]);
        let mixed = refuse(&["enroll", "--gallery", &gallery, &features, "--update", "replace"]);
        says(&mixed, &["folds"]);
        let other = ["identify", "--gallery", &gallery, &features, "--rows", "fold=1", "--threshold", "0.99"];
        // A CSV says whose prints it holds in the file beside it.
        says(&refuse(&other), &["opens only with the encoder"]);
    }
}

#[test]
fn tables_that_cannot_serve_are_refused_with_row_and_column() {
    let stage = Stage::new();
    let gallery = stage.path("g.gallery");
    let refused = |name: &str, text: &str| {
        let path = stage.path(name);
        std::fs::write(&path, text).unwrap();
        refuse(&["enroll", "--gallery", &gallery, &path]).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    says(&refused("a.csv", "who,x\nann,1\n"), &["no column subject", "who"]);
    says(&refused("b.csv", "subject,x,y\nann,1,2\nbob,3,NaN\n"), &["row 1 of column y", "finite"]);
    says(&refused("c.csv", "subject,note\nann,hello\n"), &["no column of numbers"]);
    says(&refused("d.csv", "subject,x\n,1\n"), &["row 0 of column subject is empty"]);
    says(&refused("e.csv", "subject,x,y\nann,1,2\nbob,3,\n"), &["row 1 of column y"]);
    says(&refused("f.parquet", "no parquet"), &["not a parquet table"]);
    says(&refused("g.h5", "no hdf5"), &["not an HDF5 file"]);
    assert!(!Path::new(&gallery).exists());
}

#[test]
fn impossible_exports_are_refused_and_leave_nothing() {
    let stage = Stage::new();
    let to = |name: &str| stage.path(name);
    says(&stage.refused(&["--to", &to("x.csv"), "--with", "epochs"]), &["--with epochs", ".h5"]);
    says(&stage.refused(&["--to", &to("x.dat")]), &["--format", ".parquet"]);
    says(&stage.refused(&["--to", &to("x.h5"), "--with", "spectra"]), &["spectra", "band-powers"]);
    says(&stage.refused(&["--to", &to("x.h5"), "--roles", "all"]), &["--roles all", "train, dev, test"]);
    says(&stage.refused(&["--to", &to("x.h5"), "--fold", "7"]), &["no print matches"]);
    says(&stage.refused(&["--to", &to("x.safetensors"), "--fold", "7"]), &["no fold 7"]);
    stage.export("there.h5", &[]);
    says(&stage.refused(&["--to", &to("there.h5")]), &["there already", "--force"]);
    stage.export("there.h5", &["--force"]);
    says(&refuse(&["export", "/no/such/run", "--to", &to("x.h5")]), &["/no/such/run"]);
    let left: Vec<_> = std::fs::read_dir(stage.cohort.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("x.") || name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
