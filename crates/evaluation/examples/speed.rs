//! Times the two heavy operations and prints one JSON line each: `cargo run --release --example speed -- eer|knn|ci`.
//!
//! The peers in `tests/peers/eer.py` and `tests/peers/knn.py` do the same work on numbers of the same distribution.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_evaluation::knn::{Metric, search};
use twinprint_evaluation::{Bootstrap, Scores, eer_and_det, verification};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let what = std::env::args().nth(1).unwrap_or_default();
    match what.as_str() {
        "eer" => eer_1e7(10_000_000),
        "ci" => intervals(10_000_000),
        "knn" => knn(100_000, 10_000, 128, 5),
        other => Err(format!("\"{other}\" is none of eer, ci, knn").into()),
    }
}

/// `subjects²·n` trials: mated scores around 2, non-mated around 0, both of variance 1.
fn scores(trials: usize) -> Result<Scores, Box<dyn std::error::Error>> {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut normal = || -> f64 { StandardNormal.sample(&mut generator) };
    let subjects = 20u32;
    let enrol: Vec<u32> = (0..trials).map(|trial| trial as u32 % subjects).collect();
    let probe: Vec<u32> = (0..trials).map(|trial| trial as u32 / subjects % subjects).collect();
    let similarity = enrol
        .iter()
        .zip(&probe)
        .map(|(enrol, probe)| normal() + if enrol == probe { 2.0 } else { 0.0 })
        .collect();
    Ok(Scores::new(similarity, enrol, probe)?)
}

fn eer_1e7(trials: usize) -> Result<(), Box<dyn std::error::Error>> {
    let scores = scores(trials)?;
    let (eer, curve) = eer_and_det(&scores);
    report("eer_1e7", 7, || {
        // The checks of the constructor are part of the work, as they are in the peer.
        let columns = (scores.enrol_subject().to_vec(), scores.probe_subject().to_vec());
        let similarity = scores.similarity().to_vec();
        let start = Instant::now();
        if let Ok(scores) = Scores::new(similarity, columns.0, columns.1) {
            black_box(eer_and_det(&scores));
        }
        start.elapsed().as_secs_f64()
    });
    println!("{{\"eer\": {}, \"corners\": {}}}", eer.value, curve.points.len());
    Ok(())
}

fn intervals(trials: usize) -> Result<(), Box<dyn std::error::Error>> {
    let scores = scores(trials)?;
    report("verification_1e7_1000_replicates", 3, || {
        let start = Instant::now();
        black_box(verification(&scores, &Bootstrap::default()).is_ok());
        start.elapsed().as_secs_f64()
    });
    Ok(())
}

fn knn(prints: usize, queries: usize, dim: usize, k: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut generator = ChaCha8Rng::seed_from_u64(2);
    let mut matrix = |rows: usize| {
        Array2::from_shape_simple_fn((rows, dim), || -> f32 { StandardNormal.sample(&mut generator) })
    };
    let (index, queries) = (matrix(prints), matrix(queries));
    for (name, metric) in [("knn_euclidean", Metric::Euclidean), ("knn_cosine", Metric::Cosine)] {
        report(name, 5, || {
            let start = Instant::now();
            black_box(search(index.view(), queries.view(), k, metric).is_ok());
            start.elapsed().as_secs_f64()
        });
    }
    Ok(())
}

fn report(name: &str, repeats: usize, mut once: impl FnMut() -> f64) {
    let mut seconds: Vec<f64> = (0..repeats).map(|_| once()).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    println!(
        "{{\"name\": \"{name}\", \"seconds\": {:.4}, \"best\": {:.4}, \"repeats\": {repeats}}}",
        seconds[repeats / 2],
        seconds[0]
    );
}
