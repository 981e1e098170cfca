//! What to enrol and how.

use std::path::PathBuf;

use twinprint_foreign::Filter;
use twinprint_gallery::Update;
use twinprint_signal::SubjectId;

use crate::open::{Access, NewGalleryOptions};

/// What to enrol and how.
pub struct EnrolOptions<'a> {
    /// The gallery; made from `access.model` where it is missing.
    pub access: Access<'a>,
    /// How it is made where it is missing.
    pub new: NewGalleryOptions<'a>,
    /// The person's name; nothing enrols everybody in a file of prints.
    pub subject: Option<SubjectId>,
    /// Recordings of that person, or one file of prints.
    pub files: &'a [PathBuf],
    /// Whether what is certain of recordings that break their format is read.
    pub lenient: bool,
    /// Which rows of a file of prints.
    pub filter: Filter,
    /// Clean seconds the template is made from; the run's own by default.
    pub seconds: Option<f64>,
    /// The same in epochs.
    pub epochs: Option<usize>,
    /// What becomes of a template that is there.
    pub update: Update,
    /// The false match rate at which two people count as one; the least measured by default.
    pub fmr: Option<f64>,
    /// The score at which they do, in place of `fmr`.
    pub threshold: Option<f64>,
    /// Enrol in spite of a refusal.
    pub force: bool,
}
