//! Covariances within subjects and between them, from rows that are handed over part by part.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::ClosedError;
use crate::matrix::{gram, inverse_square_root};

/// Numbers `labels` from 0 by increasing value; also returns how many there are.
pub fn numbered(labels: &[u32]) -> (Vec<usize>, usize) {
    let values: BTreeSet<u32> = labels.iter().copied().collect();
    let index: BTreeMap<u32, usize> = values.into_iter().enumerate().map(|(i, v)| (v, i)).collect();
    (labels.iter().map(|label| index[label]).collect(), index.len())
}

/// The means of the rows of each class.
struct ClassMeans {
    /// `[classes, columns]`.
    means: Array2<f64>,
    /// Rows of each class.
    counts: Vec<f64>,
    /// Rows of all.
    rows: usize,
}

impl ClassMeans {
    fn of(
        columns: usize,
        (class, classes): (&[usize], usize),
        chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
    ) -> Self {
        let mut found =
            Self { means: Array2::zeros((classes, columns)), counts: vec![0.0; classes], rows: 0 };
        chunks(&mut |rows| {
            for (row, &c) in rows.outer_iter().zip(class.iter().skip(found.rows)) {
                found.means.row_mut(c).scaled_add(1.0, &row);
                found.counts[c] += 1.0;
            }
            found.rows += rows.nrows();
        });
        for (mut mean, &count) in found.means.outer_iter_mut().zip(&found.counts) {
            mean.mapv_inplace(|x| x / count);
        }
        found
    }
}

/// How far subjects lie apart in the space where they vary alike: what a discriminant analysis and a PLDA start from.
pub(crate) struct BetweenSubjects {
    /// `[d, d]`: into the basis of unit within-subject covariance.
    pub white: Array2<f64>,
    /// The mean of the subjects' means, `[d]`.
    pub mean: Array1<f64>,
    /// The scatter of the subjects' means around it, in that basis, `[d, d]`.
    pub scatter: Array2<f64>,
    /// Rows of each subject.
    pub counts: Vec<f64>,
}

impl BetweenSubjects {
    /// Of `features` `[rows, d]`; `what` names the model in errors.
    ///
    /// # Errors
    /// When there are fewer than two subjects, labels and rows differ in number, or the covariance is singular.
    pub fn of(
        what: &'static str,
        features: ArrayView2<f32>,
        subject: &[u32],
        shrinkage: f64,
    ) -> Result<Self, ClosedError> {
        check_shrinkage(shrinkage)?;
        let features = features.mapv(f64::from);
        let mut within = within_subjects(features.ncols(), subject, &in_chunks(features.view()))?;
        shrink(&mut within, shrinkage);
        let white = inverse_square_root(what, &within)?;
        let (class, classes) = numbered(subject);
        if classes < 2 {
            return Err(ClosedError::Subjects(what, classes));
        }
        let whole = |each: &mut dyn FnMut(ArrayView2<f64>)| each(features.view());
        let ClassMeans { means, counts, .. } = ClassMeans::of(features.ncols(), (&class, classes), &whole);
        let mean = means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(features.ncols()));
        let scatter = gram((means - &mean).dot(&white).view());
        Ok(Self { white, mean, scatter, counts })
    }
}

/// Rows that are made double precision at a time: bounds memory.
const CHUNK: usize = 256;

/// What is done with each part.
type Part<'a> = &'a mut dyn FnMut(ArrayView2<f64>);

/// Hands `features` over in double precision, part by part.
pub(crate) fn in_chunks<A: Copy + Into<f64>>(features: ArrayView2<A>) -> impl Fn(Part<'_>) {
    move |each| features.axis_chunks_iter(Axis(0), CHUNK).for_each(|rows| each(rows.mapv(Into::into).view()))
}

pub(crate) fn check_shrinkage(shrinkage: f64) -> Result<(), ClosedError> {
    if (0.0..=1.0).contains(&shrinkage) { Ok(()) } else { Err(ClosedError::Shrinkage(shrinkage)) }
}

/// The within-subject covariance of rows of `columns` features, pooled over all rows: `[columns, columns]`.
///
/// # Errors
/// When there is no row, or not one label a row.
pub(crate) fn within_subjects(
    columns: usize,
    subject: &[u32],
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Result<Array2<f64>, ClosedError> {
    let (class, classes) = numbered(subject);
    let ClassMeans { means, rows, .. } = ClassMeans::of(columns, (&class, classes), chunks);
    if rows == 0 || columns == 0 || subject.len() != rows {
        return Err(ClosedError::Rows { rows, columns, labels: subject.len() });
    }
    let mut covariance = Array2::<f64>::zeros((columns, columns));
    let mut done = 0;
    chunks(&mut |rows| {
        let mut centred = rows.to_owned();
        for (mut row, &c) in centred.outer_iter_mut().zip(class.iter().skip(done)) {
            row -= &means.row(c);
        }
        done += rows.nrows();
        covariance += &gram(centred.view());
    });
    Ok(covariance / rows as f64)
}

/// The covariance of the means of one person's recordings about their mean (divisor recordings − 1), mean over the
/// people with several; zero where there are none.
pub(crate) fn between_recordings(
    columns: usize,
    subject: &[u32],
    recording: &[u32],
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Array2<f64> {
    let (class, classes) = numbered(recording);
    let means = ClassMeans::of(columns, (&class, classes), chunks).means;
    let mut of_subject: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
    for (&s, &c) in subject.iter().zip(&class) {
        of_subject.entry(s).or_default().insert(c);
    }
    let several: Vec<&BTreeSet<usize>> = of_subject.values().filter(|own| own.len() > 1).collect();
    let mut covariance = Array2::zeros((columns, columns));
    for own in &several {
        let own: Vec<usize> = own.iter().copied().collect();
        let mut rows = means.select(Axis(0), &own);
        let centre = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
        rows -= &centre;
        covariance.scaled_add(1.0 / (several.len() * (own.len() - 1)) as f64, &gram(rows.view()));
    }
    covariance
}

/// `(1 − shrinkage)·C + shrinkage·(tr C / d)·I`, in place.
pub(crate) fn shrink(covariance: &mut Array2<f64>, shrinkage: f64) {
    let spread = shrinkage * covariance.diag().mean().unwrap_or(0.0);
    covariance.mapv_inplace(|x| (1.0 - shrinkage) * x);
    covariance.diag_mut().mapv_inplace(|x| x + spread);
}
