//! Files that are odd in ways that would change a number without a word: read as their own program reads them, or refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use twinprint_recordings::{RecordingReader, Strictness};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/formats").join(name)
}

fn open(path: &Path) -> Result<RecordingReader, String> {
    RecordingReader::open(path, Strictness::Strict).map_err(|error| {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    })
}

fn samples(reader: &RecordingReader, channel: usize) -> Vec<f32> {
    let mut samples = vec![0.0; reader.channels()[channel].total_samples as usize];
    reader.read(channel, 0..samples.len() as u64, &mut samples).unwrap();
    samples
}

fn starts(reader: &RecordingReader) -> Vec<u64> {
    reader.segments(0).iter().map(|segment| segment.first.0).collect()
}

fn refused(path: &Path, words: &[&str]) {
    let said = open(path).err().unwrap();
    words.iter().for_each(|word| assert!(said.contains(word), "no {word:?} in: {said}"));
}

/// The vectorised recording with its header changed; three channels of 500 samples, a new segment at 250.
fn brainvision(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    for ending in ["eeg", "vmrk"] {
        let name = format!("vectorized.{ending}");
        std::fs::copy(golden("made").join(&name), folder.join(&name)).unwrap();
    }
    let header = folder.join("vectorized.vhdr");
    let text = std::fs::read_to_string(golden("made/vectorized.vhdr")).unwrap();
    std::fs::write(&header, change(text)).unwrap();
    header
}

#[test]
fn old_sets_hold_one_channel_after_the_other() {
    let reader = open(&golden("odd/old.set")).unwrap();
    for channel in 0..3 {
        let expected: Vec<f32> = (0..200).map(|sample| (1000 * channel + sample) as f32).collect();
        assert_eq!(samples(&reader, channel), expected);
    }
}

#[test]
fn a_boundary_whose_type_is_a_number_interrupts_a_set() {
    let reader = open(&golden("odd/numbered_boundary.set")).unwrap();
    assert_eq!(starts(&reader), [0, 100]);
    // The labels are MNE-Python's.
    let labels: Vec<&str> = reader.annotations().iter().map(|event| event.label.as_str()).collect();
    assert_eq!(labels, ["-99.0", "1.0"]);
}

#[test]
fn several_sets_and_no_set_are_refused_by_what_they_are() {
    refused(&golden("odd/several.set"), &["EEG", "2 data sets", "one"]);
    refused(&golden("odd/study.set"), &["no data set of EEGLAB", "saves a data set"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.set");
    std::fs::write(&path, "no MATLAB").unwrap();
    refused(&path, &["too short", "128 bytes"]);
}

#[test]
fn characters_of_matlab_7_3_are_known_by_their_class_alone() {
    let reader = open(&golden("odd/class_alone.set")).unwrap();
    let labels: Vec<&str> = reader.channels().iter().map(|channel| channel.label.as_str()).collect();
    assert_eq!(labels, ["Fp1", "Fp2", "Cz"]);
    assert_eq!(samples(&reader, 2)[199], 2199.0);
}

#[test]
fn spectra_and_resolutions_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let header = |from: &str, to: &str| brainvision(folder.path(), |text| text.replace(from, to));
    for kind in ["FREQUENCYDOMAIN", "FREQUENCYDOMAIN_COMPLEX"] {
        let to = format!("DataFormat=BINARY\nDataType={kind}");
        refused(&header("DataFormat=BINARY", &to), &["DataType", kind, "TIMEDOMAIN"]);
    }
    for resolution in ["0", "nan", "0,1", "1,5", "inf", "x"] {
        let to = format!("Ch1=Fp1,,{resolution},µV");
        refused(&header("Ch1=Fp1,,0.1,µV", &to), &["Ch1", resolution, "decimal point"]);
    }
    let reader = open(&header("DataFormat=BINARY", "DataFormat=BINARY\nDataType=TimeDomain")).unwrap();
    assert_eq!(starts(&reader), [0, 250]);
}

#[test]
fn segments_of_equal_length_do_not_touch() {
    let folder = tempfile::tempdir().unwrap();
    let header = |kind: &str| {
        let keys = format!("DataFormat=BINARY\nSegmentationType={kind}\nSegmentDataPoints=200");
        brainvision(folder.path(), |text| text.replace("DataFormat=BINARY", &keys))
    };
    assert_eq!(starts(&open(&header("MARKERBASED")).unwrap()), [0, 200, 250, 400]);
    assert_eq!(starts(&open(&header("NOTSEGMENTED")).unwrap()), [0, 250]);
}

#[test]
fn a_header_may_end_its_lines_as_old_macintosh_programs_do() {
    let folder = tempfile::tempdir().unwrap();
    let reader = open(&brainvision(folder.path(), |text| text.replace('\n', "\r"))).unwrap();
    assert_eq!((reader.channels().len(), reader.annotations().len()), (3, 4));
}

/// Rows of the OpenBCI GUI where numbers have decimal commas.
fn open_bci(names: bool) -> String {
    let mut text = "%OpenBCI Raw EEG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\n".to_owned();
    if names {
        text += "Sample Index, EXG Channel 0, EXG Channel 1, Accel Channel 0, Timestamp\n";
    }
    for row in 0..600_u32 {
        let time = 1_608_805_800_000_u64 + 4 * u64::from(row);
        writeln!(text, "{}, {},25, -{},5, 0,1, {},{:03}", row % 256, row, row, time / 1000, time % 1000)
            .unwrap();
    }
    text
}

#[test]
fn decimal_commas_between_commas_are_told_apart_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("open_bci.txt");
    for names in [true, false] {
        std::fs::write(&path, open_bci(names)).unwrap();
        let reader = open(&path).unwrap();
        let expected: Vec<f32> = (0..600).map(|row| row as f32 + 0.25).collect();
        assert_eq!((samples(&reader, 0), reader.channels().len()), (expected, 2), "{names}");
        assert_eq!(samples(&reader, 1)[599], -599.5);
    }
    // Without a space nobody can tell.
    std::fs::write(&path, open_bci(true).replace(", ", ",")).unwrap();
    refused(&path, &["line 5", "columns", "5, as the header has", "decimal comma"]);
}

