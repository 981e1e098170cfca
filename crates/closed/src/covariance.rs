//! Covariances within subjects and between them, from rows that are handed over part by part.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::ClosedError;
use crate::labels::Labels;
use crate::matrix::{GramSum, gram, inverse_square_root};

/// How much each row counts; all alike where none is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a>(pub &'a [f32]);

impl Weights<'_> {
    /// How much a row counts.
    pub fn of(self, row: usize) -> f64 {
        self.0.get(row).map_or(1.0, |&weight| f64::from(weight))
    }

    /// What `rows` rows count together.
    pub fn total(self, rows: usize) -> f64 {
        if self.0.is_empty() { rows as f64 } else { self.0.iter().map(|&weight| f64::from(weight)).sum() }
    }

    /// Whether rows count differently.
    pub fn differ(self) -> bool {
        !self.0.is_empty()
    }

    /// Checks that there is one weight a row, each finite and above 0, or none.
    ///
    /// # Errors
    /// When it is not so.
    pub fn check(self, rows: usize) -> Result<(), ClosedError> {
        let good = |weight: &f32| weight.is_finite() && *weight > 0.0;
        if self.0.is_empty() || self.0.len() == rows && self.0.iter().all(good) {
            return Ok(());
        }
        Err(ClosedError::Weights { weights: self.0.len(), rows })
    }
}

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
    /// Of `features` `[rows, d]`, each row with its weight where there are any; `what` names the model in errors.
    ///
    /// # Errors
    /// When there are fewer than two subjects, labels and rows differ in number, or the covariance is singular.
    pub fn of(
        what: &'static str,
        features: ArrayView2<f32>,
        Labels { subject, weight, .. }: Labels,
        shrinkage: f64,
    ) -> Result<Self, ClosedError> {
        check_shrinkage(shrinkage)?;
        let features = features.mapv(f64::from);
        let weight = Weights(weight);
        let mut within = within_subjects(features.ncols(), subject, weight, &in_chunks(features.view()))?;
        shrink(&mut within, shrinkage);
        let white = inverse_square_root(what, &within)?;
        let (class, classes) = numbered(subject);
        if classes < 2 {
            return Err(ClosedError::Subjects(what, classes));
        }
        let whole = |each: &mut dyn FnMut(ArrayView2<f64>)| each(features.view());
        let ClassMeans { means, counts, .. } = ClassMeans::of(features.ncols(), (&class, classes), &whole);
        let mut own = vec![1.0; classes];
        class.iter().enumerate().for_each(|(row, &c)| own[c] = weight.of(row));
        let mean = weighted_mean(&means, &own, weight);
        let mut centred = (means - &mean).dot(&white);
        if weight.differ() {
            let scale = classes as f64 / own.iter().sum::<f64>();
            centred.outer_iter_mut().zip(&own).for_each(|(mut row, own)| row *= (own * scale).sqrt());
        }
        let scatter = gram(centred.view());
        Ok(Self { white, mean, scatter, counts })
    }
}

/// The mean of the classes' means, each counted as much as its rows do.
fn weighted_mean(means: &Array2<f64>, own: &[f64], weight: Weights) -> Array1<f64> {
    if !weight.differ() {
        return means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(means.ncols()));
    }
    let mut mean = Array1::zeros(means.ncols());
    means.outer_iter().zip(own).for_each(|(row, &own)| mean.scaled_add(own, &row));
    mean / own.iter().sum::<f64>()
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

/// The within-subject covariance of rows of `columns` features, pooled over all rows: `[columns, columns]`. Every row counts
/// as much as its weight says, which is one for all rows of a person.
///
/// # Errors
/// When there is no row, or not one label or weight a row.
pub(crate) fn within_subjects(
    columns: usize,
    subject: &[u32],
    weight: Weights,
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Result<Array2<f64>, ClosedError> {
    let (class, classes) = numbered(subject);
    let ClassMeans { means, rows, .. } = ClassMeans::of(columns, (&class, classes), chunks);
    if rows == 0 || columns == 0 || subject.len() != rows {
        return Err(ClosedError::Rows { rows, columns, labels: subject.len() });
    }
    weight.check(rows)?;
    let mut covariance = GramSum::new(columns);
    let mut done = 0;
    chunks(&mut |rows| {
        let mut centred = rows.to_owned();
        for (place, mut row) in (done..).zip(centred.outer_iter_mut()) {
            row -= &means.row(class[place]);
            if weight.differ() {
                row *= weight.of(place).sqrt();
            }
        }
        done += rows.nrows();
        covariance.add(centred.view());
    });
    Ok(covariance.finish() / weight.total(rows))
}

/// The covariance of the means of one person's recordings about their mean (divisor recordings − 1), mean over the
/// people with several, each counted as much as their rows do; zero where there are none.
pub(crate) fn between_recordings(
    columns: usize,
    Labels { subject, recording, weight }: Labels,
    chunks: &impl Fn(&mut dyn FnMut(ArrayView2<f64>)),
) -> Array2<f64> {
    let (class, classes) = numbered(recording);
    let means = ClassMeans::of(columns, (&class, classes), chunks).means;
    let mut of_subject: BTreeMap<u32, (f64, BTreeSet<usize>)> = BTreeMap::new();
    for (row, (&s, &c)) in subject.iter().zip(&class).enumerate() {
        let (counts, own) = of_subject.entry(s).or_default();
        *counts = Weights(weight).of(row);
        own.insert(c);
    }
    let several: Vec<&(f64, BTreeSet<usize>)> =
        of_subject.values().filter(|(_, own)| own.len() > 1).collect();
    let total: f64 = several.iter().map(|(counts, _)| counts).sum();
    let mut covariance = Array2::zeros((columns, columns));
    for (counts, own) in several {
        let own: Vec<usize> = own.iter().copied().collect();
        let mut rows = means.select(Axis(0), &own);
        let centre = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
        rows -= &centre;
        covariance.scaled_add(counts / (total * (own.len() - 1) as f64), &gram(rows.view()));
    }
    covariance
}

/// `(1 − shrinkage)·C + shrinkage·(tr C / d)·I`, in place.
pub(crate) fn shrink(covariance: &mut Array2<f64>, shrinkage: f64) {
    let spread = shrinkage * covariance.diag().mean().unwrap_or(0.0);
    covariance.mapv_inplace(|x| (1.0 - shrinkage) * x);
    covariance.diag_mut().mapv_inplace(|x| x + spread);
}
