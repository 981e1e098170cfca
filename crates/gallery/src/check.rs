//! Whether a gallery is whole.

use crate::schema::database;
use crate::{Gallery, GalleryError};

/// One thing that [`Gallery::check`] looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a few words.
    pub what: String,
    /// Whether it is as it should be.
    pub passed: bool,
    /// What was found.
    pub detail: String,
}

impl Gallery {
    /// Looks at the file's structure, at every record and at what deletion may have left.
    ///
    /// # Errors
    /// When the database cannot be read at all.
    pub fn check(&self) -> Result<Vec<Finding>, GalleryError> {
        let finding = |what: &str, passed, detail: String| Finding { what: what.to_owned(), passed, detail };
        let fail = || database(&self.path, "check it");
        let structure: String =
            self.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(fail())?;
        let mut findings = vec![finding("file structure", structure == "ok", structure)];
        let stored = self.stored()?;
        let (mut epochs, mut events, mut damage) = (0, 0, Vec::new());
        for stored in &stored {
            match self.read(&self.connection, stored) {
                Ok(person) => {
                    epochs += person.template.epochs();
                    events += person.events.len();
                    if person.events.is_empty() {
                        damage.push(format!("{} has no log", person.subject));
                    }
                }
                Err(error) => damage.push(error.to_string()),
            }
        }
        let detail =
            format!("{} people, {epochs} epochs behind their templates, {events} log entries", stored.len());
        let passed = damage.is_empty();
        findings.push(finding("records", passed, if passed { detail } else { damage.join("; ") }));
        let orphans: i64 = self
            .connection
            .query_row(
                "SELECT count(*) FROM event WHERE person IS NOT NULL AND person NOT IN (SELECT id FROM person)",
                [],
                |row| row.get(0),
            )
            .map_err(fail())?;
        findings.push(finding("log without a person", orphans == 0, format!("{orphans} entries")));
        let free: i64 =
            self.connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).map_err(fail())?;
        findings.push(finding("free pages", true, format!("{free}, overwritten when they were freed")));
        Ok(findings)
    }

    /// Empties the write-ahead log and rewrites the file without what was deleted: after [`GalleryError::StillOpen`].
    ///
    /// # Errors
    /// As for a removal.
    pub fn tidy(&self) -> Result<(), GalleryError> {
        self.compact()
    }
}
