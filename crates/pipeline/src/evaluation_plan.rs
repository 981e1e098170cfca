//! What is computed from prints and scores: the `[evaluation]` table.

use serde::{Deserialize, Serialize};

use crate::system::System;

/// The `[evaluation]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationPlan {
    /// Baselines scored on the same trials; all six unless some are left out by name.
    pub baselines: Vec<System>,
    /// Shortcut audits: shuffled labels, amplitude only, line noise only, recording length only.
    pub audits: bool,
    /// Bootstrap replicates behind every 95 % interval; at least 200.
    pub bootstrap: usize,
    /// Nearest neighbours of the k-NN classifier; at least 1.
    pub neighbours: usize,
    /// Hidden units of the MLP classifier; at least 1.
    pub mlp_hidden: usize,
    /// What the classifiers predict: `subject`, or any label column.
    pub labels: Vec<String>,
    /// Ways of the few-shot episodes, those above the number of test subjects left out; `all` is always added.
    pub ways: Vec<usize>,
    /// Shots of the few-shot episodes; each at least 1.
    pub shots: Vec<usize>,
    /// Episodes a way, shot and fold; at least 1.
    pub episodes: usize,
}

impl Default for EvaluationPlan {
    fn default() -> Self {
        Self {
            baselines: System::BASELINES.to_vec(),
            audits: true,
            bootstrap: 1000,
            neighbours: 5,
            mlp_hidden: 64,
            labels: vec!["subject".to_owned()],
            ways: vec![2, 5, 10, 20],
            shots: vec![1, 5],
            episodes: 200,
        }
    }
}

impl EvaluationPlan {
    /// The first value that cannot be used: its key below `evaluation`, and why.
    ///
    /// # Errors
    /// When a count is below its limit, or a name stands where it cannot.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        if let Some(wrong) = self.baselines.iter().find(|system| !System::BASELINES.contains(system)) {
            let allowed: Vec<&str> = System::BASELINES.iter().map(|system| system.name()).collect();
            return Err((
                "baselines",
                format!("{wrong} is not a baseline: choose from {}", allowed.join(", ")),
            ));
        }
        let counts = [
            ("bootstrap", self.bootstrap, 200),
            ("neighbours", self.neighbours, 1),
            ("mlp_hidden", self.mlp_hidden, 1),
            ("episodes", self.episodes, 1),
            ("ways", self.ways.iter().copied().min().unwrap_or(2), 2),
            ("shots", self.shots.iter().copied().min().unwrap_or(1), 1),
        ];
        match counts.into_iter().find(|(_, value, least)| value < least) {
            Some((key, value, least)) => Err((key, format!("{value} is too few: write {least} or more"))),
            None => Ok(()),
        }
    }
}
