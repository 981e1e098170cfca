//! Commands that are killed at a random instant: what they had published is whole, the next command clears away what they left, and
//! the same command again ends in the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and says what it counted"
)]
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use twinprint_tests::{Cohort, PIPELINE, twinprint};

/// How often each command is killed; `cargo xtask harden` asks for more.
fn kills() -> u64 {
    std::env::var("TWINPRINT_HARDEN_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(3)
}

/// Numbers that look random (SplitMix64; Steele, Lea and Flood 2014), from 0 to 1.
fn share(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A cohort and a pipeline that is done in seconds, and what its stages left.
struct Stage {
    cohort: Cohort,
}

impl Stage {
    fn new() -> Self {
        let cohort = Cohort::new("1");
        let text = PIPELINE.to_owned() + "audits = []\nbaselines = []\n";
        let sweep = "\n[[sweep]]\nname = \"people\"\nkey = \"protocol.train.subjects\"\nvalues = [2, 4]\n";
        fs::write(cohort.folder.path().join("sweep.toml"), format!("{text}{sweep}")).unwrap();
        fs::write(cohort.pipeline(), text).unwrap();
        Self { cohort }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cohort.folder.path().join(name)
    }

    /// A command on the pipeline whose runs go into `work`.
    fn pipeline(&self, command: &str, file: &str, work: &Path) -> Command {
        let mut made = twinprint();
        made.arg(command).arg(self.path(file)).arg("--out").arg(work).args(["--threads", "2"]);
        made
    }

    fn recording(&self, subject: &str, session: &str) -> PathBuf {
        let folder = self.path(&format!("cohort/{subject}/{session}/eeg"));
        let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|ending| ending == "edf")).unwrap()
    }

    fn enroll(&self, run: &Path, work: &Path, subject: &str) -> Command {
        let mut made = twinprint();
        made.args(["enroll", "--force", "--subject", subject, "--gallery"]).arg(work.join("staff.gallery"));
        made.arg("--model").arg(run).arg(self.recording(subject, "ses-1"));
        made
    }
}

/// Kills every process of a group. Not by the command `kill`, of which some versions take a group for everybody.
#[allow(unsafe_code, reason = "the system's own call")]
fn kill_group(leader: u32) {
    let group = i32::try_from(leader).unwrap();
    assert!(group > 1, "only a group that was made here");
    // SAFETY: the call takes two numbers.
    unsafe { libc::killpg(group, libc::SIGKILL) };
}

fn finish(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Paths of all files below a folder, with `/` between.
fn files(root: &Path, below: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            files(root, &path, found);
        } else {
            found.push(path);
        }
    }
}

/// A name under which nothing finished is.
fn is_unfinished(part: &str) -> bool {
    (part.starts_with('.') && part != ".cache")
        || [".lock", ".part", ".replaced", ".tmp"].iter().any(|ending| part.ends_with(ending))
}

/// What is published below a folder: every finished file with its bytes, without what tells the time or the process. A run that is
/// not complete has the name of the complete one here.
fn published(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = Vec::new();
    files(root, "", &mut found);
    let mut all = BTreeMap::new();
    for path in found.into_iter().filter(|path| !path.split('/').any(is_unfinished)) {
        let bytes = fs::read(root.join(&path)).unwrap();
        let name = path.rsplit('/').next().unwrap();
        // Times, processes and checkpoints, which only the next command can judge.
        if path.contains("checkpoint")
            || path.contains("logs/")
            || path.contains("/inputs/")
            || name == "used"
        {
            continue;
        }
        let bytes = match name {
            "run.json" | "results.json" | "sweep.json" => {
                let value: Value = serde_json::from_slice(&bytes)
                    .unwrap_or_else(|error| panic!("{path} is half a file: {error}"));
                if name == "results.json" { timeless(value).to_string().into_bytes() } else { continue }
            }
            _ if path.contains("points/") || name == "report.html" || name == "sweep.html" => continue,
            _ if path.contains("gallery") => continue,
            _ => bytes,
        };
        all.insert(path.replace(".partial/", "/"), bytes);
    }
    all
}

fn timeless(mut results: Value) -> Value {
    results.as_object_mut().unwrap().remove("timing");
    results
}

