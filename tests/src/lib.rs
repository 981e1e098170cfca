//! What the end-to-end tests share: the command under test, the folders, and the real recordings.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::panic,
    reason = "test support"
)]

pub mod bounded;
pub mod browser;
#[cfg(target_os = "linux")]
pub mod cluster;
pub mod edf;
pub mod numbers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

/// The `twinprint` command of the same build, made once if it is missing or old.
pub fn twinprint() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let binary = BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.parent().and_then(Path::parent).expect("target/profile/deps/test").to_owned();
        let mut build = Command::new(env!("CARGO"));
        // The whole workspace, so that features, and with them what is already built, are those of the tests.
        build.args(["build", "--quiet", "--locked", "--workspace", "--bin", "twinprint", "--target-dir"]);
        build.arg(profile.parent().expect("target/profile")).current_dir(root());
        // Build scripts that look at these would run again, and much be built again, if this call differed from others.
        for (variable, _) in std::env::vars_os() {
            let known = variable.to_string_lossy();
            if known.starts_with("CARGO_PKG_") || known.starts_with("CARGO_MANIFEST_") {
                build.env_remove(variable);
            }
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "twinprint does not build");
        profile.join(format!("twinprint{}", std::env::consts::EXE_SUFFIX))
    });
    let mut command = Command::new(binary);
    command.current_dir(root());
    command
}

/// Runs the command and wants it to succeed; gives back standard output.
pub fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "twinprint {} failed:\n{stdout}\n{stderr}", arguments.join(" "));
    stdout
}

/// Runs the command and wants exit code 2; gives back what it says.
pub fn refuse(arguments: &[&str]) -> String {
    let output = run(arguments);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(2), "twinprint {}:\n{stdout}\n{stderr}", arguments.join(" "));
    stderr
}

/// Runs the command.
pub fn run(arguments: &[&str]) -> Output {
    twinprint().args(arguments).output().expect("twinprint starts")
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// A folder of real recordings, or nothing, said loudly, where it is not there.
pub fn real(name: &str) -> Option<PathBuf> {
    let data =
        std::env::var_os("TWINPRINT_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let folder = data.join(name);
    if folder.exists() {
        return Some(folder);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED: {test}: no {name} in {}; set TWINPRINT_DATA", data.display());
    None
}

/// A Python that can import `modules`: that of `TWINPRINT_PYTHON`, of a virtual environment `tests/interop/.venv`, or of
/// the system; or nothing, said loudly, where none can.
pub fn python(modules: &str) -> Option<PathBuf> {
    let named = std::env::var_os("TWINPRINT_PYTHON").map(PathBuf::from);
    let known = [root().join("tests/interop/.venv/bin/python"), "python3".into()];
    let import = format!("import {modules}");
    let imports = |python: &PathBuf| {
        Command::new(python).args(["-c", &import]).output().is_ok_and(|output| output.status.success())
    };
    let found = named.into_iter().chain(known).find(imports);
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!(
            "SKIPPED: {test}: no Python with {modules}; pip install -r tests/interop/requirements.txt and set TWINPRINT_PYTHON"
        );
    }
    found
}

/// A JSON file.
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Wants two folders of one plan's runs to be the same to the byte, but for what says when and how long they ran.
pub fn same_runs(one: &Path, other: &Path) {
    fn files(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder.join(below)).expect("a folder") {
            let entry = entry.expect("readable");
            let path = below.join(entry.file_name());
            if entry.path().is_dir() { files(folder, &path, found) } else { found.push(path) }
        }
    }
    let all = |folder: &Path| {
        let mut found = Vec::new();
        files(folder, Path::new(""), &mut found);
        found.sort();
        found
    };
    assert_eq!(all(one), all(other));
    for name in all(one) {
        match name.to_str().expect("UTF-8") {
            "run.json" | "report.html" => {}
            "results.json" => {
                let [mut first, mut second] = [one, other].map(|folder| json(&folder.join(&name)));
                [&mut first, &mut second].into_iter().for_each(|results| results["timing"] = Value::Null);
                assert_eq!(first, second);
            }
            _ => {
                let read = |folder: &Path| std::fs::read(folder.join(&name)).expect("readable");
                assert!(read(one) == read(other), "{} differs", name.display());
            }
        }
    }
}

/// The one run folder below `out`, beside what runs share.
pub fn only_run(out: &Path) -> PathBuf {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(out)
        .expect("the out folder is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders.remove(0)
}

/// Takes out of `run.json` what the stages left, as runs of earlier versions had it: a test that changes a file on purpose needs
/// it, for a run goes on from nothing that was changed.
pub fn forget_what_stages_left(run: &Path) {
    let path = run.join("run.json");
    let mut record = json(&path);
    record.as_object_mut().expect("an object").remove("outputs").expect("what the stages left");
    std::fs::write(&path, record.to_string()).expect("writable");
}

/// A small synthetic cohort and a pipeline for it, in a folder of its own.
pub struct Cohort {
    /// The folder, removed with the cohort.
    pub folder: tempfile::TempDir,
}

impl Cohort {
    /// Eight people, two sessions of 30 s, six channels at 128 Hz; `identity` 0 makes them all alike.
    pub fn new(identity: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("cohort");
        let data = data.to_str().expect("UTF-8");
        succeed(&[
            "synth",
            data,
            "--subjects",
            "8",
            "--sessions",
            "2",
            "--seconds",
            "30",
            "--channels",
            "6",
            "--rate",
            "128",
            "--identity",
            identity,
            "--quiet",
        ]);
        let cohort = Self { folder };
        std::fs::write(cohort.pipeline(), PIPELINE).expect("writable");
        cohort
    }

    /// The pipeline file.
    pub fn pipeline(&self) -> PathBuf {
        self.folder.path().join("small.toml")
    }

    /// Runs the pipeline into `out` with further arguments; gives back the run folder.
    pub fn run(&self, out: &str, more: &[&str]) -> PathBuf {
        let out = self.folder.path().join(out);
        let pipeline = self.pipeline();
        let mut arguments =
            vec!["run", pipeline.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8"), "--quiet"];
        arguments.extend(more);
        succeed(&arguments);
        only_run(&out)
    }
}

/// A pipeline that is done in seconds.
pub const PIPELINE: &str = r#"name = "small"

[dataset]
root = "cohort"

[preprocess]
epochs = { duration = 1.0, overlap = 0.0 }

[protocol]
folds = 2
enrol = { recordings = ["ses-1"], seconds = 10.0 }
probe = { recordings = ["ses-2"], seconds = [1.0, 5.0] }

[encoder.optimiser]
steps = 10

[evaluation]
bootstrap = 200
episodes = 20
"#;
