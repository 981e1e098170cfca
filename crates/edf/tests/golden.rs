//! Equality with edfio, MNE-Python and pyEDFlib on real files; see `tests/golden/edf/generate.py`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};

use serde_json::Value;
use twinprint_edf::{EdfError, EdfFile, Signal, Strictness};

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/edf/golden.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn open(path: &Path) -> EdfFile {
    EdfFile::open(path, Strictness::Strict).unwrap_or_else(|error| panic!("{error}"))
}

/// Calls `check` with each golden file, opened, and its golden values.
fn for_each_file(check: impl Fn(&str, &EdfFile, &Value)) {
    let Some(root) = common::shared() else { return };
    let golden = golden();
    let files = golden["files"].as_object().unwrap();
    assert!(files.len() > 20);
    for (name, values) in files {
        check(name, &open(&root.join(name)), values);
    }
}

#[test]
fn every_conformance_file_has_golden_values() {
    let Some(root) = common::shared() else { return };
    let golden = golden();
    for path in common::conformance_files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        assert!(golden["files"].get(name).is_some(), "{name} has no golden values: run generate.py");
    }
}

#[test]
fn every_shared_recording_is_read_strictly_and_without_a_notice() {
    let Some(root) = common::shared() else { return };
    let mut folders = vec![root.join("eegmat"), root.join("muse-cueing")];
    let mut opened = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "edf") {
                let file = open(&path);
                assert_eq!(file.notices(), [], "{}", path.display());
                assert_eq!(file.segments(0).len(), 1);
                opened += 1;
            }
        }
    }
    assert_eq!(opened, 48 + 66);
}

#[test]
fn variant_records_and_start_are_the_peers() {
    for_each_file(|name, file, golden| {
        let header = file.header();
        let reserved = golden["reserved"].as_str().unwrap();
        if reserved.starts_with("EDF+") || reserved.starts_with("BDF+") {
            assert_eq!(header.variant().to_string(), reserved, "{name}");
        } else {
            assert!(!header.variant().is_plus(), "{name}");
        }
        assert_eq!(header.record_count(), golden["records"].as_u64().unwrap(), "{name}");
        assert_eq!(header.record_duration().get(), golden["record_duration"].as_f64().unwrap(), "{name}");
        // Python's clock has microseconds.
        let start = header.start().map(|mut start| {
            start.nanosecond -= start.nanosecond % 1000;
            start.to_string()
        });
        assert_eq!(start.as_deref(), golden["start"].as_str(), "{name}");
    });
}

#[test]
fn signal_headers_are_the_peers() {
    for_each_file(|name, file, golden| {
        let rows = golden["signals"].as_array().unwrap();
        assert_eq!(file.signals().len(), rows.len(), "{name}");
        for (signal, row) in file.signals().iter().zip(rows) {
            assert_eq!(signal.label(), row[0].as_str().unwrap(), "{name}");
            assert_eq!(signal.unit(), row[1].as_str().unwrap(), "{name}");
            let rate = row[2].as_f64().unwrap();
            assert!((signal.rate().get() - rate).abs() <= 1e-12 * rate, "{name} {}", signal.label());
            assert_eq!(signal.total_samples(), row[3].as_u64().unwrap(), "{name}");
            let (physical, digital) = (signal.physical_range(), signal.digital_range());
            assert_eq!([physical.min, physical.max], pair(&row[4]), "{name}");
            assert_eq!([f64::from(digital.min), f64::from(digital.max)], pair(&row[5]), "{name}");
            assert_eq!(signal.transducer(), row[6].as_str().unwrap(), "{name}");
            assert_eq!(signal.prefilter(), row[7].as_str().unwrap(), "{name}");
        }
    });
}

