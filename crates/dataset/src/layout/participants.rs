//! The table of people and its columns as labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use twinprint_signal::{SubjectId, counted};

use crate::dataset::{RecordingFile, some_of};
use crate::error::DatasetError;
use crate::table::Table;

/// What a table of people says about each of them.
pub(crate) struct Participants {
    name: String,
    /// Labels by the person's name as the table spells it.
    labels: BTreeMap<String, BTreeMap<String, String>>,
}

impl Participants {
    /// Reads the table; `id` is the column of names.
    pub(crate) fn read(path: &Path, id: &str) -> Result<Self, DatasetError> {
        let table = Table::read(path)?;
        let at = table.require(id)?;
        let mut labels = BTreeMap::new();
        for (row_at, row) in table.rows().iter().enumerate() {
            let Some(person) = &row[at] else {
                return Err(table.error(format!("line {}: the column {id:?} is empty", table.line(row_at))));
            };
            let cells = table.columns().iter().zip(row).enumerate().filter(|(column, _)| *column != at);
            let row = cells.filter_map(|(_, (name, cell))| Some((name.clone(), cell.clone()?))).collect();
            if labels.insert(person.clone(), row).is_some() {
                return Err(table.error(format!(
                    "line {}: {person} appears twice: keep one line a person",
                    table.line(row_at)
                )));
            }
        }
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, labels })
    }

    fn of(&self, subject: &SubjectId) -> Option<(&String, &BTreeMap<String, String>)> {
        let bare = subject.as_str().strip_prefix("sub-").unwrap_or_default();
        self.labels.get_key_value(subject.as_str()).or_else(|| self.labels.get_key_value(bare))
    }

    /// Adds the people's columns to their recordings' labels; notes people without a line and lines without a recording.
    pub(crate) fn label(&self, recordings: &mut [RecordingFile], notices: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        let mut without = BTreeSet::new();
        let mut clashes = BTreeSet::new();
        for file in recordings {
            let Some((name, labels)) = self.of(&file.key.subject) else {
                without.insert(file.key.subject.as_str().to_owned());
                continue;
            };
            seen.insert(name.clone());
            for (column, value) in labels {
                if file.labels.contains_key(column) {
                    clashes.insert(column.clone());
                } else {
                    file.labels.insert(column.clone(), value.clone());
                }
            }
        }
        let table = &self.name;
        notices.extend(
            without.iter().map(|person| format!("{person} has no line in {table}: no labels of the person")),
        );
        notices.extend(clashes.iter().map(|column| {
            format!(
                "the column {column:?} of {table} is not used: recordings have a label of that name already"
            )
        }));
        let unseen: Vec<String> =
            self.labels.keys().filter(|person| !seen.contains(*person)).cloned().collect();
        if !unseen.is_empty() {
            notices.push(format!(
                "{table} lists {} without a recording: {}",
                counted(unseen.len(), "person"),
                some_of(&unseen)
            ));
        }
    }
}
