//! Attempts to be let in, and the row that they add up to.

use std::collections::BTreeMap;

use twinprint_evaluation::AttemptRate;
use twinprint_report::{AttackOutcome, AttackRow, AttackedPoint};

/// What came of an attempt, checks aside.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// The score that the threshold decides on; NaN where nothing could be scored.
    Score(f64),
    /// After how many queries each operating point's threshold was reached, where it was.
    Reached(Vec<Option<u32>>),
    /// Whether it came to its end, where no threshold decides.
    Done(bool),
}

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    /// The place of the fold, whose thresholds it is held against.
    pub(super) fold: usize,
    /// The numbers of those over whom an interval counts: whom it is about and who else takes part.
    pub(super) people: Vec<u32>,
    /// What it counts; 1 but where two kinds of attempts are to count alike.
    pub(super) weight: f64,
    /// The check that refuses it before it is scored.
    pub(super) refused: Option<&'static str>,
    /// What came of it.
    pub(super) outcome: Outcome,
}

impl Attempt {
    /// An attempt that no check refuses and whose score decides.
    pub(super) fn scored(fold: usize, people: &[u32], score: f64) -> Self {
        Self { fold, people: people.to_vec(), weight: 1.0, refused: None, outcome: Outcome::Score(score) }
    }

    /// Refused by a check, where there is one that does.
    pub(super) fn checked(self, refused: Option<&'static str>) -> Self {
        Self { refused, ..self }
    }

    /// Whether the score alone lets it in at an operating point.
    fn reaches(&self, points: &[AttackedPoint], at: usize) -> bool {
        match &self.outcome {
            Outcome::Score(score) => *score >= points[at].thresholds[self.fold],
            Outcome::Reached(queries) => queries[at].is_some(),
            Outcome::Done(done) => *done,
        }
    }
}

/// One kind of attack and all its attempts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attack {
    pub(super) name: String,
    pub(super) has: &'static str,
    pub(super) hands_in: &'static str,
    pub(super) attempts: Vec<Attempt>,
}

impl Attack {
    pub(super) fn new(name: impl Into<String>, has: &'static str, hands_in: &'static str) -> Self {
        Self { name: name.into(), has, hands_in, attempts: Vec::new() }
    }

    pub(super) fn with(mut self, attempts: impl IntoIterator<Item = Attempt>) -> Self {
        self.attempts.extend(attempts);
        self
    }

    /// The row of all attempts, at each operating point.
    pub(super) fn row(&self, points: &[AttackedPoint]) -> AttackRow {
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        for check in self.attempts.iter().filter_map(|attempt| attempt.refused) {
            *refused.entry(check.to_owned()).or_default() += 1;
        }
        let decided = self.attempts.iter().any(|attempt| !matches!(attempt.outcome, Outcome::Done(_)));
        let targets = if decided { points.len() } else { 1 };
        let outcomes = (0..targets)
            .map(|at| AttackOutcome {
                target_fmr: decided.then(|| points[at].target_fmr),
                ..self.outcome(points, at, decided && !refused.is_empty())
            })
            .collect();
        AttackRow {
            attack: self.name.clone(),
            attacker_has: self.has.to_owned(),
            hands_in: self.hands_in.to_owned(),
            attempts: self.attempts.len(),
            refused,
            middle_score: self.middle_score(),
            outcomes,
        }
    }

    fn middle_score(&self) -> Option<f64> {
        let mut scores: Vec<f64> = self
            .attempts
            .iter()
            .filter_map(|attempt| match attempt.outcome {
                Outcome::Score(score) if score.is_finite() => Some(score),
                _ => None,
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        scores.get(scores.len() / 2).copied()
    }

    fn outcome(&self, points: &[AttackedPoint], at: usize, checks: bool) -> AttackOutcome {
        let (mut rate, mut alone) = (AttemptRate::default(), AttemptRate::default());
        let (mut successes, mut queries) = (0, Vec::new());
        for attempt in &self.attempts {
            let reaches = attempt.reaches(points, at);
            let success = reaches && attempt.refused.is_none();
            successes += usize::from(success);
            rate.add(&attempt.people, attempt.weight, success);
            alone.add(&attempt.people, attempt.weight, reaches);
            if let Outcome::Reached(reached) = &attempt.outcome {
                queries.extend(reached[at]);
            }
        }
        queries.sort_unstable();
        let middle = queries.get(queries.len() / 2).map(|&count| f64::from(count));
        AttackOutcome {
            target_fmr: None,
            successes,
            rate: rate.estimate(),
            rate_without_checks: alone.estimate().filter(|_| checks),
            queries: middle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<AttackedPoint> {
        let point = |target_fmr, threshold| AttackedPoint {
            target_fmr,
            thresholds: vec![threshold, threshold + 0.1],
            non_mated: 100,
        };
        vec![point(0.1, 0.5), point(0.01, 0.8)]
    }

    #[test]
    fn each_fold_has_its_own_threshold_and_what_is_refused_does_not_succeed() {
        let attempts = [
            Attempt::scored(0, &[0], 0.55),
            Attempt::scored(1, &[1], 0.55),
            Attempt::scored(0, &[2], 0.9).checked(Some("replay")),
            Attempt::scored(0, &[3], f64::NAN),
        ];
        let row = Attack::new("a", "b", "c").with(attempts).row(&points());
        assert_eq!((row.attempts, row.refused["replay"], row.middle_score), (4, 1, Some(0.55)));
        let told: Vec<_> = row.outcomes.iter().map(|at| (at.successes, at.rate.unwrap().value)).collect();
        assert_eq!(told, [(1, 0.25), (0, 0.0)]);
        let alone: Vec<_> = row.outcomes.iter().map(|at| at.rate_without_checks.unwrap().value).collect();
        assert_eq!(alone, [0.5, 0.25]);
    }

    #[test]
    fn climbs_tell_their_middle_number_of_queries_and_what_no_threshold_decides_has_one_number() {
        let climb = |queries: Option<u32>| Attempt {
            outcome: Outcome::Reached(vec![queries, None]),
            ..Attempt::scored(0, &[0], 0.0)
        };
        let row =
            Attack::new("a", "b", "c").with([climb(Some(9)), climb(None), climb(Some(4))]).row(&points());
        assert_eq!((row.outcomes[0].successes, row.outcomes[0].queries), (2, Some(9.0)));
        assert_eq!((row.outcomes[1].successes, row.outcomes[1].queries), (0, None));
        let done = Attempt { outcome: Outcome::Done(true), ..Attempt::scored(0, &[0], 0.0) };
        let row = Attack::new("a", "b", "c").with([done]).row(&points());
        assert_eq!((row.outcomes.len(), row.outcomes[0].target_fmr), (1, None));
    }
}