#[test]
fn stored_and_physical_samples_are_the_peers() {
    for_each_file(|name, file, golden| {
        for (index, row) in golden["signals"].as_array().unwrap().iter().enumerate() {
            let signal = &file.signals()[index];
            let total = signal.total_samples() as usize;
            let mut stored = vec![0; total];
            file.read_digital(index, 0..total as u64, &mut stored).unwrap();
            let expected: Vec<i64> = row[8].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
            assert_eq!(digest(&stored).to_vec(), expected, "{name} {}", signal.label());
            compare_physical(name, file, index, signal, row[9].as_array().unwrap());
        }
    });
}

fn compare_physical(name: &str, file: &EdfFile, index: usize, signal: &Signal, golden: &[Value]) {
    let total = signal.total_samples() as usize;
    let mut samples = vec![0.0; total];
    file.read(index, 0..total as u64, &mut samples).unwrap();
    let range = signal.physical_range();
    // The peers' own float64 rounding: near zero a difference of large numbers.
    let floor = 1e-12 * range.max.abs().max(range.min.abs());
    for (step, expected) in golden.iter().enumerate() {
        let at = step * (total - 1) / (golden.len() - 1);
        let expected = expected.as_f64().unwrap();
        let error = (f64::from(samples[at]) - expected).abs();
        assert!(
            error <= 1e-6 * expected.abs() + floor,
            "{name} {} sample {at}: off by {error}",
            signal.label()
        );
    }
}

#[test]
fn annotations_are_the_peers() {
    for_each_file(|name, file, golden| {
        let mut found: Vec<(f64, f64, &str)> = file
            .annotations()
            .iter()
            .map(|a| (round(a.onset.get()), round(a.duration.map_or(0.0, |d| d.get())), a.label.as_str()))
            .collect();
        found.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let golden = &golden["annotations"];
        assert_eq!(found.len() as u64, golden["count"].as_u64().unwrap(), "{name}");
        let sums = found.iter().fold((0.0, 0.0), |sums, a| (sums.0 + a.0, sums.1 + a.1));
        assert!((sums.0 - golden["onsets"].as_f64().unwrap()).abs() < 1e-5, "{name}");
        assert!((sums.1 - golden["durations"].as_f64().unwrap()).abs() < 1e-5, "{name}");
        let labels: Vec<&str> = found.iter().map(|a| a.2).collect();
        assert_eq!(fnv1a(&labels.join("\n")), golden["labels_fnv1a"].as_str().unwrap(), "{name}");
        for (ours, theirs) in found.iter().zip(golden["first"].as_array().unwrap()) {
            assert!((ours.0 - theirs[0].as_f64().unwrap()).abs() < 2e-6, "{name} {ours:?} for {theirs}");
            assert!((ours.1 - theirs[1].as_f64().unwrap()).abs() < 2e-6, "{name} {ours:?} for {theirs}");
            assert_eq!(ours.2, theirs[2].as_str().unwrap(), "{name}");
        }
    });
}

#[test]
fn the_mangled_recording_is_refused_and_the_cause_named() {
    let Some(root) = common::shared() else { return };
    let path: PathBuf = root.join("eegmmidb/damaged/S001R01-crlf-mangled.edf");
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let error = EdfFile::open(&path, strictness).unwrap_err();
        let EdfError::InFile { problem, .. } = &error else { panic!("{error}") };
        assert!(matches!(**problem, EdfError::TextMode { .. }), "{error}");
        for part in ["S001R01-crlf-mangled.edf", "text mode", "CR LF", "again in binary mode"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

fn pair(value: &Value) -> [f64; 2] {
    [value[0].as_f64().unwrap(), value[1].as_f64().unwrap()]
}

fn round(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

fn digest(stored: &[i32]) -> [i64; 2] {
    let weighted = stored.iter().enumerate().map(|(i, &v)| i64::from(v) * (i as i64 % 65521 + 1));
    [stored.iter().map(|&v| i64::from(v)).sum(), weighted.fold(0, i64::wrapping_add)]
}

fn fnv1a(text: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}
