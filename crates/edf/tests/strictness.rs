//! What strict reading refuses, in which words, and what lenient reading makes of it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{FileSpec, as_text};
use twinprint_edf::{EdfError, EdfFile, Strictness};

const LISTS: [&[u8]; 3] = [b"+0\x14\x14\0", b"+1\x14\x14\0+1.5\x14go\x14\0", b"+2\x14\x14\0"];

/// Strict reading must refuse with all `parts` in the message.
fn refused(bytes: &[u8], parts: &[&str]) -> EdfError {
    let error = EdfFile::from_bytes(bytes.to_vec(), Strictness::Strict).unwrap_err();
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
    }
    error
}

/// Lenient reading must succeed and say `part` in a notice that marks a repair.
fn forgiven(bytes: &[u8], part: &str) -> EdfFile {
    let file = EdfFile::from_bytes(bytes.to_vec(), Strictness::Lenient).unwrap_or_else(|e| panic!("{e}"));
    let said = file.notices().iter().any(|n| n.refused_when_strict() && n.message().contains(part));
    assert!(said, "{part:?} is not among {:?}", file.notices());
    file
}

#[test]
fn a_short_file_is_refused_with_both_sizes_and_read_to_its_last_whole_record() {
    let mut bytes = FileSpec::plus(false, "C", &[100], &LISTS).bytes();
    let full = bytes.len();
    bytes.truncate(full - 1);
    let sizes = [format!("{} bytes", full - 1), format!("{full} in all")];
    refused(&bytes, &[&sizes[0], &sizes[1], "1 bytes are missing", "copy or download it again", "byte 236"]);
    let file = forgiven(&bytes, "3 records stated, 2 whole ones present");
    assert_eq!(file.header().record_count(), 2);
    assert_eq!(file.signals()[0].total_samples(), 200);
}

#[test]
fn a_long_file_is_refused_with_what_is_left_out_and_read_to_its_last_whole_record() {
    // MNE-Python 1.10 and edfio 0.4 take the number of records from the size of such a file, too.
    let mut bytes = FileSpec::plain(&[100], 2).bytes();
    bytes.extend([0; 500]);
    refused(&bytes, &["500 bytes too many, 2 whole records more than stated", "every whole record"]);
    let file = forgiven(&bytes, "2 records stated, 4 whole ones present");
    assert_eq!((file.signals()[0].total_samples(), file.header().record_count()), (400, 4));
    forgiven(&bytes, "a last record cut short left out: record 5");
    bytes.truncate(bytes.len() - 100);
    assert_eq!(forgiven(&bytes, "all of them read").notices().len(), 1, "nothing is left over");
}

#[test]
fn a_file_cut_within_its_header_is_refused_either_way() {
    let bytes = FileSpec::plain(&[4, 4], 1).bytes();
    for len in [0, 1, 100, 255, 256, 700] {
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            assert!(EdfFile::from_bytes(bytes[..len].to_vec(), strictness).is_err(), "{len}");
        }
    }
    refused(&bytes[..700], &["700 bytes", "header alone needs 768"]);
}

#[test]
fn a_gap_in_a_continuous_file_is_refused_and_kept_as_a_gap() {
    let lists: [&[u8]; 3] = [b"+0\x14\x14\0", b"+1\x14\x14\0", b"+2.5\x14\x14\0"];
    let bytes = FileSpec::plus(false, "C", &[10], &lists).bytes();
    refused(&bytes, &["record 3 (of 3)", "\"+2.5\"", "ends at 2 s", "EDF+C has no gaps", "EDF+D"]);
    let file = forgiven(&bytes, "kept as a gap");
    assert_eq!(file.segments(0).len(), 2);
    assert_eq!(file.segments(0)[1].onset.get(), 2.5);
}

#[test]
fn overlapping_records_are_refused_and_kept_apart() {
    let lists: [&[u8]; 2] = [b"+0\x14\x14\0", b"+0.5\x14\x14\0"];
    let bytes = FileSpec::plus(true, "D", &[10], &lists).bytes();
    refused(&bytes, &["record 2 (of 2)", "must not overlap"]);
    assert_eq!(forgiven(&bytes, "overlap in time").segments(0).len(), 2);
}

