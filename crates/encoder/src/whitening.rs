//! Within-class covariance normalisation, WCCN (Hatch, Kajarekar, Stolcke, 2006): directions in which one person's
//! epochs vary are shrunk, so that cosine compares what is stable. It is the closed form of "pull the same person
//! together", and keeps all directions, unlike linear discriminant analysis.
//!
//! References: `Hatch2006`.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, ArrayView2, Axis};

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
        Self::fit_across(features.ncols(), subject, &[], (shrinkage, 0.0), |each| {
            features.axis_chunks_iter(Axis(0), CHUNK).for_each(|rows| each(rows.mapv(Into::into).view()));
        })
    }

    /// The same for features that `chunks` hands over part by part, `[rows, d]` each, and again each time it is called, with
    /// `across` times the covariance of what differs between a person's recordings added to Sw before it is shrunk: the
    /// mean over people of the covariance of the means of her recordings.
    ///
    /// # Errors
    /// As [`Whitening::fit`].
    pub(crate) fn fit_across(
        d: usize,
        subject: &[u32],
        recording: &[u32],
        (shrinkage, across): (f64, f64),
        chunks: impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
    ) -> Result<Self, EncoderError> {
        check_shrinkage(shrinkage)?;
        let mut covariance = covariance_in_chunks(d, subject, &chunks)?;
        if across > 0.0 {
            covariance.scaled_add(across, &between_recordings(d, subject, recording, &chunks));
        }
        shrink(&mut covariance, shrinkage);
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

/// How far subjects lie apart in the space where they vary alike: what a discriminant analysis and a PLDA start from.
pub(crate) struct SubjectMeans {
    /// `[d, d]`: into the basis of unit within-subject covariance.
    pub white: Array2<f64>,
    /// The mean of the subjects' means, `[d]`.
    pub mean: Array1<f64>,
    /// The scatter of the subjects' means around it, in that basis, `[d, d]`.
    pub scatter: Array2<f64>,
    /// Rows of each subject.
    pub counts: Vec<f64>,
}

impl SubjectMeans {
    /// Of `features` `[rows, d]`; `what` names the model in errors.
    ///
    /// # Errors
    /// When there are fewer than two subjects, labels and rows differ in number, or the covariance is singular.
    pub fn of(
        what: &'static str,
        features: ArrayView2<f32>,
        subject: &[u32],
        shrinkage: f64,
    ) -> Result<Self, EncoderError> {
        let features = features.mapv(f64::from);
        let within = within_covariance(&features, subject, shrinkage)?;
        let white = linalg::inverse_square_root(what, &within)?;
        let (class, classes) = dense(subject);
        if classes < 2 {
            return Err(EncoderError::data(format!("{what} needs 2 subjects or more")));
        }
        let (means, counts) = linalg::class_means(features.view(), &class, classes);
        let mean = means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(features.ncols()));
        let scatter = linalg::gram((means - &mean).dot(&white).view());
        Ok(Self { white, mean, scatter, counts })
    }
}

/// The shrunk pooled within-subject covariance of `features` `[rows, d]`.
pub(crate) fn within_covariance(
    features: &Array2<f64>,
    subject: &[u32],
    shrinkage: f64,
) -> Result<Array2<f64>, EncoderError> {
    check_shrinkage(shrinkage)?;
    let chunks = |each: &mut dyn FnMut(ArrayView2<f64>)| {
        features.axis_chunks_iter(Axis(0), CHUNK).for_each(&mut *each);
    };
    let mut covariance = covariance_in_chunks(features.ncols(), subject, &chunks)?;
    shrink(&mut covariance, shrinkage);
    Ok(covariance)
}

fn check_shrinkage(shrinkage: f64) -> Result<(), EncoderError> {
    if (0.0..=1.0).contains(&shrinkage) {
        return Ok(());
    }
    Err(EncoderError::plan("shrinkage", shrinkage, "it must lie in 0 to 1", "0.3 is the default"))
}

