//! What the family allows: gaps, several annotation signals, odd ranges, many signals, unfinished files.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Cell, FileSpec, SignalSpec};
use twinprint_edf::{EdfError, EdfFile, Strictness, Variant};

fn strict(file: &FileSpec) -> EdfFile {
    EdfFile::from_bytes(file.bytes(), Strictness::Strict).unwrap_or_else(|error| panic!("{error}"))
}

fn samples(file: &EdfFile, signal: usize) -> Vec<f32> {
    let total = file.signals()[signal].total_samples();
    let mut out = vec![0.0; total as usize];
    file.read(signal, 0..total, &mut out).unwrap();
    out
}

fn labels(file: &EdfFile) -> Vec<(f64, Option<f64>, &str)> {
    file.annotations()
        .iter()
        .map(|a| (a.onset.get(), a.duration.map(|d| d.get()), a.label.as_str()))
        .collect()
}

#[test]
fn gaps_become_segments_in_both_widths() {
    let lists: [&[u8]; 4] = [
        b"+0.5\x14\x14\0+0.75\x14first\x14\0",
        b"+1.5\x14\x14\0",
        b"+10.25\x14\x14\0+10.5\x152.5\x14second\x14third\x14\0",
        b"+11.25\x14\x14\0",
    ];
    for bdf in [false, true] {
        let file = strict(&FileSpec::plus(bdf, "D", &[10, 2], &lists));
        assert_eq!(file.header().variant(), if bdf { Variant::BdfPlusD } else { Variant::EdfPlusD });
        let found: Vec<_> = file.segments(0).iter().map(|s| (s.first.0, s.len, s.onset.get())).collect();
        assert_eq!(found, [(0, 20, 0.0), (20, 20, 9.75)]);
        let found: Vec<_> = file.segments(1).iter().map(|s| (s.first.0, s.len, s.onset.get())).collect();
        assert_eq!(found, [(0, 4, 0.0), (4, 4, 9.75)]);
        assert_eq!(
            labels(&file),
            [(0.25, None, "first"), (10.0, Some(2.5), "second"), (10.0, Some(2.5), "third")]
        );
        assert_eq!(file.recording(&[0]).unwrap().segments(), file.segments(0));
        assert_eq!(file.header().start().unwrap().to_string(), "2024-03-02T10:20:30.5");
        assert!(file.notices().is_empty());
        assert_eq!(samples(&file, 0)[39], 39.0 / 2.0);
    }
}

#[test]
fn a_discontinuous_file_without_gaps_is_one_segment() {
    let file = strict(&FileSpec::plus(false, "D", &[4], &[b"+0\x14\x14\0", b"+1\x14\x14\0"]));
    assert_eq!(file.segments(0).len(), 1);
    assert_eq!(file.segments(9), []);
}

#[test]
fn several_annotation_signals_are_read_and_only_the_first_keeps_time() {
    let mut spec = FileSpec::plus(false, "C", &[4], &[b"+0\x14\x14\0", b"+1\x14\x14\0"]);
    spec.signals.insert(1, SignalSpec::eeg("Ch1", 2));
    spec.signals.push(SignalSpec::annotations(false, 20));
    for (r, record) in spec.records.iter_mut().enumerate() {
        record.insert(1, Cell::Samples(vec![7, 8]));
        record.push(Cell::Text(format!("+{r}.25\x14n\u{fc}m {r}\x14\0+{r}.5\x14b\x14\0").into_bytes()));
    }
    let file = strict(&spec);
    assert_eq!(
        labels(&file),
        [(0.25, None, "n\u{fc}m 0"), (0.5, None, "b"), (1.25, None, "n\u{fc}m 1"), (1.5, None, "b")]
    );
    assert_eq!(samples(&file, 1), [3.5, 4.0, 3.5, 4.0]);
    assert_eq!(file.signals()[1].header_index(), 1);
}

#[test]
fn inverted_ranges_turn_the_signal_over() {
    let mut spec = FileSpec::plain(&[4, 4], 1);
    spec.signals[0].physical = ["1000".into(), "-1000".into()];
    spec.signals[1].digital = ["2000".into(), "-2000".into()];
    let file = strict(&spec);
    assert_eq!(samples(&file, 0), [0.0, -0.5, -1.0, -1.5]);
    assert_eq!(samples(&file, 1), [-500.0, -500.5, -501.0, -501.5]);
    assert!(file.notices()[0].message().contains("digital minimum above the maximum"));
}

#[test]
fn thousands_of_signals_are_read() {
    let file = strict(&FileSpec::plain(&vec![3; 3000], 2));
    assert_eq!(file.signals().len(), 3000);
    let mut stored = [0; 2];
    file.read_digital(31, 2..4, &mut stored).unwrap();
    assert_eq!(stored, [31_002, 31_003]);
}

