//! Damaged bytes are an error or a reading, never a panic.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::FileSpec;
use proptest::prelude::*;
use proptest::sample::Index;
use twinprint_edf::{EdfFile, Strictness};

fn valid(kind: usize) -> Vec<u8> {
    let lists: [&[u8]; 4] = [
        b"+0\x14\x14\0+0.5\x151\x14one\x14\0",
        b"+1\x14\x14\0",
        b"+5.5\x14\x14\0+6\x14two\x14three\x14\0",
        b"+6.5\x14\x14\0",
    ];
    match kind {
        0 => FileSpec::plain(&[5, 9], 3),
        1 => FileSpec::plus(false, "C", &[5, 5], &lists[..2]),
        2 => FileSpec::plus(false, "D", &[5, 7], &lists),
        _ => FileSpec::plus(true, "D", &[6], &lists),
    }
    .bytes()
}

/// Everything one can ask of a file.
fn exercise(bytes: Vec<u8>) {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let Ok(file) = EdfFile::from_bytes(bytes.clone(), strictness) else { continue };
        let all: Vec<usize> = (0..file.signals().len()).collect();
        for (index, signal) in file.signals().iter().enumerate() {
            let total = signal.total_samples();
            assert!(total <= bytes.len() as u64);
            let mut out = vec![0.0; total as usize];
            file.read(index, 0..total, &mut out).unwrap();
            let tiled: usize = file.segments(index).iter().map(|segment| segment.len).sum();
            assert_eq!(tiled as u64, total);
        }
        let _ = file.recording(&all);
        let _ = file.recording(&all[..all.len().min(1)]);
        let _ = format!("{file:?} {:?} {:?}", file.notices(), file.header().start());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn changed_bytes_never_panic(
        kind in 0..4usize,
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = valid(kind);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        exercise(bytes);
    }

    #[test]
    fn header_fields_with_any_number_never_panic(
        kind in 0..4usize,
        field in any::<Index>(),
        value in "-?[0-9]{1,7}|[0-9]e[0-9]{1,3}|-?[0-9]{0,3}[.,][0-9]{1,3}|[ -~]{8}",
    ) {
        let mut bytes = valid(kind);
        // All numeric fields are eight bytes wide and begin at a multiple of four.
        let signals = if kind < 3 { 3 } else { 2 };
        let at = field.index(256 * signals / 4) * 4;
        let value = format!("{value:<8}");
        bytes[at..at + 8].copy_from_slice(&value.as_bytes()[..8]);
        exercise(bytes);
    }

    #[test]
    fn a_file_cut_or_lengthened_anywhere_never_panics(
        kind in 0..4usize,
        cut in any::<Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = valid(kind);
        bytes.truncate(cut.index(bytes.len() + 1));
        bytes.extend(tail);
        exercise(bytes);
    }

    #[test]
    fn arbitrary_bytes_after_a_valid_beginning_never_panic(
        bdf in any::<bool>(),
        tail in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut bytes = if bdf { b"\xffBIOSEMI".to_vec() } else { b"0       ".to_vec() };
        bytes.extend(tail);
        exercise(bytes);
    }
}

/// A header that promises far more than memory holds.
#[test]
fn promises_beyond_the_file_cost_no_memory() {
    let mut spec = FileSpec::plain(&[4, 4], 1);
    spec.count = Some("99999999".into());
    let mut bytes = spec.bytes();
    // Samples per data record of both signals.
    let at = 256 + 216 * 2;
    bytes[at..at + 16].copy_from_slice(b"9999999999999999");
    exercise(bytes.clone());
    bytes[252..256].copy_from_slice(b"9999");
    exercise(bytes);
}

/// A file of these bytes.
fn on_disk(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn a_file_shortened_while_it_is_read_is_an_error_that_says_so() {
    // Records so long that a window is read by itself, and so short that they are read in blocks.
    for (samples, records) in [(50_000, 3), (40, 500)] {
        let place = on_disk(&FileSpec::plain(&[samples, samples, samples, samples], records).bytes());
        let file = EdfFile::open(place.path(), Strictness::Strict).unwrap();
        let total = file.signals()[0].total_samples();
        let mut out = vec![0.0; total as usize];
        file.read(0, 0..total, &mut out).unwrap();
        std::fs::File::options().write(true).open(place.path()).unwrap().set_len(5000).unwrap();
        let errors = [
            file.read(0, 0..total, &mut out).unwrap_err(),
            file.read(0, total - 5..total, &mut out[..5]).unwrap_err(),
            file.recording(&[0, 1, 2, 3]).unwrap_err(),
            file.recording(&[2]).unwrap_err(),
        ];
        for error in errors {
            let said = error.to_string();
            assert!(
                said.contains("was shortened while it was read: it had") && said.contains("copy or download"),
                "{said}"
            );
        }
        // What is still there is still read.
        assert!(file.read(0, 0..10, &mut out[..10]).is_ok());
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.edf");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), folder.path(), std::path::Path::new("/dev/zero")] {
        let error = EdfFile::open(path, Strictness::Strict).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("not a regular file"), "{}: {error}: {cause}", path.display());
    }
}

#[test]
fn a_rate_that_no_device_has_is_refused_at_open_with_its_field() {
    for (duration, samples) in [("1e-300", 500), ("0.000001", 500), ("1e300", 5), ("1e7", 5)] {
        let mut spec = FileSpec::plain(&[samples], 2);
        spec.duration = duration.into();
        let said = EdfFile::from_bytes(spec.bytes(), Strictness::Strict).unwrap_err().to_string();
        assert!(said.contains("duration of a data record at byte 244"), "{said}");
        assert!(said.contains("between 0.0001 and 1000000 Hz"), "{said}");
        let lenient = EdfFile::from_bytes(spec.bytes(), Strictness::Lenient).unwrap();
        assert!(lenient.signals().is_empty());
        assert!(
            lenient.notices()[0].message().contains("sampling rate no device has"),
            "{:?}",
            lenient.notices()
        );
    }
}
