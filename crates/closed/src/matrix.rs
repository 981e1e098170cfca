//! The few matrix operations that fitting and comparing need.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par, Side};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use crate::ClosedError;

/// Rows of the left matrix that one thread multiplies at a time.
const ROWS: usize = 256;

/// A row-major view as faer sees it.
fn faer<'a, T>(rows: &ArrayView2<'a, T>) -> MatRef<'a, T> {
    let (n, d) = rows.dim();
    MatRef::from_row_major_slice(rows.to_slice().unwrap_or_default(), n, d)
}

/// Rows of a product that one thread computes at a time.
const BLOCK: usize = 96;

/// The sum of `rowsᵀ · rows` over parts that are handed over one after the other. The product is symmetric, so only what lies
/// on and below its diagonal is computed, in blocks of rows on all threads; the same whatever their number.
pub(crate) struct GramSum(Array2<f64>);

impl GramSum {
    /// Of rows of `columns` numbers, so far of none.
    pub fn new(columns: usize) -> Self {
        Self(Array2::zeros((columns, columns)))
    }

    /// Adds a part `[rows, columns]`.
    pub fn add(&mut self, rows: ArrayView2<f64>) {
        let rows = rows.as_standard_layout();
        let d = rows.ncols();
        let sum = self.0.as_slice_mut().unwrap_or_default();
        sum.par_chunks_mut((BLOCK * d).max(1)).enumerate().for_each(|(index, block)| {
            let (from, height) = (index * BLOCK, block.len() / d);
            let rows = faer(&rows.view());
            let target = MatMut::from_row_major_slice_mut(block, height, d).subcols_mut(0, from + height);
            let (left, right) = (rows.subcols(from, height).transpose(), rows.subcols(0, from + height));
            matmul(target, Accum::Add, left, right, 1.0, Par::Seq);
        });
    }

    /// The whole sum, `[columns, columns]`.
    pub fn finish(self) -> Array2<f64> {
        let mut sum = self.0;
        let d = sum.ncols();
        if let Some(values) = sum.as_slice_mut() {
            for i in 0..d {
                for j in i + 1..d {
                    values[i * d + j] = values[j * d + i];
                }
            }
        }
        sum
    }
}

/// `rowsᵀ · rows`: `[columns, columns]`.
pub(crate) fn gram(rows: ArrayView2<f64>) -> Array2<f64> {
    let mut sum = GramSum::new(rows.ncols());
    sum.add(rows);
    sum.finish()
}

/// Eigenvalues in increasing order and eigenvectors as columns of a symmetric matrix; `what` is being fitted.
pub(crate) fn symmetric_eigen(
    what: &'static str,
    matrix: &Array2<f64>,
) -> Result<(Array1<f64>, Array2<f64>), ClosedError> {
    if matrix.iter().any(|x| !x.is_finite()) {
        return Err(ClosedError::NotFinite(what));
    }
    if matrix.is_empty() {
        return Ok((Array1::zeros(0), Array2::zeros((0, 0))));
    }
    let matrix = matrix.as_standard_layout();
    let eigen = faer(&matrix.view())
        .transpose()
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| ClosedError::NotConverged(what))?;
    let (u, s, d) = (eigen.U(), eigen.S(), matrix.nrows());
    Ok((Array1::from_shape_fn(d, |i| s[i]), Array2::from_shape_fn((d, d), |(i, j)| u[(i, j)])))
}

/// `matrix^(−1/2)` of a symmetric positive definite matrix; `what` is being fitted.
pub(crate) fn inverse_square_root(
    what: &'static str,
    matrix: &Array2<f64>,
) -> Result<Array2<f64>, ClosedError> {
    let (values, vectors) = symmetric_eigen(what, matrix)?;
    let largest = values.last().copied().unwrap_or(0.0);
    if values.iter().any(|&v| v <= largest * 1e-12) {
        return Err(ClosedError::Singular(what));
    }
    // V diag(λ^(−1/2)) Vᵀ = (V diag(λ^(−1/4))) (…)ᵀ
    let root = &vectors * &values.mapv(|v| v.powf(-0.25));
    Ok(gram(root.t()))
}

/// The solution `[n, k]` of `system · x = right`, `[n, n]` and `[n, k]`, by Gaussian elimination with row pivoting; not finite
/// where the system is singular. Its order of operations is fixed: faer's blocks round otherwise, and interpolated samples with
/// them.
pub fn solve(mut system: Array2<f64>, mut right: Array2<f64>) -> Array2<f64> {
    let (n, columns) = right.dim();
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&a, &b| system[[a, column]].abs().total_cmp(&system[[b, column]].abs()))
            .unwrap_or(column);
        for k in 0..n {
            system.swap([column, k], [pivot, k]);
        }
        for k in 0..columns {
            right.swap([column, k], [pivot, k]);
        }
        for row in column + 1..n {
            let factor = system[[row, column]] / system[[column, column]];
            if factor != 0.0 {
                for k in column..n {
                    system[[row, k]] -= factor * system[[column, k]];
                }
                for k in 0..columns {
                    right[[row, k]] -= factor * right[[column, k]];
                }
            }
        }
    }
    for column in (0..n).rev() {
        for k in 0..columns {
            right[[column, k]] /= system[[column, column]];
            let value = right[[column, k]];
            for row in 0..column {
                right[[row, k]] -= system[[row, column]] * value;
            }
        }
    }
    right
}

