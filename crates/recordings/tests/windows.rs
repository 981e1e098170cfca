//! One contract for every format: a window equals the same window of the whole, in the file's unit and in microvolts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proptest::prelude::*;
use twinprint_recordings::{RecordingReader, Strictness, is_recording_name};

/// The recordings of the shared data's conformance folders and those made for the golden values.
fn readers() -> &'static [RecordingReader] {
    static READERS: OnceLock<Vec<RecordingReader>> = OnceLock::new();
    READERS.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shared = std::env::var_os("TWINPRINT_DATA").map(PathBuf::from);
        let shared = shared.unwrap_or_else(|| here.join("../../../shared/data"));
        let mut folders = vec![
            here.join("../../tests/golden/formats/made"),
            shared.join("formats"),
            shared.join("edf-conformance"),
        ];
        let mut readers = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if is_recording_name(path.to_str().unwrap()) && !path.ends_with("test_raw_h5.set") {
                    let open = RecordingReader::open(&path, Strictness::Strict);
                    readers.push(open.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let texts = [
            common::open_bci(3000, 3, |sample| sample % 1000 == 17),
            common::mind_monitor(2500, |_| false),
            common::muselsl(2049, |sample| sample == 1024),
            common::emotiv(1100, |sample| sample % 500 == 3),
        ];
        for text in texts {
            let path = common::write(folder.path(), "recording.csv", &text);
            readers.push(RecordingReader::open(&path, Strictness::Strict).unwrap());
            std::fs::remove_file(path).unwrap();
        }
        readers.retain(|reader| !reader.channels().is_empty());
        assert!(readers.len() >= 4);
        readers
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_window_equals_the_same_window_of_the_whole(
        reader in any::<prop::sample::Index>(),
        channel in any::<prop::sample::Index>(),
        ends in any::<[prop::sample::Index; 2]>(),
    ) {
        let reader = reader.get(readers());
        let channel = channel.index(reader.channels().len());
        let total = reader.channels()[channel].total_samples;
        let mut whole = vec![0.0; total as usize];
        reader.read(channel, 0..total, &mut whole).unwrap();
        let [a, b] = ends.map(|end| end.index(total as usize + 1));
        let (start, end) = (a.min(b), a.max(b));
        let mut window = vec![f32::NAN; end - start];
        reader.read(channel, start as u64..end as u64, &mut window).unwrap();
        prop_assert_eq!(&window[..], &whole[start..end]);
    }
}

#[test]
fn a_recording_holds_its_channels_in_microvolts_and_segments_tile_it() {
    for reader in readers() {
        for (index, channel) in reader.channels().iter().enumerate() {
            let Some(factor) = channel.microvolts_per_unit else {
                assert!(reader.recording(&[index]).is_err(), "{channel:?}");
                continue;
            };
            let recording = reader.recording(&[index]).unwrap();
            let mut samples = vec![0.0; channel.total_samples as usize];
            reader.read(index, 0..channel.total_samples, &mut samples).unwrap();
            for (ours, read) in recording.samples().row(0).iter().zip(&samples) {
                let expected = f64::from(*read) * factor;
                assert!((f64::from(*ours) - expected).abs() <= 1e-6 * expected.abs(), "{channel:?}");
            }
            let len: usize = recording.segments().iter().map(|segment| segment.len).sum();
            assert_eq!(len, samples.len());
        }
    }
}

#[test]
fn windows_and_channels_that_do_not_fit_are_refused() {
    for reader in readers() {
        let (count, total) = (reader.channels().len(), reader.channels()[0].total_samples);
        let mut out = [0.0; 4];
        assert!(reader.read(0, total..total + 4, &mut out).is_err());
        assert!(reader.read(0, 0..3, &mut out).is_err());
        assert!(reader.read(count, 0..4, &mut out).is_err());
        assert!(reader.recording(&[]).is_err() && reader.recording(&[count]).is_err());
    }
}
