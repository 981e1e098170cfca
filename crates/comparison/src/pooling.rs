//! Several prints of one person pooled into one.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_signal::LengthMeaning;

use crate::ComparisonError;
use crate::vectors::{norm, unit};

/// How prints become a template (or a pooled probe).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Mean of the prints scaled to unit length, scaled to unit length again. Default.
    #[default]
    Mean,
    /// The print most similar (cosine) to all others; the first of equals.
    Medoid,
    /// The mean of the four fifths of the prints that are nearest to the mean (cosine), so that a few spoilt epochs do
    /// not move the template. At least one print is kept, and all of fewer than five.
    RobustMean,
}

/// Pools `prints[n, dim]` into one unit-length print `[dim]`; in a mean each counts alike, or by its length where lengths are
/// weights.
///
/// # Errors
/// When there is no print, one is zero or not finite, or they cancel.
pub(crate) fn pool(
    prints: ArrayView2<f32>,
    lengths: LengthMeaning,
    pooling: Pooling,
) -> Result<Array1<f32>, ComparisonError> {
    let unit = unit(prints, "the prints to pool")?;
    let weights = match lengths {
        LengthMeaning::Nothing => vec![1.0; unit.nrows()],
        LengthMeaning::Weight => prints.rows().into_iter().map(norm).collect(),
    };
    pool_unit(&unit, &weights, pooling)
}

fn pool_unit(unit: &Array2<f32>, weights: &[f64], pooling: Pooling) -> Result<Array1<f32>, ComparisonError> {
    match pooling {
        Pooling::Mean => mean_direction(unit, weights, 0..unit.nrows()),
        Pooling::Medoid => Ok(medoid(unit)),
        Pooling::RobustMean => robust_mean(unit, weights),
    }
}

fn mean_direction(
    unit: &Array2<f32>,
    weights: &[f64],
    rows: impl Iterator<Item = usize>,
) -> Result<Array1<f32>, ComparisonError> {
    let mut sum = Array1::<f64>::zeros(unit.ncols());
    let mut whole = 0.0;
    for row in rows {
        sum.zip_mut_with(&unit.row(row), |total, &value| *total += weights[row] * f64::from(value));
        whole += weights[row];
    }
    let length = sum.dot(&sum).sqrt();
    // Opposite prints cancel up to rounding; what is left has no direction.
    if length <= 1e-6 * whole {
        return Err(ComparisonError::ZeroPrint { what: "the pooled prints (their mean)", row: 0 });
    }
    Ok(sum.mapv(|value| (value / length) as f32))
}

fn medoid(unit: &Array2<f32>) -> Array1<f32> {
    // The sum of cosines with all prints is the dot product with their sum.
    let sum = unit.mapv(f64::from).sum_axis(Axis(0));
    let mut best = (0, f64::NEG_INFINITY);
    for (row, print) in unit.axis_iter(Axis(0)).enumerate() {
        let closeness: f64 = print.iter().zip(&sum).map(|(&value, total)| f64::from(value) * total).sum();
        if closeness > best.1 {
            best = (row, closeness);
        }
    }
    unit.row(best.0).to_owned()
}

fn robust_mean(unit: &Array2<f32>, weights: &[f64]) -> Result<Array1<f32>, ComparisonError> {
    let mut kept: Vec<usize> = (0..unit.nrows()).collect();
    let keep = unit.nrows() - unit.nrows() / 5;
    // Dropping prints moves the mean, so the choice is made again until it stays (it settles in a few rounds).
    for _ in 0..20 {
        let centre = mean_direction(unit, weights, kept.iter().copied())?;
        let mut order: Vec<(f32, usize)> =
            unit.axis_iter(Axis(0)).enumerate().map(|(row, print)| (print.dot(&centre), row)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut next: Vec<usize> = order[..keep].iter().map(|&(_, row)| row).collect();
        next.sort_unstable();
        if next == kept {
            break;
        }
        kept = next;
    }
    let centre = mean_direction(unit, weights, kept.iter().copied())?;
    debug_assert!((norm(centre.view()) - 1.0).abs() < 1e-4);
    Ok(centre)
}
