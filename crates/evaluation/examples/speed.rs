//! Our side of the rows `eer_1e7` and `knn` of `cargo xtask bench`, and of the intervals: `speed eer|ci|knn` answers every
//! line it reads with the seconds that one repetition took.
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
use twinprint_evaluation::{Bootstrap, Scores, SortedScores, verification};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "eer" => eer(10_000_000),
        "ci" => intervals(10_000_000),
        "knn" => knn(100_000, 10_000, 128, 5),
        other => Err(format!("\"{other}\" is none of eer, ci, knn").into()),
    }
}

/// Says who is here, then answers every line read with a number.
fn serve(mut answer: impl FnMut(&str) -> Outcome<f64>) -> Outcome<()> {
    println!("twinprint {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lines() {
        println!("{}", answer(line?.trim())?);
    }
    Ok(())
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

fn eer(trials: usize) -> Outcome<()> {
    let scores = scores(trials)?;
    serve(|command| {
        // The checks of the constructor are part of the work, as they are in the peer.
        let columns = (scores.enrol_subject().to_vec(), scores.probe_subject().to_vec());
        let similarity = scores.similarity().to_vec();
        let start = Instant::now();
        let sorted = SortedScores::new(&Scores::new(similarity, columns.0, columns.1)?);
        let eer = sorted.eer();
        black_box(sorted.det_curve());
        Ok(if command == "check" { eer.value } else { start.elapsed().as_secs_f64() })
    })
}

fn intervals(trials: usize) -> Outcome<()> {
    let scores = scores(trials)?;
    serve(|_| {
        let start = Instant::now();
        black_box(verification(&scores, &Bootstrap::default())?);
        Ok(start.elapsed().as_secs_f64())
    })
}

fn knn(prints: usize, queries: usize, dim: usize, k: usize) -> Outcome<()> {
    let mut generator = ChaCha8Rng::seed_from_u64(2);
    let mut matrix = |rows: usize| {
        Array2::from_shape_simple_fn((rows, dim), || -> f32 { StandardNormal.sample(&mut generator) })
    };
    let (index, queries) = (matrix(prints), matrix(queries));
    serve(|_| {
        let start = Instant::now();
        black_box(search(index.view(), queries.view(), k, Metric::Euclidean)?);
        Ok(start.elapsed().as_secs_f64())
    })
}
