//! Whether a gallery is whole.

use std::path::Path;
use std::time::Duration;

use twinprint_signal::counted;

use crate::schema::{self, database};
use crate::{Gallery, GalleryError, Secret};

/// One thing that [`Gallery::check`] looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a few words.
    pub what: String,
    /// Whether it is as it should be.
    pub passed: bool,
    /// What was found there, in words for people.
    pub detail: String,
}

impl Gallery {
    /// Opens a gallery, altered or not, tidies one that is not, and looks at it as [`Gallery::check`] does.
    ///
    /// # Errors
    /// When it cannot be opened or read at all, and as [`Gallery::tidy`].
    pub fn examine(path: &Path, secret: Option<&Secret>) -> Result<Vec<Finding>, GalleryError> {
        let (gallery, authentic) = Self::open_any(path, secret)?;
        let finding = |passed, detail| Finding { what: "authentic".to_owned(), passed, detail };
        let authentic = match &authentic {
            Ok(Some(stamp)) => {
                let how = match gallery.key {
                    Some(_) => {
                        "keyed: nobody without the secret can change encoder, thresholds, people or logs unnoticed"
                    }
                    None => "a checksum without a key: accidents are noticed, intent is not",
                };
                finding(true, format!("change {}; {how}", stamp.state.changes))
            }
            Ok(None) => finding(true, gallery.notices().join("; ")),
            Err(error) => finding(false, error.to_string()),
        };
        if authentic.passed {
            gallery.tidy()?;
        }
        let mut findings = gallery.check()?;
        findings.push(authentic);
        Ok(findings)
    }

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
        let detail = format!(
            "{}, {} behind their templates, {}",
            counted(stored.len(), "person"),
            counted(epochs, "epoch"),
            counted(events, "log entry")
        );
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
        findings.push(finding("log without a person", orphans == 0, format!("{orphans} found")));
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

    /// Rewrites the file without what was deleted and empties its log.
    ///
    /// # Errors
    /// [`GalleryError::StillOpen`] when another process reads the file, so that its log must stay.
    pub(crate) fn compact(&self) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "compact it");
        self.connection.execute_batch("VACUUM").map_err(fail())?;
        // A reader is waited for shortly: what it keeps alive is said, and can be tidied later.
        self.connection.busy_timeout(Duration::from_secs(1)).map_err(fail())?;
        let busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            .map_err(fail())?;
        self.connection.busy_timeout(schema::PATIENCE).map_err(fail())?;
        if busy == 0 { Ok(()) } else { Err(GalleryError::StillOpen { path: self.path.clone() }) }
    }
}
