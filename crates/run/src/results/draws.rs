//! The draws behind a run's intervals: what decides them, so that a number has one interval whichever command asks.

use serde::Deserialize;
use twinprint_evaluation::Bootstrap;

use crate::config::Config;
use crate::folder::RunFolder;
use crate::{RunError, seed};

/// What a plan says of the bootstrap. Read by itself from `plan.json`, so that runs of other versions can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Draws {
    seed: u64,
    evaluation: Replicates,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Replicates {
    bootstrap: usize,
}

impl Draws {
    pub(crate) fn of(config: &Config) -> Self {
        Self { seed: config.seed, evaluation: Replicates { bootstrap: config.evaluation.bootstrap } }
    }

    /// Those of a finished run.
    pub(crate) fn of_run(folder: &RunFolder) -> Result<Self, RunError> {
        folder.read_json("plan.json")
    }

    /// Those for a difference between systems of two runs: more replicates before fewer, of equals the lower seed, so that
    /// the order in which the runs are named makes no difference.
    pub(crate) fn between(self, other: Self) -> Self {
        let rank = |draws: &Self| (draws.evaluation.bootstrap, std::cmp::Reverse(draws.seed));
        std::cmp::max_by_key(self, other, rank)
    }

    /// The bootstrap behind the intervals of one kind of number.
    pub(crate) fn bootstrap(&self, name: &str) -> Bootstrap {
        Bootstrap {
            replicates: self.evaluation.bootstrap,
            seed: seed::derive(self.seed, &format!("bootstrap {name}")),
            ..Bootstrap::default()
        }
    }

    /// The bootstrap behind the difference of two systems on the same trials, in which people are numbered by the order of their
    /// names: the only way a difference is computed, in `results.json` as in `compare`.
    pub(crate) fn of_differences(&self) -> Bootstrap {
        self.bootstrap("comparison")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_in_which_two_runs_are_named_does_not_change_the_draws() {
        let draws = |seed, bootstrap| Draws { seed, evaluation: Replicates { bootstrap } };
        for (one, other) in [(draws(1, 1000), draws(2, 1000)), (draws(1, 200), draws(2, 1000))] {
            assert_eq!(one.between(other), other.between(one));
        }
        assert_eq!(draws(3, 1000).between(draws(1, 200)), draws(3, 1000));
    }
}
