//! Standardisation: every feature to mean 0 and deviation 1 over the rows it was fitted on.

use ndarray::{Array1, Array2, ArrayView2, Zip};

use crate::ClosedError;
use crate::covariance::Weights;

/// Deviations not above this are taken for rounding: such a feature is constant, and stays unscaled.
const CONSTANT: f64 = 1e-8;

/// The mean and the deviation of each feature, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    mean: Array1<f64>,
    deviation: Array1<f64>,
}

impl Moments {
    /// Of `features` `[rows, features]`; a constant feature gets deviation 1.
    ///
    /// # Errors
    /// When there is no row or no feature.
    pub fn of(features: ArrayView2<f32>) -> Result<Self, ClosedError> {
        Self::in_chunks(features.ncols(), Weights(&[]), |each| each(features))
    }

    /// Of features that `chunks` hands over part by part, `[rows, width]` each, and again each time it is called; each row
    /// counts as much as its weight says.
    fn in_chunks(
        width: usize,
        weight: Weights,
        chunks: impl Fn(&mut dyn FnMut(ArrayView2<f32>)),
    ) -> Result<Self, ClosedError> {
        let (mut rows, mut mean) = (0, Array1::<f64>::zeros(width));
        chunks(&mut |part| {
            for (place, row) in (rows..).zip(part.outer_iter()) {
                let counts = weight.of(place);
                mean.zip_mut_with(&row, |sum, &x| *sum += counts * f64::from(x));
            }
            rows += part.nrows();
        });
        if rows == 0 || width == 0 {
            return Err(ClosedError::Rows { rows, columns: width, labels: rows });
        }
        weight.check(rows)?;
        let n = weight.total(rows);
        mean /= n;
        let mut square = Array1::<f64>::zeros(width);
        let mut done = 0;
        chunks(&mut |part| {
            for (place, row) in (done..).zip(part.outer_iter()) {
                let (counts, pairs) = (weight.of(place), row.iter().zip(&mean));
                let add =
                    |(sum, (&x, m)): (&mut f64, (&f32, &f64))| *sum += counts * (f64::from(x) - m).powi(2);
                square.iter_mut().zip(pairs).for_each(add);
            }
            done += part.nrows();
        });
        let deviation = square.mapv(|sum| (sum / n).sqrt()).mapv(|d| if d > CONSTANT { d } else { 1.0 });
        Ok(Self { mean, deviation })
    }

    /// `(features − mean) / deviation` in double precision, then rounded: `[rows, features]`.
    pub fn standardise(&self, features: ArrayView2<f32>) -> Array2<f32> {
        ((features.mapv(f64::from) - &self.mean) / &self.deviation).mapv(|value| value as f32)
    }
}

/// The mean and the deviation of each feature in single precision, as they are saved with a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardise {
    mean: Array1<f32>,
    deviation: Array1<f32>,
}

impl Standardise {
    /// Fits means and deviations to `features` `[rows, features]`; a constant feature gets deviation 1.
    ///
    /// # Errors
    /// When there is no row or no feature.
    pub fn fit(features: ArrayView2<f32>) -> Result<Self, ClosedError> {
        Self::fit_in_chunks(features.ncols(), &[], |each| each(features))
    }

    /// [`Standardise::fit`] to features that `chunks` hands over part by part, `[rows, width]` each, and again each time it is
    /// called; each row counts as much as its `weight` says, all alike where there is none.
    ///
    /// # Errors
    /// As [`Standardise::fit`]; and when a weight is not above 0 or there is not one a row.
    pub fn fit_in_chunks(
        width: usize,
        weight: &[f32],
        chunks: impl Fn(&mut dyn FnMut(ArrayView2<f32>)),
    ) -> Result<Self, ClosedError> {
        let Moments { mean, deviation } = Moments::in_chunks(width, Weights(weight), chunks)?;
        Ok(Self { mean: mean.mapv(|m| m as f32), deviation: deviation.mapv(|d| d as f32) })
    }

    /// One of `width` features that changes nothing.
    pub fn identity(width: usize) -> Self {
        Self { mean: Array1::zeros(width), deviation: Array1::ones(width) }
    }

    /// Puts one together from its `mean` and `deviation`.
    ///
    /// # Errors
    /// When they differ in length or a deviation is not above 0.
    pub fn from_parts(mean: Vec<f32>, deviation: Vec<f32>) -> Result<Self, ClosedError> {
        if mean.len() != deviation.len() || deviation.iter().any(|d| !d.is_finite() || *d <= 0.0) {
            return Err(ClosedError::Moments(mean.len(), deviation.len()));
        }
        Ok(Self { mean: mean.into(), deviation: deviation.into() })
    }

    /// `(features − mean) / deviation`, in place; `features` is `[rows, features]`.
    pub fn apply(&self, features: &mut Array2<f32>) {
        for mut row in features.outer_iter_mut() {
            Zip::from(&mut row).and(&self.mean).and(&self.deviation).for_each(|x, m, d| *x = (*x - m) / d);
        }
    }

    /// The mean of each feature: `[features]`.
    pub fn mean(&self) -> &Array1<f32> {
        &self.mean
    }

    /// The deviation of each feature, above 0: `[features]`.
    pub fn deviation(&self) -> &Array1<f32> {
        &self.deviation
    }
}
