//! Thresholds for a gallery, from the scores of people the encoder never saw.

use twinprint_evaluation::{Estimate, transport};
use twinprint_gallery::{Bounds, OperatingPoint, People, Projection, Sequence, Thresholds};
use twinprint_protocol::Role;

use crate::DeskError;
use crate::cancelable::cost;
use crate::role_prints::{Comparisons, RolePrints, prints_of, rate};
use crate::run_encoder::RunEncoder;

/// False match rates that thresholds are measured for, as far as comparisons carry them.
const RATES: [f64; 12] = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 5e-4, 2e-4, 1e-4, 5e-5];
/// Rule of 30 (Doddington 1998): so many errors must be expected at a rate before it counts as measured.
const ERRORS: f64 = 30.0;

/// Measures thresholds on the fold's dev people, or where nobody was set aside on its test people.
///
/// # Errors
/// When the run cannot set an honest threshold, its prints are missing, or there are too few people or seconds.
pub(crate) fn thresholds(
    encoder: &RunEncoder,
    projection: Option<&Projection>,
) -> Result<Thresholds, DeskError> {
    encoder.check_honest()?;
    let file = prints_of(encoder)?;
    let (role, people) =
        if encoder.fold.dev.is_empty() { (Role::Test, People::Test) } else { (Role::Dev, People::Dev) };
    let own = RolePrints::of(encoder, &file, role, projection);
    let test = RolePrints::of(encoder, &file, Role::Test, projection);
    let (enrol_epochs, looks) = lengths(encoder, &own)?;
    let mut points = Vec::new();
    let mut bounds = Vec::new();
    for &enrol in &halves(enrol_epochs) {
        for probe in 1..=looks {
            let (own, test) = (own.compare(enrol, probe)?, test.compare(enrol, probe)?);
            points.extend(operating_points(&own, &test, enrol, probe)?);
        }
        bounds.extend(rules(&own.compare(enrol, looks)?, &test.compare(enrol, looks)?, enrol)?);
    }
    let cost = match projection {
        Some(projection) => {
            let plain = RolePrints::of(encoder, &file, role, None);
            Some(cost(encoder, (&plain, &own), projection, enrol_epochs, looks)?)
        }
        None => None,
    };
    let usual_spread = own.usual_spread(enrol_epochs);
    let subjects = own.people();
    let notes = notes(encoder, people, subjects, enrol_epochs, looks);
    Ok(Thresholds { people, subjects, points, bounds, usual_spread, cost, notes })
}

fn notes(encoder: &RunEncoder, people: People, subjects: usize, enrol: usize, looks: usize) -> Vec<String> {
    let seconds = encoder.identity.epoch_seconds;
    let whose = match people {
        People::Dev => format!(
            "thresholds come from {subjects} people set aside for them, error rates from {} others; the encoder saw neither",
            encoder.fold.test.len()
        ),
        _ => format!(
            "nobody was set aside for thresholds: the {subjects} test people of fold {}, whom the encoder never saw, set them and are counted under them, which flatters a little; protocol.dev_subjects sets people aside",
            encoder.fold.index
        ),
    };
    vec![
        whose,
        format!(
            "measured with templates of {} s and probes of {} s at most, enrolled and probed as the run's protocol says",
            enrol as f64 * seconds,
            looks as f64 * seconds
        ),
        "comparisons of the same people depend on one another: the intervals count people, the rule of 30 counts comparisons"
            .to_owned(),
    ]
}

/// The plan's template length and the longest probe that two people have, in epochs.
fn lengths(encoder: &RunEncoder, prints: &RolePrints) -> Result<(usize, usize), DeskError> {
    let protocol = &encoder.config.protocol;
    let epochs = |seconds: f64| ((seconds / encoder.identity.epoch_seconds).round() as usize).max(1);
    let enrol = epochs(protocol.enrol.seconds);
    let wanted = epochs(protocol.probe.seconds.iter().copied().fold(0.0, f64::max));
    let looks = (1..=wanted).rev().find(|&count| prints.can_probe(count));
    match looks {
        Some(looks) if prints.can_enrol(enrol) => Ok((enrol, looks)),
        _ => Err(DeskError::RunFolder {
            path: encoder.folder.root().to_owned(),
            reason: format!(
                "fold {} has fewer than two people with a template of {} s and a probe, so that no threshold can be measured: take another fold's encoder with --fold",
                encoder.fold.index, protocol.enrol.seconds
            ),
        }),
    }
}

/// The plan's length and its halves: a shorter template is judged by what was measured at its own length or the next shorter.
fn halves(epochs: usize) -> Vec<usize> {
    std::iter::successors(Some(epochs), |&length| (length > 1).then_some(length / 2)).collect()
}

/// The rates that there are enough comparisons for.
fn rates(comparisons: &Comparisons) -> impl Iterator<Item = f64> + use<> {
    let non_mated = comparisons.non_mated() as f64;
    RATES.into_iter().filter(move |rate| non_mated * rate >= ERRORS * (1.0 - 1e-9))
}

fn operating_points(
    own: &Comparisons,
    test: &Comparisons,
    enrol_epochs: usize,
    probe_epochs: usize,
) -> Result<Vec<OperatingPoint>, DeskError> {
    let (own_scores, test_scores) = (own.last()?, test.last()?);
    rates(own)
        .map(|target_fmr| {
            let found = transport(&own_scores, &test_scores, target_fmr).map_err(DeskError::thresholds)?;
            Ok(OperatingPoint {
                enrol_epochs,
                probe_epochs,
                target_fmr,
                threshold: found.thresholds[0],
                fmr: rate(found.fmr),
                fnmr: rate(found.fnmr),
                mated: found.mated,
                non_mated: found.non_mated,
            })
        })
        .collect()
}

fn rules(own: &Comparisons, test: &Comparisons, enrol_epochs: usize) -> Result<Vec<Bounds>, DeskError> {
    let looks = own.running.first().map_or(0, Vec::len);
    let sequences: Vec<Sequence> = own
        .running
        .iter()
        .zip(own.enrol.iter().zip(&own.probe))
        .map(|(running, (enrol, probe))| Sequence { scores: running.clone(), mated: enrol == probe })
        .collect();
    let mut rules = Vec::new();
    for target_fmr in rates(own) {
        let failed = DeskError::thresholds;
        let thresholds = (0..looks)
            .map(|at| {
                let scores = own.scores(|running| running[at])?;
                transport(&scores, &scores, target_fmr).map(|found| found.thresholds[0]).map_err(failed)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let Some(mut rule) = Bounds::fit(&sequences, &thresholds, enrol_epochs, target_fmr) else { continue };
        // Accepted or not, as a score of 1 or 0: at a threshold between them the rates are those of the rule.
        let accepted = |scores: &[f64]| f64::from(u8::from(rule.decide(scores).is_some_and(|v| v.accepted)));
        let outcome = test.scores(accepted)?;
        let matched = outcome.similarity().iter().zip(test.enrol.iter().zip(&test.probe));
        let false_matches =
            matched.filter(|(accepted, (enrol, probe))| **accepted > 0.5 && enrol != probe).count();
        let observed = false_matches as f64 / test.non_mated().max(1) as f64;
        let found = transport(&outcome, &outcome, observed.max(target_fmr).min(0.999)).map_err(failed)?;
        rule.fmr = rate(Estimate { value: observed, ..found.fmr });
        rule.fnmr = rate(found.fnmr);
        (rule.mated, rule.non_mated) = (found.mated, found.non_mated);
        rules.push(rule);
    }
    Ok(rules)
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
