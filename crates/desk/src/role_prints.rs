//! Prints of a fold's people in one role, as templates and probes, and their scores.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::Axis;
use twinprint_comparison::{Pooled, Pooling, cosine};
use twinprint_evaluation::{Estimate, Scores};
use twinprint_gallery::{Projection, Rate, Template};
use twinprint_protocol::{Fold, Role, shares};
use twinprint_run::EncoderPrints;
use twinprint_signal::{EmbeddingSpace, LengthMeaning, Prints, RecordingKey, SubjectId};
use twinprint_store::prints::space_of;

use crate::DeskError;

/// Templates and probes together are cut so that a length has about as many comparisons at most.
pub(crate) const COMPARISONS: usize = 2_000_000;

/// The prints of a fold's people in one role.
pub(crate) struct RolePrints {
    /// Recording by recording, in order of time; each counts by its length.
    prints: Prints<'static>,
    people: Vec<Person>,
    /// The number of the first of them.
    first: u32,
    /// How many sets of prints share the comparisons there may be.
    sets: usize,
    /// Recordings that a template is made from, as the protocol has it: 0 for all of a person.
    per_template: usize,
}

/// The places of somebody's recordings among the prints.
struct Person {
    subject: SubjectId,
    enrol: Vec<Range<usize>>,
    probe: Vec<Range<usize>>,
}

/// Prints that become one template or one probe.
#[derive(Debug, PartialEq)]
struct Group {
    /// The place of their person.
    person: usize,
    rows: Vec<usize>,
    /// How many of them each recording has.
    counts: Vec<usize>,
}

/// Everything compared at one length of template and probe.
pub(crate) struct Comparisons {
    /// The number of the person behind the template.
    pub(crate) enrol: Vec<u32>,
    /// The number of the person behind the probe.
    pub(crate) probe: Vec<u32>,
    /// Running scores after 1, 2, … epochs of the probe.
    pub(crate) running: Vec<Vec<f64>>,
}

impl RolePrints {
    /// The people whom the protocol both enrols and probes in `role`, templates of as many recordings as it says; their prints projected where there is a projection.
    ///
    /// # Errors
    /// None that files of a run could cause.
    pub(crate) fn of(
        fold: &Fold,
        (prints, per_template): (&EncoderPrints, usize),
        role: Role,
        projection: Option<&Projection>,
    ) -> Result<Self, DeskError> {
        let file = prints.of(role);
        let mut recordings: BTreeMap<&RecordingKey, Vec<usize>> = BTreeMap::new();
        for (row, info) in file.infos().iter().enumerate() {
            if info.fold == Some(fold.index) && info.role.as_deref() == Some(role.name()) {
                recordings.entry(&*info.epoch.key).or_default().push(row);
            }
        }
        let (mut rows, mut places): (Vec<usize>, BTreeMap<_, Range<usize>>) = (Vec::new(), BTreeMap::new());
        for (key, mut own) in recordings {
            let start = |row: usize| file.infos()[row].epoch.start.get();
            own.sort_by(|&a, &b| start(a).total_cmp(&start(b)));
            places.insert(key, rows.len()..rows.len() + own.len());
            rows.append(&mut own);
        }
        let values = file.prints().select(Axis(0), &rows);
        let values = projection.map_or_else(|| values.clone(), |projection| projection.apply(values.view()));
        let infos: Vec<_> = rows.iter().map(|&row| file.infos()[row].epoch.clone()).collect();
        let unknown = || EmbeddingSpace { model: String::new(), fold: Some(fold.index) };
        let space = space_of(file.attributes(), Some(fold.index)).unwrap_or_else(unknown);
        let prints =
            Prints::new(values, infos, space, LengthMeaning::Weight).map_err(DeskError::thresholds)?;
        let (enrol, probe) = fold.compared(role);
        let of_person = |keys: &[RecordingKey], subject: &SubjectId| {
            let own = keys.iter().filter(|key| key.subject == *subject);
            own.filter_map(|key| places.get(key).cloned()).collect::<Vec<_>>()
        };
        let people = fold
            .subjects(role)
            .iter()
            .map(|subject| Person {
                subject: subject.clone(),
                enrol: of_person(enrol, subject),
                probe: of_person(probe, subject),
            })
            .filter(|person| !person.enrol.is_empty() && !person.probe.is_empty())
            .collect();
        Ok(Self { prints, people, first: 0, sets: 1, per_template })
    }