/// `left · right` in single precision: `[m, k] · [k, n]` to `[m, n]`.
pub fn product(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Array2<f32> {
    let (left, right) = (left.as_standard_layout(), right.as_standard_layout());
    let (m, n) = (left.nrows(), right.ncols());
    let mut out = Array2::zeros((m, n));
    // Computed as outᵀ = rightᵀ · leftᵀ.
    let target = MatMut::from_column_major_slice_mut(out.as_slice_mut().unwrap_or_default(), n, m);
    let (left, right) = (left.view(), right.view());
    matmul(target, Accum::Replace, faer(&right).transpose(), faer(&left).transpose(), 1.0, Par::Seq);
    out
}

/// Dot products `[m, n]` of the rows of `left` `[m, dim]` with those of `right` `[n, dim]`, on all threads; the same whatever
/// their number.
pub fn dot_products(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Array2<f32> {
    let (left, right) = (left.as_standard_layout(), right.as_standard_layout());
    let (dim, columns) = (left.ncols(), right.nrows());
    let mut out = Array2::<f32>::zeros((left.nrows(), columns));
    if let (Some(left), Some(right), Some(out)) = (left.as_slice(), right.as_slice(), out.as_slice_mut()) {
        out.par_chunks_mut((ROWS * columns).max(1))
            .zip(left.par_chunks((ROWS * dim).max(1)))
            .for_each(|(out, left)| dot_products_into(out, left, right, dim));
    }
    out
}

/// [`dot_products`] on one thread over row-major slices of rows of `dim` numbers, 1 or more: `left` `[m·dim]` and `right`
/// `[n·dim]` into `out` `[m·n]`.
pub fn dot_products_into(out: &mut [f32], left: &[f32], right: &[f32], dim: usize) {
    let (m, n) = (left.len() / dim, right.len() / dim);
    let left = MatRef::from_row_major_slice(left, m, dim);
    let right = MatRef::from_row_major_slice(right, n, dim);
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    matmul(out, Accum::Replace, left, right.transpose(), 1.0, Par::Seq);
}

/// Divides each row by its L2 norm; a row of zeros stays one.
pub fn normalise_rows(rows: &mut Array2<f32>) {
    for mut row in rows.outer_iter_mut() {
        let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if norm > 0.0 {
            row.mapv_inplace(|x| (f64::from(x) / norm) as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_inverse_square_root_undoes_the_matrix(seed in prop::collection::vec(-1.0f64..1.0, 6 * 9)) {
            let rows = Array2::from_shape_vec((9, 6), seed).unwrap();
            let matrix = gram(rows.view()) + Array2::<f64>::eye(6) * 0.1;
            let root = inverse_square_root("test", &matrix).unwrap();
            let identity = root.dot(&matrix).dot(&root);
            for ((i, j), x) in identity.indexed_iter() {
                prop_assert!((x - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
        }

        #[test]
        fn the_gram_of_parts_is_the_sum_of_products(values in prop::collection::vec(-2.0f64..2.0, 7 * 210)) {
            let rows = Array2::from_shape_vec((7, 210), values).unwrap();
            let mut sum = GramSum::new(210);
            rows.axis_chunks_iter(ndarray::Axis(0), 3).for_each(|part| sum.add(part));
            let (parts, slow) = (sum.finish(), rows.t().dot(&rows));
            prop_assert!(parts.iter().zip(&slow).all(|(a, b)| (a - b).abs() < 1e-12));
            prop_assert_eq!(&parts, &parts.t());
        }

        #[test]
        fn the_product_is_the_sum_of_products(values in prop::collection::vec(-2.0f32..2.0, 5 * 4 + 4 * 3)) {
            let left = Array2::from_shape_vec((5, 4), values[..20].to_vec()).unwrap();
            let right = Array2::from_shape_vec((4, 3), values[20..].to_vec()).unwrap();
            let both = [product(left.view(), right.view()), dot_products(left.view(), right.t())];
            for fast in both {
                for ((i, j), x) in fast.indexed_iter() {
                    let slow: f32 = (0..4).map(|k| left[[i, k]] * right[[k, j]]).sum();
                    prop_assert!((x - slow).abs() < 1e-4);
                }
            }
        }

        #[test]
        fn a_solution_fits_its_system(values in prop::collection::vec(-1.0f64..1.0, 5 * 5 + 5 * 2)) {
            let system = Array2::from_shape_vec((5, 5), values[..25].to_vec()).unwrap() + Array2::<f64>::eye(5) * 6.0;
            let right = Array2::from_shape_vec((5, 2), values[25..].to_vec()).unwrap();
            let found = system.dot(&solve(system.clone(), right.clone()));
            prop_assert!(found.iter().zip(&right).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