#[test]
fn rounded_record_times_are_no_gap() {
    let mut spec =
        FileSpec::plus(false, "C", &[12], &[b"+0\x14\x14\0", b"+0.333\x14\x14\0", b"+0.667\x14\x14\0"]);
    spec.duration = "0.333333".into();
    let file = EdfFile::from_bytes(spec.bytes(), Strictness::Strict).unwrap();
    assert_eq!(file.segments(0).len(), 1);
}

#[test]
fn a_record_without_time_is_refused_and_taken_in_order() {
    let lists: [&[u8]; 3] = [b"+0\x14\x14\0", b"garbage\0", b"+2\x14\x14\0"];
    let bytes = FileSpec::plus(false, "C", &[10], &lists).bytes();
    refused(&bytes, &["record 2 (of 3)", "\"garbage\"", "two bytes 20"]);
    assert_eq!(forgiven(&bytes, "without a readable time").segments(0).len(), 1);
    let bytes = FileSpec::plus(false, "D", &[10], &lists).bytes();
    assert_eq!(forgiven(&bytes, "segment of its own").segments(0).len(), 2);
}

#[test]
fn a_malformed_annotation_is_refused_and_left_out() {
    for (list, part) in [
        (&b"+0\x14\x14\0+x\x14secret\x14\0"[..], "onset that is not a signed decimal"),
        (b"+0\x14\x14\0+1e3\x14secret\x14\0", "onset that is not a signed decimal"),
        (b"+0\x14\x14\0+1\x15-1\x14secret\x14\0", "duration that is not a decimal"),
        (b"+0\x14\x14\0+1\x14secret\0", "does not end with byte 20"),
        (b"+0\x14\x14\0+1secret\0", "has no text separator"),
    ] {
        let bytes = FileSpec::plus(false, "C", &[10], &[list]).bytes();
        refused(&bytes, &["record 1 at byte 7", part]);
        assert!(forgiven(&bytes, "against the format left out").annotations().is_empty());
    }
}

#[test]
fn an_annotation_in_latin_1_is_refused_and_decoded() {
    let bytes = FileSpec::plus(false, "C", &[10], &[b"+0\x14\x14\0+1\x14M\xfcde\x14\0"]).bytes();
    refused(&bytes, &["is not UTF-8"]);
    assert_eq!(forgiven(&bytes, "read as Latin-1").annotations()[0].label, "M\u{fc}de");
}

#[test]
fn nul_padding_is_refused_with_its_field_and_read_as_spaces() {
    let mut spec = FileSpec::plain(&[4, 4], 1);
    spec.signals[1].label = b"Cz\0\0\0".to_vec();
    spec.signals[1].digital[1] = "2000\0\0\0\0".into();
    let bytes = spec.bytes();
    let offset = 256 + 16;
    refused(&bytes, &["label of signal 2", &format!("byte {offset}"), "NUL", "Cz\\x00"]);
    let file = forgiven(&bytes, "NUL bytes in a header field read as spaces: label of signal 2, and 1 more");
    assert_eq!(file.signals()[1].label(), "Cz");
    assert_eq!(file.signals()[1].digital_range().max, 2000);
}

#[test]
fn text_beyond_ascii_is_harmless_except_in_labels() {
    let mut spec = FileSpec::plain(&[4], 1);
    spec.signals[0].transducer = b"K\xf6pfchen".to_vec();
    spec.signals[0].prefilter = "H\u{f6}he".into();
    let file = EdfFile::from_bytes(spec.bytes(), Strictness::Strict).unwrap();
    assert_eq!(file.signals()[0].transducer(), "K\u{f6}pfchen");
    assert_eq!(file.signals()[0].prefilter(), "H\u{f6}he");
    assert!(file.notices()[0].message().contains("beyond ASCII"));
    spec.signals[0].label = b"M\xfcller".to_vec();
    refused(&spec.bytes(), &["label of signal 1", "printable ASCII"]);
    assert_eq!(forgiven(&spec.bytes(), "beyond ASCII").signals()[0].label(), "M\u{fc}ller");
}

