//! A decision epoch by epoch: the rule, how it is fitted, and what it decides.

use serde::{Deserialize, Serialize};

use crate::Rate;

/// A sequential rule: epoch by epoch, accept at or above one bound, reject below another, else go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Epochs a template.
    pub enrol_epochs: usize,
    /// The false match rate aimed at over the whole sequence of looks.
    pub target_fmr: f64,
    /// After 1, 2, … epochs: the least score that is accepted at once.
    pub accept: Vec<f64>,
    /// After 1, 2, … epochs: scores below are rejected at once. The last equals the last of `accept`.
    pub reject: Vec<f64>,
    /// False match rate of the whole rule, observed.
    pub fmr: Rate,
    /// False non-match rate of the whole rule, to expect.
    pub fnmr: Rate,
    /// Mean epochs used when the person is who they say.
    pub mated_epochs: f64,
    /// Mean epochs used when they are not.
    pub non_mated_epochs: f64,
    /// Sequences of the same person behind the FNMR.
    pub mated: usize,
    /// Sequences of two people behind the FMR.
    pub non_mated: usize,
}

/// Running scores of one probe against one template: after 1, 2, … epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Scores after each epoch.
    pub scores: Vec<f64>,
    /// Whether both are of one person.
    pub mated: bool,
}

/// A decision and how many epochs it took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Whether the probe matches.
    pub accepted: bool,
    /// Epochs looked at.
    pub epochs: usize,
    /// The score after the last of them.
    pub score: f64,
    /// The bound it was held against.
    pub threshold: f64,
}

impl Bounds {
    /// Looks at running scores one by one until they decide; a probe that ends early is accepted at its last look's bound
    /// or not at all. Nothing where there is no score.
    pub fn decide(&self, scores: &[f64]) -> Option<Verdict> {
        let looks = self.accept.len().min(scores.len());
        (0..looks).find_map(|at| {
            let (score, last) = (scores[at], at + 1 == looks);
            let verdict = |accepted, threshold| Some(Verdict { accepted, epochs: at + 1, score, threshold });
            if score >= self.accept[at] {
                verdict(true, self.accept[at])
            } else if score < self.reject[at] {
                verdict(false, self.reject[at])
            } else if last {
                verdict(false, self.accept[at])
            } else {
                None
            }
        })
    }

    /// Fits a rule to sequences of equal length: the bounds that accept lie above the fixed thresholds by as many deviations
    /// as it takes for the false match rate over all looks to stay at the target; those that reject lie below by as few as
    /// reject no more than one in 300 mated sequences that would have been accepted later: a look more costs seconds, and few
    /// people set the bound.
    ///
    /// `thresholds` are those of probes of 1, 2, … epochs at `target_fmr`. The rates carry no interval yet. Nothing where a
    /// kind of sequence is missing.
    pub fn fit(
        sequences: &[Sequence],
        thresholds: &[f64],
        enrol_epochs: usize,
        target_fmr: f64,
    ) -> Option<Self> {
        let looks = thresholds.len();
        let mated = sequences.iter().filter(|sequence| sequence.mated).count();
        let non_mated = sequences.len() - mated;
        if looks == 0 || mated == 0 || non_mated == 0 || sequences.iter().any(|s| s.scores.len() != looks) {
            return None;
        }
        let scatter: Vec<f64> = (0..looks)
            .map(|at| deviation(sequences.iter().filter(|s| !s.mated).map(|s| s.scores[at])))
            .collect();
        let moved =
            |by: f64| -> Vec<f64> { thresholds.iter().zip(&scatter).map(|(t, d)| t + by * d).collect() };
        let mut rule = Self {
            enrol_epochs,
            target_fmr,
            accept: moved(0.0),
            reject: vec![f64::NEG_INFINITY; looks],
            fmr: Rate { value: 0.0, ci95: None },
            fnmr: Rate { value: 0.0, ci95: None },
            mated_epochs: 0.0,
            non_mated_epochs: 0.0,
            mated,
            non_mated,
        };
        let steps = (0..=STEPS).map(|step| f64::from(step) * STEP);
        let accepts = |rule: &Self, mated| {
            sequences
                .iter()
                .filter(|s| s.mated == mated && rule.decide(&s.scores).is_some_and(|v| v.accepted))
                .count()
        };
        for by in steps.clone() {
            rule.accept = moved(by);
            if accepts(&rule, false) as f64 <= target_fmr * non_mated as f64 * (1.0 + 1e-12) {
                break;
            }
        }
        let best = accepts(&rule, true);
        let last = looks - 1;
        for by in steps {
            rule.reject = moved(-by);
            rule.reject[last] = rule.accept[last];
            if accepts(&rule, true) * LOSS + mated >= best * LOSS {
                break;
            }
        }
        rule.measure(sequences);
        Some(rule)
    }

