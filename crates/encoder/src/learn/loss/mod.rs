//! The losses, one file per idea, chosen by name. All of them see prints of unit length.

mod arc_face;
mod contrastive;
mod distance;
mod koch;
mod n_pair;
mod prototypical;
mod softmax;
mod sup_con;
mod triplet;

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

pub(crate) use arc_face::unit_rows;

use crate::EncoderError;
use crate::plan::Loss;
use crate::weights::{Bound, Parameter};

/// A batch as losses see it.
pub(crate) struct Twins<'a> {
    /// `[n, d]`, rows of unit length.
    pub prints: Tensor<2>,
    /// The class of each row.
    pub class: &'a [usize],
    /// The pairs to compare where twin pairs were sampled; all pairs otherwise.
    pub pairs: Option<&'a [(usize, usize)]>,
    /// For each class, whether these rows may be held against it; nothing where they may against every one.
    pub rivals: Option<&'a [bool]>,
}

impl Twins<'_> {
    /// Cosines of all pairs over the temperature, `[n, n]`, less the most they can be: every exponential is then at most 1.
    pub fn logits(&self, temperature: f64) -> Tensor<2> {
        let cosines = self.prints.clone().matmul(self.prints.clone().transpose());
        cosines.sub_scalar(1.0).div_scalar(temperature)
    }
}

impl Loss {
    /// Parameters the loss learns beside the network's; `prefix` tells several losses apart.
    pub(crate) fn parameters(
        &self,
        prefix: &str,
        dim: usize,
        classes: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Parameter> {
        match self {
            Self::Koch(loss) => loss.parameters(prefix, dim),
            Self::ArcFace(loss) => loss.parameters(prefix, dim, classes, rng),
            Self::SubjectSoftmax(loss) => loss.parameters(prefix, dim, classes, rng),
            _ => Vec::new(),
        }
    }

    /// The loss of a batch: `[1]`.
    pub(crate) fn value(
        &self,
        prefix: &str,
        twins: &Twins,
        bound: &Bound,
    ) -> Result<Tensor<1>, EncoderError> {
        match self {
            Self::SupCon(loss) => Ok(loss.value(twins)),
            Self::Contrastive(loss) => Ok(loss.value(twins)),
            Self::Koch(loss) => loss.value(prefix, twins, bound),
            Self::Triplet(loss) => loss.value(twins),
            Self::NPair(loss) => Ok(loss.value(twins)),
            Self::Prototypical(loss) => Ok(loss.value(twins)),
            Self::ArcFace(loss) => loss.value(prefix, twins, bound),
            Self::SubjectSoftmax(loss) => loss.value(prefix, twins, bound),
        }
    }
}

/// 1 where `keep(i, j)`, 0 elsewhere: `[rows, columns]`, outside autodiff.
pub(crate) fn mask(
    rows: usize,
    columns: usize,
    device: &Device,
    keep: impl Fn(usize, usize) -> bool,
) -> Tensor<2> {
    let values = (0..rows * columns).map(|k| f32::from(u8::from(keep(k / columns, k % columns)))).collect();
    crate::weights::matrix(values, rows, columns, device)
}

/// The device of a tensor without its autodiff.
pub(crate) fn plain_device(tensor: &Tensor<2>) -> Device {
    tensor.device().inner()
}

/// Mean of `values` `[n]` weighted by 0/1 `keep`; 0 where nothing is kept.
pub(crate) fn mean_where(values: Tensor<1>, keep: &[bool]) -> Tensor<1> {
    let count = keep.iter().filter(|&&k| k).count().max(1);
    let device = values.device().inner();
    let weights: Vec<f32> = keep.iter().map(|&k| if k { 1.0 / count as f32 } else { 0.0 }).collect();
    let length = weights.len();
    (values * Tensor::from_data(burn::tensor::TensorData::new(weights, [length]), &device)).sum()
}

/// What is added to the logit of a class that is not to be held against: its exponential is 0.
const NO_RIVAL: f32 = -1e9;

/// `logits` `[n, classes]` without those of classes that the rows are not held against.
pub(crate) fn among_rivals(logits: Tensor<2>, rivals: Option<&[bool]>) -> Tensor<2> {
    let Some(rivals) = rivals else { return logits };
    let values = rivals.iter().map(|&rival| if rival { 0.0 } else { NO_RIVAL }).collect();
    let device = plain_device(&logits);
    logits + crate::weights::matrix(values, 1, rivals.len(), &device)
}

/// Mean cross-entropy of `logits` `[n, classes]` against `class`.
pub(crate) fn cross_entropy(logits: Tensor<2>, class: &[usize]) -> Tensor<1> {
    let [n, classes] = logits.dims();
    let target = mask(n, classes, &plain_device(&logits), |i, c| class[i] == c);
    let log_probability = burn::tensor::activation::log_softmax(logits, 1);
    (log_probability * target).sum().mul_scalar(-1.0 / n.max(1) as f64)
}

#[cfg(test)]
mod naive_tests;
#[cfg(test)]
mod tests;
