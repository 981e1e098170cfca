//! What is fitted to prints after the encoder, and applied to every print from then on.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use twinprint_closed::{Labels, Lda, Plda, Whitening, normalise_rows};

use crate::error::{EncoderError, FormatError};
use crate::plan::Backend;
use crate::weights::Parameter;

/// The mean of all rows, each counted as much as its weight says where there are any.
fn mean(prints: ArrayView2<f32>, weight: &[f32]) -> Array1<f32> {
    if weight.is_empty() {
        return prints.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(prints.ncols()));
    }
    let mut sum = Array1::zeros(prints.ncols());
    prints.outer_iter().zip(weight).for_each(|(row, &weight)| sum.scaled_add(weight, &row));
    sum / weight.iter().sum::<f32>()
}

/// A fitted back end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FittedBackend {
    None,
    Wccn { mean: Array1<f32>, whitening: Whitening },
    Lda(Lda),
    Plda(Plda),
}

impl FittedBackend {
    /// Fits to unit prints `[rows, dim]` of the training subjects.
    pub fn fit(plan: Backend, prints: ArrayView2<f32>, labels: Labels) -> Result<Self, EncoderError> {
        Ok(match plan {
            Backend::None => Self::None,
            Backend::Wccn { shrinkage } => Self::Wccn {
                mean: mean(prints, labels.weight),
                whitening: Whitening::fit_to(prints, labels, shrinkage)?,
            },
            Backend::Lda { shrinkage } => Self::Lda(Lda::fit_to(prints, labels, shrinkage)?),
            Backend::Plda { shrinkage } => Self::Plda(Plda::fit_to(prints, labels, shrinkage)?),
        })
    }

    /// Unit prints `[rows, dim]` to unit prints `[rows, dim']`.
    pub fn apply(&self, prints: Array2<f32>) -> Result<Array2<f32>, EncoderError> {
        let mut out = match self {
            Self::None => return Ok(prints),
            Self::Wccn { mean, whitening } => whitening.apply((prints - mean).view())?,
            Self::Lda(lda) => lda.apply(prints.view()),
            Self::Plda(plda) => plda.apply(prints.view()),
        };
        normalise_rows(&mut out);
        Ok(out)
    }

    /// The length of a print after it; `dim` before it.
    pub fn dim(&self, dim: usize) -> usize {
        match self {
            Self::Lda(lda) => lda.matrix.ncols(),
            _ => dim,
        }
    }

    /// What was fitted, by name.
    pub fn tensors(&self) -> Vec<Parameter> {
        let vector =
            |name: &str, x: &Array1<f32>| Parameter::new(format!("backend.{name}"), &[x.len()], x.to_vec());
        let matrix = |x: &Array2<f32>| {
            Parameter::new("backend.matrix", &[x.nrows(), x.ncols()], x.iter().copied().collect())
        };
        match self {
            Self::None => Vec::new(),
            Self::Wccn { mean, whitening } => vec![vector("mean", mean), matrix(&whitening.matrix)],
            Self::Lda(lda) => vec![vector("mean", &lda.mean), matrix(&lda.matrix)],
            Self::Plda(plda) => {
                vec![vector("mean", &plda.mean), matrix(&plda.matrix), vector("between", &plda.between)]
            }
        }
    }

    /// Puts one together from what [`FittedBackend::tensors`] gave; `take` finds a tensor by name.
    pub fn from_tensors(
        plan: Backend,
        take: impl Fn(&str) -> Result<Parameter, FormatError>,
    ) -> Result<Self, FormatError> {
        let vector = |name: &str| take(name).map(|p| Array1::from_vec(p.values));
        if plan == Backend::None {
            return Ok(Self::None);
        }
        let (mean, matrix) = (vector("backend.mean")?, take("backend.matrix")?.into_matrix()?);
        Ok(match plan {
            Backend::None => Self::None,
            Backend::Wccn { .. } => Self::Wccn { mean, whitening: Whitening { matrix } },
            Backend::Lda { .. } => Self::Lda(Lda { mean, matrix }),
            Backend::Plda { .. } => Self::Plda(Plda { mean, matrix, between: vector("backend.between")? }),
        })
    }
}