#[test]
fn muse_and_emotiv_tables_are_known_with_semicolons_and_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let mut muse = "timestamps,TP9,AF7,AF8,TP10,Right AUX\n".to_owned();
    let mut indexed = format!(",{muse}");
    let mut monitor = "TimeStamp;RAW_TP9;RAW_AF7;RAW_AF8;RAW_TP10;Elements\n".to_owned();
    for row in 0..600 {
        let time = 1_608_805_800.0 + f64::from(row) / 256.0;
        writeln!(muse, "{time:.6},{row},1,2,3,0").unwrap();
        writeln!(indexed, "{row},{time:.6},{row},1,2,3,0").unwrap();
        let milliseconds = row * 1000 / 256;
        let clock = format!("2020-12-24 10:30:{:02}.{:03}", milliseconds / 1000, milliseconds % 1000);
        writeln!(monitor, "{clock};{row},5;1;2;3;").unwrap();
    }
    for (text, first) in [(muse.replace(',', ";"), 599.0), (indexed, 599.0), (monitor, 599.5)] {
        std::fs::write(&path, text).unwrap();
        let reader = open(&path).unwrap();
        assert_eq!((reader.channels()[0].label.as_str(), starts(&reader)), ("TP9", vec![0]));
        assert_eq!(samples(&reader, 0)[599], first);
    }
}

#[test]
fn emotivs_test_bench_names_its_columns_in_its_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.csv");
    let mut text = "title:a title, recorded:01.03.12 10.00.00, sampling:128, subject:, labels:COUNTER INTERPOLATED AF3 F7 FC5 O1 RAW_CQ CQ_AF3 GYROX GYROY MARKER, chan:11, units:emotiv\n".to_owned();
    for row in (0..900).filter(|row| !(300..303).contains(row)) {
        let marker = if row == 500 { 7 } else { 0 };
        writeln!(text, "{}, 0, {}.5, 1, 2, 3, 0, 4, 1650, 1651, {marker}", row % 129, 4000 + row).unwrap();
    }
    std::fs::write(&path, text).unwrap();
    let reader = open(&path).unwrap();
    let labels: Vec<&str> = reader.channels().iter().map(|channel| channel.label.as_str()).collect();
    assert_eq!((labels, reader.channels()[0].rate.get()), (vec!["AF3", "F7", "FC5", "O1"], 128.0));
    assert_eq!((starts(&reader), samples(&reader, 0)[300]), (vec![0, 300], 4303.5));
    assert_eq!(reader.segments(0)[1].onset.get(), 303.0 / 128.0);
    assert_eq!(
        (reader.annotations()[0].label.as_str(), reader.annotations()[0].onset.get()),
        ("7", 500.0 / 128.0)
    );
}

#[test]
fn a_header_called_ahdr_names_one_channel_less_than_the_samples_have() {
    // MNE-Python 1.13 reads the same numbers, and calls the channel without a name a fake one.
    let folder = tempfile::tempdir().unwrap();
    let header = "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=a.eeg\nDataFormat=BINARY\n\
        DataOrientation=MULTIPLEXED\nNumberOfChannels=2\nSamplingInterval=4000\n[Binary Infos]\nBinaryFormat=INT_16\n\
        [Channel Infos]\nCh1=Fp1,,1,µV\nCh2=Fp2,,1,µV\n";
    let bytes: Vec<u8> = (0..600i16).flat_map(i16::to_le_bytes).collect();
    std::fs::write(folder.path().join("a.eeg"), bytes).unwrap();
    let read = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, header).unwrap();
        samples(&open(&path).unwrap(), 1)
    };
    let every = |step: usize| -> Vec<f32> { (1..600).step_by(step).map(|at| at as f32).collect() };
    assert_eq!((read("a.ahdr"), read("a.vhdr")), (every(3), every(2)));
}
