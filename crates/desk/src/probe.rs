//! What a gallery is asked about: a recording or rows of a file of prints, and the score from which on it matches.

use std::path::PathBuf;

use twinprint_gallery::{Gallery, GalleryError, Rate};

use crate::DeskError;
use crate::acquire::{Acquired, gather};
use crate::admission::repeated;
use crate::open::{Access, encoder_of};
use crate::rows::Rows;
use twinprint_foreign::Filter;
use twinprint_foreign::is_feature_file;
use twinprint_recordings::is_recording_text;
use twinprint_signal::SubjectId;

/// What to compare and how.
pub struct ProbeOptions<'a> {
    /// The gallery.
    pub access: Access<'a>,
    /// One recording, or a file of prints.
    pub file: PathBuf,
    /// Which rows of a file of prints.
    pub filter: Filter,
    /// The false match rate aimed at; by default the least measured at or above 0.01.
    pub fmr: Option<f64>,
    /// A stated least score of a match, in place of `fmr`.
    pub threshold: Option<f64>,
    /// Compare a recording that somebody was enrolled from, which is no match otherwise.
    pub allow_replay: bool,
    /// Give scores in full rather than to one decimal: who sees them in full can climb by them.
    pub full_scores: bool,
    /// Seconds since 1970, by which waits between attempts are measured.
    pub now: u64,
    /// Whether what is certain of a recording that breaks its format is read.
    pub lenient: bool,
    /// Clean seconds to use, no fewer and no more; by default verification uses as many as it takes.
    pub seconds: Option<f64>,
}

/// The false match rate where none is asked for, or the least measured above it.
const FMR: f64 = 0.01;

/// A score as it may be told: in full, or to one decimal.
pub(crate) fn told(score: f64, in_full: bool) -> f64 {
    if in_full { score } else { (10.0 * score).round() / 10.0 }
}

/// The score from which on a probe matches, and the error rates measured at it; none for a stated score.
pub(crate) struct Bound {
    pub(crate) threshold: f64,
    pub(crate) target_fmr: Option<f64>,
    pub(crate) fmr: Option<Rate>,
    pub(crate) fnmr: Option<Rate>,
}

impl ProbeOptions<'_> {
    /// A score as it may be told.
    pub(crate) fn told(&self, score: f64) -> f64 {
        told(score, self.full_scores)
    }

    /// Counts an attempt, and says what to know where it cannot be counted.
    ///
    /// # Errors
    /// While one has to wait after non-matches.
    pub(crate) fn begin_attempt(
        &self,
        gallery: &Gallery,
        subject: Option<&SubjectId>,
    ) -> Result<Option<String>, DeskError> {
        let counted = gallery.begin_attempt(subject, self.now)?;
        Ok((!counted).then(|| "non-matches are not counted: the gallery cannot be written to, or an earlier version wrote it".to_owned()))
    }

    /// The stated score, or the threshold measured for templates and probes of so many epochs or the next fewer.
    pub(crate) fn bound(&self, gallery: &Gallery, template: usize, probe: usize) -> Result<Bound, DeskError> {
        if let Some(threshold) = self.threshold {
            return Ok(Bound { threshold, target_fmr: None, fmr: None, fnmr: None });
        }
        let point = gallery.thresholds().point(self.fmr_for(gallery, template)?, template, probe)?;
        Ok(Bound {
            threshold: point.threshold,
            target_fmr: Some(point.target_fmr),
            fmr: Some(point.fmr),
            fnmr: Some(point.fnmr),
        })
    }

    /// The false match rate asked for, or the default for templates of so many epochs.
    pub(crate) fn fmr_for(&self, gallery: &Gallery, template: usize) -> Result<f64, DeskError> {
        let default = || gallery.thresholds().default_fmr(FMR, template);
        self.fmr.or_else(default).ok_or_else(|| {
            DeskError::Request(format!(
                "{}: no threshold was measured ({}); state a score with --threshold",
                gallery.path().display(),
                gallery.thresholds().notes.join("; ")
            ))
        })
    }

    /// Refuses settings that mean nothing.
    pub(crate) fn check(&self) -> Result<(), DeskError> {
        check_decision(self.fmr, self.threshold, self.seconds)
    }
}

