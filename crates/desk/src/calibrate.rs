//! Thresholds for a gallery, from the scores of people the lent encoder never saw.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis};
use twinprint_evaluation::{Estimate, Scores, transport};
use twinprint_gallery::{Bounds, OperatingPoint, People, Projection, Rate, Sequence, Template, Thresholds};
use twinprint_protocol::Role;
use twinprint_signal::{RecordingKey, SubjectId};
use twinprint_store::prints::PrintFile;

use crate::DeskError;
use crate::cancelable::cost;
use crate::lend::Lent;

/// False match rates that thresholds are measured for, as far as comparisons carry them.
const RATES: [f64; 12] = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 5e-4, 2e-4, 1e-4, 5e-5];
/// Rule of 30 (Doddington 1998): so many errors must be expected at a rate before it counts as measured.
const ERRORS: f64 = 30.0;
/// Templates and probes together are cut so that a length has about as many comparisons at most.
pub(super) const COMPARISONS: usize = 2_000_000;

/// The prints of a fold's people in one role, person by person, recording by recording, in order of time.
pub(super) struct Side {
    people: Vec<Person>,
}

struct Person {
    enrol: Vec<Array2<f32>>,
    probe: Vec<Array2<f32>>,
}

/// Everything compared at one length of template and probe.
pub(super) struct Comparisons {
    enrol: Vec<u32>,
    probe: Vec<u32>,
    /// Running scores after 1, 2, … epochs of the probe.
    running: Vec<Vec<f64>>,
}

/// Measures thresholds on the fold's dev people, or where nobody was set aside on its test people.
///
/// # Errors
/// When the run cannot set an honest threshold, its prints are missing, or there are too few people or seconds.
pub(crate) fn thresholds(lent: &Lent, projection: Option<&Projection>) -> Result<Thresholds, DeskError> {
    lent.check_honest()?;
    let file = open(lent)?;
    let plain = |role| Side::of(lent, &file, role, None);
    let (role, people) =
        if lent.fold.dev.is_empty() { (Role::Test, People::Test) } else { (Role::Dev, People::Dev) };
    let own = Side::of(lent, &file, role, projection);
    let test = Side::of(lent, &file, Role::Test, projection);
    let (enrol_epochs, looks) = lengths(lent, &own)?;
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
        Some(projection) => Some(cost(lent, &plain(role), &own, projection, enrol_epochs, looks)?),
        None => None,
    };
    let usual_spread = own.usual_spread(enrol_epochs);
    let subjects = own.people.len();
    let notes = notes(lent, people, subjects, enrol_epochs, looks);
    Ok(Thresholds { people, subjects, points, bounds, usual_spread, cost, notes })
}

fn open(lent: &Lent) -> Result<PrintFile, DeskError> {
    let path = lent.folder.path("systems").join("encoder.h5");
    PrintFile::open(&path).map_err(|error| DeskError::RunFolder {
        path,
        reason: format!("{error}; run `twinprint embed` again"),
    })
}

