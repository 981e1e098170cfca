//! Prototypical loss (Snell, Swersky, Zemel, 2017, "Prototypical networks for few-shot learning"): half of a person's
//! epochs make a prototype, the other half must find it. It is enrolment and probing, rehearsed in every batch.
//!
//! References: `Snell2017`.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::distance::select_rows;
use super::{Twins, cross_entropy, plain_device};
use crate::plan::Prototypical;
use crate::weights::matrix;

impl Prototypical {
    /// Cross-entropy of softmax(−|query − prototype|²/τ) over the batch's classes. Every other epoch of a class
    /// supports its prototype, the rest are queries.
    pub(crate) fn value(&self, twins: &Twins) -> Tensor<1> {
        let (support, queries, target) = split(twins.class);
        if queries.is_empty() {
            return twins.prints.clone().sum().mul_scalar(0.0);
        }
        let n = twins.class.len();
        let device = plain_device(&twins.prints);
        let classes = support.len();
        let mut average = vec![0.0; classes * n];
        for (c, rows) in support.iter().enumerate() {
            rows.iter().for_each(|&row| average[c * n + row] = 1.0 / rows.len() as f32);
        }
        let prototypes = matrix(average, classes, n, &device).matmul(twins.prints.clone());
        let queries = select_rows(&twins.prints, queries.into_iter());
        let cross = queries.clone().matmul(prototypes.clone().transpose());
        let squared =
            queries.square().sum_dim(1) + prototypes.square().sum_dim(1).transpose() - cross.mul_scalar(2.0);
        cross_entropy(squared.mul_scalar(-1.0 / self.temperature), &target)
    }
}

/// Rows supporting each class, query rows, and the class of each query.
fn split(class: &[usize]) -> (Vec<Vec<usize>>, Vec<usize>, Vec<usize>) {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, &c) in class.iter().enumerate() {
        members.entry(c).or_default().push(row);
    }
    let (mut support, mut queries, mut target) = (Vec::new(), Vec::new(), Vec::new());
    for (index, rows) in members.into_values().enumerate() {
        for &row in rows.iter().skip(1).step_by(2) {
            queries.push(row);
            target.push(index);
        }
        support.push(rows.into_iter().step_by(2).collect());
    }
    (support, queries, target)
}
