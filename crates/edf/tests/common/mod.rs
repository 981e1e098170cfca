//! A builder of small files, byte by byte, and the way to the shared recordings.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};

/// What one signal holds in one record.
#[derive(Clone)]
pub enum Cell {
    Samples(Vec<i32>),
    Text(Vec<u8>),
}

/// A signal's header fields, as bytes so that tests can break them.
#[derive(Clone)]
pub struct SignalSpec {
    pub label: Vec<u8>,
    pub transducer: Vec<u8>,
    pub unit: Vec<u8>,
    pub physical: [String; 2],
    pub digital: [String; 2],
    pub prefilter: Vec<u8>,
    /// Samples per record; of two or three bytes each.
    pub samples: usize,
}

/// A file to be.
#[derive(Clone)]
pub struct FileSpec {
    pub bdf: bool,
    pub patient: Vec<u8>,
    pub recording: Vec<u8>,
    pub date: String,
    pub time: String,
    pub header_bytes: Option<String>,
    pub reserved: Vec<u8>,
    pub count: Option<String>,
    pub duration: String,
    pub signals: Vec<SignalSpec>,
    pub records: Vec<Vec<Cell>>,
}

impl SignalSpec {
    pub fn eeg(label: &str, samples: usize) -> Self {
        Self {
            label: label.into(),
            transducer: b"AgAgCl".to_vec(),
            unit: b"uV".to_vec(),
            physical: ["-1000".into(), "1000".into()],
            digital: ["-2000".into(), "2000".into()],
            prefilter: b"HP:0.1Hz".to_vec(),
            samples,
        }
    }

    pub fn annotations(bdf: bool, samples: usize) -> Self {
        let label = if bdf { "BDF Annotations" } else { "EDF Annotations" };
        let mut signal = Self::eeg(label, samples);
        signal.unit.clear();
        signal
    }
}

impl FileSpec {
    /// A plain EDF file whose signal `s` holds `1000 * s + sample index`.
    pub fn plain(signals: &[usize], records: usize) -> Self {
        let specs = signals.iter().enumerate().map(|(i, &n)| SignalSpec::eeg(&format!("Ch{i}"), n)).collect();
        let record = |r: usize| {
            let cell = |(s, &n): (usize, &usize)| {
                Cell::Samples((0..n).map(|i| (1000 * s + r * n + i) as i32).collect())
            };
            signals.iter().enumerate().map(cell).collect()
        };
        Self {
            bdf: false,
            patient: b"X X X X".to_vec(),
            recording: b"Startdate 02-MAR-2024 X X X".to_vec(),
            date: "02.03.24".into(),
            time: "10.20.30".into(),
            header_bytes: None,
            reserved: Vec::new(),
            count: None,
            duration: "1".into(),
            signals: specs,
            records: (0..records).map(record).collect(),
        }
    }

    /// The same with an annotation signal whose first list of each record is given.
    pub fn plus(bdf: bool, kind: &str, signals: &[usize], lists: &[&[u8]]) -> Self {
        let mut file = Self::plain(signals, lists.len());
        file.bdf = bdf;
        file.reserved = format!("{}+{kind}", if bdf { "BDF" } else { "EDF" }).into_bytes();
        let width = if bdf { 3 } else { 2 };
        let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        file.signals.push(SignalSpec::annotations(bdf, longest.div_ceil(width) + 1));
        for (record, list) in file.records.iter_mut().zip(lists) {
            record.push(Cell::Text(list.to_vec()));
        }
        file
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |value: &[u8], width: usize| {
            assert!(value.len() <= width, "{} does not fit {width} bytes", value.escape_ascii());
            out.extend_from_slice(value);
            out.resize(out.len() + width - value.len(), b' ');
        };
        put(if self.bdf { b"\xffBIOSEMI" } else { b"0" }, 8);
        put(&self.patient, 80);
        put(&self.recording, 80);
        put(self.date.as_bytes(), 8);
        put(self.time.as_bytes(), 8);
        let size = (256 * (self.signals.len() + 1)).to_string();
        put(self.header_bytes.as_ref().unwrap_or(&size).as_bytes(), 8);
        put(&self.reserved, 44);
        let count = self.records.len().to_string();
        put(self.count.as_ref().unwrap_or(&count).as_bytes(), 8);
        put(self.duration.as_bytes(), 8);
        put(self.signals.len().to_string().as_bytes(), 4);
        self.signals.iter().for_each(|s| put(&s.label, 16));
        self.signals.iter().for_each(|s| put(&s.transducer, 80));
        self.signals.iter().for_each(|s| put(&s.unit, 8));
        for end in 0..2 {
            self.signals.iter().for_each(|s| put(s.physical[end].as_bytes(), 8));
        }
        for end in 0..2 {
            self.signals.iter().for_each(|s| put(s.digital[end].as_bytes(), 8));
        }
        self.signals.iter().for_each(|s| put(&s.prefilter, 80));
        self.signals.iter().for_each(|s| put(s.samples.to_string().as_bytes(), 8));
        self.signals.iter().for_each(|_| put(b"", 32));
        self.put_records(&mut out);
        out
    }

    fn put_records(&self, out: &mut Vec<u8>) {
        let width = if self.bdf { 3 } else { 2 };
        for record in &self.records {
            for (signal, cell) in self.signals.iter().zip(record) {
                let end = out.len() + signal.samples * width;
                match cell {
                    Cell::Samples(samples) => {
                        samples.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()[..width]));
                    }
                    Cell::Text(text) => out.extend_from_slice(text),
                }
                assert!(out.len() <= end, "the cell fits its signal");
                out.resize(end, 0);
            }
        }
    }
}

/// A file in a text-mode transfer: every LF becomes CR LF.
pub fn as_text(bytes: &[u8]) -> Vec<u8> {
    let pair = |&byte: &u8| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] };
    bytes.iter().flat_map(pair).collect()
}

/// The shared recordings, or `None` after saying so.
pub fn shared() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("TWINPRINT_DATA").map_or(default, PathBuf::from);
    if root.join("edf-conformance").is_dir() {
        return Some(root);
    }
    eprintln!("SKIPPED: no shared recordings at {}", root.display());
    None
}

/// Every whole file of the conformance set and the eegmmidb sample, in order.
pub fn conformance_files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [
        "edf-conformance/edfio",
        "edf-conformance/mne-python",
        "edf-conformance/pyedflib",
        "edf-conformance/wfdb-python",
        "eegmmidb/S001",
    ] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|p| p.extension().is_some_and(|e| e == "edf" || e == "bdf")));
    }
    found.sort();
    found
}