    /// Everybody who is tested, fold by fold, each numbered apart.
    ///
    /// # Errors
    /// As [`RolePrints::of`].
    pub(crate) fn of_folds(
        folds: &[Fold],
        from: (&EncoderPrints, usize),
        projection: Option<&Projection>,
    ) -> Result<Vec<Self>, DeskError> {
        let mut first = 0;
        let numbered = |fold| {
            let own = Self::of(fold, from, Role::Test, projection)?;
            let own = Self { first, sets: folds.len(), ..own };
            first += own.people.len() as u32;
            Ok(own)
        };
        folds.iter().map(numbered).collect()
    }

    /// At most so many templates, and so many probes, a person.
    fn share(&self) -> usize {
        (((COMPARISONS / self.sets) as f64).sqrt() as usize / self.people.len().max(1)).max(1)
    }

    /// How many people.
    pub(crate) fn people(&self) -> usize {
        self.people.len()
    }

    /// The number of a person by their place.
    fn number(&self, person: usize) -> u32 {
        self.first + person as u32
    }

    /// What templates of `epochs` consecutive clean epochs are made of, at most `most` a person.
    fn enrolled(&self, epochs: usize, most: usize) -> Vec<Group> {
        let of_person = |(person, own): (usize, &Person)| -> Vec<Group> {
            if self.per_template == 1 {
                return blocks(person, &own.enrol, epochs, most).collect();
            }
            let groups = self.groups(own).take(most);
            groups.filter_map(|group| first_of_each(person, group, epochs)).collect()
        };
        self.people.iter().enumerate().flat_map(of_person).collect()
    }

    /// Templates of `epochs` consecutive clean epochs each, at most `most` a person, with the number of the person, as a gallery keeps
    /// them.
    ///
    /// # Errors
    /// When a print has no direction.
    pub(crate) fn templates(&self, epochs: usize, most: usize) -> Result<Vec<(u32, Template)>, DeskError> {
        let made = |Group { person, rows, counts }: Group| {
            let prints = self.prints.values().select(Axis(0), &rows);
            Ok((self.number(person), Template::of_recordings(prints.view(), &counts)?))
        };
        self.enrolled(epochs, most).into_iter().map(made).collect()
    }

    /// The recordings of each template of a person, where it is made of several.
    fn groups<'a>(&self, person: &'a Person) -> impl Iterator<Item = &'a [Range<usize>]> {
        let size = if self.per_template == 0 { person.enrol.len() } else { self.per_template };
        person.enrol.chunks_exact(size.max(1))
    }

    /// The templates or probes of groups, each of their first `epochs` prints.
    fn pooled(&self, groups: &[Group], epochs: usize) -> Result<Pooled, DeskError> {
        let rows = groups.iter().map(|group| {
            (self.people[group.person].subject.as_str(), &group.rows[..epochs.min(group.rows.len())])
        });
        Pooled::of_recordings(&self.prints, rows, Pooling::Mean).map_err(DeskError::thresholds)
    }

    /// Every template of `enrol` epochs against every probe of `probe`, one epoch of it after the other.
    ///
    /// # Errors
    /// When a print has no direction.
    pub(crate) fn compare(&self, enrol: usize, probe: usize) -> Result<Comparisons, DeskError> {
        let mut found = Comparisons { enrol: Vec::new(), probe: Vec::new(), running: Vec::new() };
        let enrolled = self.enrolled(enrol, self.share());
        let of_person = |(at, own): (usize, &Person)| -> Vec<Group> {
            blocks(at, &own.probe, probe, self.share()).collect()
        };
        let probed: Vec<Group> = self.people.iter().enumerate().flat_map(of_person).collect();
        if enrolled.is_empty() || probed.is_empty() {
            return Ok(found);
        }
        let templates = self.pooled(&enrolled, enrol)?;
        let after =
            |epochs| cosine(&templates, &self.pooled(&probed, epochs)?).map_err(DeskError::thresholds);
        let scores = (1..=probe).map(after).collect::<Result<Vec<_>, DeskError>>()?;
        for (column, asked) in probed.iter().enumerate() {
            for (row, template) in enrolled.iter().enumerate() {
                found.enrol.push(self.number(template.person));
                found.probe.push(self.number(asked.person));
                found.running.push(scores.iter().map(|scores| f64::from(scores[[row, column]])).collect());
            }
        }
        Ok(found)
    }

    /// Scores of the templates of two people each, of `epochs` epochs: what a search for duplicates compares.
    ///
    /// # Errors
    /// When a print has no direction.
    pub(crate) fn between_templates(&self, epochs: usize) -> Result<Vec<f64>, DeskError> {
        let enrolled = self.enrolled(epochs, self.share());
        if enrolled.is_empty() {
            return Ok(Vec::new());
        }
        let templates = self.pooled(&enrolled, epochs)?;
        let scores = cosine(&templates, &templates).map_err(DeskError::thresholds)?;
        let of_two = |&((one, other), _): &((usize, usize), &f32)| {
            other < one && enrolled[one].person != enrolled[other].person
        };
        Ok(scores.indexed_iter().filter(of_two).map(|(_, &score)| f64::from(score)).collect())
    }

    /// Whether two people or more have a recording to enrol with of so many epochs.
    pub(crate) fn can_enrol(&self, epochs: usize) -> bool {
        let together = |group: &[Range<usize>]| group.iter().map(Range::len).sum::<usize>() >= epochs;
        let can = |person: &&Person| match self.per_template {
            1 => holds(&person.enrol, epochs),
            _ => self.groups(person).any(together),
        };
        self.people.iter().filter(can).count() >= 2
    }

    /// Whether two people or more have a recording to probe with of so many epochs.
    pub(crate) fn can_probe(&self, epochs: usize) -> bool {
        self.people.iter().filter(|person| holds(&person.probe, epochs)).count() >= 2
    }

    /// The spread that 95 of 100 templates of these people do not exceed.
    pub(crate) fn usual_spread(sets: &[Self], epochs: usize) -> Option<f64> {
        let templates = sets.iter().map(|set| set.templates(epochs, set.share()));
        let templates = templates.collect::<Result<Vec<_>, _>>().ok()?;
        let mut spreads: Vec<f64> = templates.iter().flatten().map(|(_, t)| t.spread()).collect();
        spreads.sort_by(f64::total_cmp);
        spreads.get((spreads.len() * 95).div_ceil(100).saturating_sub(1)).copied()
    }
}