fn leftovers(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    files(root, "", &mut found);
    found.retain(|path| path.split('/').any(is_unfinished));
    found
}

/// Whether a published file is the one it will be; the table of a sweep grows with every run that is complete.
fn is_whole(path: &str, expected: &[u8], bytes: &[u8]) -> bool {
    let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let of_sweep = path.ends_with("sweep.csv") && bytes.ends_with(b"\n");
    expected == bytes || of_sweep && lines(bytes).iter().all(|line| lines(expected).contains(line))
}

/// A command that is killed again and again.
struct Scenario<'a> {
    name: &'a str,
    /// What is there before it.
    before: Option<PathBuf>,
    command: &'a dyn Fn(&Path) -> Command,
    /// What is run after the kill and must end well; the command itself where nothing is given.
    next: Option<&'a dyn Fn(&Path) -> Command>,
    /// Looks at what is there after the kill.
    examine: &'a dyn Fn(&Path),
    /// What must be the same in the end, besides the files.
    result: &'a dyn Fn(&Path) -> String,
}

impl<'a> Scenario<'a> {
    fn new(name: &'a str, before: Option<PathBuf>, command: &'a dyn Fn(&Path) -> Command) -> Self {
        Self { name, before, command, next: None, examine: &|_| {}, result: &|_| String::new() }
    }
}

/// Kills a command at random instants of the time it takes; says how often it had ended before.
fn kill(stage: &Stage, scenario: &Scenario) {
    let Scenario { name, before, command, next, examine, result } = scenario;
    let place = |work: &str| {
        let work = stage.path(work);
        match before {
            Some(before) => copy(before, &work),
            None => fs::create_dir_all(&work).unwrap(),
        }
        work
    };
    let whole = place(&format!("{name}-whole"));
    let begin = Instant::now();
    finish(command(&whole));
    let took = begin.elapsed();
    let (expected, outcome) = (published(&whole), result(&whole));
    let (mut early, count) = (0, kills());
    for round in 0..count {
        let work = place(&format!("{name}-{round}"));
        let mut running = command(&work);
        let mut child = running.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        // Spread evenly, and randomly within each part.
        let instant = (round as f64 + share(round)) / count as f64;
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * instant));
        early += u64::from(child.try_wait().unwrap().is_none());
        // What it has started dies with it.
        kill_group(child.id());
        child.wait().unwrap();
        for (path, bytes) in published(&work) {
            let same = expected.get(&path).is_none_or(|expected| is_whole(&path, expected, &bytes));
            assert!(same, "{name}, kill {round}: {path} is there and is not what it must be");
        }
        examine(&work);
        finish(next.unwrap_or(*command)(&work));
        assert_eq!(leftovers(&work), [""; 0], "{name}, kill {round}: after the next command");
        let found = published(&work);
        let differ: Vec<&String> = expected
            .iter()
            .filter(|(path, bytes)| found.get(*path) != Some(bytes))
            .map(|(path, _)| path)
            .chain(found.keys().filter(|path| !expected.contains_key(*path)))
            .collect();
        assert!(differ.is_empty(), "{name}, kill {round}: {differ:?} differ from a run in one go");
        assert_eq!(result(&work), outcome, "{name}, kill {round}");
        fs::remove_dir_all(&work).unwrap();
    }
    println!(
        "{name}: killed {early} times of {count} before it ended; {} files the same afterwards",
        expected.len()
    );
}

#[test]
fn a_killed_stage_leaves_whole_files_and_ends_in_the_same_bytes_when_run_again() {
    let stage = Stage::new();
    let mut before = None;
    for name in ["preprocess", "train", "embed", "evaluate"] {
        let command = |work: &Path| stage.pipeline(name, "small.toml", work);
        kill(&stage, &Scenario::new(name, before.clone(), &command));
        before = Some(stage.path(&format!("{name}-whole")));
    }
}

#[test]
fn a_killed_sweep_and_a_killed_export_do_too() {
    let stage = Stage::new();
    let command = |work: &Path| {
        let mut sweep = stage.pipeline("sweep", "sweep.toml", work);
        sweep.args(["--jobs", "1"]);
        sweep
    };
    kill(&stage, &Scenario::new("sweep", None, &command));

    let run = stage.cohort.run("out", &[]);
    let command = |work: &Path| {
        let mut export = twinprint();
        export.arg("export").arg(&run).arg("--to").arg(work.join("features.h5"));
        export.args(["--with", "band-powers,epochs", "--force"]);
        export
    };
    kill(&stage, &Scenario::new("export", None, &command));
}

