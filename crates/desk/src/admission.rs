//! What an enrolment needs: how many clean epochs, how clean a recording, and the score that gives a duplicate away.

use ndarray::ArrayView2;
use twinprint_gallery::{GalleryError, Template, Thresholds};
use twinprint_signal::{SubjectId, counted};

use crate::DeskError;
use crate::acquire::Acquired;
use crate::enrol_options::EnrolOptions;

/// Above this share of epochs left out a recording is junk, however long it is.
const MOSTLY: f64 = 0.5;

/// How many clean epochs a template is made from; `run` is how many the run's own are made from, and an epoch's seconds.
pub(crate) fn wanted_epochs(
    options: &EnrolOptions<'_>,
    run: Option<(usize, f64)>,
) -> Result<usize, DeskError> {
    let limit = |name, value: String, limit: &str| {
        Err(GalleryError::Setting { name, value, limit: limit.to_owned() }.into())
    };
    match (options.epochs, options.seconds, run) {
        (Some(_), Some(_), _) => limit("--epochs", "given with --seconds".to_owned(), "write one of the two"),
        (Some(0), ..) => limit("--epochs", "0".to_owned(), "a template needs 1 or more"),
        (Some(epochs), ..) => Ok(epochs),
        (None, Some(seconds), _) if !(seconds.is_finite() && seconds > 0.0) => {
            limit("--seconds", seconds.to_string(), "it must be finite and above 0")
        }
        (None, Some(_), None) => limit(
            "--seconds",
            "given for prints from elsewhere".to_owned(),
            "write --epochs; their length is not known",
        ),
        (None, Some(seconds), Some((_, epoch))) => Ok(((seconds / epoch).ceil() as usize).max(1)),
        (None, None, Some((planned, _))) => Ok(planned),
        (None, None, None) => Ok(usize::MAX),
    }
}

/// Below this mean cosine distance from their mean, epochs are one stretch of signal repeated: epochs of people scatter a
/// hundred times as much.
const LEAST_SCATTER: f64 = 1e-4;

/// Whether the prints `[epochs, dim]` of a recording are all alike, and what to say then.
pub(crate) fn repeated(prints: ArrayView2<'_, f32>) -> Option<String> {
    let spread = Template::of(prints).ok()?.spread();
    (prints.nrows() >= 3 && spread < LEAST_SCATTER).then(|| {
        format!("its {} epochs are all alike (they scatter by {spread:.1e}, less than {LEAST_SCATTER:.0e}): one stretch of signal repeated", prints.nrows())
    })
}

/// Refuses recordings that hold too little usable signal: failure to enrol (ISO/IEC 19795-1).
pub(crate) fn admit(
    subject: &SubjectId,
    acquired: &Acquired,
    wanted: usize,
    seconds: f64,
) -> Result<(), DeskError> {
    let clean = acquired.prints.nrows();
    let total = acquired.acquisition.epochs;
    let out = total.saturating_sub(clean);
    let length = |epochs: usize| {
        if seconds > 0.0 { format!("{} s", epochs as f64 * seconds) } else { counted(epochs, "row") }
    };
    let (reason, remedy) = if out as f64 > MOSTLY * total as f64 {
        (
            format!("{out} of {total} epochs were left out, more than half"),
            "Check the electrodes with `twinprint inspect`, and record again",
        )
    } else if clean < wanted {
        (
            format!("{} of clean signal are needed, there are {}", length(wanted), length(clean)),
            "Record longer, or ask for less with --seconds or --epochs",
        )
    } else if let Some(reason) = repeated(acquired.prints.view()) {
        (reason, "Record again")
    } else {
        return Ok(());
    };
    Err(GalleryError::FailureToEnrol {
        subject: subject.clone(),
        reason,
        acquisition: acquired.acquisition.clone(),
        remedy: remedy.to_owned(),
    }
    .into())
}

/// The chance at most, as far as thresholds were measured for it, that the search for a duplicate refuses somebody new.
const CHANCE: f64 = 0.01;

/// From which score on a new person counts as somebody who is there, and the chance that somebody new is refused by it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DuplicateRule {
    pub(crate) threshold: f64,
    /// Nothing for a stated score.
    pub(crate) chance: Option<f64>,
}

/// The rule for a template of so many epochs and a gallery of so many people, all of whom it is compared with.
pub(crate) fn duplicate_rule(
    options: &EnrolOptions<'_>,
    thresholds: &Thresholds,
    epochs: usize,
    people: usize,
) -> Result<Option<DuplicateRule>, DeskError> {
    if let Some(threshold) = options.threshold {
        return Ok(Some(DuplicateRule { threshold, chance: None }));
    }
    let of_search = |fmr: f64| Some(1.0 - (1.0 - fmr).powf(people as f64));
    if let (None, Some((threshold, chance))) = (options.fmr, thresholds.duplicate(epochs, people, CHANCE)) {
        return Ok(Some(DuplicateRule { threshold, chance: Some(chance) }));
    }
    match options.fmr.or_else(|| thresholds.default_fmr(0.0, epochs)) {
        Some(fmr) => {
            let threshold = thresholds.point(fmr, epochs, usize::MAX)?.threshold;
            Ok(Some(DuplicateRule { threshold, chance: of_search(fmr) }))
        }
        None => Ok(None),
    }
}
