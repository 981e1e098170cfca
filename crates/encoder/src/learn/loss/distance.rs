//! Distances between prints, for every pair of a batch or for listed pairs.

use burn::tensor::{Int, Tensor, TensorData};

use crate::plan::Distance;

/// Added under the root so that its gradient stays finite where two prints are equal.
const TINY: f64 = 1e-12;

impl Distance {
    /// Distances between listed rows of `prints` `[n, d]`: `[pairs]`.
    pub(crate) fn between(self, prints: &Tensor<2>, pairs: &[(usize, usize)]) -> Tensor<1> {
        let (left, right) = select_pairs(prints, pairs);
        match self {
            Self::L2 => ((left - right).square().sum_dim(1) + TINY).sqrt().squeeze_dim(1),
            Self::L1 => {
                let scale = l1_scale(prints.dims()[1]);
                (left - right).abs().sum_dim(1).mul_scalar(scale).squeeze_dim(1)
            }
            Self::Cosine => (left * right).sum_dim(1).neg().add_scalar(1.0).squeeze_dim(1),
        }
    }
}

/// √(π/2d): makes the L1 distance of random unit vectors about √2.
pub(crate) fn l1_scale(dim: usize) -> f64 {
    (std::f64::consts::FRAC_PI_2 / dim as f64).sqrt()
}

/// Squared Euclidean distances of unit rows, 2 − 2·x·y: `[n, n]`.
pub(crate) fn squared_l2(prints: &Tensor<2>) -> Tensor<2> {
    prints.clone().matmul(prints.clone().transpose()).mul_scalar(-2.0).add_scalar(2.0).clamp_min(0.0)
}

/// The two sides of each pair: twice `[pairs, d]`.
pub(crate) fn select_pairs(prints: &Tensor<2>, pairs: &[(usize, usize)]) -> (Tensor<2>, Tensor<2>) {
    let left = select_rows(prints, pairs.iter().map(|pair| pair.0));
    let right = select_rows(prints, pairs.iter().map(|pair| pair.1));
    (left, right)
}

/// The rows `rows` of `prints`: `[rows, d]`.
pub(crate) fn select_rows(prints: &Tensor<2>, rows: impl Iterator<Item = usize>) -> Tensor<2> {
    let rows: Vec<i64> = rows.map(|row| row as i64).collect();
    let count = rows.len();
    let device = prints.device().inner();
    prints.clone().select(0, Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &device))
}

/// All pairs (i, j) with i < j < `n`.
pub(crate) fn all_pairs(n: usize) -> Vec<(usize, usize)> {
    (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect()
}
