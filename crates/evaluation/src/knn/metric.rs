//! What is near.

use serde::{Deserialize, Serialize};

use crate::prints::sum;

/// How two prints are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Cosine similarity; neighbours are reported with it, most similar first. Default.
    #[default]
    Cosine,
    /// Euclidean distance; neighbours are reported with it, nearest first.
    Euclidean,
}

impl Metric {
    /// Similarity, or the negative distance, in 64 bits, rounded at the end.
    #[inline(always)]
    pub(crate) fn closeness(self, left: &[f32], right: &[f32]) -> f32 {
        match self {
            Self::Cosine => sum(left, right, |a, b| a * b) as f32,
            Self::Euclidean => -sum(left, right, |a, b| (a - b) * (a - b)).sqrt() as f32,
        }
    }
}
