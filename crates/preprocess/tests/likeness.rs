//! Noise is told from EEG, and no real recording is taken for noise.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use ndarray::Array2;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use twinprint_edf::{EdfFile, Strictness};
use twinprint_preprocess::{Likeness, likeness, unlike_eeg};
use twinprint_signal::{ChannelName, Hertz, Recording};

const RATE: f64 = 128.0;

fn recording(channels: usize, seconds: usize, value: impl FnMut() -> f32) -> Recording {
    let samples = Array2::from_shape_simple_fn((channels, seconds * RATE as usize), value);
    named(samples)
}

fn named(samples: Array2<f32>) -> Recording {
    let names = (0..samples.nrows()).map(|at| ChannelName::new(format!("E{at}"))).collect();
    Recording::continuous(Hertz::new(RATE).unwrap(), names, samples, Vec::new()).unwrap()
}

/// Roughly normal, of unit variance.
fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    move || (0..12).map(|_| rng.next_u32() as f32 / u32::MAX as f32).sum::<f32>() - 6.0
}

#[test]
fn noise_of_any_amplitude_is_no_eeg() {
    for (channels, seconds) in [(1, 10), (4, 10), (4, 30), (19, 60)] {
        for seed in 0..20 {
            let mut draw = noise(seed);
            let loud = unlike_eeg(&recording(channels, seconds, || 30.0 * draw())).unwrap();
            assert!(2 * loud.flat_spectrum > channels, "{channels} channels, {seconds} s: {loud:?}");
        }
    }
    let mut draw = noise(1);
    let quiet = unlike_eeg(&recording(4, 5, || 0.3 * draw())).unwrap();
    assert_eq!((quiet.still, quiet.flat_spectrum), (4, 0));
    // One digital step up or down, at the step of a headset.
    let steps = unlike_eeg(&recording(14, 30, || 5.0 * draw().round().clamp(-1.0, 1.0))).unwrap();
    assert_eq!(steps.flat_spectrum, 14);
    assert_eq!(unlike_eeg(&recording(3, 30, || 7.0)).unwrap().still, 3);
}

#[test]
fn copies_of_one_channel_are_no_eeg_but_one_pair_of_many_is_forgiven() {
    // A random walk has a spectrum that falls, and steps enough to move.
    let walk = |seed, scale: f32| {
        let (mut draw, mut at) = (noise(seed), 0.0f32);
        (0..30 * RATE as usize)
            .map(|_| {
                at = 0.98 * at + scale * draw();
                at
            })
            .collect::<Vec<f32>>()
    };
    let stack = |rows: &[Vec<f32>]| {
        named(Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap())
    };
    let one = walk(1, 3.0);
    let copies = unlike_eeg(&stack(&[one.clone(), one.clone(), one.clone(), walk(2, 3.0)])).unwrap();
    assert_eq!(copies.to_string(), "of 4 channels 3 are copies of one another");
    assert_eq!(unlike_eeg(&stack(&[one.clone(), one, walk(3, 3.0), walk(4, 3.0), walk(5, 3.0)])), None);
}

/// All recordings of a folder, below it as well.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    let mut all: Vec<PathBuf> =
        all.filter(|path| path.extension().is_some_and(|ending| ending == "edf")).collect();
    all.sort();
    all
}

#[test]
fn no_real_recording_is_taken_for_noise() {
    let data = std::env::var_os("TWINPRINT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    for set in ["eegmat", "muse-cueing", "guinea-bissau", "eegmmidb/S001"] {
        let folder = data.join(set);
        if !folder.exists() {
            eprintln!("SKIPPED: no {set} in {}; set TWINPRINT_DATA", data.display());
            continue;
        }
        let mut least = [f64::INFINITY; 3];
        let all = files(&folder);
        for path in &all {
            let file = EdfFile::open(path, Strictness::Lenient).unwrap();
            let is_eeg = |name: &str| !["A2-A1", "ECG"].contains(&name);
            let signals: Vec<usize> =
                (0..file.signals().len()).filter(|&at| is_eeg(file.signals()[at].name().as_str())).collect();
            let recording = file.recording(&signals).unwrap();
            assert_eq!(unlike_eeg(&recording), None, "{}", path.display());
            let found = likeness(&recording);
            let worst = [
                middle(&found, |channel| f64::from(channel.moves)),
                middle(&found, |channel| f64::from(channel.differs)),
                middle(&found, |channel| channel.bands.unwrap()),
            ];
            least.iter_mut().zip(worst).for_each(|(least, found)| *least = least.min(found));
        }
        eprintln!(
            "{set}: {} recordings; least of the middle channel: moves {:.2} µV, differs {:.3}, bands {:.2}",
            all.len(),
            least[0],
            least[1],
            least[2]
        );
    }
}

/// The value that at least half of the channels reach.
fn middle(found: &[Likeness], value: impl Fn(&Likeness) -> f64) -> f64 {
    let mut values: Vec<f64> = found.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
