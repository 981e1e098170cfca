//! Agreement with the edfplus crate, an independent reader of EDF+C files.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use twinprint_edf::{EdfFile, Strictness, Variant};

#[test]
fn stored_samples_equal_those_of_another_reader() {
    let Some(root) = common::shared() else { return };
    let mut paths = common::conformance_files(&root);
    paths.push(root.join("eegmat/Subject07_2.edf"));
    let mut compared = 0;
    for path in paths {
        let ours = EdfFile::open(&path, Strictness::Strict).unwrap();
        if ours.header().variant() != Variant::EdfPlusC {
            continue;
        }
        let mut theirs = edfplus::EdfReader::open(&path).unwrap();
        for (index, signal) in ours.signals().iter().enumerate() {
            let total = signal.total_samples();
            let mut stored = vec![0; total as usize];
            ours.read_digital(index, 0..total, &mut stored).unwrap();
            // edfplus clamps to the stated digital range, which edfio, MNE-Python and this reader do not.
            let range = signal.digital_range();
            stored.iter_mut().for_each(|value| *value = (*value).clamp(range.min, range.max));
            let expected = theirs.read_digital_samples(index, total as usize).unwrap();
            assert!(stored == expected, "{} {}", path.display(), signal.label());
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared} signals compared");
}
