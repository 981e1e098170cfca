//! Enrolling many people, each batch in one transaction.

use rand::CryptoRng;
use twinprint_signal::SubjectId;

use crate::change::Change;
use crate::known::Known;
use crate::people::Written;
use crate::record::{Event, Happening};
use crate::{Enrolled, Enrolment, Gallery, GalleryError, Template, Update};

/// Requests compared with all templates at a time.
const BLOCK: usize = 256;

/// What became of each request, in their order.
pub type Outcomes = Vec<Result<Enrolled, GalleryError>>;

/// Enrols batch after batch, and keeps in memory who is there: templates at unit length, names and the hashes of recordings, some
/// `4 · dim + 200` bytes a person.
pub struct Enroller<'a> {
    gallery: &'a Gallery,
    /// Who is there, and the stamp of the gallery that they were read from or left in.
    known: Option<(blake3::Hash, Known)>,
}

/// A request that may be met.
struct Accepted {
    what: Happening,
    template: Template,
    score_before: Option<f64>,
    nearest: Option<(SubjectId, f64)>,
    overridden: Vec<String>,
}

/// Refusals, which are errors unless the request forces its way past them.
struct Objections {
    force: bool,
    overridden: Vec<String>,
}

impl Objections {
    fn raise(&mut self, refusal: GalleryError) -> Result<(), GalleryError> {
        if !self.force {
            return Err(refusal);
        }
        self.overridden.push(refusal.to_string());
        Ok(())
    }
}

impl Gallery {
    /// For enrolling many people.
    pub fn enroller(&self) -> Enroller<'_> {
        Enroller { gallery: self, known: None }
    }
}

impl Enroller<'_> {
    /// Meets the requests in their order and in one transaction: all that are not refused, or none where the gallery itself fails.
    /// A request is judged as if those before it had been met one by one.
    ///
    /// `rng` must be seeded by the operating system: the nonces of sealed records come from it.
    ///
    /// # Errors
    /// When the gallery cannot be read or written. Why a single request is refused stands in its place among the outcomes; see
    /// [`Gallery::enrol`].
    pub fn enrol(
        &mut self,
        requests: &[Enrolment<'_>],
        rng: &mut dyn CryptoRng,
    ) -> Result<Outcomes, GalleryError> {
        let gallery = self.gallery;
        let mut writer = gallery.writer()?;
        let change = gallery.begin(&mut writer, rng)?;
        let mut known = match self.known.take() {
            Some((stamp, known)) if Some(stamp) == change.before => known,
            _ => Known::read(gallery, &change.transaction)?,
        };
        let mut outcomes = Outcomes::with_capacity(requests.len());
        for block in requests.chunks(BLOCK) {
            outcomes.extend(enrol_block(gallery, &change, &mut known, block, rng)?);
        }
        if outcomes.iter().any(Result::is_ok) {
            let stamp = gallery.commit(change)?;
            self.known = Some((stamp.hash, known));
        } else if let Some(before) = change.before {
            self.known = Some((before, known));
        }
        Ok(outcomes)
    }
}

fn enrol_block(
    gallery: &Gallery,
    change: &Change<'_>,
    known: &mut Known,
    requests: &[Enrolment<'_>],
    rng: &mut dyn CryptoRng,
) -> Result<Outcomes, GalleryError> {
    let made: Vec<Result<Template, GalleryError>> = requests
        .iter()
        .map(|request| {
            check_share(request.update)?;
            Template::of_recordings(gallery.project(request.prints)?.view(), &request.recordings)
        })
        .collect();
    let directions: Vec<_> = requests
        .iter()
        .zip(&made)
        .map(|(request, new)| {
            // Without a threshold nobody could be refused as a duplicate, and comparing everybody with everybody takes hours.
            let looked_for = new.as_ref().ok().filter(|_| request.threshold.is_some());
            (request.subject, looked_for.map(Template::direction))
        })
        .collect();
    let search = known.search(&directions);
    let mut outcomes = Outcomes::with_capacity(requests.len());
    for (at, (request, new)) in requests.iter().zip(made).enumerate() {
        let new = match new {
            Ok(new) => new,
            Err(refusal) => {
                outcomes.push(Err(refusal));
                continue;
            }
        };
        let stored = gallery.find(&change.transaction, request.subject)?;
        let old = stored.map(|stored| gallery.template(&stored)).transpose()?;
        let nearest = request.threshold.and_then(|_| known.nearest(&search, at, request.subject));
        let outcome = judge(request, new, old.as_ref(), nearest, known);
        outcomes.push(match outcome {
            Err(refusal) => Err(refusal),
            Ok(accepted) => {
                let Accepted { what, template, score_before, nearest, overridden } = accepted;
                let event = Event {
                    what,
                    at: request.at.to_owned(),
                    sources: request.sources.clone(),
                    acquisition: request.acquisition.clone(),
                    forced: !overridden.is_empty(),
                };
                let written = Written { subject: request.subject, template: &template, event: &event };
                gallery.write(&change.transaction, &written, rng)?;
                known.put(request.subject, &template, &request.sources);
                let (epochs, spread) = (template.epochs(), template.spread());
                Ok(Enrolled { what, epochs, spread, score_before, nearest, overridden })
            }
        });
    }
    Ok(outcomes)
}

/// Whether a request may be met, and what becomes of the template.
fn judge(
    request: &Enrolment<'_>,
    new: Template,
    old: Option<&Template>,
    nearest: Option<(SubjectId, f64)>,
    known: &Known,
) -> Result<Accepted, GalleryError> {
    let mut objections = Objections { force: request.force, overridden: Vec::new() };
    if let (Some(old), Update::Refuse) = (old, request.update) {
        return Err(GalleryError::AlreadyEnrolled { subject: request.subject.clone(), epochs: old.epochs() });
    }
    for person in known.enrolled_from(&request.sources) {
        if request.update == Update::Replace && person == request.subject {
            continue;
        }
        objections.raise(GalleryError::SameRecording { subject: person.clone() })?;
    }
    if let (Some((other, score)), Some(threshold)) = (&nearest, request.threshold)
        && *score >= threshold
    {
        let (subject, other) = (request.subject.clone(), other.clone());
        objections.raise(GalleryError::Duplicate { subject, other, score: *score, threshold })?;
    }
    let score_before = old.map(|old| old.score(&new));
    if let (Some(score), Some(threshold), Update::Append | Update::Weighted(_)) =
        (score_before, request.threshold, request.update)
        && score < threshold
    {
        objections.raise(GalleryError::Stranger { subject: request.subject.clone(), score, threshold })?;
    }
    let (what, template) = match (old, request.update) {
        (None, _) => (Happening::Enrolled, new),
        (Some(old), Update::Append) => (Happening::Appended, old.append(&new)?),
        (Some(old), Update::Weighted(share)) => (Happening::Weighted, old.weighted(&new, share)?),
        (Some(_), Update::Replace | Update::Refuse) => (Happening::Replaced, new),
    };
    Ok(Accepted { what, template, score_before, nearest, overridden: objections.overridden })
}

/// Refuses a share of new epochs that leaves none of the old or takes none of the new.
fn check_share(update: Update) -> Result<(), GalleryError> {
    match update {
        Update::Weighted(share) if !(share > 0.0 && share < 1.0) => Err(GalleryError::Setting {
            name: "--weight",
            value: share.to_string(),
            limit: "it must lie between 0 and 1, both excluded; 0.3 lets three parts of ten come from the new epochs"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}
