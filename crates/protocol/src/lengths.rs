//! Whether recordings are long enough for what the plan wants of them, before a sample is read.

use std::collections::{BTreeMap, HashMap};

use twinprint_signal::{RecordingKey, SubjectId};

use crate::choose::Choice;
use crate::trials::INSTANT;
use crate::{Plan, ProtocolError, RecordingFacts};

/// Compares recorded seconds with the templates and the longest probe of everybody who is to be tested. Rejection can
/// only leave less, so that what fails here could not have succeeded.
pub(crate) fn long_enough(
    recordings: &[RecordingFacts],
    choices: &BTreeMap<SubjectId, Choice>,
    plan: &Plan,
) -> Result<(), ProtocolError> {
    let recorded: HashMap<&RecordingKey, f64> =
        recordings.iter().map(|facts| (&facts.key, facts.seconds)).collect();
    let seconds = |key: &RecordingKey| recorded.get(key).copied().unwrap_or(0.0);
    let longest_probe = plan.probe.seconds.iter().copied().fold(0.0, f64::max);
    let wanted = plan.enrol.templates_per_subject;
    for (subject, choice) in choices.iter().filter(|(_, choice)| choice.can_be_tested()) {
        let fit = |key: &RecordingKey| ((seconds(key) + INSTANT) / plan.enrol.seconds).floor() as usize;
        let longest = choice.enrol.iter().max_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        if let Some(key) = longest.filter(|_| choice.enrol.iter().map(fit).sum::<usize>() < wanted) {
            let wanted = plan.enrol.seconds * wanted as f64;
            return Err(too_short(subject, key, seconds(key), wanted, "enrol", "enrol"));
        }
        for key in &choice.probe {
            // What the templates take of a recording that serves both; at least one, or nothing when they fit elsewhere.
            let elsewhere: usize = choice.enrol.iter().filter(|other| *other != key).map(fit).sum();
            let taken = match choice.enrol.contains(key) && elsewhere < wanted {
                true => plan.enrol.seconds * (wanted - elsewhere) as f64 + plan.guard_seconds,
                false => 0.0,
            };
            let left = (seconds(key) - taken).max(0.0);
            if left + INSTANT < longest_probe {
                return Err(too_short(subject, key, left, longest_probe, "probe", "acquire"));
            }
        }
    }
    Ok(())
}

fn too_short(
    subject: &SubjectId,
    key: &RecordingKey,
    available: f64,
    wanted: f64,
    purpose: &'static str,
    failure: &'static str,
) -> ProtocolError {
    let (subject, key) = (subject.clone(), Box::new(key.clone()));
    ProtocolError::TooShort { subject, key, available, counted: "recorded", wanted, purpose, failure }
}
