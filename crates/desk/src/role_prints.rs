//! Prints of a fold's people in one role, as templates and probes, and their scores.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis, s};
use twinprint_evaluation::{Estimate, Scores};
use twinprint_gallery::{Projection, Rate, Template};
use twinprint_protocol::{Fold, Role, shares};
use twinprint_run::EncoderPrints;
use twinprint_signal::{RecordingKey, SubjectId};

use crate::DeskError;

/// Templates and probes together are cut so that a length has about as many comparisons at most.
pub(crate) const COMPARISONS: usize = 2_000_000;

/// The prints of a fold's people in one role, person by person, recording by recording, in order of time.
pub(crate) struct RolePrints {
    people: Vec<Person>,
    /// The number of the first of them.
    first: u32,
    /// How many sets of prints share the comparisons there may be.
    sets: usize,
    /// Recordings that a template is made from, as the protocol has it: 0 for all of a person.
    per_template: usize,
}

struct Person {
    enrol: Vec<Array2<f32>>,
    probe: Vec<Array2<f32>>,
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
    pub(crate) fn of(
        fold: &Fold,
        (prints, per_template): (&EncoderPrints, usize),
        role: Role,
        projection: Option<&Projection>,
    ) -> Self {
        let file = prints.of(role);
        let mut rows: BTreeMap<&RecordingKey, Vec<(f64, usize)>> = BTreeMap::new();
        for (row, info) in file.infos().iter().enumerate() {
            if info.fold == Some(fold.index) && info.role.as_deref() == Some(role.name()) {
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
        let (enrol, probe) = fold.compared(role);
        let of_person = |keys: &[RecordingKey], subject: &SubjectId| {
            keys.iter().filter(|key| key.subject == *subject).filter_map(prints).collect::<Vec<_>>()
        };
        let people = fold
            .subjects(role)
            .iter()
            .map(|subject| Person { enrol: of_person(enrol, subject), probe: of_person(probe, subject) })
            .filter(|person| !person.enrol.is_empty() && !person.probe.is_empty())
            .collect();
        Self { people, first: 0, sets: 1, per_template }
    }

    /// Everybody who is tested, fold by fold, each numbered apart.
    pub(crate) fn of_folds(
        folds: &[Fold],
        from: (&EncoderPrints, usize),
        projection: Option<&Projection>,
    ) -> Vec<Self> {
        let mut first = 0;
        folds
            .iter()
            .map(|fold| {
                let prints =
                    Self { first, sets: folds.len(), ..Self::of(fold, from, Role::Test, projection) };
                first += prints.people.len() as u32;
                prints
            })
            .collect()
    }

    /// At most so many templates, and so many probes, a person.
    fn share(&self) -> usize {
        (((COMPARISONS / self.sets) as f64).sqrt() as usize / self.people.len().max(1)).max(1)
    }

    /// How many people.
    pub(crate) fn people(&self) -> usize {
        self.people.len()
    }

    /// Templates of `epochs` consecutive clean epochs each, at most `most` a person, with the number of the person.
    pub(crate) fn templates(&self, epochs: usize, most: usize) -> Result<Vec<(u32, Template)>, DeskError> {
        let mut templates = Vec::new();
        for (number, person) in self.people.iter().enumerate() {
            let number = self.first + number as u32;
            if self.per_template == 1 {
                for block in blocks(&person.enrol, epochs, most) {
                    templates.push((number, Template::of(block)?));
                }
                continue;
            }
            for group in self.groups(person).take(most) {
                let Some((prints, counts)) = first_of_each(group, epochs) else { continue };
                templates.push((number, Template::of_recordings(prints.view(), &counts)?));
            }
        }
        Ok(templates)
    }

    /// The recordings of each template of a person, where it is made of several.
    fn groups<'a>(&self, person: &'a Person) -> impl Iterator<Item = &'a [Array2<f32>]> {
        let size = if self.per_template == 0 { person.enrol.len() } else { self.per_template };
        person.enrol.chunks_exact(size.max(1))
    }

    /// Every template of `enrol` epochs against every probe of `probe`, one epoch of it after the other.
    pub(crate) fn compare(&self, enrol: usize, probe: usize) -> Result<Comparisons, DeskError> {
        let templates = self.templates(enrol, self.share())?;
        let mut found = Comparisons { enrol: Vec::new(), probe: Vec::new(), running: Vec::new() };
        for (number, person) in self.people.iter().enumerate() {
            for block in blocks(&person.probe, probe, self.share()) {
                let probes = (1..=probe)
                    .map(|count| Template::of(block.slice(s![..count, ..])))
                    .collect::<Result<Vec<_>, _>>()?;
                for (enrolled, template) in &templates {
                    found.enrol.push(*enrolled);
                    found.probe.push(self.first + number as u32);
                    found.running.push(probes.iter().map(|probe| template.score(probe)).collect());
                }
            }
        }
        Ok(found)
    }

    /// Scores of the templates of two people each, of `epochs` epochs: what a search for duplicates compares.
    pub(crate) fn between_templates(&self, epochs: usize) -> Result<Vec<f64>, DeskError> {
        let templates = self.templates(epochs, self.share())?;
        let mut scores = Vec::new();
        for (place, (person, template)) in templates.iter().enumerate() {
            let others = templates[..place].iter().filter(|(other, _)| other != person);
            scores.extend(others.map(|(_, other)| template.score(other)));
        }
        Ok(scores)
    }

    /// Whether two people or more have a recording to enrol with of so many epochs.
    pub(crate) fn can_enrol(&self, epochs: usize) -> bool {
        let together = |group: &[Array2<f32>]| group.iter().map(Array2::nrows).sum::<usize>() >= epochs;
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

fn holds(recordings: &[Array2<f32>], epochs: usize) -> bool {
    recordings.iter().any(|prints| prints.nrows() >= epochs)
}

/// The first prints of each of several recordings, `epochs` together, as the protocol shares them out, and how many of each;
/// nothing where there are too few.
fn first_of_each(recordings: &[Array2<f32>], epochs: usize) -> Option<(Array2<f32>, Vec<usize>)> {
    let there: Vec<usize> = recordings.iter().map(Array2::nrows).collect();
    let counts = shares(&there, epochs)?;
    let parts: Vec<ArrayView2<f32>> =
        recordings.iter().zip(&counts).map(|(prints, &count)| prints.slice(s![..count, ..])).collect();
    let prints = ndarray::concatenate(Axis(0), &parts).ok()?;
    Some((prints, counts.into_iter().filter(|&count| count > 0).collect()))
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
        .map(move |(prints, at)| prints.slice(s![at * length..(at + 1) * length, ..]))
        .take(most)
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
        let recordings =
            [Array2::from_shape_fn((5, 1), |(row, _)| row as f32), Array2::from_elem((1, 1), 9.0)];
        let (prints, counts) = first_of_each(&recordings, 4).unwrap();
        assert_eq!((prints.column(0).to_vec(), counts), (vec![0.0, 1.0, 2.0, 9.0], vec![3, 1]));
        assert!(first_of_each(&recordings, 7).is_none());
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
}
