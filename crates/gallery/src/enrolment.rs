//! Enrolling and updating people.

use ndarray::ArrayView2;
use twinprint_signal::SubjectId;

use crate::record::{Acquisition, Event, Happening, Source};
use crate::{Gallery, GalleryError, Template};

/// What becomes of the template of somebody who is enrolled already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Update {
    /// Refuse.
    Refuse,
    /// Old and new epochs count alike.
    Append,
    /// New epochs count this share, old ones the rest, however many each are: the template follows slow change.
    Weighted(f64),
    /// New epochs take the place of the old ones.
    Replace,
}

/// A request to enrol.
#[derive(Debug, Clone)]
pub struct Enrolment<'a> {
    /// Who.
    pub subject: &'a SubjectId,
    /// Prints of her epochs `[epochs, dim]`, straight from the encoder.
    pub prints: ArrayView2<'a, f32>,
    /// The recordings they come from.
    pub sources: Vec<Source>,
    /// What became of the recordings' epochs.
    pub acquisition: Acquisition,
    /// What to do when she is enrolled already.
    pub update: Update,
    /// From which score on two templates count as one person; nothing where that is not known.
    pub threshold: Option<f64>,
    /// Enrol in spite of a match with somebody else, a mismatch with herself, or a recording seen before.
    pub force: bool,
    /// The time, RFC 3339 in UTC.
    pub at: &'a str,
}

/// What was enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// What happened.
    pub what: Happening,
    /// Epochs behind the template now.
    pub epochs: usize,
    /// The mean cosine distance of its epochs from the template.
    pub spread: f64,
    /// The score of the new epochs against the old template, where there was one.
    pub score_before: Option<f64>,
    /// The most similar other person, and how similar, where there is one.
    pub nearest: Option<(SubjectId, f64)>,
    /// What was overridden, in words.
    pub overridden: Vec<String>,
}

impl Gallery {
    /// Enrols a person or updates her template, in one transaction.
    ///
    /// # Errors
    /// When she is enrolled and the update is [`Update::Refuse`]; when a recording stands behind a template already; when
    /// the template matches somebody else, or an update does not match her own, unless forced; when prints do not fit.
    pub fn enrol(&self, request: &Enrolment<'_>) -> Result<Enrolled, GalleryError> {
        if let Update::Weighted(share) = request.update
            && !(share > 0.0 && share < 1.0)
        {
            let limit = "it must lie between 0 and 1, both excluded; 0.3 lets three parts of ten come from the new epochs";
            return Err(GalleryError::Setting {
                name: "--weight",
                value: share.to_string(),
                limit: limit.to_owned(),
            });
        }
        let new = Template::of(self.project(request.prints)?.view())?;
        let mut writer = self.writer()?;
        let transaction = Self::begin(&mut writer, &self.path)?;
        let mut overridden = Vec::new();
        let mut object = |error: GalleryError| {
            if !request.force {
                return Err(error);
            }
            overridden.push(error.to_string());
            Ok(())
        };
        let old = match self.find(&transaction, request.subject)? {
            Some(stored) => Some(self.template(&stored)?),
            None => None,
        };
        if let (Some(old), Update::Refuse) = (&old, request.update) {
            return Err(GalleryError::AlreadyEnrolled {
                subject: request.subject.clone(),
                epochs: old.epochs(),
            });
        }
        let nearest = self.compare_with_all(request, &new, &mut object)?;
        let score_before = old.as_ref().map(|old| old.score(&new));
        if let (Some(score), Some(threshold), Update::Append | Update::Weighted(_)) =
            (score_before, request.threshold, request.update)
            && score < threshold
        {
            object(GalleryError::Stranger { subject: request.subject.clone(), score, threshold })?;
        }
        let (what, template) = match (&old, request.update) {
            (None, _) => (Happening::Enrolled, new),
            (Some(old), Update::Append) => (Happening::Appended, old.append(&new)?),
            (Some(old), Update::Weighted(share)) => (Happening::Weighted, old.weighted(&new, share)?),
            (Some(_), Update::Replace | Update::Refuse) => (Happening::Replaced, new),
        };
        let event = Event {
            what,
            at: request.at.to_owned(),
            sources: request.sources.clone(),
            acquisition: request.acquisition.clone(),
            forced: !overridden.is_empty(),
        };
        self.write(&transaction, request.subject, &template, &event)?;
        transaction.commit().map_err(crate::schema::database(&self.path, "complete the enrolment"))?;
        let (epochs, spread) = (template.epochs(), template.spread());
        Ok(Enrolled { what, epochs, spread, score_before, nearest, overridden })
    }

    /// Looks for the recording and the person among all who are there; gives back the most similar other person.
    fn compare_with_all(
        &self,
        request: &Enrolment<'_>,
        new: &Template,
        object: &mut dyn FnMut(GalleryError) -> Result<(), GalleryError>,
    ) -> Result<Option<(SubjectId, f64)>, GalleryError> {
        let mut nearest: Option<(SubjectId, f64)> = None;
        for stored in self.stored()? {
            let person = self.read(&self.connection, &stored)?;
            let own = person.subject == *request.subject;
            if !(own && request.update == Update::Replace) {
                let known = |source: &Source| request.sources.iter().any(|new| new.samples == source.samples);
                if person.events.iter().flat_map(|event| &event.sources).any(known) {
                    object(GalleryError::SameRecording { subject: person.subject.clone() })?;
                }
            }
            let score = new.score(&person.template);
            if !own && nearest.as_ref().is_none_or(|(_, best)| score > *best) {
                nearest = Some((person.subject, score));
            }
        }
        if let (Some((other, score)), Some(threshold)) = (&nearest, request.threshold)
            && *score >= threshold
        {
            let (subject, other) = (request.subject.clone(), other.clone());
            object(GalleryError::Duplicate { subject, other, score: *score, threshold })?;
        }
        Ok(nearest)
    }
}
