//! Verification: is this the person they say they are?

use serde::Serialize;
use twinprint_gallery::{Acquisition, Gallery, People, Rate, Template};
use twinprint_signal::SubjectId;

use crate::DeskError;
use crate::open::open;
use crate::probe::{Bound, Probe, ProbeOptions};
use crate::replay::Replay;

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

/// The answer to "is this the person they say they are?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// Who they say they are.
    pub subject: SubjectId,
    /// Whether the score reached the threshold.
    pub matched: bool,
    /// The last score, to one decimal unless it was asked for in full.
    pub score: f64,
    /// The bound it was held against.
    pub threshold: f64,
    /// How the decision came about.
    pub decision: Decision,
    /// Epochs of the probe that the decision rests on, 1 or more.
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
    /// The enrolment that the probe repeats, where it does: then it is no match unless that was allowed.
    pub replay: Option<Replay>,
    /// What became of the probe's epochs.
    pub acquisition: Acquisition,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// A decision and what it rests on.
struct Outcome {
    matched: bool,
    score: f64,
    /// Epochs looked at.
    epochs: usize,
    decision: Decision,
    bound: Bound,
    /// Whether the probe ended before the sequential rule did.
    ended_early: Option<String>,
}

/// Compares a recording with one person's template.
///
/// # Errors
/// When nobody of that name is enrolled, the recording is refused or has no clean epoch (failure to acquire), the encoder
/// is another one, or no threshold was measured for the rate asked for.
pub fn verify(options: &ProbeOptions<'_>, subject: &SubjectId) -> Result<Match, DeskError> {
    options.check()?;
    let gallery = open(options.access)?;
    let person = gallery.person(subject)?;
    let template = &person.template;
    let probe = Probe::read(options, &gallery)?;
    let replay = Replay::of_person(&person, &probe.acquired.sources);
    let wanted = probe.epochs_asked(options)?;
    let prints = gallery.project(probe.acquired.prints.view())?;
    let available = wanted.unwrap_or_else(|| prints.nrows());
    // The score of the probe's first epochs.
    let score = |epochs: usize| -> Result<f64, DeskError> {
        Ok(template.score(&Template::of(prints.slice(ndarray::s![..epochs, ..]))?))
    };
    let uncounted = options.begin_attempt(&gallery, Some(subject))?;
    let outcome = if options.threshold.is_some() || options.seconds.is_some() {
        fixed(options, &gallery, template.epochs(), (available, score(available)?))?
    } else {
        sequential(options, &gallery, template.epochs(), (available, &score))?
    };
    let mut acquisition = probe.acquired.acquisition;
    acquisition.used = outcome.epochs;
    let mut notices = probe.acquired.notices;
    notices.extend(gallery.notices().iter().cloned());
    notices.extend(outcome.ended_early);
    notices.extend(uncounted);
    notices.extend(replay.as_ref().map(|replay| replay.notice(options.allow_replay)));
    let matched = outcome.matched && (replay.is_none() || options.allow_replay);
    if matched {
        gallery.attempt_matched(Some(subject))?;
    }
    Ok(Match {
        subject: subject.clone(),
        matched,
        score: options.told(outcome.score),
        threshold: outcome.bound.threshold,
        decision: outcome.decision,
        epochs: outcome.epochs,
        seconds: probe.epoch_seconds.map(|seconds| seconds * outcome.epochs as f64),
        template_epochs: template.epochs(),
        target_fmr: outcome.bound.target_fmr,
        fmr: outcome.bound.fmr,
        fnmr: outcome.bound.fnmr,
        people: gallery.thresholds().people,
        replay,
        acquisition,
        notices,
    })
}

/// All epochs at once against a stated score or the threshold for their number.
fn fixed(
    options: &ProbeOptions<'_>,
    gallery: &Gallery,
    template_epochs: usize,
    (epochs, score): (usize, f64),
) -> Result<Outcome, DeskError> {
    let bound = options.bound(gallery, template_epochs, epochs)?;
    let decision = if options.threshold.is_some() { Decision::Stated } else { Decision::Fixed };
    Ok(Outcome { matched: score >= bound.threshold, score, epochs, decision, bound, ended_early: None })
}

/// One epoch after the other, until the gallery's sequential rule decides; `score` is that of the first so many epochs.
fn sequential(
    options: &ProbeOptions<'_>,
    gallery: &Gallery,
    template_epochs: usize,
    (available, score): (usize, &dyn Fn(usize) -> Result<f64, DeskError>),
) -> Result<Outcome, DeskError> {
    let fmr = options.fmr_for(gallery, template_epochs)?;
    let rule = gallery.thresholds().rule(fmr, template_epochs)?;
    let looks = rule.accept.len();
    let scores = (1..=available.min(looks)).map(score).collect::<Result<Vec<f64>, _>>()?;
    let verdict = rule
        .decide(&scores)
        .ok_or_else(|| DeskError::Request("the gallery's sequential rule is empty".to_owned()))?;
    let ended_early = (available < looks && verdict.epochs == available).then(|| {
        format!("the probe ended after {available} of {looks} epochs: a non-match may be for want of signal")
    });
    Ok(Outcome {
        matched: verdict.accepted,
        score: verdict.score,
        epochs: verdict.epochs,
        decision: Decision::Sequential,
        bound: Bound {
            threshold: verdict.threshold,
            target_fmr: Some(rule.target_fmr),
            fmr: Some(rule.fmr),
            fnmr: Some(rule.fnmr),
        },
        ended_early,
    })
}
