//! Thresholds for a gallery, from the scores of people the encoder never saw.

use twinprint_evaluation::{Estimate, RATES, Scores, SortedScores, resolves, transport, transport_folds};
use twinprint_gallery::{Bounds, OperatingPoint, People, Projection, Sequence, Thresholds};
use twinprint_protocol::Role;
use twinprint_run::EncoderPrints;

use crate::DeskError;
use crate::cancelable::cost;
use crate::duplicates::duplicates;
use crate::role_prints::{Comparisons, RolePrints, rate};
use crate::run_scores::{RunScores, which};

/// Measures thresholds. Those of a fold's encoder come from the fold's dev people, or where nobody was set aside from its test
/// people; those of the final model from everybody who was tested, each by the encoder of their own fold.
///
/// # Errors
/// When the run cannot set an honest threshold, its prints are missing, or there are too few people or seconds.
pub(crate) fn thresholds(run: &RunScores, projection: Option<&Projection>) -> Result<Thresholds, DeskError> {
    run.check_honest()?;
    let whose = Whose::of(run, projection)?;
    let (enrol_epochs, looks) = whose.lengths(run)?;
    let mut points = Vec::new();
    let mut bounds = Vec::new();
    let lengths = halves(enrol_epochs);
    for &enrol in &lengths {
        for probe in 1..=looks {
            points.extend(operating_points(&whose.compare(enrol, probe)?, enrol, probe)?);
        }
        bounds.extend(rules(&whose.compare(enrol, looks)?, enrol)?);
    }
    let cost = match projection {
        Some(projection) => {
            let plain = Whose::of(run, None)?;
            Some(cost(run, (&plain.setting[0], &whose.setting[0]), projection, enrol_epochs, looks)?)
        }
        None => None,
    };
    Ok(Thresholds {
        people: whose.people,
        subjects: whose.subjects(),
        duplicates: duplicates(&whose.setting, &lengths)?,
        points,
        bounds,
        usual_spread: RolePrints::usual_spread(&whose.setting, enrol_epochs),
        cost,
        notes: whose.notes(run, enrol_epochs, looks),
    })
}

/// Whose scores set thresholds, and on whom error rates are observed.
struct Whose {
    people: People,
    /// Whose scores set the thresholds: one fold's people, or those tested in each of several.
    setting: Vec<RolePrints>,
    /// On whom the error rates are observed; nothing where every fold is left out in turn.
    tested: Option<RolePrints>,
}

/// Everything compared at one length of template and probe.
struct Compared {
    /// What sets the threshold.
    setting: Comparisons,
    /// What sets a threshold, and on whom its error rates are observed.
    observed: Vec<(Comparisons, Comparisons)>,
}

impl Whose {
    fn of(run: &RunScores, projection: Option<&Projection>) -> Result<Self, DeskError> {
        let file = EncoderPrints::open(&run.folder)?;
        let from = (&file, run.config.protocol.enrol.recordings_per_template);
        let ([fold], Some(_)) = (run.folds.as_slice(), run.fold) else {
            let setting = RolePrints::of_folds(&run.folds, from, projection)?;
            return Ok(Self { people: People::OutOfFold, setting, tested: None });
        };
        let (role, people) =
            if fold.dev.is_empty() { (Role::Test, People::Test) } else { (Role::Dev, People::Dev) };
        let prints = |role| RolePrints::of(fold, from, role, projection);
        Ok(Self { people, setting: vec![prints(role)?], tested: Some(prints(Role::Test)?) })
    }

    fn subjects(&self) -> usize {
        self.setting.iter().map(RolePrints::people).sum()
    }