    fn measure(&mut self, sequences: &[Sequence]) {
        let (mut accepted, mut epochs) = ([0usize; 2], [0usize; 2]);
        for sequence in sequences {
            if let Some(verdict) = self.decide(&sequence.scores) {
                accepted[usize::from(sequence.mated)] += usize::from(verdict.accepted);
                epochs[usize::from(sequence.mated)] += verdict.epochs;
            }
        }
        self.fmr.value = accepted[0] as f64 / self.non_mated as f64;
        self.fnmr.value = 1.0 - accepted[1] as f64 / self.mated as f64;
        self.non_mated_epochs = epochs[0] as f64 / self.non_mated as f64;
        self.mated_epochs = epochs[1] as f64 / self.mated as f64;
    }
}

/// Of so many mated sequences one may be rejected early that would have been accepted later.
const LOSS: usize = 300;
/// Bounds are looked for in tenths of a deviation, up to eight deviations.
const STEP: f64 = 0.1;
const STEPS: i32 = 80;

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, Normal};

    use super::*;

    /// Running means of independent scores, mated ones about 0.6, others about 0.
    fn sequences(count: usize, looks: usize) -> Vec<Sequence> {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let noise = Normal::new(0.0, 0.5).unwrap();
        (0..count)
            .map(|k| {
                let mated = k % 5 == 0;
                let mut sum = 0.0;
                let scores = (1..=looks)
                    .map(|n| {
                        sum += noise.sample(&mut rng) + if mated { 0.6 } else { 0.0 };
                        sum / n as f64
                    })
                    .collect();
                Sequence { scores, mated }
            })
            .collect()
    }

    /// The threshold at a false match rate, by sorting.
    fn threshold(sequences: &[Sequence], look: usize, fmr: f64) -> f64 {
        let mut scores: Vec<f64> = sequences.iter().filter(|s| !s.mated).map(|s| s.scores[look]).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores[(fmr * scores.len() as f64) as usize].next_up()
    }

    #[test]
    fn a_sequential_rule_keeps_the_false_match_rate_and_saves_epochs() {
        let all = sequences(20_000, 6);
        let thresholds: Vec<f64> = (0..6).map(|look| threshold(&all, look, 0.01)).collect();
        let rule = Bounds::fit(&all, &thresholds, 15, 0.01).unwrap();
        assert!(rule.fmr.value <= 0.01 && rule.fmr.value > 0.005, "{rule:?}");
        assert!(rule.mated_epochs < 5.0 && rule.non_mated_epochs < 5.0, "{rule:?}");
        // Deciding at the last epoch alone misses so many; looking six times costs some of that, here 12.6 points:
        let fixed = all.iter().filter(|s| s.mated && s.scores[5] < thresholds[5]).count() as f64 / 4000.0;
        assert!(rule.fnmr.value < fixed + 0.15, "{rule:?} against {fixed}");
        // Nothing is accepted on early looks that the whole rule does not count: shorter probes have no higher rate.
        for looks in 1..6 {
            let accepted =
                all.iter().filter(|s| !s.mated && rule.decide(&s.scores[..looks]).unwrap().accepted).count();
            assert!(accepted as f64 <= 0.01 * 16_000.0, "{looks}: {accepted}");
        }
    }

    #[test]
    fn a_verdict_says_how_many_epochs_it_took() {
        let rule = Bounds {
            accept: vec![0.9, 0.6, 0.5],
            reject: vec![0.1, 0.2, 0.5],
            ..Bounds::fit(&sequences(100, 3), &[0.5; 3], 15, 0.05).unwrap()
        };
        let verdict = |scores: &[f64]| rule.decide(scores).map(|v| (v.accepted, v.epochs));
        assert_eq!(verdict(&[0.95, 0.0]), Some((true, 1)));
        assert_eq!(verdict(&[0.05, 0.9]), Some((false, 1)));
        assert_eq!(verdict(&[0.5, 0.6]), Some((true, 2)));
        assert_eq!(verdict(&[0.5, 0.4]), Some((false, 2)));
        assert_eq!(verdict(&[0.5, 0.4, 0.5, 0.0]), Some((true, 3)));
        assert_eq!(verdict(&[]), None);
    }
}
