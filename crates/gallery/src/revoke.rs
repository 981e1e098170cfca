//! Removing a person, and the bytes of their records.

use rand::CryptoRng;
use twinprint_signal::SubjectId;

use crate::record::{Event, Happening};
use crate::schema::database;
use crate::{Gallery, GalleryError};

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The person's name.
    pub subject: SubjectId,
    /// Epochs that were behind the template.
    pub epochs: usize,
    /// Log entries that went with it.
    pub events: usize,
    /// How many people are left.
    pub left: usize,
}

impl Gallery {
    /// Removes a person's name, template and log. Freed bytes are overwritten, the file is rewritten without them and its
    /// write-ahead log emptied; an entry without a name remembers that somebody was removed, and when.
    ///
    /// # Errors
    /// When nobody of that name is enrolled; [`GalleryError::StillOpen`] when the person is removed but another process
    /// keeps the old log alive.
    pub fn revoke(
        &self,
        subject: &SubjectId,
        at: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<Revoked, GalleryError> {
        let person = self.person(subject)?;
        let fail = || database(&self.path, "remove a person");
        let mut writer = self.writer()?;
        let change = self.begin(&mut writer, rng)?;
        change
            .transaction
            .execute("DELETE FROM person WHERE handle = ?1", [self.seal.handle(subject).as_slice()])
            .map_err(fail())?;
        let handle = self.seal.handle(subject);
        change
            .transaction
            .execute("DELETE FROM attempt WHERE handle = ?1", [handle.as_slice()])
            .map_err(fail())?;
        let event = Event::without_recording(Happening::Revoked, at);
        self.write_event(&change.transaction, None, b"", &event, rng)?;
        self.commit(change)?;
        drop(writer);
        self.compact()?;
        let (epochs, events) = (person.template.epochs(), person.events.len());
        Ok(Revoked { subject: subject.clone(), epochs, events, left: self.len()? })
    }

    /// What happened to the gallery as a whole: removals, without names.
    ///
    /// # Errors
    /// When a record is damaged.
    pub fn log(&self) -> Result<Vec<Event>, GalleryError> {
        let fail = || database(&self.path, "read its log");
        let mut statement = self
            .connection
            .prepare("SELECT record FROM event WHERE person IS NULL ORDER BY id")
            .map_err(fail())?;
        let records = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).map_err(fail())?;
        records.map(|record| self.parse_record("event", b"", &record.map_err(fail())?)).collect()
    }
}