fn holds(recordings: &[Range<usize>], epochs: usize) -> bool {
    recordings.iter().any(|rows| rows.len() >= epochs)
}

/// The first prints of each of several recordings, `epochs` together, as the protocol shares them out; nothing where there are
/// too few.
fn first_of_each(person: usize, recordings: &[Range<usize>], epochs: usize) -> Option<Group> {
    let there: Vec<usize> = recordings.iter().map(Range::len).collect();
    let counts = shares(&there, epochs)?;
    let taken = recordings.iter().zip(&counts).flat_map(|(rows, &count)| rows.clone().take(count));
    Some(Group {
        person,
        rows: taken.collect(),
        counts: counts.into_iter().filter(|&count| count > 0).collect(),
    })
}

/// Consecutive rows, `length` at a time, at most `most` times.
fn blocks(
    person: usize,
    recordings: &[Range<usize>],
    length: usize,
    most: usize,
) -> impl Iterator<Item = Group> {
    let starts = move |rows: &Range<usize>| (rows.start..).step_by(length).take(rows.len() / length);
    recordings.iter().flat_map(starts).take(most).map(move |start| Group {
        person,
        rows: (start..start + length).collect(),
        counts: vec![length],
    })
}

impl Comparisons {
    /// Those of several sets, one after the other.
    pub(crate) fn joined<'a>(parts: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self { enrol: Vec::new(), probe: Vec::new(), running: Vec::new() };
        for part in parts {
            all.enrol.extend(&part.enrol);
            all.probe.extend(&part.probe);
            all.running.extend(part.running.iter().cloned());
        }
        all
    }

    /// Everything compared, by a value of each comparison's running scores.
    pub(crate) fn scores(&self, value: impl Fn(&[f64]) -> f64) -> Result<Scores, DeskError> {
        let values = self.running.iter().map(|running| value(running)).collect();
        Scores::new(values, self.enrol.clone(), self.probe.clone()).map_err(DeskError::thresholds)
    }

    /// Scores of whole probes.
    pub(crate) fn last(&self) -> Result<Scores, DeskError> {
        self.scores(|running| running.last().copied().unwrap_or_default())
    }

    /// How many comparisons are of two people.
    pub(crate) fn non_mated(&self) -> usize {
        self.enrol.iter().zip(&self.probe).filter(|(enrol, probe)| enrol != probe).count()
    }
}

/// A rate with its interval, as a gallery keeps it.
pub(crate) fn rate(estimate: Estimate) -> Rate {
    Rate { value: estimate.value, ci95: estimate.ci95.map(Into::into) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_of_several_recordings_takes_the_first_epochs_of_each() {
        let group = first_of_each(2, &[0..5, 7..8], 4).unwrap();
        assert_eq!(group, Group { person: 2, rows: vec![0, 1, 2, 7], counts: vec![3, 1] });
        assert!(first_of_each(2, &[0..5, 7..8], 7).is_none());
    }

    #[test]
    fn blocks_share_no_row_and_stay_within_a_recording() {
        let of = |most| blocks(0, &[0..5, 5..8], 2, most).map(|group| group.rows).collect::<Vec<_>>();
        assert_eq!(of(99), [vec![0, 1], vec![2, 3], vec![5, 6]]);
        assert_eq!(of(1).len(), 1);
    }
}
