//! Verification and identification.

use std::path::PathBuf;

use serde::Serialize;
use twinprint_gallery::{Acquisition, Gallery, GalleryError, People, Rate, Template};
use twinprint_signal::SubjectId;

use crate::DeskError;
use crate::acquire::Acquired;
use crate::enrol::gather;
use crate::open::{Access, encoder_of, open};
use crate::rows::{Rows, is_table};
use twinprint_foreign::Filter;

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
    /// Clean seconds to use, no fewer and no more; by default verification uses as many as it takes.
    pub seconds: Option<f64>,
}

/// How a decision came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Epoch by epoch until the bounds decided.
    Sequential,
    /// A fixed length against a measured threshold.
    Fixed,
    /// Against a stated score, of which no error rate is known.
    Stated,
}

/// The answer to "is this the person she says?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// Who she says she is.
    pub subject: SubjectId,
    /// The answer.
    pub matched: bool,
    /// The last score.
    pub score: f64,
    /// The bound it was held against.
    pub threshold: f64,
    /// How the decision came about.
    pub decision: Decision,
    /// Epochs used.
    pub epochs: usize,
    /// Their seconds; absent for prints from elsewhere.
    pub seconds: Option<f64>,
    /// Epochs behind the template.
    pub template_epochs: usize,
    /// The false match rate aimed at; absent for a stated score.
    pub target_fmr: Option<f64>,
    /// The false match rate observed.
    pub fmr: Option<Rate>,
    /// The false non-match rate to expect.
    pub fnmr: Option<Rate>,
    /// Whose scores set the threshold.
    pub people: People,
    /// What became of the probe's epochs.
    pub acquisition: Acquisition,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// The answer to "who is this?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identified {
    /// The most similar people, best first: name, score, and whether the score is a match.
    pub candidates: Vec<(SubjectId, f64, bool)>,
    /// How many were compared.
    pub people: usize,
    /// Least score of a match.
    pub threshold: f64,
    /// The false match rate aimed at in each comparison; absent for a stated score.
    pub target_fmr: Option<f64>,
    /// The chance that somebody who is not enrolled matches one person or more, were comparisons independent.
    pub false_positive: Option<f64>,
    /// The false non-match rate to expect.
    pub fnmr: Option<Rate>,
    /// Epochs used.
    pub epochs: usize,
    /// Their seconds; absent for prints from elsewhere.
    pub seconds: Option<f64>,
    /// What became of the probe's epochs.
    pub acquisition: Acquisition,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// The false match rate where none is asked for, or the least measured above it.
const FMR: f64 = 0.01;

/// Compares a recording with one person's template.
///
/// # Errors
/// When nobody of that name is enrolled, the recording is refused or has no clean epoch (failure to acquire), the encoder
/// is another one, or no threshold was measured for the rate asked for.
pub fn verify(options: &ProbeOptions<'_>, subject: &SubjectId) -> Result<Match, DeskError> {
    check(options)?;
    let gallery = open(options.access)?;
    let person = gallery.person(subject)?;
    let probe = probe(options, &gallery)?;
    let limit = epochs_asked(options, &probe)?;
    let prints = gallery.project(probe.acquired.prints.view())?;
    let template_epochs = person.template.epochs();
    let available = limit.unwrap_or_else(|| prints.nrows());
    let running = |most: usize| {
        (1..=available.min(most))
            .map(|count| Ok(person.template.score(&Template::of(prints.slice(ndarray::s![..count, ..]))?)))
            .collect::<Result<Vec<f64>, GalleryError>>()
    };
    let mut answer = Match {
        subject: subject.clone(),
        matched: false,
        score: 0.0,
        threshold: 0.0,
        decision: Decision::Sequential,
        epochs: available,
        seconds: None,
        template_epochs,
        target_fmr: None,
        fmr: None,
        fnmr: None,
        people: gallery.thresholds().people,
        acquisition: probe.acquired.acquisition.clone(),
        notices: probe.acquired.notices.clone(),
    };
    let thresholds = gallery.thresholds();
    if options.threshold.is_some() || options.seconds.is_some() {
        answer.score = running(available)?.last().copied().unwrap_or_default();
        let bound = bound(options, &gallery, template_epochs, available)?;
        answer.decision = if options.threshold.is_some() { Decision::Stated } else { Decision::Fixed };
        (answer.threshold, answer.matched) = (bound.threshold, answer.score >= bound.threshold);
        (answer.target_fmr, answer.fmr, answer.fnmr) = (bound.target_fmr, bound.fmr, bound.fnmr);
    } else {
        let rule = thresholds.rule(fmr(options, &gallery, template_epochs)?, template_epochs)?;
        let verdict = rule
            .decide(&running(rule.accept.len())?)
            .ok_or_else(|| DeskError::Request("the gallery's sequential rule is empty".to_owned()))?;
        (answer.matched, answer.score, answer.threshold) =
            (verdict.accepted, verdict.score, verdict.threshold);
        answer.epochs = verdict.epochs;
        (answer.target_fmr, answer.fmr, answer.fnmr) =
            (Some(rule.target_fmr), Some(rule.fmr), Some(rule.fnmr));
        if available < rule.accept.len() && verdict.epochs == available {
            answer.notices.push(format!(
                "the probe ended after {available} of {} epochs: a non-match may be for want of signal",
                rule.accept.len()
            ));
        }
    }
    answer.seconds = probe.epoch_seconds.map(|seconds| seconds * answer.epochs as f64);
    answer.acquisition.used = answer.epochs;
    Ok(answer)
}

