//! Logarithms of covariances, many of one size, in memory that is used again.

use std::ops::Range;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use crate::ClosedError;

/// Observations of a few variables, and the matrix logarithms of their covariances.
pub struct CovarianceLogarithm {
    observations: Mat<f64>,
    matrix: Mat<f64>,
    vectors: Mat<f64>,
    values: Diag<f64>,
    scaled: Mat<f64>,
    memory: MemBuffer,
}

impl CovarianceLogarithm {
    /// Memory for `observations` of `variables`, all 0.
    pub fn new(observations: usize, variables: usize) -> Self {
        let n = variables;
        let scratch =
            self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
        Self {
            observations: Mat::zeros(observations, n),
            matrix: Mat::zeros(n, n),
            vectors: Mat::zeros(n, n),
            values: Diag::zeros(n),
            scaled: Mat::zeros(n, n),
            memory: MemBuffer::new(scratch),
        }
    }

    /// The observations of one variable, to be written.
    pub fn variable_mut(&mut self, variable: usize) -> &mut [f64] {
        self.observations.col_as_slice_mut(variable)
    }

    /// Computes the covariance about 0: over each range of observations the sum of products, and of these sums the mean.
    pub fn covary(&mut self, ranges: impl ExactSizeIterator<Item = Range<usize>>) {
        let share = 1.0 / ranges.len() as f64;
        for (at, range) in ranges.enumerate() {
            let inside = self.observations.subrows(range.start, range.len());
            let sum = if at == 0 { Accum::Replace } else { Accum::Add };
            matmul(self.matrix.as_mut(), sum, inside.transpose(), inside, share, Par::Seq);
        }
    }

    /// Replaces the covariance C by the logarithm of `(1 − shrinkage)·C + shrinkage·m·I`, where m is the mean of C's diagonal, at
    /// least `floor`.
    ///
    /// # Errors
    /// When the eigendecomposition does not converge.
    pub fn shrunk_logarithm(&mut self, shrinkage: f64, floor: f64) -> Result<(), ClosedError> {
        let Self { matrix, vectors, values, scaled, memory, .. } = self;
        let n = matrix.nrows();
        let trace: f64 = (0..n).map(|c| matrix[(c, c)]).sum();
        let mean = (trace / n as f64).max(floor);
        for column in 0..n {
            for row in 0..n {
                matrix[(row, column)] *= 1.0 - shrinkage;
            }
            matrix[(column, column)] += shrinkage * mean;
        }
        self_adjoint_evd(
            matrix.as_ref(),
            values.as_mut(),
            Some(vectors.as_mut()),
            Par::Seq,
            MemStack::new(memory),
            Default::default(),
        )
        .map_err(|_| ClosedError::NotConverged("the logarithm of a covariance"))?;
        // The shrinkage bounds eigenvalues from below in exact arithmetic; the floor keeps rounding from undoing it.
        for k in 0..n {
            let log = values.column_vector()[k].max(floor * shrinkage).ln();
            for c in 0..n {
                scaled[(c, k)] = vectors[(c, k)] * log;
            }
        }
        matmul(matrix.as_mut(), Accum::Replace, scaled.as_ref(), vectors.transpose(), 1.0, Par::Seq);
        Ok(())
    }

    /// The upper triangle of the matrix, row by row, entries off the diagonal times √2: as a vector of the same norm.
    pub fn upper_triangle(&self) -> impl Iterator<Item = f64> {
        let n = self.matrix.nrows();
        (0..n).flat_map(move |row| (row..n).map(move |column| (row, column))).map(|(row, column)| {
            let scale = if row == column { 1.0 } else { std::f64::consts::SQRT_2 };
            self.matrix[(row, column)] * scale
        })
    }
}
