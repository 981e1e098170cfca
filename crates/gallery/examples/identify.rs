//! Our side of the rows `identify_*` of `cargo xtask bench`: `identify PROBES` holds 10^6 templates of 128 floats and answers
//! every line it reads with the seconds in which it found the 5 best for so many probes.
//!
//! The peer in `tests/peers/identify.py` does the same with faiss's flat index, which is exact as well.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_gallery::Index;
use twinprint_signal::SubjectId;

const TEMPLATES: usize = 1_000_000;
const DIMENSION: usize = 128;
const BEST: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let probes: usize = std::env::args().nth(1).unwrap_or_default().parse()?;
    let mut generator = ChaCha8Rng::seed_from_u64(3);
    let mut matrix = |rows: usize| {
        Array2::from_shape_simple_fn((rows, DIMENSION), || -> f32 { StandardNormal.sample(&mut generator) })
    };
    let (templates, probes) = (matrix(TEMPLATES), matrix(probes));
    let names = (0..TEMPLATES).map(|k| SubjectId::new(k.to_string())).collect::<Result<_, _>>()?;
    let index = Index::new(names, templates)?;
    println!("twinprint {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lines() {
        line?;
        let start = Instant::now();
        black_box(index.search(probes.view(), BEST)?);
        println!("{}", start.elapsed().as_secs_f64());
    }
    Ok(())
}
