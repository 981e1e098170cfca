//! The synthetic cohort: the same bytes for a seed, the stated causes in the signal, and a sound BIDS folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use std::collections::BTreeMap;
use std::path::Path;

use edfplus::EdfReader;
use twinprint_dataset::synth::{Cohort, SynthError, Traits, write};
use twinprint_dataset::{Plan, discover};
use walkdir::WalkDir;

fn small() -> Cohort {
    Cohort { subjects: 3, sessions: 2, seconds: 8.0, channels: 8, rate: 128.0, ..Cohort::default() }
}

fn written(cohort: &Cohort) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(cohort, &folder.path().join("cohort"), &mut |_, _| ()).unwrap();
    folder
}

fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = WalkDir::new(root).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    files
        .map(|e| {
            (e.path().strip_prefix(root).unwrap().display().to_string(), std::fs::read(e.path()).unwrap())
        })
        .collect()
}

/// `[channels][samples]` in microvolts, as edfplus reads them.
fn samples(path: &Path) -> Vec<Vec<f64>> {
    let mut reader = EdfReader::open(path).unwrap();
    let lengths: Vec<i64> = reader.header().signals.iter().map(|s| s.samples_in_file).collect();
    lengths.iter().enumerate().map(|(i, n)| reader.read_physical_samples(i, *n as usize).unwrap()).collect()
}

fn recording(root: &Path, subject: usize, session: usize) -> Vec<Vec<f64>> {
    let stem = format!("sub-{subject:02}_ses-{session}");
    samples(&root.join(format!("cohort/sub-{subject:02}/ses-{session}/eeg/{stem}_task-rest_eeg.edf")))
}

/// Mean power of a signal at a frequency, by correlation with a sine and a cosine over 2-s windows.
fn power(signal: &[f64], rate: f64, frequency: f64) -> f64 {
    let window = (2.0 * rate) as usize;
    let windows = signal.chunks_exact(window);
    let count = windows.len() as f64;
    let powers = windows.map(|window| {
        let angle = |i: usize| std::f64::consts::TAU * frequency * i as f64 / rate;
        let re: f64 = window.iter().enumerate().map(|(i, x)| x * angle(i).cos()).sum();
        let im: f64 = window.iter().enumerate().map(|(i, x)| x * angle(i).sin()).sum();
        (re * re + im * im) / (window.len() * window.len()) as f64
    });
    powers.sum::<f64>() / count
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_number_of_threads() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let (one, two) = (alone.install(|| written(&small())), three.install(|| written(&small())));
    assert_eq!(contents(one.path()), contents(two.path()));
    let other = written(&Cohort { seed: 2, ..small() });
    assert_ne!(contents(one.path()), contents(other.path()));
}

#[test]
fn the_folder_is_found_as_bids_without_a_notice() {
    let folder = written(&small());
    let dataset = discover(&Plan { root: folder.path().join("cohort"), ..Plan::default() }).unwrap();
    assert_eq!(dataset.notices, Vec::<String>::new());
    assert_eq!(dataset.recordings.len(), 6);
    let first = &dataset.recordings[0];
    assert_eq!(first.key.to_string(), "sub-01/ses-1/ses-1_task-rest");
    assert_eq!(first.line_frequency.unwrap().get(), 50.0);
    assert_eq!(first.sampling_frequency.unwrap().get(), 128.0);
    let mut events = dataset.recordings.iter().flat_map(|file| file.events.iter().flatten()).peekable();
    assert!(events.peek().is_some());
    assert!(events.all(|event| event.label == "blink"));
}

#[test]
fn every_text_says_that_it_is_synthetic() {
    let folder = written(&small());
    for (name, bytes) in contents(folder.path()) {
        let is_text_for_people =
            name.ends_with("README") || name.ends_with("_eeg.json") || name.ends_with("description.json");
        if is_text_for_people || name.ends_with(".edf") {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(6_000)]).to_lowercase();
            assert!(text.contains("synthetic"), "{name}");
        }
    }
}

#[test]
fn headers_are_padded_with_spaces_and_months_are_in_capitals() {
    let folder = written(&small());
    let edf = folder.path().join("cohort/sub-01/ses-1/eeg/sub-01_ses-1_task-rest_eeg.edf");
    let header = &std::fs::read(edf).unwrap()[..256 * 10];
    assert!(header.iter().all(|byte| (32..127).contains(byte)));
    assert!(String::from_utf8_lossy(header).contains("Startdate 01-JAN-1985 "));
}

