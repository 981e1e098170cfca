//! Prints as vectors: what can be compared, lengths, directions.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::ComparisonError;

/// Refuses prints `[n, dim]` of which there are none, or that hold a value that is not finite; `what` names them.
pub fn check(prints: ArrayView2<f32>, what: &'static str) -> Result<(), ComparisonError> {
    if prints.is_empty() {
        return Err(ComparisonError::Empty { what });
    }
    let bad = prints.axis_iter(Axis(0)).position(|row| row.iter().any(|value| !value.is_finite()));
    bad.map_or(Ok(()), |row| Err(ComparisonError::NotFinite { what, row }))
}

/// Refuses two sets of prints with different numbers of values a print.
pub fn same_dimension(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Result<(), ComparisonError> {
    if left.ncols() == right.ncols() {
        Ok(())
    } else {
        Err(ComparisonError::Dimensions { left: left.ncols(), right: right.ncols() })
    }
}

/// The prints `[n, dim]` scaled to unit Euclidean length, in row-major order.
///
/// # Errors
/// As [`check`], and when a print is all zeros.
pub fn unit(prints: ArrayView2<f32>, what: &'static str) -> Result<Array2<f32>, ComparisonError> {
    check(prints, what)?;
    let mut unit = prints.as_standard_layout().into_owned();
    for (row, mut print) in unit.axis_iter_mut(Axis(0)).enumerate() {
        let length = norm(print.view());
        if length == 0.0 {
            return Err(ComparisonError::ZeroPrint { what, row });
        }
        print.mapv_inplace(|value| (f64::from(value) / length) as f32);
    }
    Ok(unit)
}

/// Euclidean length of a print, summed in `f64`.
pub fn norm(print: ArrayView1<f32>) -> f64 {
    print.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}
