//! Cohorts without signals, for the tests.

#![allow(dead_code, reason = "every test file uses some of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use twinprint_protocol::{Plan, RecordingMetadata};
use twinprint_signal::{EpochInfo, RecordingId, RecordingKey, Seconds, SessionId, SubjectId};

pub fn subject(number: usize) -> SubjectId {
    SubjectId::new(format!("sub-{number:02}")).unwrap()
}

pub fn key(subject_number: usize, session: &str, recording: &str) -> RecordingKey {
    RecordingKey {
        subject: subject(subject_number),
        session: SessionId::new(session).unwrap(),
        recording: RecordingId::new(recording).unwrap(),
    }
}

pub fn facts(subject_number: usize, session: &str, recording: &str) -> RecordingMetadata {
    let key = key(subject_number, session, recording);
    let labels = [
        ("task", if recording == "1" { "rest" } else { "arithmetic" }),
        ("group", if subject_number.is_multiple_of(3) { "patient" } else { "control" }),
    ];
    RecordingMetadata {
        content_hash: format!("hash-of-{key}"),
        key,
        labels: labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into(),
        seconds: 120.0,
    }
}

/// Each subject has recordings 1 and 2 of session a: one visit, two files.
pub fn one_visit(subjects: usize) -> Vec<RecordingMetadata> {
    (0..subjects).flat_map(|n| [facts(n, "a", "1"), facts(n, "a", "2")]).collect()
}

/// Each subject has sessions a and b with recordings 1 and 2 in each.
pub fn two_visits(subjects: usize) -> Vec<RecordingMetadata> {
    (0..subjects)
        .flat_map(|n| ["a", "b"].into_iter().flat_map(move |s| ["1", "2"].map(|r| facts(n, s, r))))
        .collect()
}

/// Epochs of 2 s at every `step` seconds of every recording.
pub fn epochs(recordings: &[RecordingMetadata], step: f64) -> Vec<EpochInfo> {
    let labels = Arc::new(BTreeMap::new());
    recordings
        .iter()
        .flat_map(|facts| {
            let (key, labels) = (Arc::new(facts.key.clone()), Arc::clone(&labels));
            let count = ((facts.seconds - 2.0) / step) as usize + 1;
            (0..count).map(move |i| EpochInfo {
                key: Arc::clone(&key),
                start: Seconds::new(i as f64 * step).unwrap(),
                labels: Arc::clone(&labels),
            })
        })
        .collect()
}

pub fn plan(text: &str) -> Plan {
    toml::from_str(text).unwrap()
}
