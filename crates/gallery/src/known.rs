//! Who is in a gallery, in memory, for the comparisons that an enrolment needs.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use ndarray::Array1;
use rusqlite::Connection;
use twinprint_signal::SubjectId;

use crate::index::{best_rows, unit_row};
use crate::people::Stored;
use crate::record::Source;
use crate::{Gallery, GalleryError, Template};

/// Everybody's template at unit length, name, and the recordings behind it.
pub(crate) struct Known {
    dim: usize,
    names: Vec<SubjectId>,
    /// The place of a person by name.
    places: HashMap<SubjectId, usize>,
    /// `[people · dim]`
    rows: Vec<f32>,
    /// Who was enrolled from samples of this hash, by place.
    recordings: HashMap<String, BTreeSet<usize>>,
    /// Places that were changed or added since the last search.
    touched: BTreeSet<usize>,
}

/// A block of new templates, and what was found for them among those that were there before.
pub(crate) struct Search {
    /// `[block · dim]`, at unit length; zeros for a request that is not compared.
    rows: Vec<f32>,
    /// Places of the best templates there were, the best first: one more than the block may change; none where nobody is looked for.
    found: Vec<Vec<usize>>,
}

impl Known {
    /// Everybody in the gallery.
    ///
    /// # Errors
    /// When a record is damaged.
    pub(crate) fn read(gallery: &Gallery, connection: &Connection) -> Result<Self, GalleryError> {
        let dim = gallery.kept();
        let (mut names, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        gallery.each_stored(connection, |stored: Stored| {
            names.push(gallery.name(&stored)?);
            let mut row = gallery.numbers(&stored)?;
            if unit_row(&mut row).is_err() {
                return Err(gallery.damaged("a template", "has no direction", None));
            }
            rows.extend(row);
            ids.push(stored.row);
            Ok(())
        })?;
        let places = names.iter().cloned().enumerate().map(|(place, name)| (name, place)).collect();
        let mut recordings: HashMap<String, BTreeSet<usize>> = HashMap::new();
        gallery.each_event(connection, |entry| {
            let place = ids.binary_search(&entry.person).ok();
            for source in entry.event.sources {
                recordings.entry(source.samples).or_default().extend(place);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Self { dim, names, places, rows, recordings, touched: BTreeSet::new() })
    }

    /// Compares a block of new templates with all that are there, in 32-bit arithmetic on all threads; `[dim]` each, none where
    /// nothing is to be compared.
    pub(crate) fn search(&mut self, requests: &[(&SubjectId, Option<Array1<f32>>)]) -> Search {
        self.touched.clear();
        if requests.iter().all(|(_, direction)| direction.is_none()) {
            return Search { rows: Vec::new(), found: Vec::new() };
        }
        let mut rows = vec![0.0; requests.len() * self.dim];
        for (row, (_, direction)) in rows.chunks_exact_mut(self.dim).zip(requests) {
            row.iter_mut().zip(direction.iter().flatten()).for_each(|(to, from)| *to = *from);
        }
        let there: BTreeSet<usize> =
            requests.iter().filter_map(|(subject, _)| self.places.get(*subject).copied()).collect();
        let found = best_rows(&self.rows, &rows, self.dim, 1 + there.len());
        let found = found.into_iter().map(|best| best.into_iter().map(|(_, row)| row).collect()).collect();
        Search { rows, found }
    }

    /// The person other than `subject` who is most similar to request `at` of the block, and how similar: everybody as they are now,
    /// with what the block has changed.
    pub(crate) fn nearest(
        &self,
        search: &Search,
        at: usize,
        subject: &SubjectId,
    ) -> Option<(SubjectId, f64)> {
        let own = self.places.get(subject);
        let untouched =
            search.found[at].iter().find(|place| Some(*place) != own && !self.touched.contains(place));
        let new = &search.rows[at * self.dim..][..self.dim];
        let candidates = untouched.into_iter().chain(&self.touched).filter(|place| Some(*place) != own);
        let scored =
            candidates.map(|&place| (place, cosine(new, &self.rows[place * self.dim..][..self.dim])));
        let best = scored.reduce(|best, other| {
            let better = other.1 > best.1 || (other.1 == best.1 && other.0 < best.0);
            if better { other } else { best }
        });
        best.map(|(place, score)| (self.names[place].clone(), score))
    }

    /// Who was enrolled from samples that are among these, in the order of enrolment.
    pub(crate) fn enrolled_from(&self, sources: &[Source]) -> impl Iterator<Item = &SubjectId> {
        let places: BTreeSet<usize> = sources
            .iter()
            .filter_map(|source| self.recordings.get(&source.samples))
            .flatten()
            .copied()
            .collect();
        places.into_iter().map(|place| &self.names[place])
    }

    /// Takes a template that was written, and the recordings behind it.
    pub(crate) fn put(&mut self, subject: &SubjectId, template: &Template, sources: &[Source]) {
        let direction = template.direction();
        let place = match self.places.get(subject) {
            Some(&place) => {
                let row = &mut self.rows[place * self.dim..][..self.dim];
                row.iter_mut().zip(&direction).for_each(|(to, from)| *to = *from);
                place
            }
            None => {
                let place = self.names.len();
                self.names.push(subject.clone());
                self.places.insert(subject.clone(), place);
                self.rows.extend(&direction);
                place
            }
        };
        self.touched.insert(place);
        for source in sources {
            self.recordings.entry(source.samples.clone()).or_default().insert(place);
        }
    }
}

/// Cosine similarity of two rows of any length but zero.
fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let (mut product, mut squares) = (0.0, (0.0, 0.0));
    for (&a, &b) in left.iter().zip(right) {
        let (a, b) = (f64::from(a), f64::from(b));
        product += a * b;
        squares = (squares.0 + a * a, squares.1 + b * b);
    }
    (product / (squares.0 * squares.1).sqrt()).clamp(-1.0, 1.0)
}
