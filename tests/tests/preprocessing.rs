//! Every way of preprocessing that a pipeline can ask for, from the command to the file of epochs.
#![allow(clippy::unwrap_used, reason = "tests may stop")]

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Axis;
use twinprint_preprocess::{Plan, Preprocessor};
use twinprint_recordings::{RecordingReader, Strictness};
use twinprint_store::epochs::EpochFile;
use twinprint_tests::{Cohort, PIPELINE, json, run};

/// The small pipeline with another `[preprocess]` table.
fn with(preprocess: &str) -> String {
    PIPELINE.replace("epochs = { duration = 1.0, overlap = 0.0 }", preprocess)
}

/// Runs the first stage; gives back its folder and what the command said on the way.
fn preprocess(cohort: &Cohort, text: &str, more: &[&str]) -> (PathBuf, String) {
    fs::write(cohort.pipeline(), text).unwrap();
    let (pipeline, out) = (cohort.pipeline(), cohort.folder.path().join("out"));
    let _ = fs::remove_dir_all(&out);
    let mut arguments = vec!["preprocess", pipeline.to_str().unwrap(), "--out", out.to_str().unwrap()];
    arguments.extend(more);
    let output = run(&arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{said}");
    (twinprint_tests::only_run(&out), said)
}

fn epochs(folder: &Path) -> EpochFile {
    EpochFile::open(&folder.join("epochs.h5")).unwrap()
}

/// The recordings of a cohort.
fn recordings(cohort: &Cohort) -> Vec<PathBuf> {
    let mut folders = vec![cohort.folder.path().join("cohort")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "edf") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn epochs_locked_to_events_reach_the_file_with_their_label_and_without_their_baseline() {
    let cohort = Cohort::new("1");
    for path in recordings(&cohort) {
        let _ = fs::remove_file(path.to_str().unwrap().replace("_eeg.edf", "_events.tsv"));
    }
    // One table at the root holds for every recording; the last event's window leaves the recording.
    let events = "onset\tduration\ttrial_type\n2.0\t0\tgo\n4.5\t0\tstop\n7.0\t0\tgo\n9.0\t1.0\tBAD_move\n9.2\t0\tgo\n29.9\t0\tgo\n";
    fs::write(cohort.folder.path().join("cohort/task-rest_events.tsv"), events).unwrap();
    let text =
        with("epochs = { events = [\"go\"], tmin = -0.25, tmax = 0.7421875, baseline = [-0.25, 0.0] }")
            .replace("seconds = 10.0", "seconds = 1.0")
            .replace("[1.0, 5.0]", "[1.0]");
    let (folder, said) = preprocess(&cohort, &text, &[]);
    let file = epochs(&folder);
    // 16 recordings; of four events one is outside, one under the bad stretch.
    assert_eq!(file.samples().dim(), (32, 6, 128));
    assert!(said.contains("32 of 48 epochs from 16 recordings"), "{said}");
    assert!(said.contains("16 annotated bad"), "{said}");
    assert!(said.contains("16 events too near an end or a gap"), "{said}");
    for (index, info) in file.infos().iter().enumerate() {
        assert_eq!(info.labels["event"], "go");
        assert_eq!(info.start.get(), [1.75, 6.75][index % 2]);
    }
    let samples = file.samples();
    let baseline: f32 = (0..33).map(|at| samples[[0, 0, at]]).sum::<f32>() / 33.0;
    assert!(baseline.abs() < 1e-3, "{baseline}");
}

#[test]
fn every_step_that_a_plan_can_name_changes_the_epochs() {
    let cohort = Cohort::new("1");
    let cut = "epochs = { duration = 1.0 }";
    let sum = |folder: &Path| -> f64 { epochs(folder).samples().iter().map(|&v| f64::from(v).abs()).sum() };
    let (plain, _) = preprocess(&cohort, &with(cut), &[]);
    let mut seen = vec![("default", sum(&plain))];
    for step in [
        "filter = { method = \"butterworth\", order = 3 }",
        "filter = { l_freq = 4.0, h_freq = false }",
        "notch = { freq = 10.0, harmonics = false, notch_width = 2.0 }",
        "resample = { sfreq = 100.0, method = \"polyphase\" }",
        "resample = { sfreq = 100.0 }",
        "reference = \"none\"",
        "reference = { channels = [\"Fp1\"] }",
        "scale = { method = \"epoch_z\" }",
        "scale = { method = \"recording_robust\" }",
        "scale = { method = \"microvolts\", divisor = 10.0 }",
    ] {
        let text = with(&format!("{cut}\n{step}"));
        let (folder, _) = preprocess(&cohort, &text, &[]);
        let total = sum(&folder);
        let twin = seen.iter().find(|(_, other)| (other - total).abs() < 1e-6 * total);
        assert!(twin.is_none(), "{step} gives what {} gave", twin.unwrap().0);
        seen.push((step, total));
    }
}

#[test]
fn a_channel_that_is_missing_or_bad_is_interpolated_and_named() {
    let cohort = Cohort::new("1");
    let (folder, _) = preprocess(&cohort, &with("epochs = { duration = 1.0 }"), &[]);
    let there: Vec<String> = epochs(&folder).channels().iter().map(ToString::to_string).collect();
    let pick: Vec<String> = there.iter().chain([&"POz".to_owned()]).map(|name| format!("{name:?}")).collect();
    let text = with(&format!(
        "epochs = {{ duration = 1.0 }}\nchannels = {{ pick = [{}], on_missing = \"interpolate\" }}\nbad_channels = {{ detect = {{ noisy = 2.0 }} }}",
        pick.join(", ")
    ));
    let (folder, said) = preprocess(&cohort, &text, &[]);
    let file = epochs(&folder);
    assert_eq!(file.samples().dim().1, there.len() + 1);
    assert!(file.samples().iter().all(|value| value.is_finite()));
    assert!(said.contains("16 recordings with interpolated channels"), "{said}");
}

#[test]
fn limits_on_epochs_are_counted_by_reason_after_the_stage() {
    let cohort = Cohort::new("1");
    let text = with("epochs = { duration = 1.0 }\nreject = { deviation = 3.0 }");
    let (folder, said) = preprocess(&cohort, &text, &[]);
    let kept = epochs(&folder).samples().dim().0;
    assert!(kept < 16 * 30, "{said}");
    assert!(said.contains(&format!("{kept} of 480 epochs from 16 recordings, rejected:")), "{said}");
    assert!(said.contains(" deviating"), "{said}");
}

#[test]
fn recordings_of_another_rate_or_length_are_named_and_used() {
    let cohort = Cohort::new("1");
    let other = cohort.folder.path().join("other");
    let settings =
        ["--subjects", "1", "--sessions", "2", "--seconds", "40", "--channels", "6", "--rate", "160"];
    let mut arguments = vec!["synth", other.to_str().unwrap(), "--seed", "9", "--quiet"];
    arguments.extend(settings);
    twinprint_tests::succeed(&arguments);
    let own = cohort.folder.path().join("cohort/sub-01");
    fs::remove_dir_all(&own).unwrap();
    fs::rename(other.join("sub-01"), &own).unwrap();
    let (folder, said) = preprocess(&cohort, &with("epochs = { duration = 1.0 }"), &[]);
    assert!(said.contains("160 Hz, where 14 of 16 recordings have 128 Hz"), "{said}");
    assert!(said.contains("40.0 s, where the median of 8 recordings"), "{said}");
    let of_first =
        epochs(&folder).infos().iter().filter(|info| info.key.subject.as_str() == "sub-01").count();
    assert_eq!(of_first, 2 * 40);
}

#[test]
fn a_long_recording_is_read_some_channels_at_a_time_and_cut_as_a_whole_one() {
    let cohort = Cohort::new("1");
    let other = cohort.folder.path().join("other");
    // 70 MB of samples as they are filtered, more than are read at a time.
    let settings = ["--subjects", "1", "--sessions", "1", "--seconds", "2920", "--rate", "1000"];
    let mut arguments = vec!["synth", other.to_str().unwrap(), "--channels", "6", "--quiet"];
    arguments.extend(settings);
    twinprint_tests::succeed(&arguments);
    let first = recordings(&cohort).remove(0);
    let long = fs::read_dir(other.join("sub-01/ses-1/eeg")).unwrap();
    let long = long.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "edf");
    fs::rename(long.unwrap(), &first).unwrap();
    let table = "epochs = { duration = 1.0 }\nresample = { sfreq = 128.0 }\nreject = { deviation = 3.0 }";
    let (folder, _) = preprocess(&cohort, &with(table), &[]);

    let reader = RecordingReader::open(&first, Strictness::Strict).unwrap();
    let whole = reader.recording(&[0, 1, 2, 3, 4, 5]).unwrap();
    assert!(whole.samples().len() * 4 > 64 << 20);
    let plan = toml::from_str::<Plan>(table).unwrap().checked().unwrap();
    let expected = Preprocessor::new(plan).run(whole, &[], None).unwrap();
    let file = epochs(&folder);
    let infos = file.infos().iter().enumerate();
    let own = infos
        .filter(|(_, info)| info.key.subject.as_str() == "sub-01" && info.key.session.as_str() == "ses-1");
    let rows: Vec<usize> = own.map(|(row, _)| row).collect();
    assert!(rows.len() > 1000 && rows.len() < 2920, "{}", rows.len());
    assert!(file.samples().select(Axis(0), &rows) == expected.samples);
}

/// Overwrites the patient field of a recording's header.
fn name_patient(path: &Path, text: &[u8; 80]) {
    let mut bytes = fs::read(path).unwrap();
    bytes[8..88].copy_from_slice(text);
    fs::write(path, bytes).unwrap();
}

#[test]
fn who_a_header_says_it_is_of_reaches_neither_log_nor_file_nor_key() {
    let cohort = Cohort::new("1");
    let first = recordings(&cohort).remove(0);
    let text = with("epochs = { duration = 1.0 }");
    let (folder, _) = preprocess(&cohort, &text, &["--verbose"]);
    let before = json(&folder.join("run.json"))["inputs"].clone();
    let mut patient = [b' '; 80];
    patient[..37].copy_from_slice(b"X-777 F 02-MAY-1951 Wilhelmine_Zauber");
    name_patient(&first, &patient);
    let (folder, said) = preprocess(&cohort, &text, &["--verbose"]);
    assert_eq!(json(&folder.join("run.json"))["inputs"], before);
    assert!(!said.contains("Wilhelmine"), "{said}");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in [&b"Wilhelmine"[..], b"X-777", b"MAY-1951"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", path.display());
        }
    }
}

#[test]
fn a_file_outside_its_format_is_refused_unless_the_plan_is_lenient_and_then_noted() {
    let cohort = Cohort::new("1");
    let first = recordings(&cohort).remove(0);
    let mut padded = [0_u8; 80];
    padded[..7].copy_from_slice(b"X X X X");
    name_patient(&first, &padded);
    fs::write(cohort.pipeline(), with("epochs = { duration = 1.0 }")).unwrap();
    let said = twinprint_tests::refuse(&["check", cohort.pipeline().to_str().unwrap()]);
    assert!(said.contains("lenient") && said.contains("NUL"), "{said}");
    let text =
        with("epochs = { duration = 1.0 }").replace("root = \"cohort\"", "root = \"cohort\"\nlenient = true");
    let (folder, said) = preprocess(&cohort, &text, &[]);
    assert!(said.contains("note:") && said.contains("NUL"), "{said}");
    let notices = json(&folder.join("run.json"))["notices"].to_string();
    assert!(notices.contains("NUL"), "{notices}");
}
