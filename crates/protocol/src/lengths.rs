//! Whether recordings are long enough for what the plan wants of them, before a sample is read.

use std::collections::{BTreeMap, HashMap};

use twinprint_signal::{RecordingKey, SubjectId};

use crate::choose::Choice;
use crate::trials::INSTANT;
use crate::{Plan, ProtocolError, RecordingMetadata};

/// Compares recorded seconds with the templates and the longest probe of everybody who is to be tested. Rejection can
/// only leave less, so that what fails here could not have succeeded.
pub(crate) fn long_enough(
    recordings: &[RecordingMetadata],
    choices: &BTreeMap<SubjectId, Choice>,
    plan: &Plan,
) -> Result<(), ProtocolError> {
    let recorded: HashMap<&RecordingKey, f64> =
        recordings.iter().map(|facts| (&facts.key, facts.seconds)).collect();
    let seconds = |key: &RecordingKey| recorded.get(key).copied().unwrap_or(0.0);
    let longest_probe = plan.probe.seconds.iter().copied().fold(0.0, f64::max);
    let wanted = plan.enrol.templates_per_subject;
    for choice in choices.values().filter(|choice| choice.can_be_tested()) {
        let fit = |key: &RecordingKey| ((seconds(key) + INSTANT) / plan.enrol.seconds).floor() as usize;
        if plan.enrol.recordings_per_template != 1 {
            // What several recordings have together is counted when their epochs are known.
            continue;
        }
        let longest = choice.enrol.iter().max_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        if let Some(key) = longest.filter(|_| choice.enrol.iter().map(fit).sum::<usize>() < wanted) {
            let (key, available) = (Box::new(key.clone()), seconds(key));
            return Err(ProtocolError::TooShort {
                key,
                seconds: plan.enrol.seconds,
                available,
                counted: "recorded",
                wanted: plan.enrol.seconds * wanted as f64,
                purpose: "enrol",
            });
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
                return Err(ProtocolError::TooShort {
                    key: Box::new(key.clone()),
                    seconds: longest_probe,
                    available: left,
                    counted: "recorded",
                    wanted: longest_probe,
                    purpose: "probe",
                });
            }
        }
    }
    Ok(())
}
