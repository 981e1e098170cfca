//! A map of rows on a plane that keeps neighbours together: t-distributed stochastic neighbour embedding, exact.
//!
//! Reference: `Maaten2008`; the start from principal components `Kobak2019`.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use twinprint_closed::dot_products;

/// Steps of the descent; the attraction is exaggerated in the first part of them.
const STEPS: usize = 500;
const EXAGGERATED: usize = 150;
const EXAGGERATION: f64 = 12.0;

/// Places `rows` `[rows, columns]` on a plane so that rows near one another stay so; gives `[rows, 2]`, without unit.
///
/// `start` `[rows, 2]` is where the descent begins, usually the first two principal components; there is no other choice in
/// it, so the same rows give the same map on any number of threads. `perplexity` is how many neighbours a row has; at most a
/// third of the rows are taken. Distances on the map say little: only who lies beside whom is kept. Time and memory grow with
/// the square of the rows (about a second for 800).
pub fn neighbour_map(rows: ArrayView2<f32>, start: ArrayView2<f64>, perplexity: f64) -> Array2<f64> {
    let count = rows.nrows();
    if count < 4 || start.dim() != (count, 2) {
        return start.to_owned();
    }
    let perplexity = perplexity.clamp(1.0, (count as f64 / 3.0).max(1.0));
    let likeness = likeness(rows, perplexity);
    let mut at = scaled(start);
    let mut speed = vec![[0.0f64; 2]; count];
    let mut gain = vec![[1.0f64; 2]; count];
    let rate = (count as f64 / EXAGGERATION).max(50.0);
    for step in 0..STEPS {
        let (pull, momentum) = if step < EXAGGERATED { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let forces: Vec<Force> = (0..count)
            .into_par_iter()
            .map(|row| force(&likeness[row * count..(row + 1) * count], &at, row))
            .collect();
        // In the order of the rows, whatever the number of threads.
        let total: f64 = forces.iter().map(|force| force.weight).sum();
        for (row, force) in forces.iter().enumerate() {
            for axis in 0..2 {
                let slope = 4.0 * (pull * force.together[axis] - force.apart[axis] / total);
                let turned = (slope > 0.0) == (speed[row][axis] > 0.0);
                gain[row][axis] =
                    if turned { (gain[row][axis] * 0.8).max(0.01) } else { gain[row][axis] + 0.2 };
                speed[row][axis] = momentum * speed[row][axis] - rate * gain[row][axis] * slope;
                at[row][axis] += speed[row][axis];
            }
        }
    }
    centred(&at)
}

/// What pulls a row to its neighbours and pushes it from all others.
struct Force {
    together: [f64; 2],
    apart: [f64; 2],
    weight: f64,
}

fn force(likeness: &[f32], at: &[[f64; 2]], row: usize) -> Force {
    let own = at[row];
    let mut force = Force { together: [0.0; 2], apart: [0.0; 2], weight: -1.0 };
    for (likeness, other) in likeness.iter().zip(at) {
        let away = [own[0] - other[0], own[1] - other[1]];
        // Of the row itself, 1, which the weight leaves out.
        let near = 1.0 / (1.0 + away[0] * away[0] + away[1] * away[1]);
        force.weight += near;
        let (pull, push) = (f64::from(*likeness) * near, near * near);
        for (axis, away) in away.into_iter().enumerate() {
            force.together[axis] += pull * away;
            force.apart[axis] += push * away;
        }
    }
    force
}

/// How alike two rows are, `[row, row]`, symmetric, of sum 1: Gaussian, with a width for each row that gives it as many
/// neighbours as `perplexity`.
fn likeness(rows: ArrayView2<f32>, perplexity: f64) -> Vec<f32> {
    let count = rows.nrows();
    // |a − b|² = |a|² + |b|² − 2ab.
    let products = dot_products(rows, rows);
    let lengths: Vec<f64> = products.diag().iter().map(|&length| f64::from(length)).collect();
    let one_sided: Vec<Vec<f64>> = (0..count)
        .into_par_iter()
        .map(|row| {
            let to = |(product, length): (&f32, &f64)| {
                (lengths[row] + length - 2.0 * f64::from(*product)).max(0.0)
            };
            let squared: Vec<f64> = products.row(row).iter().zip(&lengths).map(to).collect();
            shares(&squared, row, perplexity)
        })
        .collect();
    let mut both = vec![0.0f32; count * count];
    for (row, shares) in one_sided.iter().enumerate() {
        for (other, share) in shares.iter().enumerate() {
            let half = (share + one_sided[other][row]) / (2.0 * count as f64);
            both[row * count + other] = half.max(1e-12) as f32;
        }
    }
    both
}

/// The shares of one row, by bisection of the width until their entropy is that of `perplexity` equal shares.
fn shares(squared: &[f64], row: usize, perplexity: f64) -> Vec<f64> {
    let nearest = squared.iter().enumerate().filter(|(other, _)| *other != row);
    let nearest = nearest.map(|(_, squared)| *squared).fold(f64::INFINITY, f64::min);
    // Weights exp(−β d), and the entropy of their shares: ln Σw + β Σwd / Σw.
    let weigh = |beta: f64, weights: &mut [f64]| -> f64 {
        let (mut sum, mut moment) = (0.0, 0.0);
        for (other, (weight, squared)) in weights.iter_mut().zip(squared).enumerate() {
            let beyond = squared - nearest;
            *weight = if other == row { 0.0 } else { (-beta * beyond).exp() };
            sum += *weight;
            moment += *weight * if other == row { 0.0 } else { beyond };
        }
        weights.iter_mut().for_each(|weight| *weight /= sum);
        sum.ln() + beta * moment / sum
    };
    let (mut low, mut high, mut beta) = (0.0, f64::INFINITY, 1.0);
    let mut found = vec![0.0; squared.len()];
    let mut entropy = weigh(beta, &mut found);
    for _ in 0..60 {
        let gap = entropy - perplexity.ln();
        if gap.abs() < 1e-4 {
            break;
        }
        if gap > 0.0 {
            low = beta;
            beta = if high.is_finite() { (beta + high) / 2.0 } else { beta * 2.0 };
        } else {
            high = beta;
            beta = (beta + low) / 2.0;
        }
        entropy = weigh(beta, &mut found);
    }
    found
}

/// The start, small enough that all rows begin as neighbours.
fn scaled(start: ArrayView2<f64>) -> Vec<[f64; 2]> {
    let column = start.column(0);
    let mean = column.mean().unwrap_or(0.0);
    let deviation = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / column.len() as f64).sqrt();
    let scale = if deviation > 0.0 { 1e-4 / deviation } else { 0.0 };
    // Rows in one place would never part: each gets a trace of its number.
    let trace = |row: usize| (row as f64 + 1.0) * 1e-9;
    start
        .rows()
        .into_iter()
        .enumerate()
        .map(|(row, at)| [at[0] * scale + trace(row), at[1] * scale - trace(row)])
        .collect()
}

