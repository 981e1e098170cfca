//! Helpers shared by the tests: trial lists and a slow obvious equal error rate.
#![allow(dead_code, clippy::unwrap_used)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_evaluation::Scores;

/// Mated trials of subject 0 and non-mated trials of subjects 0 and 1.
pub fn scores(mated: &[f64], non_mated: &[f64]) -> Scores {
    let similarity = [mated, non_mated].concat();
    let enrol = vec![0; similarity.len()];
    let probe = [vec![0; mated.len()], vec![1; non_mated.len()]].concat();
    Scores::new(similarity, enrol, probe).unwrap()
}

/// Tries every threshold, counting anew each time.
pub fn slow_eer(mated: &[f64], non_mated: &[f64]) -> f64 {
    let mut thresholds = [mated, non_mated, &[f64::INFINITY]].concat();
    thresholds.sort_by(f64::total_cmp);
    let points: Vec<(f64, f64)> = thresholds
        .iter()
        .map(|&threshold| {
            let accepted = non_mated.iter().filter(|&&score| score >= threshold).count();
            let rejected = mated.iter().filter(|&&score| score < threshold).count();
            (accepted as f64 / non_mated.len() as f64, rejected as f64 / mated.len() as f64)
        })
        .collect();
    for pair in points.windows(2) {
        let ((fmr, fnmr), (fmr_next, fnmr_next)) = (pair[0], pair[1]);
        if fmr > fnmr && fnmr_next >= fmr_next {
            let share = (fmr - fnmr) / ((fmr - fnmr) + (fnmr_next - fmr_next));
            return fmr + share * (fmr_next - fmr);
        }
    }
    unreachable!("FMR falls from 1 to 0 while FNMR rises from 0 to 1")
}

/// A cohort with subject effects in which every mated score is N(d, 1) and every non-mated score N(0, 1), so that the
/// EER of the population is Φ(−d/2). Folds of `fold` subjects, `probes` probes each; `share` of the variance belongs to
/// the subjects.
pub fn cohort(seed: u64, subjects: usize, fold: usize, probes: usize, d: f64, share: f64) -> Scores {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut generator) };
    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| normal()).collect() };
    let (own, enrolled, probed) = (draw(subjects), draw(subjects), draw(subjects));
    let (subject_part, rest) = (share.sqrt(), (1.0 - share).sqrt());
    let (mut similarity, mut enrol, mut probe) = (vec![], vec![], vec![]);
    for (j, probed) in probed.iter().enumerate() {
        let pair = draw(subjects);
        for _ in 0..probes {
            let noise = draw(subjects);
            for i in (0..subjects).filter(|i| i / fold == j / fold) {
                let effect = if i == j { own[i] } else { (enrolled[i] + probed + pair[i]) / 3f64.sqrt() };
                let mean = if i == j { d } else { 0.0 };
                similarity.push(mean + subject_part * effect + rest * noise[i]);
                enrol.push(i as u32);
                probe.push(j as u32);
            }
        }
    }
    Scores::new(similarity, enrol, probe).unwrap()
}

/// Prints around one random direction per subject: `(prints, subjects)`, `each` rows per subject.
pub fn prints(
    seed: u64,
    subjects: usize,
    each: usize,
    dim: usize,
    noise: f32,
) -> (ndarray::Array2<f32>, Vec<u32>) {
    let mut centres = ChaCha8Rng::seed_from_u64(1000);
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let normal = |generator: &mut ChaCha8Rng| -> f32 { StandardNormal.sample(generator) };
    let centre = ndarray::Array2::from_shape_simple_fn((subjects, dim), || normal(&mut centres));
    let prints = ndarray::Array2::from_shape_fn((subjects * each, dim), |(row, column)| {
        centre[[row / each, column]] + noise * normal(&mut generator)
    });
    (prints, (0..subjects * each).map(|row| (row / each) as u32).collect())
}

/// A random permutation of `0..count`.
pub fn permutation(seed: u64, count: usize) -> Vec<usize> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        order.swap(place, generator.random_range(0..=place as u64) as usize);
    }
    order
}
