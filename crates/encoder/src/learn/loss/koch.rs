//! The verification loss of Koch, Zemel, Salakhutdinov (2015, "Siamese neural networks for one-shot image
//! recognition"): a learnt weighted L1 distance, through a sigmoid, against "same or different".
//!
//! References: `Koch2015`.

use burn::tensor::{Tensor, activation::softplus};

use super::distance::{all_pairs, select_pairs};
use super::{Twins, mean_where};
use crate::EncoderError;
use crate::plan::Koch;
use crate::weights::{Bound, Parameter};

impl Koch {
    pub(crate) fn parameters(&self, prefix: &str, dim: usize) -> Vec<Parameter> {
        let bias = self.bias * (dim as f64).sqrt();
        vec![
            Parameter::filled(format!("{prefix}weight"), &[1, dim], self.weight as f32),
            Parameter::filled(format!("{prefix}bias"), &[1], bias as f32),
        ]
    }

    /// ½·mean over positives of −log p + ½·mean over negatives of −log(1 − p), with
    /// p = σ(b − Σ_j softplus(v_j)·|x_j − y_j|).
    pub(crate) fn value(
        &self,
        prefix: &str,
        twins: &Twins,
        bound: &Bound,
    ) -> Result<Tensor<1>, EncoderError> {
        let every;
        let pairs = match twins.pairs {
            Some(pairs) => pairs,
            None => {
                every = all_pairs(twins.class.len());
                &every
            }
        };
        let weight = softplus(bound.get::<2>(&format!("{prefix}weight"))?, 1.0);
        let bias = bound.get::<1>(&format!("{prefix}bias"))?;
        let (left, right) = select_pairs(&twins.prints, pairs);
        let distance: Tensor<1> = (left - right).abs().matmul(weight.transpose()).squeeze_dim(1);
        let logit = bias - distance;
        let same: Vec<bool> = pairs.iter().map(|&(i, j)| twins.class[i] == twins.class[j]).collect();
        let apart: Vec<bool> = same.iter().map(|s| !s).collect();
        // −log σ(x) = softplus(−x); −log(1 − σ(x)) = softplus(x).
        let pull = mean_where(softplus(logit.clone().neg(), 1.0), &same);
        let push = mean_where(softplus(logit, 1.0), &apart);
        Ok((pull + push).mul_scalar(0.5))
    }
}