    /// The plan's template length and the longest probe that two people of every set have, in epochs.
    fn lengths(&self, run: &RunScores) -> Result<(usize, usize), DeskError> {
        let protocol = &run.config.protocol;
        let epochs = |seconds: f64| ((seconds / run.epoch_seconds).round() as usize).max(1);
        let enrol = epochs(protocol.enrol.seconds);
        let wanted = epochs(protocol.probe.seconds.iter().copied().fold(0.0, f64::max));
        let can_probe = |count: &usize| self.setting.iter().all(|prints| prints.can_probe(*count));
        let looks = (1..=wanted).rev().find(can_probe);
        match looks {
            Some(looks) if self.setting.iter().all(|prints| prints.can_enrol(enrol)) => Ok((enrol, looks)),
            _ => Err(DeskError::RunFolder {
                path: run.folder.root().to_owned(),
                reason: format!(
                    "{}: fewer than two people with a template of {} s and a probe are there to measure thresholds on: take another fold's encoder with --fold",
                    which(run.fold),
                    protocol.enrol.seconds
                ),
            }),
        }
    }

    fn compare(&self, enrol: usize, probe: usize) -> Result<Compared, DeskError> {
        let parts =
            self.setting.iter().map(|prints| prints.compare(enrol, probe)).collect::<Result<Vec<_>, _>>()?;
        let setting = Comparisons::joined(parts.iter());
        let observed = match &self.tested {
            Some(tested) => vec![(Comparisons::joined(parts.iter()), tested.compare(enrol, probe)?)],
            None => {
                let others = |left_out: usize| {
                    Comparisons::joined(
                        parts.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, part)| part),
                    )
                };
                (0..parts.len()).map(others).collect::<Vec<_>>().into_iter().zip(parts).collect()
            }
        };
        Ok(Compared { setting, observed })
    }

    fn notes(&self, run: &RunScores, enrol: usize, looks: usize) -> Vec<String> {
        let (seconds, subjects) = (run.epoch_seconds, self.subjects());
        let whose = match self.people {
            People::OutOfFold => format!(
                "thresholds come from all {subjects} people tested, each by the encoder of a fold that had not seen them; error rates from thresholds of all folds but one on the one left out"
            ),
            People::Dev => format!(
                "thresholds come from {subjects} people set aside for them, error rates from {} others; the encoder saw neither",
                self.tested.as_ref().map_or(0, RolePrints::people)
            ),
            People::Test | People::Nobody => format!(
                "nobody was set aside for thresholds: the {subjects} test people of the fold, whom the encoder never saw, set them and are counted under them, which flatters a little; protocol.dev_subjects sets people aside"
            ),
        };
        vec![
            whose,
            format!(
                "measured with templates of {} s and probes of {} s at most, enrolled and probed as the run's protocol says",
                enrol as f64 * seconds,
                looks as f64 * seconds
            ),
            "how often somebody new is taken for a duplicate is, below what the comparisons of templates resolve, where the tail of their scores leads to"
                .to_owned(),
            "comparisons of the same people depend on one another: the intervals count people, the rule of 30 counts comparisons"
                .to_owned(),
        ]
    }
}

/// The plan's length and its halves: a shorter template is judged by what was measured at its own length or the next shorter.
fn halves(epochs: usize) -> Vec<usize> {
    std::iter::successors(Some(epochs), |&length| (length > 1).then_some(length / 2)).collect()
}

/// The rates that there are enough comparisons for.
fn rates(comparisons: &Comparisons) -> impl Iterator<Item = f64> + use<> {
    let non_mated = comparisons.non_mated();
    RATES.into_iter().filter(move |&rate| resolves(non_mated, rate))
}

fn operating_points(
    compared: &Compared,
    enrol_epochs: usize,
    probe_epochs: usize,
) -> Result<Vec<OperatingPoint>, DeskError> {
    let failed = DeskError::thresholds;
    let setting = SortedScores::new(&compared.setting.last()?);
    let pairs = compared.observed.iter().map(|(own, tested)| Ok((own.last()?, tested.last()?)));
    let pairs = pairs.collect::<Result<Vec<(Scores, Scores)>, DeskError>>()?;
    let pairs: Vec<(&Scores, &Scores)> = pairs.iter().map(|(own, tested)| (own, tested)).collect();
    rates(&compared.setting)
        .map(|target_fmr| {
            let found = transport_folds(&pairs, target_fmr).map_err(failed)?;
            Ok(OperatingPoint {
                enrol_epochs,
                probe_epochs,
                target_fmr,
                threshold: setting.threshold_at_fmr(target_fmr),
                fmr: rate(found.fmr),
                fnmr: rate(found.fnmr),
                mated: found.mated,
                non_mated: found.non_mated,
            })
        })
        .collect()
}

