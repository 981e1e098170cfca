//! Score normalisation against a cohort of prints of training subjects.
//!
//! Z-norm removes what is particular to a template (Li and Porter 1988), T-norm what is particular to a probe
//! (Auckenthaler et al. 2000), S-norm both (Shum et al. 2010); adaptive S-norm uses only the cohort members most like
//! each template or probe (Matějka et al. 2017). The cohort must come from training subjects.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::ComparisonError;
use crate::pooled::{Pooled, cosine};

/// Which normalisation to apply to cosine scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Normalisation {
    /// Scores as they are. Default.
    #[default]
    None,
    /// By mean and deviation of the template's scores with the cohort.
    Z,
    /// By mean and deviation of the probe's scores with the cohort.
    T,
    /// The mean of Z and T.
    S,
    /// S with the `top` most similar cohort prints of each template and probe.
    AdaptiveS {
        /// Number of cohort prints, 2 to the size of the cohort.
        top: usize,
    },
}

/// Cosine scores `[templates, probes]`, normalised with the prints of a cohort that nobody in the trials belongs to.
///
/// # Errors
/// When the prints come from several encoders, or the cohort has fewer than two prints or no spread.
pub fn normalised(
    templates: &Pooled,
    probes: &Pooled,
    cohort: &Pooled,
    normalisation: Normalisation,
) -> Result<Array2<f32>, ComparisonError> {
    let scores = cosine(templates, probes)?;
    if normalisation == Normalisation::None {
        return Ok(scores);
    }
    let (of_templates, of_probes) = (cosine(templates, cohort)?, cosine(probes, cohort)?);
    normalise(scores.view(), of_templates.view(), of_probes.view(), normalisation)
}

/// Normalises scores of any kind: `scores[templates, probes]`, `template_cohort[templates, n]`, `probe_cohort[probes, n]`.
pub(crate) fn normalise(
    scores: ArrayView2<f32>,
    template_cohort: ArrayView2<f32>,
    probe_cohort: ArrayView2<f32>,
    normalisation: Normalisation,
) -> Result<Array2<f32>, ComparisonError> {
    let (use_z, use_t, top) = match normalisation {
        Normalisation::None => return Ok(scores.to_owned()),
        Normalisation::Z => (true, false, None),
        Normalisation::T => (false, true, None),
        Normalisation::S => (true, true, None),
        Normalisation::AdaptiveS { top } => (true, true, Some(top)),
    };
    let mut sum = Array2::<f64>::zeros(scores.dim());
    if use_z {
        let (mean, deviation) = statistics(template_cohort, top, "the templates")?;
        for (row, mut line) in sum.axis_iter_mut(Axis(0)).enumerate() {
            line.zip_mut_with(&scores.row(row), |total, &score| {
                *total += (f64::from(score) - mean[row]) / deviation[row];
            });
        }
    }
    if use_t {
        let (mean, deviation) = statistics(probe_cohort, top, "the probes")?;
        for (column, mut line) in sum.axis_iter_mut(Axis(1)).enumerate() {
            line.zip_mut_with(&scores.column(column), |total, &score| {
                *total += (f64::from(score) - mean[column]) / deviation[column];
            });
        }
    }
    let share = if use_z && use_t { 0.5 } else { 1.0 };
    Ok(sum.mapv(|total| (share * total) as f32))
}

/// Mean and standard deviation (divisor n) of each row, over its `top` highest scores.
fn statistics(
    cohort: ArrayView2<f32>,
    top: Option<usize>,
    what: &'static str,
) -> Result<(Array1<f64>, Array1<f64>), ComparisonError> {
    let size = cohort.ncols();
    let top = top.unwrap_or(size);
    if top < 2 || top > size {
        return Err(ComparisonError::Count {
            what: "the number of cohort prints",
            value: top,
            least: 2,
            most: size,
        });
    }
    let (mut means, mut deviations) = (Array1::zeros(cohort.nrows()), Array1::zeros(cohort.nrows()));
    for (row, scores) in cohort.axis_iter(Axis(0)).enumerate() {
        let (mean, deviation) = moments(scores, top);
        if deviation.is_nan() || deviation <= 1e-9 {
            return Err(ComparisonError::FlatCohort { what, row });
        }
        means[row] = mean;
        deviations[row] = deviation;
    }
    Ok((means, deviations))
}

fn moments(scores: ArrayView1<f32>, top: usize) -> (f64, f64) {
    let mut scores: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
    if top < scores.len() {
        scores.select_nth_unstable_by(top - 1, |a, b| b.total_cmp(a));
        scores.truncate(top);
    }
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}