#[test]
fn numbers_must_be_numbers() {
    let change = |change: fn(&mut FileSpec)| {
        let mut spec = FileSpec::plain(&[4, 4], 1);
        change(&mut spec);
        spec.bytes()
    };
    let comma = change(|s| s.signals[1].physical[0] = "-99,5".into());
    refused(&comma, &["physical minimum of signal 2", "\"-99,5   \"", "decimal point"]);
    assert_eq!(forgiven(&comma, "decimal comma").signals()[1].physical_range().min, -99.5);
    let decimals = change(|s| s.signals[0].digital[1] = "2000.0".into());
    refused(&decimals, &["digital maximum of signal 1", "whole number"]);
    assert_eq!(forgiven(&decimals, "whole number").signals()[0].digital_range().max, 2000);
    let wide = change(|s| s.signals[0].digital[1] = "40000".into());
    refused(&wide, &["from -32768 to 32767"]);
    forgiven(&wide, "beyond the sample width");
    let header = change(|s| s.header_bytes = Some("512".into()));
    refused(&header, &["header record at byte 184", "\"512     \"", "must be 768"]);
    forgiven(&header, "header size");
    for broken in [
        change(|s| s.signals[0].physical[1] = "nan".into()),
        change(|s| s.signals[0].physical[1] = "inf".into()),
        change(|s| s.signals[0].physical[1] = "9e99".into()),
        change(|s| s.count = Some("-2".into())),
        change(|s| s.count = Some("many".into())),
        change(|s| s.duration = "-1".into()),
        change(|s| s.duration = "".into()),
    ] {
        refused(&broken, &["must be", "correct the header"]);
        assert!(EdfFile::from_bytes(broken, Strictness::Lenient).is_err());
    }
}

#[test]
fn a_signal_without_a_range_is_left_out_by_name_and_the_others_read() {
    // CHB-MIT has signals called "-" with all limits 0.
    let mut spec = FileSpec::plain(&[4, 4, 4], 1);
    spec.signals[1] = common::SignalSpec { label: b"-".to_vec(), ..spec.signals[1].clone() };
    spec.signals[1].physical = ["0".into(), "0".into()];
    spec.signals[1].digital = ["0".into(), "0".into()];
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let file = EdfFile::from_bytes(spec.bytes(), strictness).unwrap();
        let labels: Vec<&str> = file.signals().iter().map(|signal| signal.label()).collect();
        assert_eq!(labels, ["Ch0", "Ch2"]);
        let said = file.notices().iter().find(|notice| notice.message().contains("left out")).unwrap();
        assert!(said.message().contains("\"-\", signal 2") && !said.refused_when_strict(), "{said}");
        let (mut first, mut last) = ([0.0; 4], [0.0; 4]);
        file.read(0, 0..4, &mut first).unwrap();
        file.read(1, 0..4, &mut last).unwrap();
        let whole = EdfFile::from_bytes(FileSpec::plain(&[4, 4, 4], 1).bytes(), Strictness::Strict).unwrap();
        let mut expected = [0.0; 4];
        whole.read(2, 0..4, &mut expected).unwrap();
        assert_eq!(last, expected);
    }
}

#[test]
fn equal_physical_limits_leave_a_signal_out_or_read_leniently_as_one_value() {
    let mut spec = FileSpec::plain(&[4, 4], 1);
    spec.signals[0].physical = ["3".into(), "3".into()];
    let strict = EdfFile::from_bytes(spec.bytes(), Strictness::Strict).unwrap();
    assert_eq!(strict.signals().len(), 1);
    let file = forgiven(&spec.bytes(), "equal physical minimum and maximum");
    let mut out = [0.0; 4];
    file.read(0, 0..4, &mut out).unwrap();
    assert_eq!(out, [3.0; 4]);
}

#[test]
fn a_version_field_of_another_program_is_ignored_where_all_else_is_edf() {
    let spec = FileSpec::plain(&[4], 2);
    let read = |bytes: &[u8]| {
        let file = EdfFile::from_bytes(bytes.to_vec(), Strictness::Strict).unwrap();
        let mut out = [0.0; 8];
        file.read(0, 0..8, &mut out).unwrap();
        (out, file.notices().len())
    };
    let (expected, none) = read(&spec.bytes());
    for version in [b"04.07.19", b"\x01       ", b"        "] {
        let mut bytes = spec.bytes();
        bytes[..8].copy_from_slice(version);
        assert_eq!(read(&bytes), (expected, none + 1));
        bytes[184..192].copy_from_slice(b"999     ");
        assert!(EdfFile::from_bytes(bytes, Strictness::Strict).is_err());
    }
}

