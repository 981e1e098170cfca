//! Multi-class N-pair loss (Sohn, 2016, "Improved deep metric learning with multi-class N-pair loss objective"): one
//! positive against all negatives of the batch at once.
//!
//! References: `Sohn2016`.

use burn::tensor::Tensor;

use super::{Twins, mask, plain_device};
use crate::plan::NPair;

impl NPair {
    /// Mean over all ordered positive pairs (i, p) of log(1 + Σ_{n ∉ class(i)} exp((z_i·z_n − z_i·z_p)/τ)).
    pub(crate) fn value(&self, twins: &Twins) -> Tensor<1> {
        let class = twins.class;
        let n = class.len();
        let device = plain_device(&twins.prints);
        let logits = twins.logits(self.temperature);
        let others = mask(n, n, &device, |i, j| class[i] != class[j]);
        let negatives = (logits.clone().exp() * others).sum_dim(1);
        // log(1 + Σ exp(s_n − s_p)) = log(exp(s_p) + Σ exp(s_n)) − s_p
        let each = (logits.clone().exp() + negatives).log() - logits;
        let positive = |i: usize, j: usize| i != j && class[i] == class[j];
        let count = (0..n * n).filter(|k| positive(k / n, k % n)).count().max(1);
        (each * mask(n, n, &device, positive)).sum().div_scalar(count as f64)
    }
}
