//! Which recordings of a person enrol, probe and train.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use twinprint_signal::{RecordingKey, SubjectId};

use crate::{OnShort, Plan, ProtocolError, RecordingMetadata, Variant};

/// The recordings of every person, each person's in natural order of session and recording.
pub(crate) type Cohort<'a> = BTreeMap<&'a SubjectId, Vec<&'a RecordingMetadata>>;

/// What a person's recordings are for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choice {
    pub train: Vec<RecordingKey>,
    pub enrol: Vec<RecordingKey>,
    pub probe: Vec<RecordingKey>,
}

impl Choice {
    /// Whether the person can be tested.
    pub fn can_be_tested(&self) -> bool {
        !self.enrol.is_empty() && !self.probe.is_empty()
    }
}

pub(crate) fn cohort(recordings: &[RecordingMetadata]) -> Result<Cohort<'_>, ProtocolError> {
    let mut cohort = Cohort::new();
    for facts in recordings {
        cohort.entry(&facts.key.subject).or_default().push(facts);
    }
    for list in cohort.values_mut() {
        list.sort_by(|a, b| in_time(&a.key, &b.key));
        if let Some(pair) = list.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(ProtocolError::Repeated(Box::new(pair[0].key.clone())));
        }
    }
    Ok(cohort)
}

/// The order recordings were most likely made in: by session, then by recording, numbers inside names by value.
pub(crate) fn in_time(a: &RecordingKey, b: &RecordingKey) -> Ordering {
    natural(a.session.as_str(), b.session.as_str())
        .then_with(|| natural(a.recording.as_str(), b.recording.as_str()))
        .then_with(|| a.cmp(b))
}

fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (left, right) = (leading_run(a), leading_run(b));
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let number = |run: &str| run.starts_with(|c: char| c.is_ascii_digit());
        let order = if number(left) && number(right) {
            let (x, y) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            left.cmp(right)
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (&a[left.len()..], &b[right.len()..]);
    }
}

/// The digits, or the other characters, that `text` begins with.
fn leading_run(text: &str) -> &str {
    let Some(first) = text.chars().next() else { return "" };
    let end = text.find(|c: char| c.is_ascii_digit() != first.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

/// Settles for every person which recordings are for what.
pub(crate) fn choose(cohort: &Cohort, plan: &Plan) -> Result<BTreeMap<SubjectId, Choice>, ProtocolError> {
    for (key, entries) in [
        ("train.recordings", &plan.train.recordings),
        ("enrol.recordings", &plan.enrol.recordings),
        ("probe.recordings", &plan.probe.recordings),
    ] {
        every_entry_names_something(cohort, key, entries)?;
    }
    let sessions_differ = match plan.variant {
        Variant::CrossSession => true,
        Variant::UnseenSubjects => cohort.values().all(|list| sessions(list) > 1),
        Variant::SeenSubjects | Variant::WithinRecording | Variant::CrossRecording => false,
    };
    let mut choices = BTreeMap::new();
    for (&subject, list) in cohort {
        let choice = choose_for_one(list, plan, sessions_differ);
        for (purpose, found) in [("enrol", &choice.enrol), ("probe", &choice.probe)] {
            if found.is_empty() && plan.on_short == OnShort::Error {
                let recordings =
                    list.iter().map(|facts| facts.key.to_string()).collect::<Vec<_>>().join(", ");
                return Err(ProtocolError::Missing { subject: subject.clone(), purpose, recordings });
            }
        }
        choices.insert(subject.clone(), choice);
    }
    Ok(choices)
}

/// Settles which recordings of people who are only learnt from are learnt from.
pub(crate) fn choose_to_learn(
    cohort: &Cohort,
    plan: &Plan,
) -> Result<BTreeMap<SubjectId, Choice>, ProtocolError> {
    let entries = &plan.train.recordings;
    every_entry_names_something(cohort, "train.recordings", entries)?;
    let taken =
        |facts: &&&RecordingMetadata| entries.is_empty() || entries.iter().any(|entry| names(entry, facts));
    let choice = |list: &Vec<&RecordingMetadata>| Choice {
        train: list.iter().filter(taken).map(|facts| facts.key.clone()).collect(),
        ..Choice::default()
    };
    Ok(cohort.iter().map(|(who, list)| ((*who).clone(), choice(list))).collect())
}

fn sessions(list: &[&RecordingMetadata]) -> usize {
    list.iter().map(|facts| &facts.key.session).collect::<BTreeSet<_>>().len()
}

fn choose_for_one(list: &[&RecordingMetadata], plan: &Plan, sessions_differ: bool) -> Choice {
    let named = |entries: &[String]| -> Vec<&RecordingMetadata> {
        list.iter().copied().filter(|facts| entries.iter().any(|entry| names(entry, facts))).collect()
    };
    let probe_named = named(&plan.probe.recordings);
    let enrol = if plan.enrol.recordings.is_empty() {
        let within = plan.variant == Variant::WithinRecording;
        list.iter().copied().find(|facts| within || !probe_named.contains(facts)).into_iter().collect()
    } else {
        named(&plan.enrol.recordings)
    };
    let probe = if plan.variant == Variant::WithinRecording {
        enrol.clone()
    } else if plan.probe.recordings.is_empty() {
        let elsewhere = |facts: &&RecordingMetadata| {
            let same_session = enrol.iter().any(|other| other.key.session == facts.key.session);
            !(enrol.contains(facts) || sessions_differ && same_session)
        };
        list.iter().copied().filter(elsewhere).collect()
    } else {
        probe_named
    };
    let train = if plan.train.recordings.is_empty() { list.to_vec() } else { named(&plan.train.recordings) };
    let keys = |chosen: Vec<&RecordingMetadata>| chosen.into_iter().map(|facts| facts.key.clone()).collect();
    Choice { train: keys(train), enrol: keys(enrol), probe: keys(probe) }
}

/// Whether an entry of the plan names this recording: by `label=value`, by recording id or by session id.
fn names(entry: &str, facts: &RecordingMetadata) -> bool {
    let by_label = entry
        .split_once('=')
        .is_some_and(|(label, value)| facts.labels.get(label.trim()).is_some_and(|v| v == value.trim()));
    by_label || facts.key.recording.as_str() == entry || facts.key.session.as_str() == entry
}

fn every_entry_names_something(
    cohort: &Cohort,
    key: &'static str,
    entries: &[String],
) -> Result<(), ProtocolError> {
    let all = || cohort.values().flatten();
    for entry in entries {
        if !all().any(|facts| names(entry, facts)) {
            let mut known = BTreeSet::new();
            for facts in all() {
                known.insert(facts.key.recording.to_string());
                known.insert(facts.key.session.to_string());
                known.extend(facts.labels.iter().map(|(label, value)| format!("{label}={value}")));
            }
            let shown = known.iter().take(20).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let more = known.len().saturating_sub(20);
            let known = if more > 0 { format!("{shown} and {more} more") } else { shown };
            return Err(ProtocolError::Unmatched { key, entry: entry.clone(), known });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_inside_names_are_ordered_by_value() {
        let mut names = vec!["run-10", "run-2", "run-1", "rest", "run-02b", "10", "9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["9", "10", "rest", "run-1", "run-2", "run-02b", "run-10"]);
    }
}