/// The means of the classes and how many rows each has.
fn means_in_chunks(
    d: usize,
    class: &[usize],
    classes: usize,
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> (Array2<f64>, usize) {
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
    for (mut mean, &count) in means.outer_iter_mut().zip(&counts) {
        mean.mapv_inplace(|x| x / count);
    }
    (means, n)
}

fn covariance_in_chunks(
    d: usize,
    subject: &[u32],
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Result<Array2<f64>, EncoderError> {
    let (class, classes) = dense(subject);
    let (means, n) = means_in_chunks(d, &class, classes, chunks);
    if n == 0 || d == 0 || subject.len() != n {
        return Err(EncoderError::data(format!(
            "{n} rows of {d} features come with {} subjects",
            subject.len()
        )));
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
    Ok(covariance / n as f64)
}

/// The covariance of the means of one person's recordings about their mean (divisor recordings − 1), mean over the
/// people with several; zero where there are none.
fn between_recordings(
    d: usize,
    subject: &[u32],
    recording: &[u32],
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Array2<f64> {
    let (class, classes) = dense(recording);
    let (means, _) = means_in_chunks(d, &class, classes, chunks);
    let mut of_subject: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
    for (&s, &c) in subject.iter().zip(&class) {
        of_subject.entry(s).or_default().insert(c);
    }
    let several: Vec<&BTreeSet<usize>> = of_subject.values().filter(|own| own.len() > 1).collect();
    let mut covariance = Array2::zeros((d, d));
    for own in &several {
        let own: Vec<usize> = own.iter().copied().collect();
        let mut rows = means.select(Axis(0), &own);
        let centre = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
        rows -= &centre;
        covariance.scaled_add(1.0 / (several.len() * (own.len() - 1)) as f64, &linalg::gram(rows.view()));
    }
    covariance
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
    fn what_moves_between_recordings_is_shrunk_by_its_weight() {
        let mut rng = stream(2, "test");
        // Four people, two recordings each, which differ in the first feature alone, by 2.
        let rows = 800;
        let recording: Vec<u32> = (0..rows as u32).map(|i| i % 8).collect();
        let subject: Vec<u32> = recording.iter().map(|r| r / 2).collect();
        let features = Array2::from_shape_fn((rows, 3), |(i, j)| {
            let moved = if j == 0 && recording[i] % 2 == 1 { 2.0 } else { 0.0 };
            moved + rng.random_range(-1.0f64..1.0)
        });
        let whole = |each: &mut dyn FnMut(ArrayView2<f64>)| each(features.view());
        let between = between_recordings(3, &subject, &recording, &whole);
        assert!((between[[0, 0]] - 2.0).abs() < 0.3 && between[[1, 1]] < 0.05, "{between}");
        let fit =
            |weight| Whitening::fit_across(3, &subject, &recording, (0.1, weight), whole).unwrap().matrix;
        let plain = Whitening::fit(features.view(), &subject, 0.1).unwrap().matrix;
        assert!(fit(0.0).iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-6));
        let (none, thrice) = (fit(0.0), fit(3.0));
        assert!(thrice[[0, 0]] < 0.6 * none[[0, 0]] && thrice[[1, 1]] > 0.7 * none[[1, 1]]);
    }

    #[test]
    fn without_a_second_recording_nothing_is_added() {
        let features = Array2::from_shape_fn((6, 2), |(i, j)| (i * (j + 1)) as f64);
        let whole = |each: &mut dyn FnMut(ArrayView2<f64>)| each(features.view());
        let between = between_recordings(2, &[0, 0, 0, 1, 1, 1], &[0, 0, 0, 1, 1, 1], &whole);
        assert!(between.iter().all(|&x| x == 0.0));
    }

    #[test]
    fn a_singular_covariance_is_an_error_that_names_the_way_out() {
        let features = Array2::from_shape_fn((6, 4), |(i, j)| (i * j) as f64);
        let error = Whitening::fit(features.view(), &[0, 0, 0, 1, 1, 1], 0.0).unwrap_err();
        assert!(error.to_string().contains("shrinkage above 0"), "{error}");
    }
}
