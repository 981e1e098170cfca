//! Checks and helpers shared by everything that takes prints.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::PrintError;

/// Prints with one label each: `prints[n, dim]`, `labels[n]`.
#[derive(Debug, Clone, Copy)]
pub struct LabelledPrints<'a> {
    /// Prints, `[n, dim]`.
    pub prints: ArrayView2<'a, f32>,
    /// A label (subject or any other) per print.
    pub labels: &'a [u32],
}

impl LabelledPrints<'_> {
    /// Checks lengths and that all values are finite.
    pub(crate) fn check(&self, what: &'static str) -> Result<(), PrintError> {
        check(self.prints, what)?;
        if self.labels.len() != self.prints.nrows() {
            return Err(PrintError::Labels { what, labels: self.labels.len(), prints: self.prints.nrows() });
        }
        Ok(())
    }
}

/// At least one print of at least one value, all finite.
pub(crate) fn check(prints: ArrayView2<f32>, what: &'static str) -> Result<(), PrintError> {
    if prints.is_empty() {
        return Err(PrintError::Empty { what });
    }
    let bad = prints.axis_iter(Axis(0)).position(|row| row.iter().any(|value| !value.is_finite()));
    bad.map_or(Ok(()), |row| Err(PrintError::NotFinite { what, row }))
}

/// Same number of values per print on both sides.
pub(crate) fn same_dimension(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Result<(), PrintError> {
    if left.ncols() == right.ncols() {
        Ok(())
    } else {
        Err(PrintError::Dimensions { left: left.ncols(), right: right.ncols() })
    }
}

/// The prints scaled to unit Euclidean length, in row-major order.
pub(crate) fn unit(prints: ArrayView2<f32>, what: &'static str) -> Result<Array2<f32>, PrintError> {
    check(prints, what)?;
    let mut unit = prints.as_standard_layout().into_owned();
    for (row, mut print) in unit.axis_iter_mut(Axis(0)).enumerate() {
        let length = norm(print.view());
        if length == 0.0 {
            return Err(PrintError::ZeroPrint { what, row });
        }
        print.mapv_inplace(|value| (f64::from(value) / length) as f32);
    }
    Ok(unit)
}

/// Euclidean length, summed in `f64`.
pub(crate) fn norm(print: ArrayView1<f32>) -> f64 {
    print.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

/// The sum of a term of each pair of values, in 64 bits, in eight parts that the compiler may compute side by side.
#[inline(always)]
pub(crate) fn sum<T: Copy + Into<f64>>(left: &[T], right: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    let mut parts = [0.0; 8];
    for (left, right) in left.iter().zip(right) {
        for (part, (&a, &b)) in parts.iter_mut().zip(left.iter().zip(right)) {
            *part += term(a.into(), b.into());
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(&a, &b)| term(a.into(), b.into())).sum();
    parts.iter().sum::<f64>() + rest
}

/// Distinct labels, ascending.
pub(crate) fn distinct(labels: &[u32]) -> Vec<u32> {
    let mut distinct = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}
