//! The pages of the guide run as they are written, on real recordings.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::path::Path;
use std::process::Command;

use twinprint_tests::{python, real, root, succeed, twinprint};

/// What makes the one long command of the pages short enough for a test; what follows it is unchanged.
const SHORT: &str = "twinprint run pipelines/eegmat.toml --quiet --set evaluation.baselines=[] \
     --set evaluation.audits=[] --set evaluation.bootstrap=200 --set evaluation.episodes=20";

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs/guide").join(name)).unwrap()
}

/// The blocks of a page in its order: language and text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    blocks
}

/// Runs every block of a page in one folder: shell in one shell after the other, Python where there is one.
fn run(name: &str, folder: &Path, data: &Path, python: Option<&Path>) {
    std::os::unix::fs::symlink(root().join("pipelines"), folder.join("pipelines")).unwrap();
    let binary = Path::new(twinprint().get_program()).parent().unwrap().to_owned();
    let path = format!("{}:{}", binary.display(), std::env::var_os("PATH").unwrap().to_str().unwrap());
    let mut before = String::new();
    for (language, text) in blocks(&page(name)) {
        let mut command = match (language.as_str(), python) {
            ("sh", _) => {
                // Variables of earlier blocks hold in later ones.
                let script = format!(
                    "set -euo pipefail\n{before}{}",
                    text.replace("twinprint run pipelines/eegmat.toml", SHORT).replace(
                        "twinprint run own.toml",
                        &SHORT.replace("pipelines/eegmat.toml", "own.toml")
                    )
                );
                before.extend(
                    text.lines()
                        .filter(|line| {
                            ["RUN=", "HOME_RUN=", "FILES="].iter().any(|name| line.starts_with(name))
                        })
                        .map(|line| format!("{line}\n")),
                );
                let mut command = Command::new("bash");
                command.arg("-c").arg(script);
                command
            }
            ("python", Some(python)) if !text.starts_with("\"\"\"") => {
                let mut command = Command::new(python);
                command.arg("-c").arg(&text);
                command
            }
            _ => continue,
        };
        command
            .current_dir(folder)
            .env("PATH", &path)
            .env("DATA", data)
            .env("TWINPRINT_DATA", data.parent().unwrap());
        let output = command.output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: this block failed:\n{text}\n{said}");
    }
}

#[test]
fn enrol_a_person_runs_as_written() {
    let Some(data) = real("eegmat") else { return };
    let folder = tempfile::tempdir().unwrap();
    run("enrol-a-person.md", folder.path(), &data.canonicalize().unwrap(), None);
}

#[test]
fn take_the_features_elsewhere_runs_as_written() {
    let Some(data) = real("eegmat") else { return };
    let Some(python) = python("h5py, sklearn, mne, pandas, pyarrow") else { return };
    let folder = tempfile::tempdir().unwrap();
    run("take-the-features-elsewhere.md", folder.path(), &data.canonicalize().unwrap(), Some(&python));
}

#[test]
fn carry_an_encoder_runs_as_written() {
    let (Some(data), Some(_), Some(_)) = (real("eegmat"), real("guinea-bissau"), real("muse-cueing")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    run("carry-an-encoder.md", folder.path(), &data.canonicalize().unwrap(), None);
}

#[test]
fn learn_from_several_cohorts_runs_as_written() {
    let (Some(data), Some(_)) = (real("eegmat"), real("guinea-bissau")) else { return };
    let folder = tempfile::tempdir().unwrap();
    run("cohorts.md", folder.path(), &data.canonicalize().unwrap(), None);
}

#[test]
fn other_peoples_files_runs_as_written() {
    let Some(python) = python("mne_bids, pybv, pandas, pyarrow") else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let words = "--subjects 8 --sessions 2 --seconds 30 --channels 6 --rate 128 --seed 3 --quiet";
    succeed(&["synth", &at("cohort")].into_iter().chain(words.split(' ')).collect::<Vec<_>>());
    let script = root().join("tests/interop/other_peoples_files.py");
    let made = Command::new(&python).arg(script).arg(at("cohort")).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    run("other-peoples-files.md", folder.path(), folder.path(), Some(&python));
    let converted = std::fs::read_dir(folder.path().join("bids")).unwrap().count();
    assert_eq!(converted, 8 + 3, "a folder a person, and what every data set has");
}

#[test]
fn your_own_recordings_runs_as_written() {
    let Some(data) = real("muse-cueing") else { return };
    let folder = tempfile::tempdir().unwrap();
    run("your-own-recordings.md", folder.path(), &data.canonicalize().unwrap(), None);
}

#[test]
fn the_page_shows_the_script_that_is_tested() {
    let script = std::fs::read_to_string(root().join("tests/interop/encoder_in_pytorch.py")).unwrap();
    let shown = blocks(&page("take-the-features-elsewhere.md"));
    assert!(
        shown.iter().any(|(_, text)| *text == script),
        "copy tests/interop/encoder_in_pytorch.py into the page"
    );
}

#[test]
fn the_page_shows_the_network_and_the_entry_that_are_tested() {
    let net = root().join("crates/encoder/src/net");
    let shown = blocks(&page("write-a-new-encoder.md"));
    let network = std::fs::read_to_string(net.join("channel_power.rs")).unwrap();
    assert!(
        shown.iter().any(|(_, text)| *text == network),
        "copy crates/encoder/src/net/channel_power.rs into the page"
    );
    let list = std::fs::read_to_string(net.join("mod.rs")).unwrap();
    let entry: Vec<&String> = shown.iter().map(|(_, text)| text).filter(|text| **text != network).collect();
    assert_eq!(entry.len(), 2, "the module and the line in the list");
    assert!(entry.iter().all(|text| list.contains(text.as_str())), "net/mod.rs has other lines: {entry:?}");
}
