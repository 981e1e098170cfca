//! Opening a gallery, and the encoder it is locked to.

use std::path::Path;

use twinprint_gallery::{Finding, Gallery, Lock, Secret, Thresholds, Wanted};

use crate::DeskError;
use crate::calibrate;
use crate::lend::Lent;

/// Where a gallery is and what opens it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The gallery's file.
    pub gallery: &'a Path,
    /// Its secret, where it has one.
    pub secret: Option<&'a Secret>,
    /// The run folder of its encoder, where that has moved, or where the gallery is to be made.
    pub model: Option<&'a Path>,
}

/// How a gallery is made when there is none.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The fold whose encoder is lent; the first by default.
    pub fold: Option<usize>,
    /// Its protection.
    pub wanted: Wanted,
    /// Random bytes.
    pub entropy: [u8; 32],
    /// The time, RFC 3339 in UTC.
    pub now: &'a str,
}

/// Opens a gallery that must be there.
///
/// # Errors
/// When it is missing, no gallery, or the secret does not open it.
pub fn open(access: Access<'_>) -> Result<Gallery, DeskError> {
    Ok(Gallery::open(access.gallery, access.secret)?)
}

/// Looks at a gallery's file and records, and whether its encoder is there and the same.
///
/// # Errors
/// When it cannot be opened at all.
pub fn check(access: Access<'_>) -> Result<Vec<Finding>, DeskError> {
    let gallery = open(access)?;
    gallery.tidy()?;
    let mut findings = gallery.check()?;
    if !gallery.lock().channels.is_empty() {
        let (passed, detail) = match encoder_of(&gallery, access) {
            Ok(lent) => (true, format!("{}, fold {}", lent.folder.root().display(), lent.fold.index)),
            Err(error) => (false, error.to_string()),
        };
        findings.push(Finding { what: "encoder".to_owned(), passed, detail });
    }
    Ok(findings)
}

/// The encoder a gallery is locked to: where it was, or where `--model` says it is now.
pub(crate) fn encoder_of(gallery: &Gallery, access: Access<'_>) -> Result<Lent, DeskError> {
    let lock = gallery.lock();
    if lock.channels.is_empty() {
        return Err(DeskError::Request(format!(
            "{} holds prints that were made elsewhere ({}), so recordings cannot be compared with it: give a file of such prints (.h5, .parquet or .csv)",
            gallery.path().display(),
            lock.model
        )));
    }
    let run = access.model.unwrap_or_else(|| Path::new(&lock.model));
    if !run.exists() && access.model.is_none() {
        return Err(DeskError::RunFolder {
            path: run.to_owned(),
            reason: "the gallery's run folder is no longer there: say with --model where it is now"
                .to_owned(),
        });
    }
    let lent = Lent::open(run, lock.fold)?;
    gallery.check_encoder(&lent.lock)?;
    Ok(lent)
}

/// Makes a gallery that is locked to a run's encoder, with thresholds measured on people it never saw.
pub(crate) fn create(access: Access<'_>, opening: &Opening<'_>, lent: &Lent) -> Result<Gallery, DeskError> {
    Gallery::create(
        access.gallery,
        lent.lock.clone(),
        |projection| calibrate::thresholds(lent, projection),
        (opening.wanted, access.secret),
        opening.entropy,
        opening.now,
    )
}

/// Makes a gallery of prints from elsewhere.
pub(crate) fn create_foreign(
    access: Access<'_>,
    opening: &Opening<'_>,
    lock: Lock,
) -> Result<Gallery, DeskError> {
    let why = "its prints were made elsewhere";
    Gallery::create(
        access.gallery,
        lock,
        |_| Ok(Thresholds::none(why)),
        (opening.wanted, access.secret),
        opening.entropy,
        opening.now,
    )
}
