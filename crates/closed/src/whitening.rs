//! Within-class covariance normalisation, WCCN (Hatch, Kajarekar, Stolcke, 2006): directions in which one person's
//! epochs vary are shrunk, so that cosine compares what is stable. It is the closed form of "pull the same person
//! together", and keeps all directions, unlike linear discriminant analysis.
//!
//! References: `Hatch2006`.

use ndarray::{Array2, ArrayView2};

use crate::ClosedError;
use crate::covariance::{Weights, between_recordings, check_shrinkage, in_chunks, shrink, within_subjects};
use crate::labels::Labels;
use crate::matrix::{inverse_square_root, product};

/// The shrinkage that was measured to work: a covariance of 0.7·Sw + 0.3·(tr Sw / d)·I.
pub const SHRINKAGE: f64 = 0.3;

/// What becomes of the within-subject covariance Sw before it is inverted.
#[derive(Debug, Clone, Copy)]
pub struct Shrinkage {
    /// How often the covariance of what differs between a person's recordings is added to it, 0 or above: the mean over people
    /// of the covariance of the means of their recordings.
    pub across_recordings: f64,
    /// How far it is then moved toward a multiple of the identity, 0 to 1.
    pub toward_identity: f64,
}

/// A fitted whitening: multiplies by `Sw^(−1/2)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Whitening {
    /// Symmetric, `[d, d]`.
    pub matrix: Array2<f32>,
}

impl Whitening {
    /// Fits to `features` `[rows, d]` of the training subjects: with Sw the within-subject covariance pooled over
    /// all rows, the whitening is `((1 − shrinkage)·Sw + shrinkage·(tr Sw / d)·I)^(−1/2)`, symmetric.
    ///
    /// ```
    /// use ndarray::array;
    /// use twinprint_closed::Whitening;
    ///
    /// // Two people who vary four times as much along the first feature as along the second.
    /// let features = array![[4.0_f32, 1.0], [-4.0, -1.0], [4.0, 9.0], [-4.0, 11.0]];
    /// let whitening = Whitening::fit(features.view(), &[0, 0, 1, 1], 0.1)?;
    /// let white = whitening.apply(features.view())?;
    /// assert!((white[[0, 0]] - white[[1, 0]]).abs() < 2.5);
    /// # Ok::<(), twinprint_closed::ClosedError>(())
    /// ```
    ///
    /// # Errors
    /// When labels and rows differ in number, `shrinkage` is outside 0 to 1, or the covariance is singular.
    pub fn fit<A: Copy + Into<f64>>(
        features: ArrayView2<A>,
        subject: &[u32],
        shrinkage: f64,
    ) -> Result<Self, ClosedError> {
        Self::fit_to(features, Labels { subject, recording: &[], weight: &[] }, shrinkage)
    }

    /// [`Whitening::fit`] to rows that count differently, where `labels` says so; recordings are not told apart.
    ///
    /// # Errors
    /// As [`Whitening::fit`]; and when a weight is not above 0 or there is not one a row.
    pub fn fit_to<A: Copy + Into<f64>>(
        features: ArrayView2<A>,
        labels: Labels,
        shrinkage: f64,
    ) -> Result<Self, ClosedError> {
        let shrinkage = Shrinkage { across_recordings: 0.0, toward_identity: shrinkage };
        Self::fit_in_chunks(features.ncols(), labels, shrinkage, in_chunks(features))
    }

    /// [`Whitening::fit`] to features that `chunks` hands over part by part, `[rows, d]` each, and again each time it is called.
    ///
    /// # Errors
    /// As [`Whitening::fit`].
    pub fn fit_in_chunks(
        d: usize,
        labels: Labels,
        Shrinkage { across_recordings, toward_identity }: Shrinkage,
        chunks: impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
    ) -> Result<Self, ClosedError> {
        check_shrinkage(toward_identity)?;
        let mut covariance = within_subjects(d, labels.subject, Weights(labels.weight), &chunks)?;
        if across_recordings > 0.0 {
            covariance.scaled_add(across_recordings, &between_recordings(d, labels, &chunks));
        }
        shrink(&mut covariance, toward_identity);
        let matrix = inverse_square_root("the whitening", &covariance)?;
        Ok(Self { matrix: matrix.mapv(|x| x as f32) })
    }

    /// `features · W`, `[rows, d]`; rows are not normalised.
    ///
    /// # Errors
    /// When the features are not of the number it was fitted to.
    pub fn apply(&self, features: ArrayView2<f32>) -> Result<Array2<f32>, ClosedError> {
        if features.ncols() != self.matrix.nrows() {
            return Err(ClosedError::Columns(features.ncols(), self.matrix.nrows()));
        }
        Ok(product(features, self.matrix.view()))
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn whitened_features_vary_alike_in_all_directions_within_subjects() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let features =
            Array2::from_shape_fn((400, 5), |(_, j)| rng.random_range(-1.0f64..1.0) * (j + 1) as f64);
        let subject: Vec<u32> = (0..400).map(|i| i % 4).collect();
        let whitening = Whitening::fit(features.view(), &subject, 0.0).unwrap();
        let white = whitening.apply(features.mapv(|x| x as f32).view()).unwrap();
        let covariance = within_subjects(5, &subject, Weights(&[]), &in_chunks(white.view())).unwrap();
        for ((i, j), x) in covariance.indexed_iter() {
            assert!((x - f64::from(u8::from(i == j))).abs() < 1e-5, "{i} {j} {x}");
        }
    }

