//! Equality with MNE-Python on its own test files and on small ones of other kinds; see `tests/golden/formats/generate.py`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use twinprint_recordings::{Kind, RecordingReader, Strictness};

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/formats")
}

/// Every golden file with its path, where it is there.
fn files() -> Vec<(String, PathBuf, Value)> {
    let text = std::fs::read_to_string(golden_folder().join("golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let shared = std::env::var_os("TWINPRINT_DATA").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let mut found = Vec::new();
    for (name, values) in golden["files"].as_object().unwrap() {
        let path = if name.starts_with("made/") { golden_folder().join(name) } else { shared.join(name) };
        match path.is_file() {
            true => found.push((name.clone(), path, values.clone())),
            false => eprintln!("not tested, it is not there: {}", path.display()),
        }
    }
    assert!(found.len() >= 4);
    found
}

fn open(path: &Path) -> RecordingReader {
    RecordingReader::open(path, Strictness::Strict)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn rate_length_start_and_events_are_the_peers() {
    for (name, path, golden) in files().into_iter().filter(|(name, ..)| !name.ends_with("test_raw_h5.set")) {
        let reader = open(&path);
        let first = &reader.channels()[0];
        assert_eq!(first.rate.get(), golden["rate"].as_f64().unwrap(), "{name}");
        assert_eq!(first.total_samples, golden["samples"].as_u64().unwrap(), "{name}");
        assert_eq!(reader.start().as_deref(), golden["start"].as_str(), "{name}");
        let Some(events) = golden["events"].as_array() else { continue };
        assert_eq!(reader.annotations().len(), events.len(), "{name}: {:?}", reader.annotations());
        for (ours, theirs) in reader.annotations().iter().zip(events) {
            assert_eq!(ours.label, theirs[2].as_str().unwrap(), "{name}");
            assert!(
                (ours.onset.get() - theirs[0].as_f64().unwrap()).abs() < 1e-6,
                "{name} {ours:?} {theirs}"
            );
            let duration = ours.duration.map_or(0.0, |duration| duration.get());
            assert!((duration - theirs[1].as_f64().unwrap()).abs() < 1e-6, "{name} {ours:?} {theirs}");
        }
    }
}

#[test]
fn channels_and_samples_are_the_peers() {
    for (name, path, golden) in files() {
        let rows = golden["channels"].as_array().unwrap();
        if rows.is_empty() {
            continue;
        }
        let reader = open(&path);
        assert_eq!(reader.channels().len(), rows.len(), "{name}");
        for (index, row) in rows.iter().enumerate() {
            let channel = &reader.channels()[index];
            assert_eq!(channel.label, row["name"].as_str().unwrap(), "{name}");
            assert_eq!(channel.kind == Kind::Eeg, row["eeg"].as_bool().unwrap(), "{name} {channel:?}");
            let mut samples = vec![0.0; channel.total_samples as usize];
            reader.read(index, 0..channel.total_samples, &mut samples).unwrap();
            let factor = channel.microvolts_per_unit.unwrap_or(1.0);
            let samples: Vec<f64> = samples.iter().map(|&sample| f64::from(sample) * factor).collect();
            let size = row["size"].as_f64().unwrap();
            let near = |ours: f64, theirs: &Value, size: f64| {
                let theirs = theirs.as_f64().unwrap();
                assert!(
                    (ours - theirs).abs() <= 1e-6 * size + 1e-12,
                    "{name} {} {ours} {theirs}",
                    channel.label
                );
            };
            near(samples.iter().sum(), &row["sum"], size);
            let weighted =
                samples.iter().enumerate().map(|(at, sample)| sample * (at % 997 + 1) as f64).sum();
            near(weighted, &row["weighted"], size * 997.0);
            for pair in row["at"].as_array().unwrap() {
                let at = pair[0].as_u64().unwrap() as usize;
                near(samples[at], &pair[1], samples[at].abs());
            }
        }
    }
}

#[test]
fn what_is_missing_in_a_set_interrupts_it() {
    let starts = |name: &str| -> Vec<u64> {
        let reader = open(&golden_folder().join(name));
        reader.segments(0).iter().map(|segment| segment.first.0).collect()
    };
    // A boundary at latency 50.5 stands between the samples 50 and 51, a new segment at 251 before the sample of that number.
    assert_eq!(starts("made/compressed.set"), [0, 50]);
    assert_eq!(starts("made/matlab73.set"), [0, 50]);
    assert_eq!(starts("made/int32.vhdr"), [0, 250]);
    for (_, path, golden) in files().into_iter().filter(|(name, ..)| name.ends_with("test_epochs.set")) {
        let segments = open(&path).segments(0);
        assert_eq!(segments.len() as u64, golden["epochs"].as_u64().unwrap());
        assert!(segments.iter().all(|segment| segment.len == segments[0].len));
    }
}

#[test]
fn a_set_whose_samples_are_elsewhere_is_refused_by_name() {
    for (_, path, _) in files().into_iter().filter(|(name, ..)| name.ends_with("test_raw_h5.set")) {
        let error = RecordingReader::open(&path, Strictness::Lenient).err().unwrap().to_string();
        assert!(error.contains("test_raw.fdt") && error.contains("is not there"), "{error}");
    }
}
