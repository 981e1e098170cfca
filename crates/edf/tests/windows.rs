//! One contract for every file: a window equals the same window of the whole.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::OnceLock;

use proptest::prelude::*;
use twinprint_edf::{EdfFile, Strictness};

/// All conformance files, and built ones with gaps; empty without the shared recordings.
fn files() -> &'static [EdfFile] {
    static FILES: OnceLock<Vec<EdfFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        let gap: [&[u8]; 3] = [b"+0\x14\x14\0", b"+1\x14\x14\0", b"+5\x14\x14\0"];
        let built = [false, true].map(|bdf| common::FileSpec::plus(bdf, "D", &[7, 7, 3], &gap).bytes());
        let mut files: Vec<EdfFile> =
            built.into_iter().map(|bytes| EdfFile::from_bytes(bytes, Strictness::Strict).unwrap()).collect();
        if let Some(root) = common::shared() {
            let open = |path| EdfFile::open(path, Strictness::Strict).unwrap();
            files.extend(common::conformance_files(&root).iter().map(|path| open(path)));
        }
        files.retain(|file| !file.signals().is_empty());
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_window_equals_the_same_window_of_the_whole(
        file in any::<prop::sample::Index>(),
        signal in any::<prop::sample::Index>(),
        ends in any::<[prop::sample::Index; 2]>(),
    ) {
        let file = file.get(files());
        let signal = signal.index(file.signals().len());
        let total = file.signals()[signal].total_samples();
        let mut whole = vec![0.0; total as usize];
        file.read(signal, 0..total, &mut whole).unwrap();
        let [a, b] = ends.map(|end| end.index(total as usize + 1));
        let (start, end) = (a.min(b), a.max(b));
        let mut window = vec![f32::NAN; end - start];
        file.read(signal, start as u64..end as u64, &mut window).unwrap();
        prop_assert_eq!(&window[..], &whole[start..end]);
        let mut stored = vec![0; end - start];
        file.read_digital(signal, start as u64..end as u64, &mut stored).unwrap();
        let mut all = vec![0; total as usize];
        file.read_digital(signal, 0..total, &mut all).unwrap();
        prop_assert_eq!(&stored[..], &all[start..end]);
    }
}

#[test]
fn a_recording_holds_the_windows_of_its_signals_in_microvolts() {
    for file in files() {
        for (index, signal) in file.signals().iter().enumerate() {
            let Ok(recording) = file.recording(&[index]) else { continue };
            let factor = match signal.unit() {
                "uV" => 1.0,
                "V" => 1e6,
                unit => panic!("{unit} converted unexpectedly"),
            };
            let mut samples = vec![0.0; signal.total_samples() as usize];
            file.read(index, 0..signal.total_samples(), &mut samples).unwrap();
            for (ours, read) in recording.samples().row(0).iter().zip(&samples) {
                let expected = f64::from(*read) * factor;
                assert!((f64::from(*ours) - expected).abs() <= 1e-6 * expected.abs(), "{}", signal.label());
            }
            let len: usize = recording.segments().iter().map(|segment| segment.len).sum();
            assert_eq!(len, samples.len());
        }
    }
}

#[test]
fn windows_and_buffers_that_do_not_fit_are_refused() {
    let file = EdfFile::from_bytes(common::FileSpec::plain(&[4], 2).bytes(), Strictness::Strict).unwrap();
    let mut out = [0.0; 4];
    let message = |result: Result<(), twinprint_edf::EdfError>| result.unwrap_err().to_string();
    assert!(message(file.read(0, 6..10, &mut out)).contains("ask for a window within 0..8"));
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = file.read(0, 6..2, &mut out);
    assert!(message(reversed).contains("6..2 of Ch0"));
    assert!(message(file.read(0, 0..3, &mut out)).contains("a buffer of 4 samples for a window of 3"));
    assert!(message(file.read(1, 0..4, &mut out)).contains("there is no signal 1"));
}

#[test]
fn a_file_can_be_read_from_several_threads() {
    let spec = common::FileSpec::plain(&[50, 50], 20);
    let file = EdfFile::from_bytes(spec.bytes(), Strictness::Strict).unwrap();
    let sums: Vec<f32> = std::thread::scope(|scope| {
        let read = |signal| {
            let file = &file;
            scope.spawn(move || {
                let mut out = vec![0.0; 1000];
                file.read(signal, 0..1000, &mut out).unwrap();
                out[999] - out[0]
            })
        };
        [read(0), read(1)].map(|thread| thread.join().unwrap()).to_vec()
    });
    assert_eq!(sums, [499.5, 499.5]);
}
