//! Linear discriminant analysis (Fisher, 1936; Rao, 1948): the directions in which people differ most for how much
//! each varies. At most subjects − 1 of them exist, which throws away much of what tells new people apart.
//!
//! References: `Fisher1936`, `Rao1948`.

use ndarray::{Array1, Array2, ArrayView2, s};

use crate::ClosedError;
use crate::covariance::BetweenSubjects;
use crate::labels::Labels;
use crate::matrix::{product, symmetric_eigen};

/// A fitted linear discriminant analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Lda {
    /// The mean of the subjects' means: `[d]`.
    pub mean: Array1<f32>,
    /// Into the discriminant directions: `[d, directions]`.
    pub matrix: Array2<f32>,
}

impl Lda {
    /// Fits to `features` `[rows, d]`: whitens by the shrunk within-subject covariance, then keeps the eigenvectors
    /// of the covariance of the subjects' means with eigenvalues above 0, the largest first.
    ///
    /// # Errors
    /// When there are fewer than two subjects, labels and rows differ in number, or a covariance is singular.
    pub fn fit(features: ArrayView2<f32>, subject: &[u32], shrinkage: f64) -> Result<Self, ClosedError> {
        Self::fit_to(features, Labels { subject, recording: &[], weight: &[] }, shrinkage)
    }

    /// [`Lda::fit`] to rows that count differently, where `labels` says so.
    ///
    /// # Errors
    /// As [`Lda::fit`]; and when a weight is not above 0 or there is not one a row.
    pub fn fit_to(features: ArrayView2<f32>, labels: Labels, shrinkage: f64) -> Result<Self, ClosedError> {
        let what = "the discriminant analysis";
        let BetweenSubjects { white, mean, scatter, counts } =
            BetweenSubjects::of(what, features, labels, shrinkage)?;
        let classes = counts.len();
        let (values, vectors) = symmetric_eigen(what, &(scatter / classes as f64))?;
        let d = values.len();
        let largest = values.last().copied().unwrap_or(0.0);
        let kept = values.iter().filter(|&&v| v > largest * 1e-9).count().min(classes - 1).max(1);
        let directions = vectors.slice(s![.., d - kept..;1]).to_owned();
        let directions = directions.slice(s![.., ..;-1]).to_owned();
        let matrix = white.dot(&directions).mapv(|x| x as f32);
        Ok(Self { mean: mean.mapv(|x| x as f32), matrix })
    }

    /// The discriminant scores of `features` `[rows, d]`: `[rows, directions]`.
    pub fn apply(&self, features: ArrayView2<f32>) -> Array2<f32> {
        let centred = &features - &self.mean;
        product(centred.view(), self.matrix.view())
    }
}
