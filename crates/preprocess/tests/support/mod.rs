//! Real recordings for tests: a reader for plain 16-bit EDF files, and where the shared data lies.
#![allow(
    dead_code,
    clippy::disallowed_methods,
    reason = "each test file takes its part; tests may ask where data lies"
)]

use std::path::PathBuf;

use ndarray::{Array2, s};
use twinprint_preprocess::{Plan, PreprocessError, Preprocessed, Preprocessor};
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording};

/// The file under the data folder, or None with a line that says the test was skipped.
pub fn data_file(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TWINPRINT_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let file = root.join(path);
    if file.is_file() {
        return Some(file);
    }
    eprintln!("SKIPPED: {} is not there", file.display());
    None
}

/// `length` samples from `first` of the named channels; all signals but annotations must have one rate.
pub fn read_edf(path: &std::path::Path, channels: &[String], first: usize, length: usize) -> Recording {
    let bytes = std::fs::read(path).unwrap();
    let text = |from: usize, len: usize| String::from_utf8_lossy(&bytes[from..from + len]).trim().to_owned();
    let number = |from: usize, len: usize| text(from, len).parse::<f64>().unwrap();
    let count = number(252, 4) as usize;
    let field = |offset: usize, len: usize, signal: usize| 256 + offset * count + len * signal;
    let records = number(236, 8) as usize;
    let per_record: Vec<usize> = (0..count).map(|i| number(field(216, 8, i), 8) as usize).collect();
    let starts: Vec<usize> = per_record
        .iter()
        .scan(0, |sum, n| {
            *sum += n;
            Some(*sum - n)
        })
        .collect();
    let record: usize = per_record.iter().sum();
    let header = 256 * (count + 1);
    let mut samples = Array2::zeros((channels.len(), length));
    let mut rate = 0.0;
    for (row, name) in channels.iter().enumerate() {
        let signal = (0..count).find(|&i| text(field(0, 16, i), 16) == *name).unwrap();
        let (low, high) = (number(field(104, 8, signal), 8), number(field(112, 8, signal), 8));
        let (least, most) = (number(field(120, 8, signal), 8), number(field(128, 8, signal), 8));
        let gain = (high - low) / (most - least);
        let each = per_record[signal];
        rate = each as f64 / number(244, 8);
        let all: Vec<f32> = (0..records * each)
            .map(|i| {
                let at = header + 2 * ((i / each) * record + starts[signal] + i % each);
                let digital = f64::from(i16::from_le_bytes([bytes[at], bytes[at + 1]]));
                ((digital - least) * gain + low) as f32
            })
            .collect();
        samples.slice_mut(s![row, ..]).assign(&ndarray::aview1(&all[first..first + length]));
    }
    recording(rate, channels.iter().map(String::as_str), samples, vec![])
}

/// One recording by itself.
pub fn preprocess(
    recording: Recording,
    known_bad: &[ChannelName],
    events: Option<&[Annotation]>,
    plan: &Plan,
) -> Result<Preprocessed, PreprocessError> {
    Preprocessor::new(plan.clone().checked()?).run(recording, known_bad, events)
}

/// An uninterrupted recording.
pub fn recording<'a>(
    rate: f64,
    channels: impl IntoIterator<Item = &'a str>,
    samples: Array2<f32>,
    annotations: Vec<Annotation>,
) -> Recording {
    let channels = channels.into_iter().map(ChannelName::new).collect();
    Recording::continuous(Hertz::new(rate).unwrap(), channels, samples, annotations).unwrap()
}
