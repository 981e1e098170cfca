//! Contrastive loss on twin pairs (Chopra, Hadsell, LeCun, 2005; Hadsell, Chopra, LeCun, 2006): pull the same person
//! together, push different people apart up to a margin.
//!
//! References: `Chopra2005`, `Hadsell2006`.

use burn::tensor::Tensor;

use super::distance::{all_pairs, squared_l2};
use super::{Twins, mean_where};
use crate::plan::{Contrastive, Distance};

impl Contrastive {
    /// ½·mean over positive pairs of D² + ½·mean over negative pairs of max(0, margin − D)². The two means are taken
    /// apart, since a batch has many more negatives.
    pub(crate) fn value(&self, twins: &Twins) -> Tensor<1> {
        let n = twins.class.len();
        let every;
        let pairs = match twins.pairs {
            Some(pairs) => pairs,
            None => {
                every = all_pairs(n);
                &every
            }
        };
        let same: Vec<bool> = pairs.iter().map(|&(i, j)| twins.class[i] == twins.class[j]).collect();
        if twins.pairs.is_none() && self.distance == Distance::L2 {
            return self.all_l2(twins, same.iter().filter(|&&s| s).count(), pairs.len());
        }
        let distance = self.distance.between(&twins.prints, pairs);
        let apart: Vec<bool> = same.iter().map(|s| !s).collect();
        let pull = mean_where(distance.clone().square(), &same);
        let push = mean_where(self.hinge(distance), &apart);
        (pull + push).mul_scalar(0.5)
    }

    fn hinge<const D: usize>(&self, distance: Tensor<D>) -> Tensor<D> {
        distance.neg().add_scalar(self.margin).clamp_min(0.0).square()
    }

    /// All pairs by one matrix product.
    fn all_l2(&self, twins: &Twins, positives: usize, pairs: usize) -> Tensor<1> {
        let class = twins.class;
        let n = class.len();
        let device = super::plain_device(&twins.prints);
        let squared = squared_l2(&twins.prints);
        let weight = |same: bool, count: usize| {
            let each = 0.5 / count.max(1) as f32;
            let value = move |k: usize| {
                let (i, j) = (k / n, k % n);
                if i < j && (class[i] == class[j]) == same { each } else { 0.0 }
            };
            crate::weights::matrix((0..n * n).map(value).collect(), n, n, &device)
        };
        let pull = (squared.clone() * weight(true, positives)).sum();
        let push = (self.hinge((squared + 1e-12).sqrt()) * weight(false, pairs - positives)).sum();
        pull + push
    }
}
