//! BIDS names: labels of letters and digits alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use twinprint_dataset::RecordingFile;

use super::Owner;
use crate::RunError;

/// The task of recordings of which nobody says what was done.
const UNKNOWN: &str = "unknown";

/// The labels of one recording.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    subject: String,
    session: Option<String>,
    pub(super) task: String,
    run: Option<String>,
}

impl Named {
    /// The folder of the recording, below the data set's.
    pub(super) fn folder(&self) -> PathBuf {
        let mut folder = PathBuf::from(format!("sub-{}", self.subject));
        folder.extend(self.session.iter().map(|session| format!("ses-{session}")));
        folder.join("eeg")
    }

    /// The recording's name before its suffix.
    pub(super) fn stem(&self) -> String {
        let session = self.session.iter().map(|session| format!("_ses-{session}"));
        let run = self.run.iter().map(|run| format!("_run-{run}"));
        let more = |parts: &mut dyn Iterator<Item = String>| parts.collect::<String>();
        format!(
            "sub-{}{}_task-{}{}",
            self.subject,
            more(&mut session.into_iter()),
            self.task,
            more(&mut run.into_iter())
        )
    }
}

/// Names given out so far.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<Named>,
    /// The name of each person as a label, and as it was.
    people: BTreeMap<String, String>,
}

impl Names {
    /// The people, as labels.
    pub(super) fn people(&self) -> impl Iterator<Item = &String> {
        self.people.keys()
    }

    /// The labels of a recording of a data set; where two would have the same, runs are counted.
    pub(super) fn of_key(&mut self, file: &RecordingFile) -> Result<Named, RunError> {
        let refuse = |reason| RunError::recording(&file.path, reason);
        let key = &file.key;
        let run = file
            .labels
            .get("run")
            .filter(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit()));
        let named = Named {
            subject: self.person(key.subject.as_str()).map_err(refuse)?,
            session: Some(label("session", key.session.as_str()).map_err(refuse)?),
            task: file
                .labels
                .get("task")
                .map_or_else(|| Ok(UNKNOWN.to_owned()), |task| label("task", task))
                .map_err(refuse)?,
            run: run.cloned(),
        };
        Ok(self.take(named))
    }

    /// The labels that options give.
    pub(super) fn of_owner(&mut self, owner: &Owner) -> Result<Named, RunError> {
        let option = |option: &'static str, value: &Option<String>| {
            let label = value.as_ref().map(|value| label(option, value)).transpose();
            label.map_err(|reason| RunError::option(format!("--{option}"), reason))
        };
        let subject = self.person(&owner.subject).map_err(|reason| RunError::option("--subject", reason))?;
        let named = Named {
            subject,
            session: option("session", &owner.session)?,
            task: option("task", &owner.task)?.unwrap_or_else(|| UNKNOWN.to_owned()),
            run: option("run", &owner.run)?,
        };
        Ok(self.take(named))
    }

    /// Refuses names of which there is a recording already.
    pub(super) fn refuse_taken(&self, root: &Path) -> Result<(), RunError> {
        let path = |named: &Named| root.join(named.folder()).join(format!("{}_eeg.edf", named.stem()));
        match self.taken.iter().map(path).find(|path| path.exists()) {
            Some(path) => Err(RunError::recording(
                path,
                "a recording of this name is there already: choose another folder, or another session, task or run",
            )),
            None => Ok(()),
        }
    }

    fn person(&mut self, name: &str) -> Result<String, String> {
        let label = label("subject", name)?;
        let known = self.people.entry(label.clone()).or_insert_with(|| name.to_owned());
        match known == name {
            true => Ok(label),
            false => Err(format!(
                "{known:?} and {name:?} would both be sub-{label}, since BIDS has letters and digits alone in names: rename one of the two"
            )),
        }
    }

    fn take(&mut self, mut named: Named) -> Named {
        let mut run = 1;
        while self.taken.contains(&named) {
            run += 1;
            named.run = Some(run.to_string());
        }
        self.taken.insert(named.clone());
        named
    }
}

/// The letters and digits of a name, without what BIDS puts before it.
fn label(what: &str, name: &str) -> Result<String, String> {
    let bare = ["sub-", "ses-", "task-", "run-"]
        .into_iter()
        .find_map(|start| name.strip_prefix(start))
        .unwrap_or(name);
    let label: String = bare.chars().filter(char::is_ascii_alphanumeric).collect();
    match label.is_empty() {
        true => Err(format!(
            "the {what} {name:?} has no letter or digit from a to z and 0 to 9, of which BIDS makes names"
        )),
        false => Ok(label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_and_digits_and_two_people_stay_two() {
        let mut names = Names::default();
        let owner = |subject: &str| Owner {
            subject: subject.to_owned(),
            session: Some("ses-1 b".to_owned()),
            task: None,
            run: None,
        };
        let first = names.of_owner(&owner("sub-ann_1")).unwrap();
        assert_eq!(first.stem(), "sub-ann1_ses-1b_task-unknown");
        assert_eq!(first.folder(), Path::new("sub-ann1/ses-1b/eeg"));
        assert_eq!(names.of_owner(&owner("sub-ann_1")).unwrap().stem(), "sub-ann1_ses-1b_task-unknown_run-2");
        let said = names.of_owner(&owner("ann1")).unwrap_err().to_string();
        assert!(said.contains("sub-ann_1") && said.contains("ann1"), "{said}");
        assert!(names.of_owner(&owner("---")).is_err());
    }
}
