//! Products of matrices of prints.

use faer::linalg::matmul::matmul;
use faer::mat::{MatMut, MatRef};
use faer::{Accum, Par};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Rows of the left matrix that one thread multiplies at a time.
const ROWS: usize = 256;

/// `left[m, dim]` times the transpose of `right[n, dim]`: dot products `[m, n]`.
pub(crate) fn product(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Array2<f32> {
    let (left, right) = (left.as_standard_layout(), right.as_standard_layout());
    let (dim, columns) = (left.ncols(), right.nrows());
    let mut out = Array2::<f32>::zeros((left.nrows(), columns));
    if let (Some(left), Some(right), Some(out)) = (left.as_slice(), right.as_slice(), out.as_slice_mut()) {
        out.par_chunks_mut((ROWS * columns).max(1))
            .zip(left.par_chunks((ROWS * dim).max(1)))
            .for_each(|(out, left)| product_into(out, left, right, dim));
    }
    out
}

/// The same on one thread over row-major slices: `left[m·dim]`, `right[n·dim]`, `out[m·n]`.
pub(crate) fn product_into(out: &mut [f32], left: &[f32], right: &[f32], dim: usize) {
    let (m, n) = (left.len() / dim, right.len() / dim);
    let left = MatRef::from_row_major_slice(left, m, dim);
    let right = MatRef::from_row_major_slice(right, n, dim);
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    matmul(out, Accum::Replace, left, right.transpose(), 1.0, Par::Seq);
}