#[test]
fn a_plus_file_must_keep_time() {
    let mut spec = FileSpec::plain(&[4], 2);
    spec.reserved = b"EDF+C".to_vec();
    refused(&spec.bytes(), &["reserved at byte 192", "no signal is labelled Annotations"]);
    assert_eq!(forgiven(&spec.bytes(), "read as continuous").segments(0).len(), 1);
}

#[test]
fn signals_in_records_of_no_duration_have_no_rate() {
    let mut spec = FileSpec::plain(&[4], 2);
    spec.duration = "0".into();
    refused(&spec.bytes(), &["duration of a data record at byte 244", "above 0"]);
    assert!(forgiven(&spec.bytes(), "has no rate").signals().is_empty());
}

#[test]
fn a_channel_needs_a_label() {
    let mut spec = FileSpec::plain(&[4, 4], 1);
    spec.signals[1].label.clear();
    refused(&spec.bytes(), &["label of signal 2", "name of the channel"]);
    let file = forgiven(&spec.bytes(), "without a label");
    assert_eq!(file.signals()[1].label(), "");
    assert_eq!(file.signals()[1].name().as_str(), "signal 2");
}

#[test]
fn text_mode_damage_is_recognised_in_plain_and_plus_files_of_both_widths() {
    // Values that hold line feeds in every byte position once shifted.
    let mut plain = FileSpec::plain(&[3000], 8);
    let plus = FileSpec::plus(false, "C", &[3000], &LISTS);
    for damaged in [plain.bytes(), plus.bytes()].map(|bytes| as_text(&bytes)) {
        let error = refused(&damaged, &["text mode"]);
        assert!(matches!(error, EdfError::TextMode { .. }));
    }
    // The same with a header patched to fit, so that nothing but the bytes themselves gives it away.
    plain.bdf = true;
    let mut patched = as_text(&plain.bytes());
    let header = 512;
    patched.truncate(patched.len() - (patched.len() - header) % 9000);
    let records = format!("{:<8}", (patched.len() - header) / 9000);
    patched[236..244].copy_from_slice(records.as_bytes());
    assert!(matches!(refused(&patched, &["text mode"]), EdfError::TextMode { .. }));
    assert!(EdfFile::from_bytes(patched, Strictness::Lenient).is_err());
}

#[test]
fn samples_that_happen_to_hold_cr_lf_are_not_taken_for_damage() {
    for bdf in [false, true] {
        let mut spec = FileSpec::plain(&[500], 4);
        spec.bdf = bdf;
        for record in &mut spec.records {
            record[0] = common::Cell::Samples(vec![0x0a0d; 500]);
        }
        assert!(EdfFile::from_bytes(spec.bytes(), Strictness::Strict).is_ok());
    }
}

#[test]
fn a_file_rewritten_as_utf_8_is_recognised() {
    let mut spec = FileSpec::plain(&[500], 4);
    for record in &mut spec.records {
        record[0] = common::Cell::Samples((0..500).map(|i| -i).collect());
    }
    let rewritten = String::from_utf8_lossy(&spec.bytes()).into_owned().into_bytes();
    assert!(matches!(refused(&rewritten, &["UTF-8", "EF BF BD"]), EdfError::TextDecoded { .. }));
    spec.bdf = true;
    let rewritten = String::from_utf8_lossy(&spec.bytes()).into_owned().into_bytes();
    refused(&rewritten, &["decoded as UTF-8"]);
}

#[test]
fn other_formats_are_named() {
    for (head, part) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0"[..], "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"<!DOCTYPE html>", "web page"),
        (b"GDF 2.20", "GDF"),
        (b"version https://git-lfs.github.com", "git lfs pull"),
        (b"Brain Vision", "choose another file"),
    ] {
        let error = refused(head, &[part]);
        assert!(matches!(error, EdfError::NotEdf { .. }));
    }
}

#[test]
fn a_missing_file_and_a_folder_are_errors_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("none.edf")] {
        let error = EdfFile::open(&path, Strictness::Strict).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    let path = folder.path().join("short.edf");
    std::fs::write(&path, "0       ").unwrap();
    let error = EdfFile::open(&path, Strictness::Strict).unwrap_err().to_string();
    assert!(error.contains("short.edf: the file has 8 bytes"), "{error}");
}
