//! Replays: a probe that is the very recording somebody was enrolled from.

use serde::Serialize;
use twinprint_gallery::{Gallery, GalleryError, Person, Source};
use twinprint_signal::SubjectId;

/// The enrolment whose samples a probe repeats, to the bit. A copy that was resampled or changed in one sample is not noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// Under whom it was enrolled.
    pub subject: SubjectId,
    /// The recording's name then.
    pub recording: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

impl Replay {
    /// The first enrolment of anybody that one of the probe's sources stands behind.
    pub(crate) fn find(gallery: &Gallery, sources: &[Source]) -> Result<Option<Self>, GalleryError> {
        let found = gallery.enrolled_from(sources)?;
        Ok(found.map(|(subject, source, at)| Self { subject, recording: source.name, at }))
    }

    /// The first enrolment of one person that one of the probe's sources stands behind.
    pub(crate) fn of_person(person: &Person, sources: &[Source]) -> Option<Self> {
        let enrolled =
            person.events.iter().flat_map(|event| event.sources.iter().map(move |source| (event, source)));
        let found = |(_, source): &(_, &Source)| sources.iter().any(|probe| probe.samples == source.samples);
        enrolled.into_iter().find(found).map(|(event, source)| Self {
            subject: person.subject.clone(),
            recording: source.name.clone(),
            at: event.at.clone(),
        })
    }

    /// What to tell the user.
    pub(crate) fn notice(&self, allowed: bool) -> String {
        let Self { subject, recording, at } = self;
        let then = if allowed {
            "compared all the same"
        } else {
            "no match; --allow-replay compares it all the same"
        };
        format!("a replay: {subject} was enrolled from these very samples ({recording}, {at}): {then}")
    }
}
