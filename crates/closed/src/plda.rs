//! Two-covariance probabilistic linear discriminant analysis (Ioffe, 2006; Brümmer, de Villiers, 2010): a print is a
//! person plus what varies, both Gaussian. In the basis where the second has unit covariance and the first is
//! diagonal with variances ψ, every direction is weighed by how much it tells of the person.
//!
//! References: `Ioffe2006`, `Brummer2010`.

use ndarray::{Array1, Array2, ArrayView2};

use crate::ClosedError;
use crate::covariance::{BetweenSubjects, shrink};
use crate::labels::Labels;
use crate::matrix::{product, symmetric_eigen};

/// A fitted two-covariance model.
#[derive(Debug, Clone, PartialEq)]
pub struct Plda {
    /// The mean of the subjects' means: `[d]`.
    pub mean: Array1<f32>,
    /// Into the basis of unit within-subject covariance: `[d, d]`.
    pub matrix: Array2<f32>,
    /// Between-subject variance along each direction of that basis, 0 or above: `[d]`.
    pub between: Array1<f32>,
}

impl Plda {
    /// Fits to `features` `[rows, d]` by moments: within-subject covariance pooled over rows, between-subject
    /// covariance that of the subjects' means less what their finite numbers of rows put there; both are shrunk toward a
    /// multiple of the identity, since people are few.
    ///
    /// # Errors
    /// When there are fewer than two subjects, labels and rows differ in number, or a covariance is singular.
    pub fn fit(features: ArrayView2<f32>, subject: &[u32], shrinkage: f64) -> Result<Self, ClosedError> {
        Self::fit_to(features, Labels { subject, recording: &[], weight: &[] }, shrinkage)
    }

    /// [`Plda::fit`] to rows that count differently, where `labels` says so.
    ///
    /// # Errors
    /// As [`Plda::fit`]; and when a weight is not above 0 or there is not one a row.
    pub fn fit_to(features: ArrayView2<f32>, labels: Labels, shrinkage: f64) -> Result<Self, ClosedError> {
        let what = "the PLDA";
        let BetweenSubjects { white, mean, scatter, counts } =
            BetweenSubjects::of(what, features, labels, shrinkage)?;
        let classes = counts.len();
        let mut between = scatter / (classes - 1) as f64;
        let noise = counts.iter().map(|n| 1.0 / n).sum::<f64>() / classes as f64;
        between.diag_mut().mapv_inplace(|x| x - noise);
        shrink(&mut between, shrinkage);
        let (values, vectors) = symmetric_eigen(what, &between)?;
        Ok(Self {
            mean: mean.mapv(|x| x as f32),
            matrix: white.dot(&vectors).mapv(|x| x as f32),
            between: values.mapv(|v| v.max(0.0) as f32),
        })
    }

    /// `features` `[rows, d]` in the model's basis, each direction times √(ψ/(2ψ + 1)): the inner product of two such
    /// rows is the part of the log-likelihood ratio in which both prints take part.
    pub fn apply(&self, features: ArrayView2<f32>) -> Array2<f32> {
        let weight = self.between.mapv(|v| (v / (2.0 * v + 1.0)).sqrt());
        let centred = &features - &self.mean;
        product(centred.view(), self.matrix.view()) * &weight
    }
}
