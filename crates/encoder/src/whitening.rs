//! Within-class covariance normalisation, WCCN (Hatch, Kajarekar, Stolcke, 2006): directions in which one person's
//! epochs vary are shrunk, so that cosine compares what is stable. It is the closed form of "pull the same person
//! together", and keeps all directions, unlike linear discriminant analysis.

use ndarray::{Array2, ArrayView2, Axis};

use crate::EncoderError;
use crate::data::dense;
use crate::linalg;

/// The shrinkage that was measured to work: a covariance of 0.7·Sw + 0.3·(tr Sw / d)·I.
pub const SHRINKAGE: f64 = 0.3;

/// Rows that are made double precision at a time: bounds memory.
const CHUNK: usize = 256;

/// A fitted whitening: multiplies by `Sw^(−1/2)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Whitening {
    matrix: Array2<f32>,
}

impl Whitening {
    /// Fits to `features` `[rows, d]` of the training subjects: with Sw the within-subject covariance pooled over
    /// all rows, the whitening is `((1 − shrinkage)·Sw + shrinkage·(tr Sw / d)·I)^(−1/2)`, symmetric.
    ///
    /// # Errors
    /// When labels and rows differ in number, `shrinkage` is outside 0 to 1, or the covariance is singular.
    pub fn fit<A: Copy + Into<f64>>(
        features: ArrayView2<A>,
        subject: &[u32],
        shrinkage: f64,
    ) -> Result<Self, EncoderError> {
        Self::fit_in_chunks(features.ncols(), subject, shrinkage, |each| {
            features.axis_chunks_iter(Axis(0), CHUNK).for_each(|rows| each(rows.mapv(Into::into).view()));
        })
    }

    /// The same for features that `chunks` hands over part by part, `[rows, d]` each, and again each time it is called.
    pub(crate) fn fit_in_chunks(
        d: usize,
        subject: &[u32],
        shrinkage: f64,
        chunks: impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
    ) -> Result<Self, EncoderError> {
        let covariance = covariance_in_chunks(d, subject, shrinkage, chunks)?;
        let matrix = linalg::inverse_square_root("the whitening", &covariance)?;
        Ok(Self { matrix: matrix.mapv(|x| x as f32) })
    }

    /// Puts one together from its `[d, d]` matrix.
    pub(crate) fn from_matrix(matrix: Array2<f32>) -> Self {
        Self { matrix }
    }

    /// `features · W`, `[rows, d]`; rows are not normalised.
    ///
    /// # Errors
    /// When the features are not of the number it was fitted to.
    pub fn apply(&self, features: ArrayView2<f32>) -> Result<Array2<f32>, EncoderError> {
        if features.ncols() != self.matrix.nrows() {
            return Err(EncoderError::data(format!(
                "{} features for a whitening fitted to {}",
                features.ncols(),
                self.matrix.nrows()
            )));
        }
        Ok(linalg::product(features, self.matrix.view()))
    }

    /// The symmetric `[d, d]` matrix W.
    pub fn matrix(&self) -> &Array2<f32> {
        &self.matrix
    }
}

/// The shrunk pooled within-subject covariance of `features` `[rows, d]`.
pub(crate) fn within_covariance(
    features: &Array2<f64>,
    subject: &[u32],
    shrinkage: f64,
) -> Result<Array2<f64>, EncoderError> {
    covariance_in_chunks(features.ncols(), subject, shrinkage, |each| {
        features.axis_chunks_iter(Axis(0), CHUNK).for_each(&mut *each);
    })
}

fn covariance_in_chunks(
    d: usize,
    subject: &[u32],
    shrinkage: f64,
    chunks: impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Result<Array2<f64>, EncoderError> {
    if !(0.0..=1.0).contains(&shrinkage) {
        return Err(EncoderError::plan(
            "shrinkage",
            shrinkage,
            "it must lie in 0 to 1",
            "0.3 is the default",
        ));
    }
    let (class, classes) = dense(subject);
    let mut n = 0;
    let mut means = Array2::<f64>::zeros((classes, d));
    let mut counts = vec![0.0; classes];
    chunks(&mut |rows| {
        for (row, &c) in rows.outer_iter().zip(class.iter().skip(n)) {
            means.row_mut(c).scaled_add(1.0, &row);
            counts[c] += 1.0;
        }
        n += rows.nrows();
    });
    if n == 0 || d == 0 || subject.len() != n {
        return Err(EncoderError::data(format!(
            "{n} rows of {d} features come with {} subjects",
            subject.len()
        )));
    }
    for (mut mean, &count) in means.outer_iter_mut().zip(&counts) {
        mean.mapv_inplace(|x| x / count);
    }
    let mut covariance = Array2::<f64>::zeros((d, d));
    let mut done = 0;
    chunks(&mut |rows| {
        let mut centred = rows.to_owned();
        for (mut row, &c) in centred.outer_iter_mut().zip(class.iter().skip(done)) {
            row -= &means.row(c);
        }
        done += rows.nrows();
        covariance += &linalg::gram(centred.view());
    });
    covariance /= n as f64;
    shrink(&mut covariance, shrinkage);
    Ok(covariance)
}

/// `(1 − shrinkage)·C + shrinkage·(tr C / d)·I`, in place.
pub(crate) fn shrink(covariance: &mut Array2<f64>, shrinkage: f64) {
    let spread = shrinkage * covariance.diag().mean().unwrap_or(0.0);
    covariance.mapv_inplace(|x| (1.0 - shrinkage) * x);
    covariance.diag_mut().mapv_inplace(|x| x + spread);
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::seed::stream;

    #[test]
    fn whitened_features_vary_alike_in_all_directions_within_subjects() {
        let mut rng = stream(1, "test");
        let features =
            Array2::from_shape_fn((400, 5), |(_, j)| rng.random_range(-1.0f64..1.0) * (j + 1) as f64);
        let subject: Vec<u32> = (0..400).map(|i| i % 4).collect();
        let whitening = Whitening::fit(features.view(), &subject, 0.0).unwrap();
        let white = whitening.apply(features.mapv(|x| x as f32).view()).unwrap().mapv(f64::from);
        let covariance = within_covariance(&white, &subject, 0.0).unwrap();
        for ((i, j), x) in covariance.indexed_iter() {
            assert!((x - f64::from(u8::from(i == j))).abs() < 1e-5, "{i} {j} {x}");
        }
    }

    #[test]
    fn a_singular_covariance_is_an_error_that_names_the_way_out() {
        let features = Array2::from_shape_fn((6, 4), |(i, j)| (i * j) as f64);
        let error = Whitening::fit(features.view(), &[0, 0, 0, 1, 1, 1], 0.0).unwrap_err();
        assert!(error.to_string().contains("shrinkage above 0"), "{error}");
    }
}