fn centred(at: &[[f64; 2]]) -> Array2<f64> {
    let count = at.len() as f64;
    let mean = at.iter().fold([0.0; 2], |sum, at| [sum[0] + at[0] / count, sum[1] + at[1] / count]);
    Array2::from_shape_fn((at.len(), 2), |(row, axis)| at[row][axis] - mean[axis])
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, s};

    use super::*;

    /// Three clouds in eight dimensions, forty rows each, from a fixed sequence.
    fn clouds() -> (Array2<f32>, Array2<f64>) {
        let noise = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0 - 0.5;
        let rows = Array2::from_shape_fn((120, 8), |(row, column)| {
            let centre = if column == row / 40 { 4.0 } else { 0.0 };
            centre + noise(row * 8 + column)
        });
        let start = rows.slice(s![.., 0..2]).mapv(f64::from);
        (rows, start)
    }

    #[test]
    fn rows_of_a_cloud_stay_together_and_clouds_apart() {
        let (rows, start) = clouds();
        let map = neighbour_map(rows.view(), start.view(), 15.0);
        let nearest_is_of_the_same_cloud = (0..120).filter(|&row| {
            let distance = |other: usize| {
                let away = &map.row(row) - &map.row(other);
                away.dot(&away)
            };
            let nearest =
                (0..120).filter(|&other| other != row).min_by(|&a, &b| distance(a).total_cmp(&distance(b)));
            nearest.unwrap() / 40 == row / 40
        });
        assert_eq!(nearest_is_of_the_same_cloud.count(), 120);
        let middle =
            |cloud: usize| map.slice(s![cloud * 40..(cloud + 1) * 40, ..]).mean_axis(Axis(0)).unwrap();
        let apart = &middle(0) - &middle(1);
        assert!(apart.dot(&apart).sqrt() > 5.0, "{apart}");
    }

    #[test]
    fn the_map_is_the_same_on_one_thread_and_on_many() {
        let (rows, start) = clouds();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| neighbour_map(rows.view(), start.view(), 15.0))
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn each_row_has_as_many_neighbours_as_asked_for() {
        let (rows, _) = clouds();
        let squared: Vec<f64> = rows
            .rows()
            .into_iter()
            .map(|row| {
                let away = &row - &rows.row(5);
                f64::from(away.dot(&away))
            })
            .collect();
        let shares = shares(&squared, 5, 12.0);
        let entropy: f64 = shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() - 12.0).abs() < 0.01 && shares[5] == 0.0);
    }

    #[test]
    fn equal_rows_and_few_rows_still_have_places() {
        let equal = Array2::<f32>::ones((9, 3));
        let map = neighbour_map(equal.view(), Array2::zeros((9, 2)).view(), 30.0);
        assert!(map.iter().all(|at| at.is_finite()));
        assert_eq!(neighbour_map(equal.slice(s![..2, ..]), Array2::zeros((2, 2)).view(), 30.0).dim(), (2, 2));
    }
}
