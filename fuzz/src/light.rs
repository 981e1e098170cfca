//! Readers of recordings, and of the tables beside them.

use std::path::Path;

use twinprint_dataset::{Manifest, Plan, discover};
use twinprint_edf::{EdfFile, Strictness};
use twinprint_recordings::RecordingReader;

/// Between the files of an input that stands for several.
const PART: &[u8] = b"\n---8<---\n";
/// Samples of a channel that are read.
const MOST_SAMPLES: u64 = 4096;
/// Channels that are read.
const MOST_CHANNELS: usize = 64;

/// What a target is called, and what it does with some bytes; it says whether they were taken.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// The targets whose crates build fast.
pub const TARGETS: [Target; 7] = [
    ("edf", edf),
    ("annotations", annotations),
    ("brainvision", brainvision),
    ("eeglab", eeglab),
    ("text", text),
    ("bids", bids),
    ("manifest", manifest),
];

/// EDF, EDF+, BDF and BDF+: the whole file.
pub fn edf(bytes: &[u8]) -> bool {
    let mut taken = false;
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let Ok(file) = EdfFile::from_bytes(bytes.to_vec(), strictness) else { continue };
        taken = true;
        for (index, signal) in file.signals().iter().enumerate().take(MOST_CHANNELS) {
            let total = signal.total_samples();
            assert!(total <= bytes.len() as u64, "more samples than bytes");
            let mut samples = vec![0.0; total as usize];
            if file.read(index, 0..total, &mut samples).is_ok() {
                assert!(samples.iter().all(|sample| sample.is_finite()), "a sample that is no number");
            }
            let tiled: usize = file.segments(index).iter().map(|segment| segment.len).sum();
            assert_eq!(tiled as u64, total, "segments do not tile the samples");
        }
        let _ = file.recording(&[0]);
        let _ = format!("{:?} {:?} {:?}", file.annotations(), file.notices(), file.header().start());
    }
    taken
}

/// The annotations of an EDF+ file, in a file that is sound but for them.
pub fn annotations(bytes: &[u8]) -> bool {
    let field = |text: &str, length: usize| format!("{text:<length$}").into_bytes();
    let per_record = bytes.len().div_ceil(2).max(1);
    let mut file = Vec::new();
    for (text, length) in [
        ("0", 8),
        ("X X X X", 80),
        ("Startdate X X X X", 80),
        ("01.01.20", 8),
        ("00.00.00", 8),
        ("768", 8),
        ("EDF+D", 44),
        ("1", 8),
        ("1", 8),
        ("2", 4),
    ] {
        file.extend(field(text, length));
    }
    let counts = ["4".to_owned(), per_record.to_string()];
    for (texts, length) in [
        (["Cz", "EDF Annotations"], 16),
        (["", ""], 80),
        (["uV", ""], 8),
        (["-100", "-1"], 8),
        (["100", "1"], 8),
        (["-32768", "-32768"], 8),
        (["32767", "32767"], 8),
        (["", ""], 80),
        ([counts[0].as_str(), counts[1].as_str()], 8),
        (["", ""], 32),
    ] {
        texts.iter().for_each(|text| file.extend(field(text, length)));
    }
    file.extend([0; 8]);
    file.extend(bytes);
    file.resize(768 + 8 + 2 * per_record, 0);
    edf(&file)
}

/// BrainVision: header, data and markers, parted by a line.
pub fn brainvision(bytes: &[u8]) -> bool {
    files(bytes, &["a.vhdr", "a.eeg", "a.vmrk"], |folder| read(&folder.join("a.vhdr")))
}

/// EEGLAB: MATLAB 5, with its samples inside or, behind a line, in a file of their own.
pub fn eeglab(bytes: &[u8]) -> bool {
    // A MATLAB 7.3 file is HDF5, whose library is not ours: `crates/store/tests/mutated.rs` reads such files in a second process.
    if bytes.starts_with(b"\x89HDF") || bytes.get(512..516) == Some(b"\x89HDF") {
        return false;
    }
    files(bytes, &["a.set", "a.fdt"], |folder| read(&folder.join("a.set")))
}

/// Text of OpenBCI, Muse and EmotivPRO.
pub fn text(bytes: &[u8]) -> bool {
    ["a.csv", "a.txt"].map(|name| files(bytes, &[name], |folder| read(&folder.join(name)))).contains(&true)
}

/// The tables and descriptions of a BIDS folder, parted by lines.
pub fn bids(bytes: &[u8]) -> bool {
    let recording = "sub-01/eeg/sub-01_task-rest";
    let names = [
        "participants.tsv",
        "sub-01/sub-01_scans.tsv",
        &format!("{recording}_channels.tsv"),
        &format!("{recording}_events.tsv"),
        &format!("{recording}_eeg.json"),
        "dataset_description.json",
    ];
    files(bytes, &names, |folder| {
        let _ = std::fs::write(folder.join(format!("{recording}_eeg.edf")), b"0");
        let found = discover(&Plan { root: folder.to_owned(), ..Plan::default() });
        !format!("{found:?}").is_empty() && found.is_ok()
    })
}

/// The manifest of a data set.
pub fn manifest(bytes: &[u8]) -> bool {
    let found = Manifest::parse("fuzzed", &String::from_utf8_lossy(bytes));
    found.map(|found| found.files()).is_ok()
}

/// Reads a recording of any format, as far as a bounded time allows.
fn read(path: &Path) -> bool {
    let mut taken = false;
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let Ok(reader) = RecordingReader::open(path, strictness) else { continue };
        taken = true;
        for (index, channel) in reader.channels().iter().enumerate().take(MOST_CHANNELS) {
            let mut samples = vec![0.0; channel.total_samples.min(MOST_SAMPLES) as usize];
            let _ = reader.read(index, 0..samples.len() as u64, &mut samples);
            let tiled: usize = reader.segments(index).iter().map(|segment| segment.len).sum();
            assert_eq!(tiled as u64, channel.total_samples, "segments do not tile the samples");
        }
        if reader.channels().first().is_some_and(|channel| channel.total_samples <= MOST_SAMPLES) {
            let _ = reader.recording(&[0]);
        }
        let _ = format!("{:?} {:?} {:?}", reader.annotations(), reader.notices(), reader.start());
    }
    taken
}

/// Writes the parts of an input under these names into a folder of its own.
fn files(bytes: &[u8], names: &[&str], then: impl FnOnce(&Path) -> bool) -> bool {
    let Ok(folder) = tempfile::tempdir() else { return false };
    let mut rest = bytes;
    for name in names {
        let end = rest.windows(PART.len()).position(|window| window == PART);
        let (part, after) = end.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + PART.len()..]));
        let path = folder.path().join(name);
        if let Some(parent) = path.parent() {
            let _ = std::fs::create_dir_all(parent);
        }
        let _ = std::fs::write(path, part);
        rest = after;
    }
    then(folder.path())
}
