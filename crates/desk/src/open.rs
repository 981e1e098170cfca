//! Opening and making a gallery, and the encoder it belongs to.

use std::path::Path;

use rand::CryptoRng;
use twinprint_gallery::{
    EncoderIdentity, Finding, Gallery, GalleryError, NewGallery, Projection, Secret, Thresholds, Wanted,
};
use twinprint_signal::FoldIndex;

use crate::DeskError;
use crate::open_encoder::Encoder;
use crate::run_scores::which;

/// Where a gallery is and what opens it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The gallery's file.
    pub gallery: &'a Path,
    /// Its secret, where it has one.
    pub secret: Option<&'a Secret>,
    /// The file of its secret, beside which its changes are counted, so that an older copy is noticed.
    pub key_file: Option<&'a Path>,
    /// The run folder or packed model of its encoder, where that has moved, or where the gallery is to be made.
    pub model: Option<&'a Path>,
}

/// How a gallery is made when there is none.
#[derive(Debug, Clone, Copy)]
pub struct NewGalleryOptions<'a> {
    /// The fold whose encoder makes its prints; the final model by default.
    pub fold: Option<FoldIndex>,
    /// How its templates are protected.
    pub wanted: Wanted,
    /// The time, RFC 3339 in UTC.
    pub now: &'a str,
}

/// Opens a gallery that must be there.
///
/// # Errors
/// When it is missing, no gallery, changed outside twinprint or an older copy, or the secret does not open it.
pub fn open(access: Access<'_>) -> Result<Gallery, DeskError> {
    counted(access, Gallery::open(access.gallery, access.secret)?)
}

/// The gallery with its changes counted beside its secret, where that is a file.
fn counted(access: Access<'_>, gallery: Gallery) -> Result<Gallery, DeskError> {
    Ok(match access.key_file {
        Some(key_file) => gallery.counted_beside(key_file)?,
        None => gallery,
    })
}

/// Looks at a gallery's file and records, and whether its encoder is there and the same.
///
/// # Errors
/// When it cannot be opened at all.
pub fn check(access: Access<'_>) -> Result<Vec<Finding>, DeskError> {
    let mut findings = Gallery::examine(access.gallery, access.secret)?;
    if findings.iter().any(|finding| !finding.passed) {
        return Ok(findings);
    }
    let gallery = match open(access) {
        Err(DeskError::Gallery(error @ GalleryError::OlderCopy { .. })) => {
            findings.push(Finding { what: "latest".to_owned(), passed: false, detail: error.to_string() });
            return Ok(findings);
        }
        opened => opened?,
    };
    if !gallery.encoder().channels.is_empty() {
        let (passed, detail) = match encoder_of(&gallery, access) {
            Ok(encoder) => (true, format!("{}, {}", encoder.identity.model, which(encoder.identity.fold))),
            Err(error) => (false, error.to_string()),
        };
        findings.push(Finding { what: "encoder".to_owned(), passed, detail });
    }
    Ok(findings)
}

/// The encoder a gallery belongs to: where it was, or where `--model` says it is now.
pub(crate) fn encoder_of(gallery: &Gallery, access: Access<'_>) -> Result<Encoder, DeskError> {
    let identity = gallery.encoder();
    if identity.channels.is_empty() {
        return Err(DeskError::Request(format!(
            "{} holds prints that were made elsewhere ({}), so recordings cannot be compared with it: give a file of such prints (.h5, .parquet or .csv)",
            gallery.path().display(),
            identity.model
        )));
    }
    let run = access.model.unwrap_or_else(|| Path::new(&identity.model));
    if !run.exists() && access.model.is_none() {
        return Err(DeskError::RunFolder {
            path: run.to_owned(),
            reason: "the gallery's run folder is no longer there: say with --model where it is now"
                .to_owned(),
        });
    }
    let encoder = Encoder::open(run, identity.fold)?;
    gallery.check_encoder(&encoder.identity)?;
    Ok(encoder)
}

/// Makes a gallery of a run's encoder, with thresholds measured on people it never saw.
pub(crate) fn create(
    access: Access<'_>,
    options: &NewGalleryOptions<'_>,
    encoder: &Encoder,
    rng: &mut dyn CryptoRng,
) -> Result<Gallery, DeskError> {
    let new = options.gallery_of(encoder.identity.clone(), access.secret);
    let thresholds = |projection: Option<&Projection>| encoder.thresholds(projection);
    counted(access, Gallery::create(access.gallery, new, thresholds, rng)?)
}

/// Makes a gallery of prints from elsewhere.
pub(crate) fn create_foreign(
    access: Access<'_>,
    options: &NewGalleryOptions<'_>,
    encoder: EncoderIdentity,
    rng: &mut dyn CryptoRng,
) -> Result<Gallery, DeskError> {
    let new = options.gallery_of(encoder, access.secret);
    let thresholds = |_: Option<&_>| Ok::<_, DeskError>(Thresholds::none("its prints were made elsewhere"));
    counted(access, Gallery::create(access.gallery, new, thresholds, rng)?)
}

impl<'a> NewGalleryOptions<'a> {
    fn gallery_of(&self, encoder: EncoderIdentity, secret: Option<&'a Secret>) -> NewGallery<'a> {
        NewGallery { encoder, wanted: self.wanted, secret, now: self.now }
    }
}
