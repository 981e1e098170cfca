//! Identification: who of all enrolled people is this?

use serde::Serialize;
use twinprint_gallery::{Acquisition, GalleryError, Rate, Template};
use twinprint_signal::SubjectId;

use crate::DeskError;
use crate::open::open;
use crate::probe::{Probe, ProbeOptions};
use crate::replay::Replay;

/// The answer to "who is this?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identified {
    /// The most similar people, best first: name, score to one decimal unless it was asked for in full, and whether it is a match.
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
    /// Epochs of the probe that the search rests on, 1 or more.
    pub epochs: usize,
    /// Their seconds; absent for prints from elsewhere.
    pub seconds: Option<f64>,
    /// The enrolment that the probe repeats, where it does: then nobody matches unless that was allowed.
    pub replay: Option<Replay>,
    /// What became of the probe's epochs.
    pub acquisition: Acquisition,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// Compares a recording with everybody's template; `top` is how many candidates are given.
///
/// # Errors
/// As [`verify`](super::verify), and when nobody is enrolled.
pub fn identify(options: &ProbeOptions<'_>, top: usize) -> Result<Identified, DeskError> {
    options.check()?;
    if top == 0 {
        let limit = "write 1 or more".to_owned();
        return Err(GalleryError::Setting { name: "--top", value: "0".to_owned(), limit }.into());
    }
    let gallery = open(options.access)?;
    if gallery.is_empty()? {
        let path = options.access.gallery.display();
        return Err(DeskError::Request(format!("{path}: nobody is enrolled, so nobody can be identified")));
    }
    let probe = Probe::read(options, &gallery)?;
    let epochs = probe.epochs_asked(options)?.unwrap_or_else(|| probe.acquired.prints.nrows());
    let prints = gallery.project(probe.acquired.prints.slice(ndarray::s![..epochs, ..]))?;
    let mean = Template::of(prints.view())?.direction().insert_axis(ndarray::Axis(0));
    let replay = Replay::find(&gallery, &probe.acquired.sources)?;
    let uncounted = options.begin_attempt(&gallery, None)?;
    let index = gallery.index()?;
    let found = index.search(mean.view(), top)?.into_iter().next().unwrap_or_default();
    let best = match found.first() {
        Some(candidate) => gallery.person(&candidate.subject)?.template.epochs(),
        None => 0,
    };
    let bound = options.bound(&gallery, best, epochs)?;
    let people = index.len();
    let mut acquisition = probe.acquired.acquisition;
    acquisition.used = epochs;
    let mut notices = probe.acquired.notices;
    notices.extend(gallery.notices().iter().cloned());
    notices.extend(uncounted);
    notices.extend(replay.as_ref().map(|replay| replay.notice(options.allow_replay)));
    let counts = replay.is_none() || options.allow_replay;
    let candidates: Vec<(SubjectId, f64, bool)> = found
        .into_iter()
        .map(|found| (found.subject, options.told(found.score), counts && found.score >= bound.threshold))
        .collect();
    if candidates.iter().any(|(_, _, matched)| *matched) {
        gallery.attempt_matched(None)?;
    }
    Ok(Identified {
        candidates,
        people,
        threshold: bound.threshold,
        target_fmr: bound.target_fmr,
        false_positive: bound.target_fmr.map(|fmr| 1.0 - (1.0 - fmr).powf(people as f64)),
        fnmr: bound.fnmr,
        epochs,
        seconds: probe.epoch_seconds.map(|seconds| seconds * epochs as f64),
        replay,
        acquisition,
        notices,
    })
}
