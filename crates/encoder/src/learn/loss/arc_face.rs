//! ArcFace (Deng, Guo, Xue, Zafeiriou, 2019): classification of the training subjects with an additive angular margin.
//! Training subjects only: the learnt vectors are left behind when prints are made.
//!
//! References: `Deng2019`.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::{Twins, among_rivals, cross_entropy, mask, plain_device};
use crate::EncoderError;
use crate::plan::ArcFace;
use crate::weights::{Bound, Parameter};

/// Cosines are kept this far from ±1, where the sine's derivative is infinite.
const EDGE: f64 = 1e-6;

impl ArcFace {
    pub(crate) fn parameters(
        &self,
        prefix: &str,
        dim: usize,
        classes: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Parameter> {
        vec![Parameter::uniform(format!("{prefix}centres"), &[classes, dim], dim, rng)]
    }

    /// Cross-entropy of s·cos(θ + m) at the true class and s·cos θ elsewhere, θ the angle between a print and a
    /// class's vector; where θ + m would pass π, cos θ − m·sin m continues it downward.
    pub(crate) fn value(
        &self,
        prefix: &str,
        twins: &Twins,
        bound: &Bound,
    ) -> Result<Tensor<1>, EncoderError> {
        let centres = unit_rows(bound.get::<2>(&format!("{prefix}centres"))?);
        let classes = centres.dims()[0];
        let cosine = twins.prints.clone().matmul(centres.transpose()).clamp(EDGE - 1.0, 1.0 - EDGE);
        let sine = cosine.clone().square().neg().add_scalar(1.0).sqrt();
        let (m, device) = (self.margin, plain_device(&twins.prints));
        let turned = cosine.clone().mul_scalar(m.cos()) - sine.mul_scalar(m.sin());
        let past = cosine.clone().lower_equal_scalar(-m.cos());
        let turned = turned.mask_where(past, cosine.clone().sub_scalar(m * m.sin()));
        let target = mask(twins.class.len(), classes, &device, |i, c| twins.class[i] == c);
        let logits = cosine.clone() + (turned - cosine) * target;
        let logits = among_rivals(logits.mul_scalar(self.scale), twins.rivals);
        Ok(cross_entropy(logits, twins.class))
    }
}

/// Rows divided by their L2 norm.
pub(crate) fn unit_rows(rows: Tensor<2>) -> Tensor<2> {
    let norm = (rows.clone().square().sum_dim(1) + 1e-24).sqrt();
    rows / norm
}
