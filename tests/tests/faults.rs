//! What goes wrong around the command: no room, no right to write, odd names, few handles, no sense in a number. It ends by itself
//! with a sentence, never by a panic or a signal, and never hangs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use twinprint_tests::{Cohort, PIPELINE, twinprint};

/// What a command may take in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command to its end; one that hangs fails the test.
fn run(command: &mut Command) -> Output {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{command:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

/// The command ended by itself and with words: code 0, 1 or 2; gives back what it said.
fn ends_well(output: &Output, what: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(matches!(code, Some(0..=2)), "{what}: {}: {said}", output.status);
    for word in ["panicked", "fault in twinprint", "RUST_BACKTRACE"] {
        assert!(!said.contains(word), "{what}: {said}");
    }
    assert!(code != Some(2) || !said.trim().is_empty(), "{what}: refused without a word");
    said
}

/// A command through the shell, after some of its own: limits, redirections.
fn shell(before: &str, arguments: &[&OsStr], after: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("{before} exec \"$@\" {after}");
    command.args(["-c", &script, "sh"]).arg(twinprint().get_program()).args(arguments);
    command
}

fn recording(cohort: &Cohort) -> PathBuf {
    let folder = cohort.folder.path().join("cohort/sub-01/ses-1/eeg");
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap()
}

fn os(texts: &[&str]) -> Vec<std::ffi::OsString> {
    texts.iter().map(|text| (*text).into()).collect()
}

fn refs(texts: &[std::ffi::OsString]) -> Vec<&OsStr> {
    texts.iter().map(|text| text.as_os_str()).collect()
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing_under_a_final_name() {
    let cohort = Cohort::new("1");
    let place = recording(&cohort);
    let inspect = os(&["inspect", place.to_str().unwrap()]);
    let output = run(&mut shell("", &refs(&inspect), "> /dev/full"));
    let said = ends_well(&output, "inspect to a full disk");
    assert!(output.status.code() == Some(2) && said.contains("standard output cannot be written"), "{said}");
    // Files may have 64 KiB each, as if the disk were full then.
    let out = cohort.folder.path().join("out");
    let pipeline = cohort.pipeline();
    let arguments = os(&["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
    let output = run(&mut shell("trap '' XFSZ; ulimit -f 128;", &refs(&arguments), ""));
    let said = ends_well(&output, "a run on a full disk");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("epochs.h5"), "the file is named: {said}");
    let entries = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    let finals: Vec<_> = entries.filter(|path| !path.ends_with(".cache")).collect();
    assert!(
        finals.iter().all(|path| path.extension().is_some_and(|ending| ending == "partial")),
        "{finals:?}"
    );
    assert!(finals.iter().all(|folder| !folder.join("epochs.h5").exists()), "{finals:?}");
    // With room again the same command ends its work.
    let output = run(twinprint().args(&arguments));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn places_that_cannot_be_written_and_files_that_are_none_are_named() {
    let cohort = Cohort::new("1");
    let folder = cohort.folder.path();
    let pipe = folder.join("pipe.edf");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let circle = folder.join("circle.edf");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    let pipeline = cohort.pipeline();
    for (arguments, word) in [
        (vec!["run", pipeline.to_str().unwrap(), "--out", "/proc/twinprint", "--quiet"], "/proc/twinprint"),
        (vec!["synth", "/proc/twinprint", "--subjects", "2", "--quiet"], "/proc/.twinprint.part"),
        (vec!["inspect", pipe.to_str().unwrap()], "pipe.edf"),
        (vec!["inspect", circle.to_str().unwrap()], "circle.edf"),
        (vec!["inspect", folder.to_str().unwrap()], folder.to_str().unwrap()),
        (vec!["evaluate", "--scores", pipe.to_str().unwrap()], "pipe.edf"),
        (vec!["verify", "--gallery", pipe.to_str().unwrap(), "a", pipe.to_str().unwrap()], "pipe.edf"),
    ] {
        let output = run(twinprint().args(&arguments));
        let said = ends_well(&output, &arguments.join(" "));
        assert!(output.status.code() == Some(2) && said.contains(word), "{arguments:?}: {said}");
    }
}

#[test]
fn links_in_circles_and_names_that_are_not_utf_8_do_no_harm() {
    let cohort = Cohort::new("1");
    let data = cohort.folder.path().join("cohort");
    std::os::unix::fs::symlink(&data, data.join("sub-01/again")).unwrap();
    let odd = cohort.folder.path().join(OsStr::from_bytes(b"caf\xe9 \xff.edf"));
    fs::copy(recording(&cohort), &odd).unwrap();
    let output = run(twinprint().arg("inspect").arg(&odd));
    let said = ends_well(&output, "inspect a file whose name is not UTF-8");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let output = run(twinprint().args(["check", cohort.pipeline().to_str().unwrap()]));
    let said = ends_well(&output, "check with a link in a circle");
    assert_eq!(output.status.code(), Some(0), "{said}");
    fs::write(data.join(OsStr::from_bytes(b"sub-\xff.txt")), "a file nobody asked for").unwrap();
    ends_well(
        &run(twinprint().args(["check", cohort.pipeline().to_str().unwrap()])),
        "check with an odd name",
    );
    let missing = cohort.folder.path().join(OsStr::from_bytes(b"no\xff.toml"));
    let output = run(twinprint().arg("run").arg(missing));
    assert_eq!(output.status.code(), Some(2), "{}", ends_well(&output, "a pipeline whose name is not UTF-8"));
}

#[test]
fn few_file_handles_are_enough_or_named() {
    let cohort = Cohort::new("1");
    let out = cohort.folder.path().join("out");
    let pipeline = cohort.pipeline();
    let arguments = os(&["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
    for handles in [8, 16, 64] {
        let output = run(&mut shell(&format!("ulimit -n {handles};"), &refs(&arguments), ""));
        ends_well(&output, &format!("a run with {handles} file handles"));
        if handles == 64 {
            assert_eq!(output.status.code(), Some(0), "64 handles are enough");
        }
    }
}

/// Numbers that make no sense for anything, and some that make sense for little.
const ABSURD: [&str; 9] =
    ["0", "-1", "nan", "inf", "1e300", "-1e300", "1e-300", "18446744073709551615", "99999999999999999999"];

/// The options of a command that take a value, by its help.
fn options(command: &[&str]) -> Vec<String> {
    let help = run(twinprint().args(command).arg("--help"));
    let text = String::from_utf8(help.stdout).unwrap();
    let lines = text.lines().map(str::trim_start);
    let options = lines.filter_map(|line| {
        let at = line.find("--")?;
        let is_option = line.starts_with("--") || (line.starts_with('-') && at == 4);
        let mut words = line[at..].split_whitespace();
        let name = words.next()?.to_owned();
        (is_option && words.next()?.starts_with('<')).then_some(name)
    });
    options.collect()
}

#[test]
fn no_number_for_any_option_ends_in_a_panic_or_takes_the_machine() {
    let cohort = Cohort::new("1");
    let run_folder = cohort.run("out", &[]);
    let path = |name: &str| cohort.folder.path().join(name).to_str().unwrap().to_owned();
    let (folder, pipeline) = (run_folder.to_str().unwrap().to_owned(), path("small.toml"));
    let prints = run_folder.join("prints.h5").to_str().unwrap().to_owned();
    let place = recording(&cohort).to_str().unwrap().to_owned();
    fs::write(path("scores.csv"), "template,probe,score\na,a,1\na,b,0\nb,b,1\nb,a,0.2\n").unwrap();
    let scores = path("scores.csv");
    fs::write(path("small.toml"), PIPELINE).unwrap();
    let commands: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec!["check"], vec![&pipeline]),
        (vec!["inspect"], vec![&place]),
        (vec!["evaluate"], vec!["--scores", &scores]),
        (vec!["compare"], vec![&folder, &folder]),
        (vec!["report"], vec![&folder]),
        (vec!["export"], vec![&folder, "--to", "/proc/twinprint.csv"]),
        (vec!["enroll"], vec!["--gallery", "/proc/twinprint.gallery", &prints]),
        (vec!["synth"], vec!["/proc/twinprint"]),
        (vec!["run"], vec![&pipeline, "--out", "/proc/twinprint", "--quiet"]),
        (vec!["sweep"], vec![&pipeline, "--out", "/proc/twinprint"]),
    ];
    let mut tried = 0;
    for (command, base) in &commands {
        let found = options(command);
        assert!(!found.is_empty() || command[0] == "compare", "{command:?} has options");
        // What names files and folders is no number, and would be written to.
        let paths = ["--out", "--to", "--figures", "--gallery", "--key-file", "--cache", "--folder"];
        for option in found.iter().filter(|option| !paths.contains(&option.as_str())) {
            for value in ABSURD {
                let given = format!("{option}={value}");
                let mut absurd = twinprint();
                absurd.args(command).args(base).arg(&given).current_dir(cohort.folder.path());
                let output = run(&mut absurd);
                ends_well(&output, &format!("{command:?} {given}"));
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
    assert!(!Path::new("/proc/twinprint").exists());
}