#[test]
fn a_cache_that_is_cleared_or_filled_by_a_killed_command_is_whole() {
    let stage = Stage::new();
    let filled = stage.path("filled");
    finish(stage.pipeline("run", "small.toml", &filled));
    let (mut runs, verify) = (fs::read_dir(&filled).unwrap(), |work: &Path| {
        let mut verify = twinprint();
        verify.args(["cache", "verify", "--cache"]).arg(work.join(".cache"));
        verify
    });
    assert!(runs.any(|entry| entry.unwrap().file_name() == ".cache"));
    let verified = |work: &Path| {
        if work.join(".cache").is_dir() {
            let said = finish(verify(work));
            assert!(said.contains(", 0 damaged"), "{said}");
        }
    };
    let clear = |work: &Path| {
        let mut clear = twinprint();
        clear.args(["cache", "gc", "--to-size", "1KB", "--cache"]).arg(work.join(".cache"));
        clear
    };
    let before = Some(filled.clone());
    kill(&stage, &Scenario { examine: &verified, ..Scenario::new("cache gc", before, &clear) });
    let run = |work: &Path| stage.pipeline("run", "small.toml", work);
    kill(&stage, &Scenario { examine: &verified, ..Scenario::new("run", None, &run) });
}

#[test]
fn a_killed_enrolment_has_happened_or_not() {
    let stage = Stage::new();
    let run = stage.cohort.run("out", &[]);
    let people = |work: &Path| -> Vec<String> {
        let gallery = work.join("staff.gallery");
        if !gallery.exists() {
            return Vec::new();
        }
        finish({
            let mut check = twinprint();
            check.args(["gallery", "check", "--gallery"]).arg(&gallery);
            check
        });
        let mut list = twinprint();
        list.args(["gallery", "list", "--json", "--gallery"]).arg(&gallery);
        let listed: Value = serde_json::from_str(&finish(list)).unwrap();
        let listed = listed.as_array().or_else(|| listed["people"].as_array()).unwrap();
        listed.iter().map(|person| person["subject"].as_str().unwrap().to_owned()).collect()
    };
    // A template is known by its score against one recording, to the last digit.
    let scores = |work: &Path, people: &[String]| -> String {
        let verify = |subject: &String| {
            let mut verify = twinprint();
            verify.args(["verify", "--json", "--scores", "--subject", subject, "--gallery"]);
            verify.arg(work.join("staff.gallery")).arg(stage.recording("sub-03", "ses-2"));
            let said: Value = serde_json::from_slice(&verify.output().unwrap().stdout).unwrap();
            assert!(said["score"].is_number(), "{said}");
            format!("{subject} {}", said["score"])
        };
        people.iter().map(verify).collect::<Vec<_>>().join(", ")
    };
    for (name, before) in [("a new gallery", None), ("a gallery", Some("sub-01"))] {
        let prepared = before.map(|subject| {
            let prepared = stage.path("prepared");
            fs::create_dir(&prepared).unwrap();
            finish(stage.enroll(&run, &prepared, subject));
            prepared
        });
        let subject = if before.is_some() { "sub-02" } else { "sub-01" };
        let there: Vec<String> = before.map(str::to_owned).into_iter().collect();
        let enrolled: Vec<String> = there.iter().cloned().chain([subject.to_owned()]).collect();
        let enroll = |work: &Path| stage.enroll(&run, work, subject);
        let again = |work: &Path| {
            if people(work) == enrolled {
                let mut show = twinprint();
                show.args(["gallery", "show", "--gallery"]).arg(work.join("staff.gallery"));
                return show;
            }
            stage.enroll(&run, work, subject)
        };
        let examine = |work: &Path| {
            let found = people(work);
            assert!(found == there || found == enrolled, "{name}: {found:?}");
        };
        kill(
            &stage,
            &Scenario {
                next: Some(&again),
                examine: &examine,
                result: &|work| scores(work, &enrolled),
                ..Scenario::new(name, prepared, &enroll)
            },
        );
    }
}
