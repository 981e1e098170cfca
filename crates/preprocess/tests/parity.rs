//! Results on real recordings equal MNE-Python's and SciPy's; see tests/golden/preprocess for how theirs were made.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may stop and speak"
)]

mod support;

use ndarray::s;
use serde::Deserialize;
use support::{data_file, preprocess, read_edf};
use twinprint_edf::{EdfFile, Strictness};
use twinprint_preprocess::{EpochPlan, Plan, Reference, Scale};
use twinprint_signal::{ChannelName, Seconds};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/preprocess");

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    file: String,
    rate: f64,
    channels: Vec<String>,
    bad: Vec<String>,
    first: usize,
    length: usize,
    plan: String,
    samples: usize,
    starts: Vec<usize>,
    window: usize,
    rms: Vec<f64>,
}

/// Largest relative root mean square difference away from the edges, and at them.
const INSIDE: f64 = 1e-5;
const EDGE: f64 = 1e-3;

#[test]
fn filters_and_resampling_on_real_recordings_equal_mne_python_and_scipy() {
    let golden: Golden =
        serde_json::from_slice(&std::fs::read(format!("{GOLDEN}/cases.json")).unwrap()).unwrap();
    let values = read_npy(&format!("{GOLDEN}/values.npy"));
    let mut used = 0;
    let mut failures = Vec::new();
    for case in golden.cases {
        let size = case.channels.len() * case.starts.len() * case.window;
        let expected = &values[used..used + size];
        used += size;
        let Some(path) = data_file(&case.file) else { continue };
        let recording = read_edf(&path, &case.channels, case.first, case.length);
        assert_eq!(recording.rate().get(), case.rate);
        let (inside, edge) = differences(&case, recording, expected);
        println!("{:40} inside {inside:.2e}, at the edges {edge:.2e}", case.name);
        // A segment that the filter spans has no inside.
        let limit = if case.starts.len() > 1 { INSIDE } else { EDGE };
        if inside > limit || edge > EDGE {
            failures.push(format!("{}: inside {inside:e}, at the edges {edge:e}", case.name));
        }
    }
    assert_eq!(used, values.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The greatest differences over channels, relative to the channel's root mean square over the whole result.
fn differences(case: &Case, recording: twinprint_signal::Recording, expected: &[f32]) -> (f64, f64) {
    let mut plan: Plan = toml::from_str(&case.plan).unwrap();
    if !case.plan.contains("reference") {
        plan.reference = Reference::None;
    }
    plan.scale = Scale::Microvolts { divisor: 1.0 };
    // Some files end in filling.
    plan.reject.constant = false;
    let rate = plan.resample.as_ref().map_or(case.rate, |r| r.sfreq.get());
    let duration = Seconds::new(case.samples as f64 / rate).unwrap();
    plan.epochs = EpochPlan::Fixed { duration, overlap: Seconds::default() };
    let bad: Vec<ChannelName> = case.bad.iter().map(ChannelName::new).collect();
    let result = preprocess(recording, &bad, None, &plan).unwrap();
    assert_eq!(result.samples.dim(), (1, case.channels.len(), case.samples), "{}", case.name);
    let (mut inside, mut edge) = (0.0_f64, 0.0_f64);
    let mut windows = expected.chunks(case.window);
    for (channel, rms) in case.rms.iter().enumerate() {
        for (index, &start) in case.starts.iter().enumerate() {
            let ours = result.samples.slice(s![0, channel, start..start + case.window]);
            let theirs = windows.next().unwrap();
            let squares: f64 = ours.iter().zip(theirs).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            let relative = (squares / case.window as f64).sqrt() / rms;
            if index == 0 || index + 1 == case.starts.len() {
                edge = edge.max(relative);
            } else {
                inside = inside.max(relative);
            }
        }
    }
    (inside, edge)
}

#[derive(Deserialize)]
struct Events {
    file: String,
    channels: Vec<String>,
    labels: Vec<String>,
    tmin: f64,
    tmax: f64,
    baseline: [f64; 2],
    samples: usize,
    rms: Vec<f64>,
    epochs: Vec<EventEpoch>,
}

#[derive(Deserialize)]
struct EventEpoch {
    label: String,
    start: f64,
    /// Every thirtieth sample of each channel.
    values: Vec<Vec<f32>>,
}

#[test]
fn epochs_around_the_annotations_of_a_real_recording_are_those_of_mne_python() {
    let golden: Events =
        serde_json::from_slice(&std::fs::read(format!("{GOLDEN}/events.json")).unwrap()).unwrap();
    let Some(path) = data_file(&golden.file) else { return };
    let file = EdfFile::open(&path, Strictness::Strict).unwrap();
    let names: Vec<ChannelName> = golden.channels.iter().map(ChannelName::new).collect();
    let place = |name| (0..file.signals().len()).find(|&at| file.signals()[at].name() == name).unwrap();
    let signals: Vec<usize> = names.iter().map(place).collect();
    let seconds = |value| Seconds::new(value).unwrap();
    let plan = Plan {
        reference: Reference::None,
        resample: None,
        scale: Scale::Microvolts { divisor: 1.0 },
        epochs: EpochPlan::Events {
            events: golden.labels,
            tmin: seconds(golden.tmin),
            tmax: seconds(golden.tmax),
            baseline: Some(golden.baseline.map(seconds)),
        },
        ..Plan::default()
    };
    let result = preprocess(file.recording(&signals).unwrap(), &[], None, &plan).unwrap();
    assert_eq!(result.samples.dim(), (golden.epochs.len(), names.len(), golden.samples));
    for (index, epoch) in golden.epochs.iter().enumerate() {
        assert_eq!(result.event_labels[index].as_deref(), Some(epoch.label.as_str()));
        assert!((result.starts[index].get() - epoch.start).abs() < 1e-9);
        for (channel, values) in epoch.values.iter().enumerate() {
            let ours = result.samples.slice(s![index, channel, ..;30]);
            let furthest = ours.iter().zip(values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(f64::from(furthest) < EDGE * golden.rms[channel], "epoch {index}, {channel}: {furthest}");
        }
    }
}

/// A one-dimensional little-endian float32 array.
fn read_npy(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}
