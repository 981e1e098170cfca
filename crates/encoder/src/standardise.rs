//! Standardisation: every feature to mean 0 and deviation 1 over the epochs it was fitted on.

use ndarray::{Array1, Array2, ArrayView2};

use crate::EncoderError;

/// The mean and the deviation of each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardise {
    mean: Array1<f32>,
    deviation: Array1<f32>,
}

impl Standardise {
    /// Fits means and deviations to `features` `[rows, features]`; a constant feature gets deviation 1.
    ///
    /// # Errors
    /// When there is no row.
    pub fn fit(features: ArrayView2<f32>) -> Result<Self, EncoderError> {
        Self::fit_in_chunks(features.ncols(), |each| each(features))
    }

    /// The same for features that `chunks` hands over part by part, `[rows, width]` each, and again each time it is called.
    pub(crate) fn fit_in_chunks(
        width: usize,
        chunks: impl Fn(&mut dyn FnMut(ArrayView2<f32>)),
    ) -> Result<Self, EncoderError> {
        let (mut n, mut mean) = (0.0, Array1::<f64>::zeros(width));
        chunks(&mut |rows| {
            n += rows.nrows() as f64;
            for row in rows.outer_iter() {
                mean.zip_mut_with(&row, |sum, &x| *sum += f64::from(x));
            }
        });
        if n == 0.0 || width == 0 {
            return Err(EncoderError::data("there is no feature to standardise"));
        }
        mean /= n;
        let mut square = Array1::<f64>::zeros(width);
        chunks(&mut |rows| {
            for row in rows.outer_iter() {
                let pairs = row.iter().zip(&mean);
                square.iter_mut().zip(pairs).for_each(|(sum, (&x, m))| *sum += (f64::from(x) - m).powi(2));
            }
        });
        let deviation = square.mapv(|sum| (sum / n).sqrt());
        let usable = |d: f64| if d > 1e-8 { d as f32 } else { 1.0 };
        Ok(Self { mean: mean.mapv(|m| m as f32), deviation: deviation.mapv(usable) })
    }

    /// One that changes nothing.
    pub(crate) fn identity(width: usize) -> Self {
        Self { mean: Array1::zeros(width), deviation: Array1::ones(width) }
    }

    /// Puts one together from its `mean` and `deviation`.
    ///
    /// # Errors
    /// When they differ in length or a deviation is not above 0.
    pub fn from_parts(mean: Vec<f32>, deviation: Vec<f32>) -> Result<Self, EncoderError> {
        if mean.len() != deviation.len() || deviation.iter().any(|d| !d.is_finite() || *d <= 0.0) {
            return Err(EncoderError::data(
                "means and deviations differ in number, or a deviation is not above 0",
            ));
        }
        Ok(Self { mean: mean.into(), deviation: deviation.into() })
    }

    /// `(features − mean) / deviation`, in place; `features` is `[rows, features]`.
    pub fn apply(&self, features: &mut Array2<f32>) {
        for mut row in features.outer_iter_mut() {
            ndarray::Zip::from(&mut row)
                .and(&self.mean)
                .and(&self.deviation)
                .for_each(|x, m, d| *x = (*x - m) / d);
        }
    }

    /// The mean of each feature.
    pub fn mean(&self) -> &Array1<f32> {
        &self.mean
    }

    /// The deviation of each feature.
    pub fn deviation(&self) -> &Array1<f32> {
        &self.deviation
    }
}