#[test]
fn duplicate_labels_are_read_one_by_one_and_refused_together() {
    let mut spec = FileSpec::plain(&[4, 4, 4], 1);
    spec.signals[0].label = b"EEG T3".to_vec();
    spec.signals[2].label = b"T7".to_vec();
    let file = strict(&spec);
    assert!(file.notices()[0].message().contains("two signals name one channel"));
    assert!(file.recording(&[0, 1]).is_ok());
    let error = file.recording(&[0, 2]).unwrap_err();
    assert_eq!(error.to_string(), "channel T7 appears twice: drop or rename one of them");
}

#[test]
fn an_unknown_number_of_records_is_counted_from_the_size() {
    let mut spec = FileSpec::plain(&[4], 5);
    spec.count = Some("-1".into());
    let file = strict(&spec);
    assert_eq!(file.header().record_count(), 5);
    assert!(file.notices()[0].message().contains("is -1"));
    assert!(!file.notices()[0].refused_when_strict());
    let mut bytes = spec.bytes();
    bytes.extend([1, 2, 3]);
    let error = EdfFile::from_bytes(bytes.clone(), Strictness::Strict).unwrap_err();
    assert!(error.to_string().contains("3 bytes of an unfinished record follow"), "{error}");
    let lenient = EdfFile::from_bytes(bytes, Strictness::Lenient).unwrap();
    assert_eq!(samples(&lenient, 0), samples(&file, 0));
}

#[test]
fn annotation_only_files_have_records_of_no_duration() {
    let mut spec = FileSpec::plus(false, "C", &[], &[b"+0\x14\x14\0+3\x15\x30\x14a\x14\0", b"+9\x14\x14\0"]);
    spec.duration = "0".into();
    let file = strict(&spec);
    assert_eq!(labels(&file), [(3.0, Some(0.0), "a")]);
    assert!(file.signals().is_empty());
    assert!(matches!(file.recording(&[]), Err(EdfError::NothingChosen { count: 0 })));
}

#[test]
fn a_status_channel_of_24_bits_keeps_every_bit() {
    let mut spec = FileSpec::plain(&[3, 3], 1);
    spec.bdf = true;
    spec.signals[1].label = b"Status".to_vec();
    spec.signals[1].unit = b"Boolean".to_vec();
    spec.signals[1].digital = ["-8388608".into(), "8388607".into()];
    spec.records[0][1] = Cell::Samples(vec![-8_388_608, 0x7f_ffff, 0x01_0203]);
    let file = strict(&spec);
    let mut stored = [0; 3];
    file.read_digital(1, 0..3, &mut stored).unwrap();
    assert_eq!(stored, [-8_388_608, 0x7f_ffff, 0x01_0203]);
    let error = file.recording(&[0, 1]).unwrap_err().to_string();
    assert!(error.contains("Status is in \"Boolean\""), "{error}");
}

#[test]
fn voltages_become_microvolts_whatever_the_prefix() {
    let units: [(&[u8], f32); 6] = [
        (b"uV", 1.0),
        (b"\xb5V", 1.0),
        ("\u{b5}V".as_bytes(), 1.0),
        ("\u{3bc}V".as_bytes(), 1.0),
        (b"mV", 1e3),
        (b"nV", 1e-3),
    ];
    for (unit, factor) in units {
        let mut spec = FileSpec::plain(&[3], 1);
        spec.signals[0].unit = unit.to_vec();
        let recording = strict(&spec).recording(&[0]).unwrap();
        let expected = [0.0, 0.5 * factor, factor];
        for (found, expected) in recording.samples().row(0).iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-6 * expected, "{}", unit.escape_ascii());
        }
    }
}

#[test]
fn channels_of_two_rates_make_no_recording() {
    let file = strict(&FileSpec::plain(&[4, 8], 2));
    assert_eq!(file.signals()[1].rate().get(), 8.0);
    let error = file.recording(&[0, 1]).unwrap_err().to_string();
    assert!(error.contains("Ch0 has 4 Hz and Ch1 has 8 Hz") && error.contains("resample"), "{error}");
    assert!(file.recording(&[1]).is_ok());
}

#[test]
fn the_start_is_unknown_when_withheld_or_no_date() {
    let mut spec = FileSpec::plain(&[4], 1);
    spec.recording = b"Startdate X X X X".to_vec();
    assert_eq!(strict(&spec).header().start(), None);
    spec.recording = b"whatever".to_vec();
    assert_eq!(strict(&spec).header().start().unwrap().to_string(), "2024-03-02T10:20:30");
    spec.date = "99.99.99".into();
    let file = strict(&spec);
    assert_eq!(file.header().start(), None);
    assert!(file.notices()[0].message().contains("start date that is no date"));
    spec.recording = b"Startdate 05-JAN-2101 X X X".to_vec();
    spec.date = "05.01.yy".into();
    assert_eq!(strict(&spec).header().start().unwrap().year, 2101);
}