    #[test]
    fn what_moves_between_recordings_is_shrunk_by_its_weight() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        // Four people, two recordings each, which differ in the first feature alone, by 2.
        let rows = 800;
        let recording: Vec<u32> = (0..rows as u32).map(|i| i % 8).collect();
        let subject: Vec<u32> = recording.iter().map(|r| r / 2).collect();
        let features = Array2::from_shape_fn((rows, 3), |(i, j)| {
            let moved = if j == 0 && recording[i] % 2 == 1 { 2.0 } else { 0.0 };
            moved + rng.random_range(-1.0f64..1.0)
        });
        let whole = |each: &mut dyn FnMut(ArrayView2<f64>)| each(features.view());
        let labels = Labels { subject: &subject, recording: &recording, weight: &[] };
        let between = between_recordings(3, labels, &whole);
        assert!((between[[0, 0]] - 2.0).abs() < 0.3 && between[[1, 1]] < 0.05, "{between}");
        let fit = |across_recordings| {
            let shrinkage = Shrinkage { across_recordings, toward_identity: 0.1 };
            Whitening::fit_in_chunks(3, labels, shrinkage, whole).unwrap().matrix
        };
        let plain = Whitening::fit(features.view(), &subject, 0.1).unwrap().matrix;
        assert!(fit(0.0).iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-6));
        let (none, thrice) = (fit(0.0), fit(3.0));
        assert!(thrice[[0, 0]] < 0.6 * none[[0, 0]] && thrice[[1, 1]] > 0.7 * none[[1, 1]]);
    }

    #[test]
    fn without_a_second_recording_nothing_is_added() {
        let features = Array2::from_shape_fn((6, 2), |(i, j)| (i * (j + 1)) as f64);
        let people = [0, 0, 0, 1, 1, 1];
        let labels = Labels { subject: &people, recording: &people, weight: &[] };
        let between = between_recordings(2, labels, &in_chunks(features.view()));
        assert!(between.iter().all(|&x| x == 0.0));
    }

    #[test]
    fn a_row_of_weight_two_counts_as_two_rows_and_equal_weights_as_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let recording: Vec<u32> = (0..60u32).map(|i| i % 12).collect();
        let subject: Vec<u32> = recording.iter().map(|r| r / 2).collect();
        let features = Array2::from_shape_simple_fn((60, 4), || rng.random_range(-1.0f64..1.0));
        let fit = |rows: &[usize], weight: &[f32]| {
            let of = |all: &[u32]| rows.iter().map(|&row| all[row]).collect::<Vec<u32>>();
            let (subject, recording) = (of(&subject), of(&recording));
            let rows = features.select(ndarray::Axis(0), rows);
            let labels = Labels { subject: &subject, recording: &recording, weight };
            let shrinkage = Shrinkage { across_recordings: 0.0, toward_identity: 0.1 };
            Whitening::fit_in_chunks(4, labels, shrinkage, in_chunks(rows.view())).unwrap().matrix
        };
        let once: Vec<usize> = (0..60).collect();
        assert_eq!(fit(&once, &[]), fit(&once, &[1.0; 60]), "to the bit");
        let weight: Vec<f32> = subject.iter().map(|&who| if who < 3 { 2.0 } else { 1.0 }).collect();
        let twice: Vec<usize> = once.iter().flat_map(|&row| vec![row; weight[row] as usize]).collect();
        let (weighed, repeated) = (fit(&once, &weight), fit(&twice, &[]));
        assert!(weighed.iter().zip(&repeated).all(|(a, b)| (a - b).abs() < 1e-5));
        assert!(weighed.iter().zip(&fit(&once, &[])).any(|(a, b)| (a - b).abs() > 1e-3));
    }

    #[test]
    fn what_moves_between_recordings_is_that_of_people_with_several_each_by_their_weight() {
        // Two people with two recordings, which differ by 2 and by 4 along one feature, and one person with one recording.
        let features =
            ndarray::array![[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [4.0, 0.0], [9.0, 9.0], [7.0, 9.0]];
        let (subject, recording) = ([0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 4]);
        let between = |weight: &[f32]| {
            let labels = Labels { subject: &subject, recording: &recording, weight };
            between_recordings(2, labels, &in_chunks(features.view()))[[0, 0]]
        };
        assert_eq!(between(&[]), 5.0);
        assert_eq!(between(&[3.0, 3.0, 1.0, 1.0, 8.0, 8.0]), (3.0 * 2.0 + 8.0) / 4.0);
    }

    #[test]
    fn a_weight_that_is_none_is_refused() {
        let features = Array2::from_shape_fn((4, 2), |(i, j)| (i * i + j) as f64);
        for weight in [&[1.0][..], &[1.0, 1.0, 0.0, 1.0], &[1.0, f32::NAN, 1.0, 1.0]] {
            let labels = Labels { subject: &[0, 0, 1, 1], recording: &[], weight };
            let error = Whitening::fit_to(features.view(), labels, 0.1).unwrap_err();
            assert!(error.to_string().contains("weight"), "{error}");
        }
    }

    #[test]
    fn a_singular_covariance_is_an_error_that_names_the_way_out() {
        let features = Array2::from_shape_fn((6, 4), |(i, j)| (i * j) as f64);
        let error = Whitening::fit(features.view(), &[0, 0, 0, 1, 1, 1], 0.0).unwrap_err();
        assert!(error.to_string().contains("shrinkage above 0"), "{error}");
    }
}