/// Compares a recording with everybody's template; `top` is how many candidates are given.
///
/// # Errors
/// As [`verify`], and when nobody is enrolled.
pub fn identify(options: &ProbeOptions<'_>, top: usize) -> Result<Identified, DeskError> {
    check(options)?;
    if top == 0 {
        let limit = "write 1 or more".to_owned();
        return Err(GalleryError::Setting { name: "--top", value: "0".to_owned(), limit }.into());
    }
    let gallery = open(options.access)?;
    if gallery.is_empty()? {
        let path = options.access.gallery.display();
        return Err(DeskError::Request(format!("{path}: nobody is enrolled, so nobody can be identified")));
    }
    let probe = probe(options, &gallery)?;
    let epochs = match epochs_asked(options, &probe)? {
        Some(epochs) => epochs,
        None => probe.acquired.prints.nrows(),
    };
    let prints = gallery.project(probe.acquired.prints.slice(ndarray::s![..epochs, ..]))?;
    let mean = Template::of(prints.view())?.direction().insert_axis(ndarray::Axis(0));
    let index = gallery.index()?;
    let found = index.search(mean.view(), top)?.into_iter().next().unwrap_or_default();
    let best = match found.first() {
        Some(candidate) => gallery.person(&candidate.subject)?.template.epochs(),
        None => 0,
    };
    let bound = bound(options, &gallery, best, epochs)?;
    let people = index.len();
    let mut acquisition = probe.acquired.acquisition;
    acquisition.used = epochs;
    Ok(Identified {
        candidates: found
            .into_iter()
            .map(|candidate| (candidate.subject, candidate.score, candidate.score >= bound.threshold))
            .collect(),
        people,
        threshold: bound.threshold,
        target_fmr: bound.target_fmr,
        false_positive: bound.target_fmr.map(|fmr| 1.0 - (1.0 - fmr).powf(people as f64)),
        fnmr: bound.fnmr,
        epochs,
        seconds: probe.epoch_seconds.map(|seconds| seconds * epochs as f64),
        acquisition,
        notices: probe.acquired.notices,
    })
}

struct Bound {
    threshold: f64,
    target_fmr: Option<f64>,
    fmr: Option<Rate>,
    fnmr: Option<Rate>,
}

/// The stated score, or the threshold measured at this length or the next shorter.
fn bound(
    options: &ProbeOptions<'_>,
    gallery: &Gallery,
    template: usize,
    probe: usize,
) -> Result<Bound, DeskError> {
    if let Some(threshold) = options.threshold {
        return Ok(Bound { threshold, target_fmr: None, fmr: None, fnmr: None });
    }
    let point = gallery.thresholds().point(fmr(options, gallery, template)?, template, probe)?;
    Ok(Bound {
        threshold: point.threshold,
        target_fmr: Some(point.target_fmr),
        fmr: Some(point.fmr),
        fnmr: Some(point.fnmr),
    })
}

fn fmr(options: &ProbeOptions<'_>, gallery: &Gallery, template: usize) -> Result<f64, DeskError> {
    let default = || gallery.thresholds().default_fmr(FMR, template);
    options.fmr.or_else(default).ok_or_else(|| {
        DeskError::Request(format!(
            "{}: no threshold was measured ({}); state a score with --threshold",
            gallery.path().display(),
            gallery.thresholds().notes.join("; ")
        ))
    })
}

struct Probe {
    acquired: Acquired,
    epoch_seconds: Option<f64>,
}

fn probe(options: &ProbeOptions<'_>, gallery: &Gallery) -> Result<Probe, DeskError> {
    let probe = if is_table(&options.file) {
        let rows = Rows::read(&options.file, &options.filter)?;
        gallery.check_encoder(&rows.lock()?)?;
        Probe { acquired: rows.acquired(None)?, epoch_seconds: None }
    } else if !options.filter.is_empty() {
        return Err(DeskError::Request(
            "--rows chooses rows of a file of prints; a recording has none".to_owned(),
        ));
    } else {
        let lent = encoder_of(gallery, options.access)?;
        Probe { acquired: gather(&lent, &[&options.file])?, epoch_seconds: Some(lent.lock.epoch_seconds) }
    };
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

/// The probe's epochs where a length was asked for.
fn epochs_asked(options: &ProbeOptions<'_>, probe: &Probe) -> Result<Option<usize>, DeskError> {
    let Some(seconds) = options.seconds else { return Ok(None) };
    let Some(epoch) = probe.epoch_seconds else {
        let limit = "the length of prints from elsewhere is not known; choose rows with --rows".to_owned();
        return Err(GalleryError::Setting { name: "--seconds", value: seconds.to_string(), limit }.into());
    };
    let epochs = ((seconds / epoch).ceil() as usize).max(1);
    let there = probe.acquired.prints.nrows();
    if epochs <= there {
        return Ok(Some(epochs));
    }
    Err(DeskError::Recording {
        path: options.file.clone(),
        reason: format!(
            "failure to acquire: {} s of clean signal are needed, there are {} s. {}; ask for less with --seconds",
            epochs as f64 * epoch,
            there as f64 * epoch,
            probe.acquired.acquisition.sentence()
        ),
    })
}

/// Refuses settings that mean nothing.
fn check(options: &ProbeOptions<'_>) -> Result<(), DeskError> {
    let refuse = |name, value: f64, limit: &str| {
        Err(GalleryError::Setting { name, value: value.to_string(), limit: limit.to_owned() }.into())
    };
    match (options.fmr, options.threshold, options.seconds) {
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
