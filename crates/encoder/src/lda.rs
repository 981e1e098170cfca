//! Linear discriminant analysis (Fisher, 1936; Rao, 1948): the directions in which people differ most for how much
//! each varies. At most subjects − 1 of them exist, which throws away much of what tells new people apart.
//!
//! References: `Fisher1936`, `Rao1948`.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::EncoderError;
use crate::data::dense;
use crate::linalg;
use crate::whitening::within_covariance;

/// A fitted linear discriminant analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Lda {
    mean: Array1<f32>,
    matrix: Array2<f32>,
}

impl Lda {
    /// Fits to `features` `[rows, d]`: whitens by the shrunk within-subject covariance, then keeps the eigenvectors
    /// of the covariance of the subjects' means with eigenvalues above 0, the largest first.
    ///
    /// # Errors
    /// When there are fewer than two subjects, labels and rows differ in number, or a covariance is singular.
    pub fn fit(features: ArrayView2<f32>, subject: &[u32], shrinkage: f64) -> Result<Self, EncoderError> {
        let features = features.mapv(f64::from);
        let within = within_covariance(&features, subject, shrinkage)?;
        let white = linalg::inverse_square_root("the discriminant analysis", &within)?;
        let (class, classes) = dense(subject);
        if classes < 2 {
            return Err(EncoderError::data("a discriminant analysis needs 2 subjects or more"));
        }
        let (means, _) = linalg::class_means(features.view(), &class, classes);
        let mean = means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(features.ncols()));
        let between = linalg::gram((means - &mean).dot(&white).view()) / classes as f64;
        let (values, vectors) = linalg::symmetric_eigen("the discriminant analysis", &between)?;
        let d = values.len();
        let largest = values.last().copied().unwrap_or(0.0);
        let kept = values.iter().filter(|&&v| v > largest * 1e-9).count().min(classes - 1).max(1);
        let directions = vectors.slice(s![.., d - kept..;1]).to_owned();
        let directions = directions.slice(s![.., ..;-1]).to_owned();
        let matrix = white.dot(&directions).mapv(|x| x as f32);
        Ok(Self { mean: mean.mapv(|x| x as f32), matrix })
    }

    pub(crate) fn from_parts(mean: Array1<f32>, matrix: Array2<f32>) -> Self {
        Self { mean, matrix }
    }

    /// The discriminant scores of `features` `[rows, d]`: `[rows, directions]`.
    pub fn apply(&self, features: ArrayView2<f32>) -> Array2<f32> {
        let centred = &features - &self.mean;
        linalg::product(centred.view(), self.matrix.view())
    }

    /// The mean of the subjects' means: `[d]`.
    pub fn mean(&self) -> &Array1<f32> {
        &self.mean
    }

    /// `[d, directions]`.
    pub fn matrix(&self) -> &Array2<f32> {
        &self.matrix
    }
}
