//! The few matrix operations that fitting needs, in double precision and on one thread so that results repeat.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par, Side};
use ndarray::{Array1, Array2, ArrayView2};

use crate::EncoderError;

/// The means of the rows of each class: `[classes, columns]`, and the number of rows of each.
pub(crate) fn class_means(rows: ArrayView2<f64>, class: &[usize], classes: usize) -> (Array2<f64>, Vec<f64>) {
    let mut means = Array2::zeros((classes, rows.ncols()));
    let mut counts = vec![0.0; classes];
    for (row, &c) in rows.outer_iter().zip(class) {
        means.row_mut(c).scaled_add(1.0, &row);
        counts[c] += 1.0;
    }
    for (mut mean, &count) in means.outer_iter_mut().zip(&counts) {
        mean.mapv_inplace(|x| x / count);
    }
    (means, counts)
}

/// `rowsᵀ · rows`: `[columns, columns]`.
pub(crate) fn gram(rows: ArrayView2<f64>) -> Array2<f64> {
    let rows = rows.as_standard_layout();
    let (n, d) = rows.dim();
    let mut out = vec![0.0; d * d];
    if let Some(values) = rows.as_slice() {
        // Row-major [n, d] read as column-major [d, n].
        let transposed = MatRef::from_column_major_slice(values, d, n);
        let dst = MatMut::from_column_major_slice_mut(&mut out, d, d);
        matmul(dst, Accum::Replace, transposed, transposed.transpose(), 1.0, Par::Seq);
    }
    let mut gram = Array2::from_shape_vec((d, d), out).unwrap_or_else(|_| Array2::zeros((d, d)));
    for i in 0..d {
        for j in 0..i {
            gram[[i, j]] = gram[[j, i]];
        }
    }
    gram
}

/// Eigenvalues in increasing order and eigenvectors as columns of a symmetric matrix.
pub(crate) fn symmetric_eigen(
    what: &'static str,
    matrix: &Array2<f64>,
) -> Result<(Array1<f64>, Array2<f64>), EncoderError> {
    let fail = |why: &str| EncoderError::Numerics { what, why: why.to_owned() };
    let d = matrix.nrows();
    if matrix.iter().any(|x| !x.is_finite()) {
        return Err(fail("the covariance holds numbers that are not finite"));
    }
    let values = matrix.as_standard_layout();
    let slice = values.as_slice().ok_or_else(|| fail("the covariance is not contiguous"))?;
    let eigen = MatRef::from_column_major_slice(slice, d, d)
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| fail("the eigendecomposition did not converge"))?;
    let (u, s) = (eigen.U(), eigen.S());
    Ok((Array1::from_shape_fn(d, |i| s[i]), Array2::from_shape_fn((d, d), |(i, j)| u[(i, j)])))
}

/// `matrix^(−1/2)` of a symmetric positive definite matrix.
pub(crate) fn inverse_square_root(
    what: &'static str,
    matrix: &Array2<f64>,
) -> Result<Array2<f64>, EncoderError> {
    let (values, vectors) = symmetric_eigen(what, matrix)?;
    let largest = values.last().copied().unwrap_or(0.0);
    if values.iter().any(|&v| v <= largest * 1e-12) {
        return Err(EncoderError::Numerics {
            what,
            why: "the covariance is singular; give more epochs or a shrinkage above 0".to_owned(),
        });
    }
    // V diag(λ^(−1/2)) Vᵀ = (V diag(λ^(−1/4))) (…)ᵀ
    let root = &vectors * &values.mapv(|v| v.powf(-0.25));
    Ok(gram(root.t()))
}

/// `left · right` in single precision: `[m, k] · [k, n]`.
pub(crate) fn product(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Array2<f32> {
    let (left, right) = (left.as_standard_layout(), right.as_standard_layout());
    let (m, k) = left.dim();
    let n = right.ncols();
    let mut out = vec![0.0f32; m * n];
    if let (Some(l), Some(r), false) = (left.as_slice(), right.as_slice(), m * n * k == 0) {
        // Row-major everything: compute outᵀ = rightᵀ · leftᵀ in column-major terms.
        matmul(
            MatMut::from_column_major_slice_mut(&mut out, n, m),
            Accum::Replace,
            MatRef::from_column_major_slice(r, n, k),
            MatRef::from_column_major_slice(l, k, m),
            1.0,
            Par::Seq,
        );
    }
    Array2::from_shape_vec((m, n), out).unwrap_or_else(|_| Array2::zeros((m, n)))
}

/// Divides each row by its L2 norm; a row of zeros stays one.
pub(crate) fn normalise_rows(rows: &mut Array2<f32>) {
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
        fn the_product_is_the_sum_of_products(values in prop::collection::vec(-2.0f32..2.0, 5 * 4 + 4 * 3)) {
            let left = Array2::from_shape_vec((5, 4), values[..20].to_vec()).unwrap();
            let right = Array2::from_shape_vec((4, 3), values[20..].to_vec()).unwrap();
            let fast = product(left.view(), right.view());
            for ((i, j), x) in fast.indexed_iter() {
                let slow: f32 = (0..4).map(|k| left[[i, k]] * right[[k, j]]).sum();
                prop_assert!((x - slow).abs() < 1e-4);
            }
        }
    }
}
