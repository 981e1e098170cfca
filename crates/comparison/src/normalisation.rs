//! Score normalisation against a cohort of prints of training subjects.
//!
//! Z-norm removes what is particular to a template (Li and Porter 1988), T-norm what is particular to a probe
//! (Auckenthaler et al. 2000), S-norm both (Shum et al. 2010); adaptive S-norm uses only the cohort members most like
//! each template or probe (Matějka et al. 2017). The cohort must come from training subjects.

use ndarray::{ArrayView1, ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ComparisonError;

/// Which normalisation to apply to cosine scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
        #[schemars(range(min = 2))]
        top: usize,
    },
}

impl Normalisation {
    /// Whether scores are taken relative to the cohort of the template, and to that of the probe, and by how many members.
    pub(crate) fn parts(self) -> (bool, bool, Option<usize>) {
        match self {
            Self::None => (false, false, None),
            Self::Z => (true, false, None),
            Self::T => (false, true, None),
            Self::S => (true, true, None),
            Self::AdaptiveS { top } => (true, true, Some(top)),
        }
    }
}

/// Mean and standard deviation (divisor n) of each row of `cohort[prints, n]`, over its `top` highest scores; `first` is the
/// number of the first row among `what`.
pub(crate) fn statistics(
    cohort: ArrayView2<f32>,
    top: Option<usize>,
    (what, first): (&'static str, usize),
) -> Result<Vec<(f64, f64)>, ComparisonError> {
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
    let rows = cohort.axis_iter(Axis(0)).enumerate();
    rows.map(|(row, scores)| {
        let (mean, deviation) = moments(scores, top);
        if deviation.is_nan() || deviation <= 1e-9 {
            return Err(ComparisonError::FlatCohort { what, row: first + row });
        }
        Ok((mean, deviation))
    })
    .collect()
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
