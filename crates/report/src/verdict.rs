//! Whether the encoder beats the baselines on its own trials.

use twinprint_signal::{Estimate, Interval};

use crate::format::{difference, is_encoder, lengths, percent, seconds};
use crate::results::{Comparison, ENCODER, Results, VerificationRow};

/// Differences below it read 0.0 in percentage points.
const LEAST_SHOWN: f64 = 0.0005;

/// The encoder beside its hardest baseline at one probe length.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// The baseline with the lowest equal error rate.
    pub baseline: String,
    /// Equal error rate of the encoder.
    pub encoder_eer: f64,
    /// Equal error rate of that baseline.
    pub baseline_eer: f64,
    /// The 95 % interval of the difference, encoder minus baseline, where the run has it.
    pub ci95: Option<Interval>,
    every_interval_below_zero: bool,
}

impl Verdict {
    /// Whether the encoder has the lower equal error rate.
    pub fn lower(&self) -> bool {
        self.encoder_eer < self.baseline_eer
    }

    /// Whether it is lower by more than chance explains, against this baseline and every other the run compared.
    pub fn certain(&self) -> bool {
        self.lower() && self.ci95.is_some() && self.every_interval_below_zero
    }

    /// The verdict in one sentence.
    pub fn text(&self) -> String {
        let pair = format!(
            "EER {} % against {} % of {}",
            percent(self.encoder_eer),
            percent(self.baseline_eer),
            self.baseline
        );
        let gap = Estimate { value: self.encoder_eer - self.baseline_eer, ci95: self.ci95 };
        let shown = self.ci95.map(|_| ", difference ".to_owned() + &difference(gap, " points"));
        let tail = if self.certain() {
            "the encoder beats every baseline"
        } else if gap.value.abs() < LEAST_SHOWN {
            "the two are equal at these digits, so the encoder does not beat its hardest baseline"
        } else if self.lower() && self.ci95.is_none() {
            "lower than every baseline, but how certain that is was not computed"
        } else if self.lower() {
            "lower than every baseline, but not by more than chance explains"
        } else if self.ci95.is_some_and(|ci95| ci95.low < 0.0) {
            "nothing shows that the encoder is better than its hardest baseline"
        } else {
            "the encoder does not beat its hardest baseline and has learnt nothing worth reporting here"
        };
        format!("{} probes: {pair}{}: {tail}", seconds(self.probe_seconds), shown.unwrap_or_default())
    }
}

/// One verdict for each probe length at which both the encoder and a baseline have an equal error rate.
pub fn verdicts(results: &Results) -> Vec<Verdict> {
    let all = lengths(results.verification.iter().map(|row| row.probe_seconds));
    all.into_iter().filter_map(|probe| verdict(results, probe)).collect()
}

fn verdict(results: &Results, probe: f64) -> Option<Verdict> {
    let here = || results.verification.iter().filter(|row| row.probe_seconds == probe);
    let encoder = here().find(|row| row.system == ENCODER)?;
    let encoder_eer = encoder.eer?.value;
    let (baseline, baseline_eer) = here()
        .filter(|row| !is_encoder(&row.system) && !same_scores(row, encoder))
        .filter_map(|row| row.eer.map(|eer| (row.system.clone(), eer.value)))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let compared = || {
        let all = results.comparisons.iter().filter(|c| c.system == ENCODER && c.probe_seconds == probe);
        all.filter(|c| !is_encoder(&c.baseline))
    };
    let ci95 = compared().find(|c| c.baseline == baseline).map(|c| c.ci95);
    let every_interval_below_zero = compared().all(Comparison::better);
    Some(Verdict {
        probe_seconds: probe,
        baseline,
        encoder_eer,
        baseline_eer,
        ci95,
        every_interval_below_zero,
    })
}

/// Whether two systems gave the same scores: a plan without a training step makes `whitened_encoder` the encoder itself, and
/// nothing beats itself.
fn same_scores(a: &VerificationRow, b: &VerificationRow) -> bool {
    a.eer == b.eer && a.auc.is_some() && a.auc == b.auc && a.d_prime == b.d_prime && a.min_cllr == b.min_cllr
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(encoder: f64, baseline: f64, ci95: Option<[f64; 2]>) -> Results {
        let row = |system: &str, value| VerificationRow {
            system: system.to_owned(),
            probe_seconds: 2.0,
            eer: Some(Estimate { value, ci95: Some([value / 2.0, value * 2.0].into()) }),
            ..Default::default()
        };
        Results {
            verification: vec![row("encoder", encoder), row("hard", baseline), row("easy", 0.4)],
            comparisons: ci95
                .map(|ci95| Comparison {
                    system: "encoder".to_owned(),
                    baseline: "hard".to_owned(),
                    probe_seconds: 2.0,
                    difference: encoder - baseline,
                    ci95: ci95.into(),
                })
                .into_iter()
                .collect(),
            ..Default::default()
        }
    }

    #[test]
    fn an_encoder_behind_its_hardest_baseline_has_learnt_nothing() {
        let shown = verdicts(&results(0.06, 0.05, None))[0].text();
        assert!(shown.contains("learnt nothing worth reporting") && shown.contains("of hard"), "{shown}");
    }

    #[test]
    fn behind_a_baseline_by_no_more_than_chance_explains_is_said_so() {
        let shown = verdicts(&results(0.045, 0.043, Some([-0.022, 0.025])))[0].text();
        assert!(
            shown.ends_with("nothing shows that the encoder is better than its hardest baseline"),
            "{shown}"
        );
    }

    #[test]
    fn a_tie_is_no_win() {
        assert!(!verdicts(&results(0.05, 0.05, None))[0].lower());
    }

    #[test]
    fn a_difference_that_reads_nought_is_not_called_lower() {
        let shown = verdicts(&results(0.0083, 0.0087, Some([-0.02, 0.019])))[0].text();
        assert!(shown.contains("difference 0.0 points [−2.0, +1.9]: the two are equal"), "{shown}");
        assert!(!shown.contains("lower"), "{shown}");
    }

    #[test]
    fn a_lower_rate_counts_as_certain_only_when_the_interval_excludes_zero() {
        assert!(verdicts(&results(0.04, 0.05, Some([-0.02, -0.001])))[0].certain());
        assert!(!verdicts(&results(0.04, 0.05, Some([-0.02, 0.001])))[0].certain());
        let unknown = &verdicts(&results(0.04, 0.05, None))[0];
        assert!(!unknown.certain() && unknown.text().contains("was not computed"));
    }

    #[test]
    fn a_baseline_that_is_the_encoder_itself_is_passed_over() {
        let mut closed = results(0.04, 0.04, None);
        closed.verification.iter_mut().take(2).for_each(|row| row.auc = Some(0.99));
        assert_eq!(verdicts(&closed)[0].baseline, "easy");
    }

    #[test]
    fn without_a_baseline_there_is_no_verdict() {
        let mut alone = results(0.04, 0.05, None);
        alone.verification.truncate(1);
        assert!(verdicts(&alone).is_empty());
    }
}
