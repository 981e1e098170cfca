//! Checks and helpers shared by everything that takes prints.

use ndarray::ArrayView2;
use twinprint_comparison::check;

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
