//! Damaged and contradictory files are refused in words, or read to the last whole sample when asked to be lenient.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use twinprint_recordings::{RecordingReader, Strictness};

fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/formats/made").join(name)
}

/// A folder with a copy of the vectorised recording, its header changed.
fn changed(change: impl Fn(String) -> String) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["eeg", "vmrk"] {
        let name = format!("vectorized.{ending}");
        std::fs::copy(made(&name), folder.path().join(&name)).unwrap();
    }
    let header = folder.path().join("vectorized.vhdr");
    std::fs::write(&header, change(std::fs::read_to_string(made("vectorized.vhdr")).unwrap())).unwrap();
    (folder, header)
}

fn refused(change: impl Fn(String) -> String, words: &[&str]) {
    let (_folder, header) = changed(change);
    let error = RecordingReader::open(&header, Strictness::Strict).err().unwrap();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let said = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

#[test]
fn a_header_that_is_none_or_contradicts_itself_is_refused_with_the_key() {
    let replace = |from: &'static str, to: &'static str| move |text: String| text.replace(from, to);
    refused(replace("Brain Vision", "Brian's version of"), &["first line", "Header File Version"]);
    refused(replace("VECTORIZED", "DIAGONAL"), &["DataOrientation", "DIAGONAL", "MULTIPLEXED"]);
    refused(replace("=BINARY", "=ASCII"), &["DataFormat", "ASCII", "export"]);
    refused(replace("INT_16", "INT_24"), &["BinaryFormat", "INT_24", "IEEE_FLOAT_32"]);
    refused(replace("SamplingInterval=5000", "SamplingInterval=0"), &["SamplingInterval"]);
    refused(
        replace("SamplingInterval=5000", "SamplingInterval=five"),
        &["SamplingInterval", "five", "number"],
    );
    refused(replace("NumberOfChannels=3", "NumberOfChannels=4"), &["Ch4", "absent"]);
    refused(replace("NumberOfChannels=3", "NumberOfChannels=2000000000"), &["NumberOfChannels", "9999"]);
    refused(replace("DataFile=vectorized.eeg", "DataFile="), &["DataFile", "absent"]);
    refused(replace("DataFile=vectorized", "DataFile=renamed"), &["DataFile", "renamed.eeg", "is not there"]);
    refused(replace("DataPoints=500", "DataPoints=501"), &["3000 bytes", "states 3006", "leniently"]);
}

#[test]
fn lenient_reading_takes_whole_samples_and_files_of_the_headers_own_name() {
    let (folder, header) = changed(|text| {
        text.replace("DataFile=vectorized", "DataFile=renamed").replace("DataPoints=500\n", "")
    });
    let reader = RecordingReader::open(&header, Strictness::Lenient).unwrap();
    assert!(
        reader.notices()[0].refused_when_strict() && reader.notices()[0].message().contains("renamed.eeg")
    );
    let data = folder.path().join("vectorized.eeg");
    let bytes = std::fs::read(&data).unwrap();
    std::fs::write(&data, &bytes[..1001]).unwrap();
    let reader = RecordingReader::open(&header, Strictness::Lenient).unwrap();
    assert_eq!(reader.channels()[0].total_samples, 166);
}

#[test]
fn a_marker_file_that_is_not_there_leaves_no_events_and_is_said() {
    let (folder, header) = changed(|text| text.replace("MarkerFile=vectorized", "MarkerFile=old"));
    let reader = RecordingReader::open(&header, Strictness::Strict).unwrap();
    assert_eq!(reader.annotations().len(), 4, "the one of the header's own name");
    assert!(reader.notices().iter().any(|notice| notice.message().contains("old.vmrk")));
    std::fs::remove_file(folder.path().join("vectorized.vmrk")).unwrap();
    let reader = RecordingReader::open(&header, Strictness::Strict).unwrap();
    assert!(reader.annotations().is_empty() && reader.notices()[0].message().contains("no events"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_change_of_bytes_makes_reading_panic(
        which in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let names = ["vectorized.vhdr", "vectorized.vmrk", "vectorized.eeg", "compressed.set"];
        for (order, name) in names.iter().enumerate() {
            let mut bytes = std::fs::read(made(name)).unwrap();
            if order == which {
                for (at, byte) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                if let Some(cut) = &cut {
                    bytes.truncate(cut.index(bytes.len()));
                }
            }
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let opened = folder.path().join(if which == 3 { "compressed.set" } else { "vectorized.vhdr" });
        if let Ok(reader) = RecordingReader::open(&opened, Strictness::Lenient) {
            let voltages = (0..reader.channels().len()).filter(|&at| reader.channels()[at].microvolts_per_unit.is_some());
            let _ = reader.recording(&voltages.collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_change_of_text_makes_reading_panic(
        which in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let none = |_| false;
        let text = match which {
            0 => common::open_bci(300, 2, none),
            1 => common::mind_monitor(300, none),
            2 => common::muselsl(300, none),
            _ => common::emotiv(300, none),
        };
        let mut bytes = text.into_bytes();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = &cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.csv");
        std::fs::write(&path, bytes).unwrap();
        if let Ok(reader) = RecordingReader::open(&path, Strictness::Lenient) {
            let _ = reader.recording(&[0]);
        }
    }
}
