//! When recordings were made: the column `acq_time` of `scans.tsv`, and where a file has none there, of `sessions.tsv`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use twinprint_signal::Day;

use super::entries;
use crate::error::DatasetError;
use crate::table::Table;

/// The days that a dataset's tables name.
#[derive(Debug, Default)]
pub(crate) struct Dates {
    /// By the file that was recorded.
    of_file: HashMap<PathBuf, Day>,
    /// By the person's folder and the session's name without `ses-`.
    of_session: HashMap<(PathBuf, String), Day>,
    /// What is written where a date should be, once a table.
    pub(crate) notices: Vec<String>,
}

impl Dates {
    /// Reads the sessions of a person's folder.
    pub(crate) fn sessions(&mut self, person: &Path) -> Result<(), DatasetError> {
        for (name, day) in self.named_days(person, "_sessions.tsv", "session_id")? {
            let session = name.strip_prefix("ses-").unwrap_or(&name).to_owned();
            self.of_session.insert((person.to_owned(), session), day);
        }
        Ok(())
    }

    /// Reads the scans of a person's or a session's folder.
    pub(crate) fn scans(&mut self, folder: &Path) -> Result<(), DatasetError> {
        for (name, day) in self.named_days(folder, "_scans.tsv", "filename")? {
            self.of_file.insert(folder.join(name), day);
        }
        Ok(())
    }

    /// The day of a recording in a session, if either table says it.
    pub(crate) fn of(&self, file: &Path, session: Option<&str>) -> Option<Day> {
        let of_session = || {
            let session = session?.to_owned();
            file.ancestors().find_map(|folder| self.of_session.get(&(folder.to_owned(), session.clone())))
        };
        self.of_file.get(file).or_else(of_session).copied()
    }

    /// The days in the column `acq_time` of a folder's table, by another column; none where there is no such table, column or
    /// date.
    fn named_days(
        &mut self,
        folder: &Path,
        ending: &str,
        column: &str,
    ) -> Result<Vec<(String, Day)>, DatasetError> {
        let is_table =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending));
        let mut days = Vec::new();
        for path in entries(folder)?.iter().filter(|path| is_table(path)) {
            let table = Table::read(path)?;
            let Some(time) = table.position("acq_time") else { continue };
            let name = table.require(column)?;
            let mut first = None;
            for (at, row) in table.rows().iter().enumerate() {
                let (Some(name), Some(written)) = (&row[name], &row[time]) else { continue };
                match Day::of(written) {
                    Some(day) => days.push((name.clone(), day)),
                    None => first = first.or(Some((at, written))),
                }
            }
            if let Some((at, written)) = first {
                let notice = format!(
                    "line {}: the acq_time {written:?} is no date as 2020-12-24T10:30:00, and is not used",
                    table.line(at)
                );
                self.notices.push(table.error(notice).to_string());
            }
        }
        Ok(days)
    }
}
