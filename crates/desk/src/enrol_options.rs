//! What to enrol and how.

use std::path::PathBuf;

use twinprint_foreign::Filter;
use twinprint_gallery::{Gallery, Update};
use twinprint_signal::SubjectId;

use crate::DeskError;
use crate::open::{Access, NewGalleryOptions, open};

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
    /// Leave out who is enrolled already, of a file of prints.
    pub skip_enrolled: bool,
    /// The false match rate at which two people count as one; the least measured by default.
    pub fmr: Option<f64>,
    /// The score at which they do, in place of `fmr`.
    pub threshold: Option<f64>,
    /// Enrol in spite of a refusal.
    pub force: bool,
}

impl EnrolOptions<'_> {
    /// The gallery, where it is there; what it was not made with cannot be asked of it now.
    pub(crate) fn opened(&self) -> Result<Option<Gallery>, DeskError> {
        let (access, wanted) = (self.access, self.new.wanted);
        if !access.gallery.exists() {
            return Ok(None);
        }
        let gallery = open(access)?;
        let has = gallery.protection();
        let lacks = [
            ("--encrypt", wanted.seal && !has.sealed, "encrypted"),
            ("--cancelable", wanted.cancelable.is_some() && has.cancelable.is_none(), "cancelable"),
        ];
        match lacks.into_iter().find(|(_, lacks, _)| *lacks) {
            Some((option, _, what)) => Err(DeskError::Request(format!(
                "{option}: {} is not {what}, and that is chosen when a gallery is made: enrol into a new one, or leave {option} out",
                access.gallery.display()
            ))),
            None => Ok(Some(gallery)),
        }
    }
}
