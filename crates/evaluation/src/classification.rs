//! How well predicted labels match the true ones.

use std::collections::BTreeMap;

use twinprint_signal::Estimate;

use crate::PrintError;
use crate::bootstrap::draws::Bootstrap;
use crate::prints::distinct;

/// Result of a classifier on test prints.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// Share of test prints labelled correctly, with the interval over groups (subjects).
    pub accuracy: Estimate,
    /// Mean over the labels in the test of the share labelled correctly, with the interval over groups; 1 / number of
    /// labels for a constant answer.
    pub balanced_accuracy: Estimate,
    /// Accuracy without a look at the prints: of always answering the most frequent training label (the lowest of equals), or of
    /// guessing evenly among the training labels where that is better, as it is where the test has them in another proportion.
    pub chance: f64,
    /// Number of distinct labels in training.
    pub labels: usize,
    /// Number of test prints that were labelled.
    pub tested: usize,
    /// Predicted label per test print.
    pub predicted: Vec<u32>,
}

impl Classification {
    /// Compares `predicted[n]` with `truth[n]`; whole `groups[n]` (subjects) are resampled for the interval.
    /// `trained` are the labels of the training prints, from which chance follows.
    ///
    /// # Errors
    /// When the bootstrap cannot be used, there are no labels, or the lists differ in length.
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
        let known = distinct(trained);
        let mut counts = vec![0; known.len()];
        trained.iter().for_each(|&label| counts[known.partition_point(|&other| other < label)] += 1);
        let most = (0..known.len()).rev().max_by_key(|&place| counts[place]).unwrap_or(0);
        let majority = known[most];
        let constant = truth.iter().filter(|&&label| label == majority).count() as f64 / truth.len() as f64;
        let guessed = truth.iter().filter(|&&label| known.binary_search(&label).is_ok()).count() as f64
            / (known.len() * truth.len()) as f64;
        Ok(Self {
            accuracy: bootstrap.share_of_hits(groups, &hits),
            balanced_accuracy: balanced(truth, &hits, groups, bootstrap),
            chance: constant.max(guessed),
            labels: known.len(),
            tested: truth.len(),
            predicted: predicted.to_vec(),
        })
    }
}

/// Mean over labels of the share of hits; each group is drawn with all of its prints. A draw that misses a label takes the
/// mean over the others.
fn balanced(truth: &[u32], hits: &[bool], groups: &[u32], bootstrap: &Bootstrap) -> Estimate {
    let (labels, people) = (distinct(truth), distinct(groups));
    let place = |known: &[u32], wanted: u32| known.partition_point(|&other| other < wanted);
    // Of every person, hits and prints of the labels that there are: as many entries as there are prints at most.
    let mut counts: Vec<BTreeMap<usize, (f64, f64)>> = vec![BTreeMap::new(); people.len()];
    for ((&label, &hit), &group) in truth.iter().zip(hits).zip(groups) {
        let count = counts[place(&people, group)].entry(place(&labels, label)).or_default();
        count.0 += f64::from(u8::from(hit));
        count.1 += 1.0;
    }
    bootstrap.rate_of_draws(people.len(), |weights| {
        let mut sums = vec![(0.0, 0.0); labels.len()];
        for (own, &weight) in counts.iter().zip(weights).filter(|(_, weight)| **weight > 0) {
            for (&label, count) in own {
                sums[label].0 += f64::from(weight) * count.0;
                sums[label].1 += f64::from(weight) * count.1;
            }
        }
        let shares: Vec<f64> =
            sums.iter().filter(|(_, all)| *all > 0.0).map(|(hits, all)| hits / all).collect();
        shares.iter().sum::<f64>() / shares.len() as f64
    })
}