/// Refuses a rate, a score or seconds that mean nothing.
pub(crate) fn check_decision(
    fmr: Option<f64>,
    threshold: Option<f64>,
    seconds: Option<f64>,
) -> Result<(), DeskError> {
    let refuse = |name, value: f64, limit: &str| {
        Err(GalleryError::Setting { name, value: value.to_string(), limit: limit.to_owned() }.into())
    };
    match (fmr, threshold, seconds) {
        (Some(fmr), Some(_), _) => refuse("--fmr", fmr, "given with --threshold; write one of the two"),
        (Some(fmr), None, _) if !(fmr > 0.0 && fmr < 1.0) => {
            refuse("--fmr", fmr, "it must lie between 0 and 1; 0.01 is one in a hundred")
        }
        (_, Some(score), _) if !(-1.0..=1.0).contains(&score) => {
            refuse("--threshold", score, "a cosine lies between -1 and 1")
        }
        (_, _, Some(seconds)) if !(seconds.is_finite() && seconds > 0.0) => {
            refuse("--seconds", seconds, "it must be finite and above 0")
        }
        _ => Ok(()),
    }
}

/// The prints of a probe.
pub(crate) struct Probe {
    pub(crate) acquired: Acquired,
    /// The length of an epoch; absent for prints from elsewhere.
    pub(crate) epoch_seconds: Option<f64>,
}

impl Probe {
    /// Reads a recording, or the rows of a file of prints that the filter holds for.
    ///
    /// # Errors
    /// When the file is refused, its encoder is not the gallery's, or no epoch is clean (failure to acquire).
    pub(crate) fn read(options: &ProbeOptions<'_>, gallery: &Gallery) -> Result<Self, DeskError> {
        let probe = if is_feature_file(&options.file) && !is_recording_text(&options.file) {
            let rows = Rows::read(&options.file, &options.filter)?;
            gallery.check_encoder(&rows.encoder()?)?;
            let acquired = Acquired { notices: rows.left_out(), ..rows.acquired(rows.all())? };
            Self { acquired, epoch_seconds: None }
        } else if !options.filter.is_empty() {
            return Err(DeskError::Request(
                "--rows chooses rows of a file of prints; a recording has none".to_owned(),
            ));
        } else {
            let encoder = encoder_of(gallery, options.access)?;
            let epoch_seconds = Some(encoder.identity.epoch_seconds);
            Self { acquired: gather(&encoder, &[&options.file], options.lenient)?, epoch_seconds }
        };
        if let Some(reason) = repeated(probe.acquired.prints.view()) {
            let reason = format!("failure to acquire: {reason}");
            return Err(DeskError::Recording { path: options.file.clone(), reason });
        }
        if probe.acquired.prints.nrows() == 0 {
            return Err(DeskError::Recording {
                path: options.file.clone(),
                reason: format!(
                    "failure to acquire: no epoch is clean. {}; check the electrodes with `twinprint inspect`",
                    probe.acquired.acquisition.sentence()
                ),
            });
        }
        Ok(probe)
    }

    /// How many of the probe's epochs are to be used, where a length was asked for.
    ///
    /// # Errors
    /// When there are fewer (failure to acquire), or the length of an epoch is not known.
    pub(crate) fn epochs_asked(&self, options: &ProbeOptions<'_>) -> Result<Option<usize>, DeskError> {
        let Some(seconds) = options.seconds else { return Ok(None) };
        let Some(epoch) = self.epoch_seconds else {
            let limit =
                "the length of prints from elsewhere is not known; choose rows with --rows".to_owned();
            return Err(GalleryError::Setting { name: "--seconds", value: seconds.to_string(), limit }.into());
        };
        let epochs = ((seconds / epoch).ceil() as usize).max(1);
        let there = self.acquired.prints.nrows();
        if epochs <= there {
            return Ok(Some(epochs));
        }
        Err(DeskError::Recording {
            path: options.file.clone(),
            reason: format!(
                "failure to acquire: {} s of clean signal are needed, there are {} s. {}; ask for less with --seconds",
                epochs as f64 * epoch,
                there as f64 * epoch,
                self.acquired.acquisition.sentence()
            ),
        })
    }
}
