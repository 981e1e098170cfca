//! Supervised contrastive loss (Khosla et al., 2020, "Supervised contrastive learning", the form with the sum outside
//! the logarithm): each epoch is to pick its own person's epochs out of all others of the batch.
//!
//! References: `Khosla2020`.

use burn::tensor::Tensor;

use super::{Twins, mask, plain_device};
use crate::plan::SupCon;

impl SupCon {
    /// mean over anchors i of −1/|P(i)| Σ_{p ∈ P(i)} log(exp(z_i·z_p/τ) / Σ_{a ≠ i} exp(z_i·z_a/τ)); anchors without
    /// a positive are left out.
    pub(crate) fn value(&self, twins: &Twins) -> Tensor<1> {
        let class = twins.class;
        let n = class.len();
        let device = plain_device(&twins.prints);
        let logits = twins.logits(self.temperature);
        let others = mask(n, n, &device, |i, j| i != j);
        let normaliser = (logits.clone().exp() * others).sum_dim(1).log();
        let positives: Vec<usize> =
            (0..n).map(|i| (0..n).filter(|&j| j != i && class[j] == class[i]).count()).collect();
        let anchors = positives.iter().filter(|&&count| count > 0).count().max(1);
        let weights = (0..n * n).map(|k| {
            let (i, j) = (k / n, k % n);
            if i != j && class[i] == class[j] { 1.0 / (positives[i] * anchors) as f32 } else { 0.0 }
        });
        let weights = crate::weights::matrix(weights.collect(), n, n, &device);
        ((logits - normaliser) * weights).sum().neg()
    }
}
