//! What is computed from prints and scores: the `[evaluation]` table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_comparison::Normalisation;
use twinprint_comparison::Pooling;

use crate::shortcut::Audit;
use crate::system::System;

/// What is computed from prints and scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Evaluation")]
pub struct EvaluationPlan {
    /// Baselines scored on the same trials; six unless some are left out, or `alpha_aligned_wccn` is added, by name.
    pub baselines: Vec<System>,
    /// What the run asks about its own numbers; every audit unless some are left out by name.
    pub audits: Vec<Audit>,
    /// How the prints of an enrolment become a template: `mean`, `medoid` or `robust_mean`.
    pub template: Pooling,
    /// How the prints of a probe become one print, in the same words.
    pub probe: Pooling,
    /// Score normalisation against the training subjects of the fold, a print a recording: `none`, `z`, `t`, `s`, or
    /// `adaptive_s` with the `top` most similar of them.
    pub normalisation: Normalisation,
    /// Bootstrap replicates behind every 95 % interval: 200 to 1,000,000. Default: 1000.
    #[schemars(range(min = 200, max = 1000000))]
    pub bootstrap: usize,
    /// Nearest neighbours of the k-NN classifier, 1 or more. Default: 5.
    #[schemars(range(min = 1, max = 1000000))]
    pub neighbours: usize,
    /// Hidden units of the MLP classifier, 1 or more. Default: 64.
    #[schemars(range(min = 1, max = 1000000))]
    pub mlp_hidden: usize,
    /// What the classifiers predict: `subject`, or any label column. Default: `subject`.
    pub labels: Vec<String>,
    /// Ways of the few-shot episodes (people to choose from), each 2 or more, those above the number of test subjects left out; `all` is always added.
    #[schemars(inner(range(min = 2)))]
    pub ways: Vec<usize>,
    /// Shots of the few-shot episodes (prints that a person is known by), each 1 or more.
    #[schemars(inner(range(min = 1)))]
    pub shots: Vec<usize>,
    /// Episodes a way, shot and fold, 1 or more. Default: 200.
    #[schemars(range(min = 1, max = 1000000))]
    pub episodes: usize,
}

/// The most that any count of the table may be.
const MOST: usize = 1_000_000;

impl Default for EvaluationPlan {
    fn default() -> Self {
        Self {
            baselines: System::BASELINES.to_vec(),
            audits: Audit::all(),
            template: Pooling::default(),
            probe: Pooling::default(),
            normalisation: Normalisation::default(),
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
    /// Whether prints of the people learnt from are needed, of every system.
    pub(crate) fn uses_training_prints(&self) -> bool {
        self.normalisation != Normalisation::None || self.labels.iter().any(|label| label != "subject")
    }

    /// The first value that cannot be used: its key below `evaluation`, and why.
    ///
    /// # Errors
    /// When a count is below its limit, or a name stands where it cannot.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        if let Some(wrong) = self.baselines.iter().find(|system| !System::BY_NAME.contains(system)) {
            let allowed: Vec<&str> = System::BY_NAME.iter().map(|system| system.name()).collect();
            return Err((
                "baselines",
                format!("{wrong} is not a baseline: choose from {}", allowed.join(", ")),
            ));
        }
        if let Normalisation::AdaptiveS { top } = self.normalisation
            && top < 2
        {
            return Err(("normalisation", format!("top = {top} is too few: write 2 or more")));
        }
        let counts = [
            ("bootstrap", self.bootstrap, 200),
            ("neighbours", self.neighbours, 1),
            ("mlp_hidden", self.mlp_hidden, 1),
            ("episodes", self.episodes, 1),
            ("ways", self.ways.iter().copied().min().unwrap_or(2), 2),
            ("shots", self.shots.iter().copied().min().unwrap_or(1), 1),
        ];
        if let Some((key, value, least)) = counts.into_iter().find(|(_, value, least)| value < least) {
            return Err((key, format!("{value} is too few: write {least} or more")));
        }
        match counts.into_iter().find(|(_, value, _)| *value > MOST) {
            Some((key, value, _)) => {
                Err((key, format!("{value} would come to no end: write {MOST} or less")))
            }
            None => Ok(()),
        }
    }
}
