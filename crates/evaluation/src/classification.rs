//! How well predicted labels match the true ones.

use serde::{Deserialize, Serialize};

use crate::PrintError;
use crate::bootstrap::{Bootstrap, Estimate};
use crate::prints::distinct;

/// Result of a classifier on test prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// Share of test prints labelled correctly, with the interval over groups (subjects).
    pub accuracy: Estimate,
    /// Mean over the labels in the test of the share labelled correctly; 1 / number of labels for a constant answer.
    pub balanced_accuracy: f64,
    /// Accuracy of always answering the most frequent training label (the lowest of equals).
    pub chance: f64,
    /// Number of distinct labels in training.
    pub labels: usize,
    /// Number of test prints.
    pub tested: usize,
    /// Predicted label per test print.
    #[serde(skip)]
    pub predicted: Vec<u32>,
}

impl Classification {
    /// Compares `predicted[n]` with `truth[n]`; whole `groups[n]` (subjects) are resampled for the interval.
    pub fn new(
        trained: &[u32],
        truth: &[u32],
        predicted: &[u32],
        groups: &[u32],
        bootstrap: &Bootstrap,
    ) -> Result<Self, PrintError> {
        bootstrap.validate()?;
        if truth.is_empty() || trained.is_empty() {
            return Err(PrintError::Empty { what: "the labels" });
        }
        for (what, labels) in [("the predictions", predicted.len()), ("the groups", groups.len())] {
            if labels != truth.len() {
                return Err(PrintError::Labels { what, labels, prints: truth.len() });
            }
        }
        let hits: Vec<bool> =
            truth.iter().zip(predicted).map(|(truth, predicted)| truth == predicted).collect();
        let share = |label: u32| {
            let (mut hit, mut total) = (0.0, 0.0);
            for (&truth, &correct) in truth.iter().zip(&hits) {
                if truth == label {
                    total += 1.0;
                    hit += f64::from(u8::from(correct));
                }
            }
            hit / total
        };
        let tested = distinct(truth);
        let known = distinct(trained);
        let count = |label: u32| trained.iter().filter(|&&other| other == label).count();
        let majority = known.iter().copied().rev().max_by_key(|&label| count(label)).unwrap_or(known[0]);
        let chance = truth.iter().filter(|&&label| label == majority).count() as f64 / truth.len() as f64;
        Ok(Self {
            accuracy: bootstrap.rate(groups, &hits),
            balanced_accuracy: tested.iter().map(|&label| share(label)).sum::<f64>() / tested.len() as f64,
            chance,
            labels: known.len(),
            tested: truth.len(),
            predicted: predicted.to_vec(),
        })
    }
}
