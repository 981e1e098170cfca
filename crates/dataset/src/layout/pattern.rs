//! Datasets whose file names follow a pattern.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use twinprint_signal::{RecordingId, RecordingKey, SessionId, SubjectId};
use walkdir::WalkDir;

use super::participants::Participants;
use super::{below, is_recording_name, unusable};
use crate::dataset::{Dataset, RecordingFile, some_of};
use crate::error::DatasetError;
use crate::plan::Pattern;
use crate::template::{Fit, Values};

pub(crate) fn find(root: &Path, settings: &Pattern) -> Result<Dataset, DatasetError> {
    let template = settings.template()?;
    let mut dataset = Dataset::default();
    let mut others = Vec::new();
    let mut seen = BTreeSet::new();
    let depth = settings.pattern.split('/').count();
    for entry in WalkDir::new(root).max_depth(depth).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root);
                let reason = unusable(path).unwrap_or_else(|| error.to_string());
                dataset.notices.push(format!("{} left out: {reason}", below(root, path)));
                continue;
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let name = below(root, entry.path());
        match template.fit(&name) {
            Fit::One(values) => match unusable(entry.path()) {
                Some(reason) => dataset.notices.push(format!("{name} left out: {reason}")),
                None => {
                    seen.extend(values.get("recording").cloned());
                    dataset.recordings.push(recording(entry.path(), settings, &values)?);
                }
            },
            Fit::Many(first, second) => {
                let pattern = settings.pattern.clone();
                let (first, second) = (format!("{first:?}"), format!("{second:?}"));
                return Err(DatasetError::Ambiguous { file: name, pattern, first, second });
            }
            Fit::No if is_recording_name(&name) => others.push(name),
            Fit::No => {}
        }
    }
    if dataset.recordings.is_empty() {
        return Err(DatasetError::Empty {
            root: root.to_owned(),
            expected: format!("no usable file fits the pattern {:?}", settings.pattern),
            found: found(&others, &dataset.notices),
        });
    }
    dataset.notices.extend(
        others
            .iter()
            .map(|name| format!("{name} left out: its name does not fit the pattern {:?}", settings.pattern)),
    );
    check_labels(&settings.recording_labels, &seen, &mut dataset.notices);
    if let Some(table) = &settings.participants {
        let people = Participants::read(&root.join(table), &settings.participants_id)?;
        people.label(&mut dataset.recordings, &mut dataset.notices);
    }
    Ok(dataset)
}

fn found(others: &[String], notices: &[String]) -> String {
    match (others.is_empty(), notices.is_empty()) {
        (false, _) => format!("recordings there: {}", some_of(others)),
        (true, false) => format!("what fits cannot be used: {}", some_of(notices)),
        (true, true) => {
            "there is no recording in EDF, BDF, BrainVision or EEGLAB either, as deep as the pattern goes: check dataset.root and the pattern".to_owned()
        }
    }
}

fn recording(path: &Path, settings: &Pattern, values: &Values) -> Result<RecordingFile, DatasetError> {
    let failed = |source| DatasetError::Identity { path: path.into(), source };
    let get = |name: &str| values.get(name).map(String::as_str);
    let named = [("ses", get("session")), ("task", get("task")), ("run", get("run"))];
    let mut id: Vec<String> =
        named.iter().filter_map(|(key, value)| Some(format!("{key}-{}", (*value)?))).collect();
    id.extend(get("recording").map(str::to_owned));
    // A pattern with nothing but {subject} has one recording a person.
    let id = if id.is_empty() { "1".to_owned() } else { id.join("_") };
    let mut labels: BTreeMap<String, String> = ["session", "task", "run"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), get(key)?.to_owned())))
        .collect();
    if let Some(more) = get("recording").and_then(|value| settings.recording_labels.get(value)) {
        labels.extend(more.clone());
    }
    Ok(RecordingFile {
        path: path.to_owned(),
        key: RecordingKey {
            subject: SubjectId::new(get("subject").unwrap_or_default()).map_err(failed)?,
            session: SessionId::new(get("session").unwrap_or("1")).map_err(failed)?,
            recording: RecordingId::new(id).map_err(failed)?,
        },
        labels,
        day: None,
        bad_channels: Vec::new(),
        other_channels: Vec::new(),
        listed_channels: Vec::new(),
        events: None,
        line_frequency: None,
        sampling_frequency: None,
        text: settings.text.clone(),
    })
}

/// Notes values of `{recording}` without labels, and labels without a recording.
fn check_labels(
    labels: &BTreeMap<String, BTreeMap<String, String>>,
    seen: &BTreeSet<String>,
    notices: &mut Vec<String>,
) {
    if labels.is_empty() {
        return;
    }
    let unlabelled = seen.iter().filter(|value| !labels.contains_key(*value));
    notices.extend(unlabelled.map(|value| format!("recording {value:?} has no line in recording_labels")));
    let unseen = labels.keys().filter(|value| !seen.contains(*value));
    notices
        .extend(unseen.map(|value| format!("recording_labels has a line for {value:?}, which no file is")));
}
