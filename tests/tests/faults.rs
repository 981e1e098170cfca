//! What goes wrong around the command: no room, no right to write, odd names, few handles, little memory, a wrong clock. It ends by
//! itself with a sentence, never by a panic or a signal, and never hangs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use twinprint_tests::bounded::{ends_well, run_to_its_end as run};
use twinprint_tests::{Cohort, twinprint};

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
    let output = run(twinprint().arg("run").arg(OsStr::from_bytes(b"no\xff.toml")).arg("--nope"));
    let said = ends_well(&output, "a pipeline whose name is not UTF-8, with an unknown option");
    assert!(output.status.code() == Some(2) && said.contains("there is no option --nope"), "{said}");
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

#[test]
fn little_memory_is_enough_or_said() {
    let cohort = Cohort::new("1");
    let pipeline = cohort.pipeline();
    let out = cohort.folder.path().join("out");
    let arguments = os(&["run", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
    let size = fs::metadata(twinprint().get_program()).unwrap().len() >> 10;
    let version = os(&["--version"]);
    let starts = |kilobytes: u64| {
        let limited = shell(&format!("ulimit -v {kilobytes};"), &refs(&version), "2> /dev/null").output();
        limited.unwrap().status.success()
    };
    // With less than it needs to begin, the system ends it before its first word.
    let least = (0..).map(|step| size / 4 + step * 16_384).find(|&kilobytes| starts(kilobytes)).unwrap();
    let mut refused = 0;
    for more in [1, 3, 6, 12, 20] {
        let limit = least + more * 16_384;
        let output = run(&mut shell(&format!("ulimit -v {limit};"), &refs(&arguments), ""));
        let said = ends_well(&output, &format!("a run with {limit} kB of memory"));
        let short = ["no more memory", "no more threads", "too little memory"];
        assert!(
            output.status.success() || short.iter().any(|words| said.contains(words)),
            "{limit} kB: {said}"
        );
        refused += usize::from(!output.status.success());
    }
    assert!(refused > 0, "one of the limits was too little");
    let output = run(twinprint().args(&arguments));
    assert!(output.status.success(), "with enough again: {}", ends_well(&output, "run"));
}

/// A library that sets the clock of a program that is started with it, or nothing, said loudly, where no compiler of C is.
fn clock(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    let text = "#define _GNU_SOURCE\n#include <stdlib.h>\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
        int clock_gettime(clockid_t clock, struct timespec *now) {\n\
        long failed = syscall(SYS_clock_gettime, clock, now);\n\
        if (!failed && clock == CLOCK_REALTIME) now->tv_sec += atol(getenv(\"CLOCK_OFF_BY\"));\n\
        return (int)failed;\n}\n";
    fs::write(&source, text).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    if compiler.status().is_ok_and(|status| status.success()) {
        return Some(library);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED: {test}: no compiler of C (cc) to make a clock that can be set");
    None
}

#[test]
fn a_clock_that_is_set_back_does_no_harm_and_one_before_1970_is_refused() {
    let cohort = Cohort::new("1");
    let Some(clock) = clock(cohort.folder.path()) else { return };
    let at = |off: i64, arguments: &[&str]| {
        let mut command = twinprint();
        command.args(arguments).env("LD_PRELOAD", &clock).env("CLOCK_OFF_BY", off.to_string());
        let output = run(&mut command);
        (output.status.code(), ends_well(&output, &format!("{off} s: {arguments:?}")))
    };
    let (pipeline, out) = (cohort.pipeline(), cohort.folder.path().join("out"));
    let (pipeline, out) = (pipeline.to_str().unwrap(), out.to_str().unwrap());
    let years = |count: i64| count * 365 * 86_400;
    let (code, said) = at(years(-100), &["doctor"]);
    assert!(code == Some(2) && said.contains("the clock stands before 1970"), "{said}");
    // Each command believes that the one before was run years from now.
    assert_eq!(at(years(20), &["preprocess", pipeline, "--out", out, "--quiet"]).0, Some(0));
    assert_eq!(at(years(10), &["run", pipeline, "--out", out, "--quiet"]).0, Some(0));
    let cache = format!("{out}/.cache");
    assert_eq!(at(0, &["cache", "gc", "--unused", "30", "--cache", &cache]).0, Some(0));
    let model = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    let model = model.into_iter().find(|path| path.join("run.json").is_file()).unwrap();
    let (model, recording) = (model.to_str().unwrap(), recording(&cohort));
    let gallery = cohort.folder.path().join("g.gallery");
    let (gallery, recording) = (gallery.to_str().unwrap(), recording.to_str().unwrap());
    let enrol = ["enroll", "--gallery", gallery, "--model", model, "--subject", "a", "--force", recording];
    assert_eq!(at(years(5), &enrol).0, Some(0));
    for round in 0..25 {
        // Each attempt is an hour before the one before it: nobody waits for a time that has not come.
        let verify = [
            "verify",
            "--gallery",
            gallery,
            "--subject",
            "a",
            "--threshold",
            "1",
            "--allow-replay",
            recording,
        ];
        let (code, said) = at(-3600 * round, &verify);
        assert!(matches!(code, Some(0 | 1)), "{round}: {said}");
    }
    assert_eq!(at(years(-1), &["gallery", "check", "--gallery", gallery]).0, Some(0));
}

/// A shell in which file systems can be mounted that nobody else sees, or nothing, said loudly, where the system lets nobody.
fn namespace() -> Option<Vec<&'static str>> {
    let kinds = [vec!["unshare", "-m"], vec!["unshare", "-rm"]];
    let works = |kind: &Vec<&str>| {
        let script = "mount -t tmpfs -o size=64k none /mnt";
        let mut command = Command::new(kind[0]);
        command.args(&kind[1..]).args(["sh", "-c", script]);
        command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let found = kinds.into_iter().find(works);
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("SKIPPED: {test}: no file system can be mounted here (unshare -m)");
    }
    found
}

#[test]
fn a_small_or_read_only_disk_behind_any_output_is_told_and_keeps_no_half_file() {
    let cohort = Cohort::new("1");
    let Some(namespace) = namespace() else { return };
    let run_folder =
        cohort.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
    let (model, pipeline, edf) = (run_folder.to_str().unwrap(), cohort.pipeline(), recording(&cohort));
    let (pipeline, edf) = (pipeline.to_str().unwrap(), edf.to_str().unwrap());
    let place = cohort.folder.path().join("disk");
    fs::create_dir(&place).unwrap();
    let path = |name: &str| place.join(name).to_str().unwrap().to_owned();
    let sweep = cohort.folder.path().join("sweep.toml");
    let axis = "\n[[sweep]]\nname = \"people\"\nkey = \"protocol.train.subjects\"\nvalues = [2]\n";
    fs::write(&sweep, fs::read_to_string(pipeline).unwrap() + axis).unwrap();
    let commands: [Vec<String>; 9] = [
        vec!["run", pipeline, "--quiet", "--out", &path("runs")],
        vec!["sweep", sweep.to_str().unwrap(), "--quiet", "--out", &path("swept")],
        vec!["enroll", "--gallery", &path("g.gallery"), "--model", model, "--subject", "a", edf],
        vec!["export", model, "--with", "epochs", "--to", &path("features.h5")],
        vec!["export", model, "--to", &path("prints.parquet")],
        vec!["model", "pack", model, "--to", &path("eegmat.twinprint")],
        vec!["bundle", model, "--to", &path("bundle.tar")],
        vec!["synth", &path("made"), "--subjects", "3", "--quiet"],
        vec!["inspect", edf, "--plot", &path("page.html")],
    ]
    .map(|words| words.into_iter().map(str::to_owned).collect());
    for words in &commands {
        for mount in ["mount -t tmpfs -o size=24k none", "mount -t tmpfs -o ro none"] {
            // What is left under a final name is listed before the disk goes.
            let script = "mount=$1; place=$2; shift 2; $mount \"$place\" || exit 90; cd \"$place\"; \"$@\" > /dev/null; code=$?; \
                          find . -type f ! -path '*/.*' ! -path '*.partial/*' ! -name '*.lock'; exit $code";
            let mut command = Command::new(namespace[0]);
            command.args(&namespace[1..]).args(["sh", "-c", script, "sh", mount]).arg(&place);
            command.arg(twinprint().get_program()).args(words);
            let output = run(&mut command);
            let said = ends_well(&output, &format!("{mount}: {words:?}"));
            if output.status.success() {
                continue;
            }
            let reasons = ["the disk is full", "can only be read", "no room", "full", "read-only"];
            let told = reasons.iter().any(|reason| said.contains(reason)) || words[0] == "sweep";
            assert!(told, "{mount}: {words:?}: {said}");
            let left = String::from_utf8(output.stdout).unwrap();
            let left: Vec<&str> =
                left.lines().filter(|path| !path.contains("swept/") && !path.contains("logs/")).collect();
            assert!(left.is_empty(), "{mount}: {words:?} left {left:?}");
        }
    }
}

#[test]
fn a_gallery_on_a_disk_that_can_only_be_read_still_verifies() {
    let cohort = Cohort::new("1");
    let Some(namespace) = namespace() else { return };
    let model = cohort.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
    let edf = recording(&cohort);
    let place = cohort.folder.path().join("disk");
    fs::create_dir(&place).unwrap();
    let gallery = place.join("g.gallery");
    let enrolled = |gallery: &Path, subject: &str| {
        let mut enrol = twinprint();
        enrol.args(["enroll", "--force", "--subject", subject, "--gallery"]).arg(gallery);
        enrol.arg("--model").arg(&model).arg(&edf);
        enrol
    };
    let output = run(&mut enrolled(&gallery, "a"));
    assert!(output.status.success(), "{}", ends_well(&output, "enroll"));
    let read_only = |words: &mut Command| {
        let script =
            "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 90; shift; exec \"$@\"";
        let mut command = Command::new(namespace[0]);
        command.args(&namespace[1..]).args(["sh", "-c", script, "sh"]).arg(&place);
        command.arg(words.get_program()).args(words.get_args());
        let output = run(&mut command);
        (output.status.code(), ends_well(&output, &format!("{words:?}")))
    };
    let mut verify = twinprint();
    verify.args(["verify", "--allow-replay", "--subject", "a", "--gallery"]).arg(&gallery).arg(&edf);
    let (code, said) = read_only(&mut verify);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = read_only(&mut enrolled(&gallery, "b"));
    assert!(code == Some(2) && said.contains("g.gallery"), "{said}");
}
