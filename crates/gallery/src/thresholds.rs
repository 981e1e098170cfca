//! From which score on a probe matches, and what that costs: thresholds with the error rates measured beside them.

use serde::{Deserialize, Serialize};

use crate::{GalleryError, Linkage};

/// Whose scores set the thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// People set aside for it: thresholds come from them, error rates from the test people.
    Dev,
    /// The test people themselves, since nobody was set aside: the error rates are those of the very scores that set the
    /// threshold, and flatter a little.
    Test,
    /// Nobody: prints came from elsewhere, and a threshold must be stated.
    Nobody,
}

/// An error rate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// 0 to 1.
    pub value: f64,
    /// Over people; absent with too few of them.
    pub ci95: Option<[f64; 2]>,
}

/// One threshold and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// Epochs a template.
    pub enrol_epochs: usize,
    /// Epochs a probe.
    pub probe_epochs: usize,
    /// The false match rate aimed at.
    pub target_fmr: f64,
    /// Least score of a match.
    pub threshold: f64,
    /// False match rate observed.
    pub fmr: Rate,
    /// False non-match rate to expect.
    pub fnmr: Rate,
    /// Comparisons of one person with herself behind the FNMR.
    pub mated: usize,
    /// Comparisons of two people behind the FMR.
    pub non_mated: usize,
}

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
    /// Mean epochs used when the person is who she says.
    pub mated_epochs: f64,
    /// Mean epochs used when she is not.
    pub non_mated_epochs: f64,
    /// Sequences of one person with herself behind the FNMR.
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

/// What making templates cancelable costs and gives, measured on the people who set the thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Dimensions of a print.
    pub dim: usize,
    /// Dimensions kept.
    pub kept: usize,
    /// Equal error rate of the prints as they are.
    pub eer_plain: f64,
    /// Equal error rate of the projected ones.
    pub eer_projected: f64,
    /// What one template under this key tells about one under another.
    pub linkage: Option<Linkage>,
    /// The share of people paired rightly from the angles within two galleries of the same templates.
    pub set_linkage: f64,
    /// Pairs of keys behind the two.
    pub keys: usize,
}

/// All thresholds of a gallery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Whose scores set them.
    pub people: People,
    /// How many people.
    pub subjects: usize,
    /// Fixed lengths of probe.
    pub points: Vec<OperatingPoint>,
    /// Sequential rules.
    pub bounds: Vec<Bounds>,
    /// The spread that 95 of 100 templates of these people do not exceed.
    pub usual_spread: Option<f64>,
    /// What cancelable templates cost, where they are.
    pub cost: Option<Cost>,
    /// What to know before trusting them, in sentences.
    pub notes: Vec<String>,
}

impl Thresholds {
    /// No thresholds, and why.
    pub fn none(why: impl Into<String>) -> Self {
        Self {
            people: People::Nobody,
            subjects: 0,
            points: Vec::new(),
            bounds: Vec::new(),
            usual_spread: None,
            cost: None,
            notes: vec![why.into()],
        }
    }

    /// The threshold for `target_fmr`, measured with templates and probes as long as these or the next shorter.
    ///
    /// # Errors
    /// When the false match rate is not one of those that enough comparisons stand behind; the error lists them.
    pub fn point(
        &self,
        target_fmr: f64,
        enrol_epochs: usize,
        probe_epochs: usize,
    ) -> Result<&OperatingPoint, GalleryError> {
        let enrol = nearest(self.points.iter().map(|point| point.enrol_epochs), enrol_epochs);
        let of_template = || self.points.iter().filter(|point| Some(point.enrol_epochs) == enrol);
        let probe = nearest(of_template().map(|point| point.probe_epochs), probe_epochs);
        let of_length: Vec<_> = of_template().filter(|point| Some(point.probe_epochs) == probe).collect();
        let found = of_length.iter().find(|point| same(point.target_fmr, target_fmr)).copied();
        found.ok_or_else(|| self.refuse(target_fmr, of_length.iter().map(|point| point.target_fmr)))
    }

    /// The sequential rule for `target_fmr` and templates as long as this or the next shorter.
    ///
    /// # Errors
    /// As [`Thresholds::point`].
    pub fn rule(&self, target_fmr: f64, enrol_epochs: usize) -> Result<&Bounds, GalleryError> {
        let enrol = nearest(self.bounds.iter().map(|bounds| bounds.enrol_epochs), enrol_epochs);
        let of_template: Vec<_> =
            self.bounds.iter().filter(|bounds| Some(bounds.enrol_epochs) == enrol).collect();
        let found = of_template.iter().find(|bounds| same(bounds.target_fmr, target_fmr)).copied();
        found.ok_or_else(|| self.refuse(target_fmr, of_template.iter().map(|bounds| bounds.target_fmr)))
    }

