//! Cancelable templates: a keyed orthogonal projection.
//!
//! All that a gallery stores and compares is `P x`, with P a random orthogonal matrix that follows from the key. Angles stay
//! what they were, so that no accuracy is lost when all dimensions are kept; with another key the same print lies in an
//! unrelated direction. With fewer dimensions than a print has, P keeps that many random ones: angles blur, and even who knows
//! the key cannot go back.

use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use crate::protection::{Key, subkey};

/// A random orthogonal matrix P `[kept, dim]`, uniform over all of them (Stewart 1980).
///
/// Kept as the reflections whose product it is: multiplying it out would take `dim`³ steps, applying them to a print takes
/// `dim`².
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// By the coordinate that each begins at.
    reflections: Vec<Reflection>,
    dim: usize,
    kept: usize,
}

/// Turns a random direction of the coordinates from some first one on onto that coordinate, which it then gives a sign.
#[derive(Debug, Clone, PartialEq)]
struct Reflection {
    normal: Vec<f64>,
    sign: f64,
}

impl Projection {
    pub(crate) fn of_key(key: &Key, dim: usize, kept: usize) -> Self {
        Self::from_seed(*subkey(key, "projection"), dim, kept)
    }

    /// The projection that follows from a seed, onto `kept` of `dim` dimensions.
    pub fn from_seed(seed: [u8; 32], dim: usize, kept: usize) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let draw = |first: usize| {
            let mut normal: Vec<f64> = (first..dim).map(|_| StandardNormal.sample(&mut rng)).collect();
            let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
            let sign = if normal[0] < 0.0 { -1.0 } else { 1.0 };
            normal[0] += sign * length;
            Reflection { normal, sign: -sign }
        };
        // The first coordinates are final after as many reflections.
        let kept = kept.min(dim);
        Self { reflections: (0..kept).map(draw).collect(), dim, kept }
    }

    /// How many numbers a projected print has.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Prints `[rows, dim]` to `[rows, kept]`; each keeps its length, by which it counts.
    pub fn apply(&self, prints: ArrayView2<'_, f32>) -> Array2<f32> {
        debug_assert_eq!(prints.ncols(), self.dim);
        let mut columns = columns(prints);
        for (first, reflection) in self.reflections.iter().enumerate() {
            reflect(&mut columns, first, &reflection.normal);
            columns.row_mut(first).mapv_inplace(|x| reflection.sign * x);
        }
        let mut kept = columns.slice(ndarray::s![..self.kept, ..]).t().to_owned();
        if self.kept < self.dim {
            let length = |row: ArrayView1<'_, f64>| row.dot(&row).sqrt();
            for (mut row, print) in kept.rows_mut().into_iter().zip(prints.rows()) {
                let left = length(row.view());
                if left > 0.0 {
                    row *= length(print.mapv(f64::from).view()) / left;
                }
            }
        }
        kept.mapv(|x| x as f32)
    }

    /// Back from `[rows, dim]`, where all dimensions were kept.
    pub(crate) fn invert(&self, projected: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut columns = columns(projected);
        for (first, reflection) in self.reflections.iter().enumerate().rev() {
            columns.row_mut(first).mapv_inplace(|x| reflection.sign * x);
            reflect(&mut columns, first, &reflection.normal);
        }
        columns.t().mapv(|x| x as f32)
    }
}

/// One print a column.
fn columns(prints: ArrayView2<'_, f32>) -> Array2<f64> {
    prints.t().mapv(f64::from).as_standard_layout().into_owned()
}

/// Rows `first..` become H times those rows, H = I - 2 v v' / (v' v); nothing happens where v is nothing.
fn reflect(columns: &mut Array2<f64>, first: usize, normal: &[f64]) {
    let square: f64 = normal.iter().map(|x| x * x).sum();
    if square == 0.0 {
        return;
    }
    let mut rows = columns.slice_mut(ndarray::s![first.., ..]);
    let mut along = ndarray::Array1::<f64>::zeros(rows.ncols());
    for (x, row) in normal.iter().zip(rows.rows()) {
        along.scaled_add(*x, &row);
    }
    for (x, mut row) in normal.iter().zip(rows.rows_mut()) {
        row.scaled_add(-2.0 * x / square, &along);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn prints(rows: usize, dim: usize) -> Array2<f32> {
        let mut rng = ChaCha20Rng::from_seed([9; 32]);
        Array2::from_shape_simple_fn((rows, dim), || StandardNormal.sample(&mut rng))
    }

    #[test]
    fn angles_and_lengths_stay_and_the_way_back_is_exact() {
        let (x, projection) = (prints(6, 40), Projection::from_seed([1; 32], 40, 40));
        let y = projection.apply(x.view());
        for (left, right) in x.dot(&x.t()).iter().zip(&y.dot(&y.t())) {
            assert!((left - right).abs() < 1e-4, "{left} and {right}");
        }
        for (left, right) in x.iter().zip(&projection.invert(y.view())) {
            assert!((left - right).abs() < 1e-5);
        }
    }

    #[test]
    fn another_key_gives_an_unrelated_direction() {
        let x = prints(1, 512);
        let y = |seed| Projection::from_seed([seed; 32], 512, 512).apply(x.view());
        let (first, second) = (y(1), y(2));
        assert_eq!(first, y(1));
        let cosine = (&first * &second).sum() / (&first * &first).sum();
        assert!(cosine.abs() < 0.2, "{cosine}");
    }

    #[test]
    fn entries_are_as_those_of_a_uniform_orthogonal_matrix() {
        // Each entry of a uniform orthogonal matrix has mean 0 and mean square 1/dim.
        let (dim, draws) = (5, 4000);
        let mut sum = Array2::<f64>::zeros((dim, dim));
        let mut squares = Array2::<f64>::zeros((dim, dim));
        for draw in 0..draws {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&(draw as u32).to_le_bytes());
            let unit = Array2::eye(dim);
            let entries = Projection::from_seed(seed, dim, dim).apply(unit.view()).mapv(f64::from);
            sum += &entries;
            squares += &(&entries * &entries);
        }
        // Four standard errors: sqrt(1/5/4000) and sqrt(var(x²)/4000), var(x²) = 2(d-1)/(d²(d+2)).
        assert!(sum.iter().all(|s| (s / draws as f64).abs() < 4.0 * 0.0071), "{sum}");
        assert!(squares.iter().all(|s| (s / draws as f64 - 0.2).abs() < 4.0 * 0.0034), "{squares}");
    }

    #[test]
    fn fewer_dimensions_keep_angles_nearly() {
        let x = prints(2, 512);
        let y = Projection::from_seed([5; 32], 512, 128).apply(x.view());
        assert_eq!(y.dim(), (2, 128));
        let cosine = |m: &Array2<f32>| {
            m.row(0).dot(&m.row(1)) / (m.row(0).dot(&m.row(0)) * m.row(1).dot(&m.row(1))).sqrt()
        };
        assert!((cosine(&x) - cosine(&y)).abs() < 0.35);
    }
}