fn rules(compared: &Compared, enrol_epochs: usize) -> Result<Vec<Bounds>, DeskError> {
    let mut found = Vec::new();
    for target_fmr in rates(&compared.setting) {
        let Some(mut rule) = fit(&compared.setting, enrol_epochs, target_fmr)? else { continue };
        let mut outcomes = Vec::new();
        for (own, tested) in &compared.observed {
            let alone = compared.observed.len() == 1;
            let judge = if alone { Some(rule.clone()) } else { fit(own, enrol_epochs, target_fmr)? };
            let Some(judge) = judge else { continue };
            // Accepted or not, as a score of 1 or 0: at a threshold between them the rates are those of the rule.
            let accepted =
                |scores: &[f64]| f64::from(u8::from(judge.decide(scores).is_some_and(|v| v.accepted)));
            outcomes.push(tested.scores(accepted)?);
        }
        observe(&mut rule, &outcomes)?;
        found.push(rule);
    }
    Ok(found)
}

/// A rule that keeps the rate on these comparisons.
fn fit(own: &Comparisons, enrol_epochs: usize, target_fmr: f64) -> Result<Option<Bounds>, DeskError> {
    let looks = own.running.first().map_or(0, Vec::len);
    let people = own.enrol.iter().zip(&own.probe);
    let sequence = |(running, (enrol, probe)): (&Vec<f64>, (&u32, &u32))| Sequence {
        scores: running.clone(),
        mated: enrol == probe,
    };
    let sequences: Vec<Sequence> = own.running.iter().zip(people).map(sequence).collect();
    let thresholds = (0..looks)
        .map(|at| Ok(SortedScores::new(&own.scores(|running| running[at])?).threshold_at_fmr(target_fmr)))
        .collect::<Result<Vec<_>, DeskError>>()?;
    Ok(Bounds::fit(&sequences, &thresholds, enrol_epochs, target_fmr))
}

/// Notes the error rates of a rule from its outcomes, 1 for accepted and 0 for not.
fn observe(rule: &mut Bounds, outcomes: &[Scores]) -> Result<(), DeskError> {
    let failed = DeskError::thresholds;
    let outcome = Scores::concat(outcomes).map_err(failed)?;
    let people = outcome.enrol_subject().iter().zip(outcome.probe_subject());
    let false_matches = outcome
        .similarity()
        .iter()
        .zip(people)
        .filter(|(accepted, (enrol, probe))| **accepted > 0.5 && enrol != probe)
        .count();
    let observed = false_matches as f64 / outcome.non_mated().max(1) as f64;
    let found = transport(&outcome, &outcome, observed.max(rule.target_fmr).min(0.999)).map_err(failed)?;
    rule.fmr = rate(Estimate { value: observed, ..found.fmr });
    rule.fnmr = rate(found.fnmr);
    (rule.mated, rule.non_mated) = (found.mated, found.non_mated);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_lengths_are_halved_down_to_one_epoch() {
        assert_eq!(halves(15), [15, 7, 3, 1]);
        assert_eq!(halves(1), [1]);
    }

    #[test]
    fn a_rate_needs_thirty_expected_errors() {
        let comparisons = |non_mated: usize| Comparisons {
            enrol: vec![0; non_mated + 1],
            probe: std::iter::once(0).chain(std::iter::repeat_n(1, non_mated)).collect(),
            running: vec![vec![0.0]; non_mated + 1],
        };
        assert_eq!(rates(&comparisons(2999)).last(), Some(0.02));
        assert_eq!(rates(&comparisons(3000)).last(), Some(0.01));
        assert_eq!(rates(&comparisons(149)).last(), None);
    }
}