    /// The least false match rate at or above `wanted` that was measured for templates as long as this or the next shorter,
    /// and for probes of every length.
    pub fn default_fmr(&self, wanted: f64, enrol_epochs: usize) -> Option<f64> {
        let enrol = nearest(self.bounds.iter().map(|bounds| bounds.enrol_epochs), enrol_epochs);
        let of_template = self.bounds.iter().filter(|bounds| Some(bounds.enrol_epochs) == enrol);
        let rates = of_template.map(|bounds| bounds.target_fmr);
        rates.filter(|rate| *rate >= wanted * (1.0 - 1e-9)).min_by(f64::total_cmp)
    }

    fn refuse(&self, wanted: f64, measured: impl Iterator<Item = f64>) -> GalleryError {
        let mut measured: Vec<f64> = measured.collect();
        measured.sort_by(f64::total_cmp);
        let limit = if measured.is_empty() {
            "this gallery has no measured threshold; state one with --threshold".to_owned()
        } else {
            let list: Vec<String> = measured.iter().map(f64::to_string).collect();
            format!(
                "this gallery's thresholds were measured for {}; a lower rate needs 30 / rate comparisons of different people, a rate between needs none: take the next lower, or state a score with --threshold",
                list.join(", ")
            )
        };
        GalleryError::Setting { name: "--fmr", value: wanted.to_string(), limit }
    }
}

fn same(left: f64, right: f64) -> bool {
    (left / right - 1.0).abs() < 1e-9
}

/// The greatest length not above the wanted one, else the least there is.
fn nearest(lengths: impl Iterator<Item = usize>, wanted: usize) -> Option<usize> {
    let lengths: Vec<usize> = lengths.collect();
    lengths.iter().copied().filter(|&length| length <= wanted).max().or_else(|| lengths.into_iter().min())
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
    /// reject no more than one in a hundred mated sequences that would have been accepted later.
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
            if accepts(&rule, true) * 100 + mated >= best * 100 {
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

    #[test]
    fn without_a_wish_the_rate_is_the_least_measured_for_templates_of_that_length() {
        let bounds = |enrol_epochs, target_fmr| Bounds {
            enrol_epochs,
            target_fmr,
            ..Bounds::fit(&sequences(100, 3), &[0.5; 3], 15, 0.05).unwrap()
        };
        let all = vec![bounds(15, 0.2), bounds(15, 0.1), bounds(1, 0.02)];
        let thresholds = Thresholds { bounds: all, ..Thresholds::none("") };
        assert_eq!(thresholds.default_fmr(0.01, 20), Some(0.1));
        assert_eq!(thresholds.default_fmr(0.15, 20), Some(0.2));
        assert_eq!(thresholds.default_fmr(0.01, 3), Some(0.02));
        assert_eq!(thresholds.default_fmr(0.3, 20), None);
    }

    #[test]
    fn a_rate_that_was_not_measured_is_refused_with_those_that_were() {
        let rate = Rate { value: 0.0, ci95: None };
        let point = |enrol, probe, fmr, threshold| OperatingPoint {
            enrol_epochs: enrol,
            probe_epochs: probe,
            target_fmr: fmr,
            threshold,
            fmr: rate,
            fnmr: rate,
            mated: 10,
            non_mated: 1000,
        };
        let thresholds = Thresholds {
            points: vec![point(5, 1, 0.1, 0.3), point(15, 1, 0.1, 0.4), point(15, 5, 0.05, 0.5)],
            ..Thresholds::none("")
        };
        assert_eq!(thresholds.point(0.1, 99, 1).unwrap().threshold, 0.4);
        assert_eq!(thresholds.point(0.1, 14, 9).unwrap().threshold, 0.3);
        assert_eq!(thresholds.point(0.05, 15, 7).unwrap().threshold, 0.5);
        let said = thresholds.point(0.01, 15, 5).unwrap_err().to_string();
        assert!(
            said.contains("--fmr = 0.01") && said.contains("0.05") && said.contains("--threshold"),
            "{said}"
        );
        assert!(
            Thresholds::none("").rule(0.01, 1).unwrap_err().to_string().contains("no measured threshold")
        );
    }
}
