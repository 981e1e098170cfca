//! Triplet loss with semi-hard mining (Schroff, Kalenichenko, Philbin, 2015, "FaceNet"): each epoch is to lie nearer
//! to its own person than to another by a margin; the other is the nearest one that is still farther than the positive.
//!
//! References: `Schroff2015`.

use burn::tensor::Tensor;

use super::Twins;
use super::distance::{select_rows, squared_l2};
use crate::EncoderError;
use crate::plan::Triplet;
use crate::weights::read;

impl Triplet {
    /// Mean over all (anchor, positive) of max(0, |a − p|² − |a − n|² + margin), n mined semi-hard.
    pub(crate) fn value(&self, twins: &Twins) -> Result<Tensor<1>, EncoderError> {
        let squared = read(squared_l2(&twins.prints.clone().inner()))?;
        let triplets = mine(&squared, twins.class);
        if triplets.is_empty() {
            return Ok(twins.prints.clone().sum().mul_scalar(0.0));
        }
        let anchor = select_rows(&twins.prints, triplets.iter().map(|t| t.0));
        let positive = select_rows(&twins.prints, triplets.iter().map(|t| t.1));
        let negative = select_rows(&twins.prints, triplets.iter().map(|t| t.2));
        let near = (anchor.clone() - positive).square().sum_dim(1);
        let far = (anchor - negative).square().sum_dim(1);
        Ok((near - far).add_scalar(self.margin).clamp_min(0.0).mean())
    }
}

/// For each ordered (anchor, positive) the nearest negative that is farther than the positive, or else the farthest
/// negative. `squared` is `[n, n]` row-major.
pub(crate) fn mine(squared: &[f32], class: &[usize]) -> Vec<(usize, usize, usize)> {
    let n = class.len();
    let mut triplets = Vec::new();
    for a in 0..n {
        let row = &squared[a * n..(a + 1) * n];
        let mut negatives: Vec<usize> = (0..n).filter(|&j| class[j] != class[a]).collect();
        negatives.sort_by(|&i, &j| row[i].total_cmp(&row[j]));
        for p in (0..n).filter(|&p| p != a && class[p] == class[a]) {
            let first = negatives.partition_point(|&j| row[j] <= row[p]);
            if let Some(&chosen) = negatives.get(first).or(negatives.last()) {
                triplets.push((a, p, chosen));
            }
        }
    }
    triplets
}
