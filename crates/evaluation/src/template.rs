//! Templates: several prints of one subject pooled into one, and the scores of probes against them.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::PrintError;
use crate::prints::{norm, same_dimension, unit};

/// How prints become a template (or a pooled probe).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Pools `prints[n, dim]` into one unit-length print `[dim]`; each counts alike.
pub fn pool(prints: ArrayView2<f32>, pooling: Pooling) -> Result<Array1<f32>, PrintError> {
    let unit = unit(prints, "the prints to pool")?;
    pool_unit(&unit, &vec![1.0; unit.nrows()], pooling)
}

/// Pools `prints[n, dim]` into one unit-length print `[dim]`, in which each counts by its length: a print of length 0.5 has
/// half the weight of one of length 1.
pub fn pool_by_length(prints: ArrayView2<f32>, pooling: Pooling) -> Result<Array1<f32>, PrintError> {
    let unit = unit(prints, "the prints to pool")?;
    let lengths: Vec<f64> = prints.rows().into_iter().map(norm).collect();
    pool_unit(&unit, &lengths, pooling)
}

fn pool_unit(unit: &Array2<f32>, weights: &[f64], pooling: Pooling) -> Result<Array1<f32>, PrintError> {
    match pooling {
        Pooling::Mean => mean_direction(unit, weights, 0..unit.nrows()),
        Pooling::Medoid => Ok(medoid(unit)),
        Pooling::RobustMean => robust_mean(unit, weights),
    }
}

/// Cosine similarity of every template with every probe: `[templates, dim]` × `[probes, dim]` → `[templates, probes]`.
pub fn cosine_scores(templates: ArrayView2<f32>, probes: ArrayView2<f32>) -> Result<Array2<f32>, PrintError> {
    same_dimension(templates, probes)?;
    let templates = unit(templates, "the templates")?;
    let probes = unit(probes, "the probes")?;
    let mut scores = twinprint_closed::dot_products(templates.view(), probes.view());
    scores.mapv_inplace(|score| score.clamp(-1.0, 1.0));
    Ok(scores)
}

fn mean_direction(
    unit: &Array2<f32>,
    weights: &[f64],
    rows: impl Iterator<Item = usize>,
) -> Result<Array1<f32>, PrintError> {
    let mut sum = Array1::<f64>::zeros(unit.ncols());
    let mut whole = 0.0;
    for row in rows {
        sum.zip_mut_with(&unit.row(row), |total, &value| *total += weights[row] * f64::from(value));
        whole += weights[row];
    }
    let length = sum.dot(&sum).sqrt();
    // Opposite prints cancel up to rounding; what is left has no direction.
    if length <= 1e-6 * whole {
        return Err(PrintError::ZeroPrint { what: "the pooled prints (their mean)", row: 0 });
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

fn robust_mean(unit: &Array2<f32>, weights: &[f64]) -> Result<Array1<f32>, PrintError> {
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
