//! Cross-entropy over the training subjects, the plain identification loss.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::{Twins, among_rivals, cross_entropy};
use crate::EncoderError;
use crate::plan::SubjectSoftmax;
use crate::weights::{Bound, Parameter};

impl SubjectSoftmax {
    pub(crate) fn parameters(
        &self,
        prefix: &str,
        dim: usize,
        classes: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Parameter> {
        vec![
            Parameter::uniform(format!("{prefix}weight"), &[classes, dim], dim, rng),
            Parameter::filled(format!("{prefix}bias"), &[1, classes], 0.0),
        ]
    }

    /// Cross-entropy of softmax(s·W·z + b).
    pub(crate) fn value(
        &self,
        prefix: &str,
        twins: &Twins,
        bound: &Bound,
    ) -> Result<Tensor<1>, EncoderError> {
        let weight = bound.get::<2>(&format!("{prefix}weight"))?;
        let bias = bound.get::<2>(&format!("{prefix}bias"))?;
        let logits = twins.prints.clone().matmul(weight.transpose()).mul_scalar(self.scale) + bias;
        Ok(cross_entropy(among_rivals(logits, twins.rivals), twins.class))
    }
}
