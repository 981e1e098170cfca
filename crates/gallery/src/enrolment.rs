//! Enrolling and updating people.

use ndarray::ArrayView2;
use rand::CryptoRng;
use twinprint_signal::SubjectId;

use crate::record::{Acquisition, Happening, Source};
use crate::{Gallery, GalleryError};

/// What becomes of the template of somebody who is enrolled already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Update {
    /// Refuse the enrolment.
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
    /// The person's name.
    pub subject: &'a SubjectId,
    /// Prints of their epochs `[epochs, dim]`, straight from the encoder.
    pub prints: ArrayView2<'a, f32>,
    /// How many of the prints, in order, come from each recording, of which every one counts alike; empty where all are of one.
    pub recordings: Vec<usize>,
    /// The recordings they come from.
    pub sources: Vec<Source>,
    /// What became of the recordings' epochs.
    pub acquisition: Acquisition,
    /// What to do when the person is enrolled already.
    pub update: Update,
    /// From which score on two templates count as one person; nothing where that is not known.
    pub threshold: Option<f64>,
    /// Enrol in spite of a match with somebody else, a mismatch with the person's own template, or a recording seen before.
    pub force: bool,
    /// The time, RFC 3339 in UTC.
    pub at: &'a str,
}

impl<'a> Enrolment<'a> {
    /// A first enrolment of prints `[epochs, dim]` without recordings or a threshold, at a time in RFC 3339.
    pub fn new(subject: &'a SubjectId, prints: ArrayView2<'a, f32>, at: &'a str) -> Self {
        let epochs = prints.nrows();
        Self {
            subject,
            prints,
            recordings: Vec::new(),
            sources: Vec::new(),
            acquisition: Acquisition { epochs, used: epochs, ..Acquisition::default() },
            update: Update::Refuse,
            threshold: None,
            force: false,
            at,
        }
    }
}

/// What was enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// Whether the template is new, was moved or was replaced.
    pub what: Happening,
    /// Epochs behind the template now.
    pub epochs: usize,
    /// The mean cosine distance of its epochs from the template.
    pub spread: f64,
    /// The score of the new epochs against the old template, where there was one.
    pub score_before: Option<f64>,
    /// The most similar other person, and how similar; none without a threshold, as nobody is looked for then.
    pub nearest: Option<(SubjectId, f64)>,
    /// What was overridden, in words.
    pub overridden: Vec<String>,
}

impl Gallery {
    /// Enrols a person or updates their template, in one transaction.
    ///
    /// `rng` must be seeded by the operating system: the nonces of sealed records come from it.
    ///
    /// # Errors
    /// When the person is enrolled and the update is [`Update::Refuse`]; when a recording stands behind a template already;
    /// when the template matches somebody else, or an update does not match the person's own, unless forced; when prints
    /// do not fit.
    ///
    /// # Examples
    /// ```
    /// use ndarray::array;
    /// use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    /// use twinprint_gallery::{
    ///     EncoderIdentity, Enrolment, Gallery, GalleryError, NewGallery, Template, Thresholds, Wanted,
    /// };
    /// use twinprint_signal::{EmbeddingSpace, SubjectId};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("staff.gallery");
    /// // A program seeds this with 32 bytes of its operating system.
    /// let mut rng = ChaCha20Rng::from_seed([7; 32]);
    /// let now = "2026-01-02T03:04:05Z";
    /// let space = EmbeddingSpace { model: "1f0a".to_owned(), fold: None };
    /// let new = NewGallery {
    ///     encoder: EncoderIdentity::elsewhere(&space, 2, "a neighbour's program"),
    ///     wanted: Wanted::default(),
    ///     secret: None,
    ///     now,
    /// };
    /// let no_thresholds = |_: Option<&_>| Ok::<_, GalleryError>(Thresholds::none("an example"));
    /// let gallery = Gallery::create(&path, new, no_thresholds, &mut rng)?;
    ///
    /// let (ann, prints) = (SubjectId::new("ann")?, array![[1.0, 0.1], [1.0, -0.1]]);
    /// let enrolled = gallery.enrol(&Enrolment::new(&ann, prints.view(), now), &mut rng)?;
    /// assert_eq!(enrolled.epochs, 2);
    ///
    /// let probe = Template::of(array![[0.8, 0.6]].view())?;
    /// assert!((gallery.person(&ann)?.template.score(&probe) - 0.8).abs() < 1e-6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn enrol(&self, request: &Enrolment<'_>, rng: &mut dyn CryptoRng) -> Result<Enrolled, GalleryError> {
        let mut outcomes = self.enroller().enrol(std::slice::from_ref(request), rng)?;
        outcomes.swap_remove(0)
    }
}