fn notes(lent: &Lent, people: People, subjects: usize, enrol: usize, looks: usize) -> Vec<String> {
    let seconds = lent.lock.epoch_seconds;
    let whose = match people {
        People::Dev => format!(
            "thresholds come from {subjects} people set aside for them, error rates from {} others; the encoder saw neither",
            lent.fold.test.len()
        ),
        _ => format!(
            "nobody was set aside for thresholds: the {subjects} test people of fold {}, whom the encoder never saw, set them and are counted under them, which flatters a little; protocol.dev_subjects sets people aside",
            lent.fold.index
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

/// The plan's template length and the longest probe that some person of the side has, in epochs.
fn lengths(lent: &Lent, side: &Side) -> Result<(usize, usize), DeskError> {
    let protocol = &lent.config.protocol;
    let epochs = |seconds: f64| ((seconds / lent.lock.epoch_seconds).round() as usize).max(1);
    let enrol = epochs(protocol.enrol.seconds);
    let wanted = epochs(protocol.probe.seconds.iter().copied().fold(0.0, f64::max));
    let has = |of: fn(&Person) -> &Vec<Array2<f32>>, count: usize| {
        side.people.iter().filter(|person| of(person).iter().any(|prints| prints.nrows() >= count)).count()
            >= 2
    };
    let looks = (1..=wanted).rev().find(|&count| has(|person| &person.probe, count));
    match looks {
        Some(looks) if has(|person| &person.enrol, enrol) => Ok((enrol, looks)),
        _ => Err(DeskError::RunFolder {
            path: lent.folder.root().to_owned(),
            reason: format!(
                "fold {} has fewer than two people with a template of {} s and a probe, so that no threshold can be measured: lend another fold's encoder with --fold",
                lent.fold.index, protocol.enrol.seconds
            ),
        }),
    }
}

/// The plan's length and its halves: a shorter template is judged by what was measured at its own length or the next shorter.
fn halves(epochs: usize) -> Vec<usize> {
    std::iter::successors(Some(epochs), |&length| (length > 1).then_some(length / 2)).collect()
}

impl Side {
    fn of(lent: &Lent, file: &PrintFile, role: Role, projection: Option<&Projection>) -> Self {
        let mut rows: BTreeMap<&RecordingKey, Vec<(f64, usize)>> = BTreeMap::new();
        for (row, info) in file.infos().iter().enumerate() {
            if info.fold == Some(lent.fold.index as u32) && info.role.as_deref() == Some(role.name()) {
                rows.entry(&*info.epoch.key).or_default().push((info.epoch.start.get(), row));
            }
        }
        let prints = |key: &RecordingKey| {
            let mut rows = rows.get(key)?.clone();
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            let rows: Vec<usize> = rows.into_iter().map(|(_, row)| row).collect();
            let prints = file.prints().select(Axis(0), &rows);
            Some(projection.map_or_else(|| prints.clone(), |projection| projection.apply(prints.view())))
        };
        let (enrol, probe) = lent.fold.compared(role);
        let of_person = |keys: &[RecordingKey], subject: &SubjectId| {
            keys.iter().filter(|key| key.subject == *subject).filter_map(prints).collect::<Vec<_>>()
        };
        let people = lent
            .fold
            .subjects(role)
            .iter()
            .map(|subject| Person { enrol: of_person(enrol, subject), probe: of_person(probe, subject) })
            .filter(|person| !person.enrol.is_empty() && !person.probe.is_empty())
            .collect();
        Self { people }
    }

    /// At most so many templates, and so many probes, a person.
    fn share(&self) -> usize {
        ((COMPARISONS as f64).sqrt() as usize / self.people.len().max(1)).max(1)
    }

    /// How many people.
    pub(super) fn people(&self) -> usize {
        self.people.len()
    }

    /// Templates of `epochs` consecutive clean epochs each, at most `most` a person, with the number of the person.
    pub(super) fn templates(&self, epochs: usize, most: usize) -> Result<Vec<(u32, Template)>, DeskError> {
        let mut templates = Vec::new();
        for (number, person) in self.people.iter().enumerate() {
            for block in blocks(&person.enrol, epochs, most) {
                templates.push((number as u32, Template::of(block)?));
            }
        }
        Ok(templates)
    }

    /// Every template of `enrol` epochs against every probe of `probe`, one epoch of it after the other.
    pub(super) fn compare(&self, enrol: usize, probe: usize) -> Result<Comparisons, DeskError> {
        let templates = self.templates(enrol, self.share())?;
        let mut found = Comparisons { enrol: Vec::new(), probe: Vec::new(), running: Vec::new() };
        for (number, person) in self.people.iter().enumerate() {
            for block in blocks(&person.probe, probe, self.share()) {
                let probes = (1..=probe)
                    .map(|count| Template::of(block.slice(ndarray::s![..count, ..])))
                    .collect::<Result<Vec<_>, _>>()?;
                for (enrolled, template) in &templates {
                    found.enrol.push(*enrolled);
                    found.probe.push(number as u32);
                    found.running.push(probes.iter().map(|probe| template.score(probe)).collect());
                }
            }
        }
        Ok(found)
    }

    /// The spread that 95 of 100 templates do not exceed.
    fn usual_spread(&self, epochs: usize) -> Option<f64> {
        let mut spreads: Vec<f64> =
            self.templates(epochs, self.share()).ok()?.iter().map(|(_, t)| t.spread()).collect();
        spreads.sort_by(f64::total_cmp);
        spreads.get((spreads.len() * 95).div_ceil(100).saturating_sub(1)).copied()
    }
}

/// Consecutive rows, `length` at a time, at most `most` times.
fn blocks(
    recordings: &[Array2<f32>],
    length: usize,
    most: usize,
) -> impl Iterator<Item = ArrayView2<'_, f32>> {
    let whole = move |prints: &'_ Array2<f32>| prints.nrows() / length;
    recordings
        .iter()
        .flat_map(move |prints| (0..whole(prints)).map(move |at| (prints, at)))
        .map(move |(prints, at)| prints.slice(ndarray::s![at * length..(at + 1) * length, ..]))
        .take(most)
}

impl Comparisons {
    fn scores(&self, value: impl Fn(&[f64]) -> f64) -> Result<Scores, DeskError> {
        let values = self.running.iter().map(|running| value(running)).collect();
        Scores::new(values, self.enrol.clone(), self.probe.clone()).map_err(DeskError::thresholds)
    }

    /// Scores of whole probes.
    pub(super) fn last(&self) -> Result<Scores, DeskError> {
        self.scores(|running| running.last().copied().unwrap_or_default())
    }

    fn non_mated(&self) -> usize {
        self.enrol.iter().zip(&self.probe).filter(|(enrol, probe)| enrol != probe).count()
    }

    /// The rates that there are enough comparisons for.
    fn rates(&self) -> impl Iterator<Item = f64> {
        let comparisons = self.non_mated() as f64;
        RATES.into_iter().filter(move |rate| comparisons * rate >= ERRORS * (1.0 - 1e-9))
    }
}

fn operating_points(
    own: &Comparisons,
    test: &Comparisons,
    enrol_epochs: usize,
    probe_epochs: usize,
) -> Result<Vec<OperatingPoint>, DeskError> {
    let (own_scores, test_scores) = (own.last()?, test.last()?);
    own.rates()
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
    for target_fmr in own.rates() {
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

pub(super) fn rate(estimate: Estimate) -> Rate {
    Rate { value: estimate.value, ci95: estimate.ci95.map(Into::into) }
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
    fn blocks_share_no_row_and_stay_within_a_recording() {
        let recordings =
            [Array2::from_shape_fn((5, 1), |(row, _)| row as f32), Array2::from_elem((3, 1), 9.0)];
        let found: Vec<Vec<f32>> =
            blocks(&recordings, 2, 99).map(|block| block.iter().copied().collect()).collect();
        assert_eq!(found, [vec![0.0, 1.0], vec![2.0, 3.0], vec![9.0, 9.0]]);
        assert_eq!(blocks(&recordings, 2, 1).count(), 1);
    }

    #[test]
    fn a_rate_needs_thirty_expected_errors() {
        let comparisons = |non_mated: usize| Comparisons {
            enrol: vec![0; non_mated + 1],
            probe: std::iter::once(0).chain(std::iter::repeat_n(1, non_mated)).collect(),
            running: vec![vec![0.0]; non_mated + 1],
        };
        assert_eq!(comparisons(2999).rates().last(), Some(0.02));
        assert_eq!(comparisons(3000).rates().last(), Some(0.01));
        assert_eq!(comparisons(149).rates().last(), None);
    }
}