#[test]
fn amplitudes_are_those_of_eeg_and_the_alpha_peak_is_where_the_causes_say() {
    let cohort = Cohort {
        subjects: 4,
        sessions: 1,
        seconds: 60.0,
        channels: 16,
        blinks_per_minute: 0.0,
        ..Cohort::default()
    };
    let folder = written(&cohort);
    for subject in 0..4 {
        let signals = recording(folder.path(), subject + 1, 1);
        for signal in &signals {
            let rms = (signal.iter().map(|x| x * x).sum::<f64>() / signal.len() as f64).sqrt();
            assert!((3.0..60.0).contains(&rms), "{rms} µV");
        }
        let steps: Vec<f64> = (0..=20).map(|i| 7.5 + 0.25 * f64::from(i)).collect();
        let peak = steps.iter().copied().max_by(|a, b| {
            power(&signals[14], cohort.rate, *a).total_cmp(&power(&signals[14], cohort.rate, *b))
        });
        let truth = Traits::new(&cohort, subject, 0).alpha_peak;
        assert!((peak.unwrap() - truth).abs() <= 0.75, "{peak:?} found, {truth} made");
    }
}

#[test]
fn mains_hum_and_blinks_are_there_when_asked_for() {
    let quiet =
        Cohort { subjects: 1, sessions: 1, blinks_per_minute: 0.0, line_noise: 0.0, ..Cohort::default() };
    let base = recording(written(&quiet).path(), 1, 1);
    let hum =
        recording(written(&Cohort { line_noise: 5.0, line_frequency: 60.0, ..quiet.clone() }).path(), 1, 1);
    assert!(power(&hum[7], 160.0, 60.0) > 20.0 * power(&base[7], 160.0, 60.0));
    let blinking = recording(written(&Cohort { blinks_per_minute: 30.0, ..quiet }).path(), 1, 1);
    let span = |signal: &[f64]| signal.iter().copied().fold(f64::MIN, f64::max);
    assert!(span(&blinking[0]) > span(&base[0]) + 20.0, "Fp1 does not blink");
    assert!(span(&blinking[14]) < span(&base[14]) + 20.0, "O1 blinks");
}

/// Log band powers of each channel: the simplest print.
fn features(signals: &[Vec<f64>], rate: f64) -> Vec<f64> {
    let bands = [3.0, 6.0, 8.0, 9.0, 10.0, 11.0, 12.0, 20.0];
    signals.iter().flat_map(|signal| bands.map(|f| power(signal, rate, f).ln())).collect()
}

/// The share of people whose second session lies nearest to their own first.
fn rank_one(cohort: &Cohort) -> f64 {
    let folder = written(cohort);
    let all = |session| -> Vec<Vec<f64>> {
        (1..=cohort.subjects)
            .map(|subject| features(&recording(folder.path(), subject, session), cohort.rate))
            .collect()
    };
    let (first, second) = (all(1), all(2));
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let hits = second.iter().enumerate().filter(|(subject, probe)| {
        let nearest = (0..first.len())
            .min_by(|a, b| distance(&first[*a], probe).total_cmp(&distance(&first[*b], probe)));
        nearest == Some(*subject)
    });
    hits.count() as f64 / cohort.subjects as f64
}

#[test]
fn people_are_told_apart_only_when_they_differ() {
    let cohort = Cohort { subjects: 24, seconds: 20.0, rate: 64.0, ..Cohort::default() };
    let strong = rank_one(&Cohort { identity_strength: 2.0, ..cohort.clone() });
    let none = rank_one(&Cohort { identity_strength: 0.0, ..cohort });
    assert!(strong > 0.6, "{strong} of people recognised at strength 2");
    // Chance is 1 in 24; 6 hits of 24 at chance have a probability below 0.001.
    assert!(none < 0.25, "{none} of people recognised without identity");
}

#[test]
fn a_folder_with_something_in_it_is_never_touched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let error = write(&small(), folder.path(), &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, SynthError::Exists(_)), "{error}");
    assert_eq!(contents(folder.path()).len(), 1);
    let error =
        write(&Cohort { subjects: 0, ..small() }, &folder.path().join("x"), &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, SynthError::Cohort(_)));
    assert!(!folder.path().join("x").exists());
}

#[test]
fn an_empty_folder_is_filled_and_a_leftover_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cohort");
    std::fs::create_dir(&out).unwrap();
    std::fs::create_dir(folder.path().join(".cohort.part")).unwrap();
    let error = write(&small(), &out, &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, SynthError::Exists(_)), "a stranger's folder is left alone: {error}");
    let warning =
        "SYNTHETIC: made by a program from random numbers, for learning and testing. No person was recorded.";
    std::fs::write(folder.path().join(".cohort.part/README"), warning).unwrap();
    let mut told = Vec::new();
    let summary = write(&small(), &out, &mut |done, all| told.push((done, all))).unwrap();
    assert_eq!((summary.subjects, summary.recordings), (3, 6));
    assert_eq!((told.first(), told.last()), (Some(&(0, 6)), Some(&(6, 6))));
    assert!(!folder.path().join(".cohort.part").exists());
}
