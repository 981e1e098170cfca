//! From a plan to the recordings it names.

use twinprint_signal::{SubjectId, counted, one_name_twice};

use crate::dataset::{Dataset, RecordingFile, some_of};
use crate::error::DatasetError;
use crate::layout;
use crate::plan::{Plan, setting};

/// Finds the recordings that a plan describes.
///
/// # Errors
/// When the plan is not valid, the folder is missing or holds no recording of that layout, a table or sidecar cannot be
/// read, two files are one recording, two people have names that are spellings of one, or the plan names people or recordings that are not there.
pub fn discover(plan: &Plan) -> Result<Dataset, DatasetError> {
    plan.validate()?;
    if !plan.root.is_dir() {
        return Err(DatasetError::NoRoot(plan.root.clone()));
    }
    let mut dataset = layout::find(&plan.root, &plan.layout)?;
    dataset.recordings.sort_by(|a, b| a.key.cmp(&b.key));
    for pair in dataset.recordings.windows(2) {
        if pair[0].key == pair[1].key {
            return Err(DatasetError::Duplicate {
                key: Box::new(pair[0].key.clone()),
                first: pair[0].path.clone(),
                second: pair[1].path.clone(),
            });
        }
    }
    select(plan, &mut dataset)?;
    match one_name_twice(dataset.subjects().into_iter().map(SubjectId::as_str)) {
        Some((first, second)) => {
            Err(DatasetError::OnePersonTwice { first: first.to_owned(), second: second.to_owned() })
        }
        None => Ok(dataset),
    }
}

fn select(plan: &Plan, dataset: &mut Dataset) -> Result<(), DatasetError> {
    let known: Vec<String> = dataset.subjects().into_iter().map(|s| s.as_str().to_owned()).collect();
    for (key, names) in [("subjects", &plan.subjects), ("exclude_subjects", &plan.exclude_subjects)] {
        if let Some(name) = names.iter().find(|name| !known.iter().any(|k| is_named(k, name))) {
            return Err(setting(
                key,
                &format!("{name:?}"),
                "the dataset has nobody of that name",
                &format!("of its {}: {}", counted(known.len(), "person"), some_of(&known)),
            ));
        }
    }
    let listed =
        |names: &[String], file: &RecordingFile| names.iter().any(|n| is_named(file.key.subject.as_str(), n));
    if !plan.subjects.is_empty() {
        dataset.recordings.retain(|file| listed(&plan.subjects, file));
    }
    leave_out(dataset, "exclude_subjects", |file| listed(&plan.exclude_subjects, file));
    for name in &plan.exclude_recordings {
        if !dataset.recordings.iter().any(|file| file.key.to_string() == *name) {
            let keys: Vec<String> = dataset.recordings.iter().map(|file| file.key.to_string()).collect();
            return Err(setting(
                "exclude_recordings",
                &format!("{name:?}"),
                "no recording in use has that name",
                &format!("the recordings are {}", some_of(&keys)),
            ));
        }
    }
    leave_out(dataset, "exclude_recordings", |file| plan.exclude_recordings.contains(&file.key.to_string()));
    if let Some(most) = plan.max_subjects {
        let people: Vec<SubjectId> = dataset.subjects().into_iter().cloned().collect();
        if let Some(last) = people.get(most - 1).filter(|_| people.len() > most) {
            dataset.recordings.retain(|file| file.key.subject <= *last);
            dataset
                .notices
                .push(format!("max_subjects: the first {most} of {} people are used", people.len()));
        }
    }
    if dataset.recordings.is_empty() {
        return Err(DatasetError::Empty {
            root: plan.root.clone(),
            expected: "the plan leaves out every recording there is".to_owned(),
            found: "loosen subjects, exclude_subjects or exclude_recordings".to_owned(),
        });
    }
    Ok(())
}

fn leave_out(dataset: &mut Dataset, setting: &str, is_out: impl Fn(&RecordingFile) -> bool) {
    let (out, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut dataset.recordings).into_iter().partition(is_out);
    dataset.recordings = kept;
    let notices = out.iter().map(|file| format!("{} left out: {setting} names it", file.key));
    dataset.notices.extend(notices);
}

fn is_named(subject: &str, name: &str) -> bool {
    subject == name || subject.strip_prefix("sub-").is_some_and(|bare| bare == name)
}
