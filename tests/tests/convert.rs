//! `twinprint convert`: any format as EDF+ in BIDS that other readers open, and headers without their person.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use twinprint_tests::{Cohort, json, python, real, refuse, root, succeed};

fn made(name: &str) -> PathBuf {
    root().join("tests/golden/formats/made").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What converting says, in JSON.
fn convert(arguments: &[&str]) -> Vec<Value> {
    let said = succeed(&[&["convert", "--json", "--quiet"], arguments].concat());
    serde_json::from_str(&said).unwrap()
}

fn inspect(path: &str) -> Value {
    serde_json::from_str(&succeed(&["inspect", "--json", path])).unwrap()
}

/// Opens what was written, without gaps, in other readers and compares it with its source there.
fn opens_elsewhere(folder: &Path, written: &[Value]) {
    let Some(python) = python("mne_bids, edfio, pyedflib") else { return };
    std::fs::write(folder.join("converted.json"), serde_json::to_string(written).unwrap()).unwrap();
    let script = root().join("tests/interop/converted_opens_elsewhere.py");
    let output = Command::new(python).arg(script).arg(folder).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Opens files in EDFbrowser on a screen that nobody sees, and gives for each whether its window shows the file; none where EDFbrowser is
/// not here.
fn shown_by_edfbrowser(folder: &Path, files: &[&Path]) -> Option<Vec<bool>> {
    let there = |program: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
    };
    if let Some(missing) = ["edfbrowser", "Xvfb", "xdotool"].into_iter().find(|program| !there(program)) {
        eprintln!("SKIPPED: {missing} is not here; Debian has it as edfbrowser, xvfb and xdotool");
        return None;
    }
    let mut screen =
        Running::start(Command::new("Xvfb").args(["-displayfd", "1", "-noreset"]).stdout(Stdio::piped()));
    let mut number = String::new();
    BufReader::new(screen.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
    let display = format!(":{}", number.trim());
    Some(files.iter().map(|file| edfbrowser_shows(folder, &display, file)).collect())
}

/// A program that ends with the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether EDFbrowser puts the file's name into its title, rather than opening a window called Error.
fn edfbrowser_shows(folder: &Path, display: &str, file: &Path) -> bool {
    let mut viewer = Command::new("edfbrowser");
    viewer.arg(file).env("DISPLAY", display).env("HOME", folder).stdout(Stdio::null());
    let _viewer = Running::start(&mut viewer);
    let title = format!("{} - EDFbrowser", file.file_name().unwrap().to_str().unwrap());
    let window = |name: &str| {
        let found = Command::new("xdotool").args(["search", "--name", name]).env("DISPLAY", display).output();
        !found.unwrap().stdout.is_empty()
    };
    let started = Instant::now();
    loop {
        if window("^Error$") {
            return false;
        }
        if window(&format!("^{title}$")) {
            return true;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "EDFbrowser says nothing of {file:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// OpenBCI text of 5 s with samples 600 to 602 lost.
fn open_bci(folder: &Path) -> PathBuf {
    let mut lines = "%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\nSample Index, EXG Channel 0, EXG Channel 1, Marker Channel\n".to_owned();
    for sample in (0..1250).filter(|sample| !(600..603).contains(sample)) {
        let marker = f64::from(u8::from(sample == 700));
        writeln!(lines, "{}, {}, {}, {marker}", sample % 256, (sample % 97) as f64 / 3.0, sample % 31)
            .unwrap();
    }
    let path = folder.join("session.txt");
    std::fs::write(&path, lines).unwrap();
    path
}

#[test]
fn recordings_of_every_format_become_edf_that_other_readers_open() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("bids");
    let sources =
        [made("int32.vhdr"), made("vectorized.vhdr"), made("compressed.set"), open_bci(folder.path())];
    let mut written = Vec::new();
    for (subject, source) in sources.iter().enumerate() {
        let subject = format!("p{subject}");
        written.extend(convert(&[text(source), "--to", text(&to), "--subject", &subject, "--task", "rest"]));
    }
    for (one, source) in written.iter().zip(&sources) {
        let (before, after) = (inspect(text(source)), inspect(one["to"].as_str().unwrap()));
        assert_eq!(before["segments"], after["segments"], "{source:?}");
        assert_eq!(
            before["annotations"].as_array().unwrap().len(),
            after["annotations"].as_array().unwrap().len()
        );
        let step = one["largest_step_uv"].as_f64().unwrap();
        for (before, after) in
            before["signals"].as_array().unwrap().iter().zip(after["signals"].as_array().unwrap())
        {
            let rms = |signal: &Value| signal["rms"].as_f64().unwrap();
            assert!(
                (rms(before) - rms(after)).abs() <= step + 0.02 * rms(before),
                "{source:?} {before} {after}"
            );
        }
    }
    // Whole numbers of 16 bits come through as they are.
    assert_eq!((&written[1]["segments"], &written[1]["events"]), (&Value::from(2), &Value::from(4)));
    assert!((written[1]["largest_step_uv"].as_f64().unwrap() - 2000.0).abs() < 1e-6, "{}", written[1]);
    // The marker is at 700 samples of the clock, behind three lost ones.
    let after = inspect(written[3]["to"].as_str().unwrap());
    assert_eq!(after["format"], "EDF+D");
    assert!((after["annotations"][0]["first"].as_f64().unwrap() - 2.8).abs() < 1e-9, "{after}");
    let participants = std::fs::read_to_string(to.join("participants.tsv")).unwrap();
    assert_eq!(participants, "participant_id\nsub-p0\nsub-p1\nsub-p2\nsub-p3\n");
    let again =
        refuse(&["convert", text(&sources[0]), "--to", text(&to), "--subject", "p0", "--task", "rest"]);
    assert!(again.contains("is there already"), "{again}");
    assert!(refuse(&["convert", text(&sources[0]), "--to", text(&to)]).contains("--subject"));
}

#[test]
fn recordings_without_gaps_are_the_same_in_other_readers_and_open_in_edfbrowser() {
    let Some(data) = real("formats") else { return };
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("bids");
    let mut written = Vec::new();
    for (subject, source) in [
        "brainvision/test.vhdr",
        "brainvision/test_units.vhdr",
        "eeglab/test_raw_2021.set",
        "eeglab/test_raw_event_duration.set",
    ]
    .iter()
    .enumerate()
    {
        let (source, subject) = (data.join(source), format!("p{subject}"));
        written.extend(convert(&[text(&source), "--to", text(&to), "--subject", &subject, "--task", "rest"]));
    }
    opens_elsewhere(folder.path(), &written);
    let cut = folder.path().join("cut.edf");
    let bytes = std::fs::read(written[0]["to"].as_str().unwrap()).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 100]).unwrap();
    let whole = written.iter().map(|one| Path::new(one["to"].as_str().unwrap()));
    let files: Vec<&Path> = whole.chain([cut.as_path()]).collect();
    if let Some(shown) = shown_by_edfbrowser(folder.path(), &files) {
        assert_eq!(shown, [true, true, true, true, false], "{files:?}");
    }
}

#[test]
fn the_recordings_of_a_plan_become_a_data_set_that_gives_the_same_epochs() {
    let cohort = Cohort::new("1");
    let to = cohort.folder.path().join("bids");
    let written = convert(&[text(&cohort.pipeline()), "--to", text(&to)]);
    assert_eq!(written.len(), 16);
    opens_elsewhere(cohort.folder.path(), &written[..2]);
    let counts = |root: &str| {
        let plan = cohort.folder.path().join("again.toml");
        let pipeline = std::fs::read_to_string(cohort.pipeline()).unwrap();
        std::fs::write(&plan, pipeline.replace("root = \"cohort\"", &format!("root = {root:?}"))).unwrap();
        let said: Value = serde_json::from_str(&succeed(&["check", "--json", text(&plan)])).unwrap();
        said["subjects"].clone()
    };
    assert_eq!(counts("bids"), counts("cohort"));
}

#[test]
fn a_header_loses_its_person_where_it_lies_and_nothing_else() {
    let Some(data) = real("eegmat") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rest.edf");
    std::fs::copy(data.join("Subject00_1.edf"), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let start = inspect(text(&path))["start"].as_str().unwrap().to_owned();
    succeed(&["convert", "--in-place", text(&path), "--shift-days", "-1000"]);
    let after = std::fs::read(&path).unwrap();
    assert_eq!((&before[..8], &before[184..]), (&after[..8], &after[184..]));
    let fields = String::from_utf8_lossy(&after[8..168]).into_owned();
    assert!(fields.starts_with("X X X X ") && fields[80..].starts_with("Startdate "), "{fields}");
    let moved = inspect(text(&path))["start"].as_str().unwrap().to_owned();
    assert_ne!(moved[..10], start[..10]);
    assert_eq!(moved[10..], start[10..], "the time of day stays");
    succeed(&["convert", "--in-place", text(&path)]);
    assert_eq!(inspect(text(&path))["start"], Value::Null);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no copy is left");
    assert_ne!(shown_by_edfbrowser(folder.path(), &[&path]), Some(vec![false]));
    if let Some(python) = python("mne, edfio, pyedflib") {
        let script = "import sys, edfio, mne, pyedflib; p = sys.argv[1]\n\
            assert edfio.read_edf(p).local_patient_identification == 'X X X X'\n\
            assert pyedflib.EdfReader(p).getPatientName() in ('', 'X')\n\
            assert len(mne.io.read_raw_edf(p).ch_names) == 21";
        let output = Command::new(python).args(["-c", script, text(&path)]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let refused = refuse(&["convert", "--in-place", text(&path), "--to", "x"]);
    assert!(refused.contains("--to"), "{refused}");
    assert!(json(&root().join("tests/golden/formats/golden.json")).is_object());
}
