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
use support::{data_file, read_edf};
use twinprint_preprocess::{EpochPlan, Plan, Scale, preprocess};
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
        plan.reference = twinprint_preprocess::Reference::None;
    }
    plan.scale = Scale::Microvolts { divisor: 1.0 };
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

/// A one-dimensional little-endian float32 array.
fn read_npy(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}
