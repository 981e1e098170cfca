//! Changes: what is in the file is checked before each and stamped after it.

use rand::CryptoRng;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::authenticity::Stamp;
use crate::meta::set_meta;
use crate::protection::check_of;
use crate::schema::{self, database};
use crate::{Gallery, GalleryError, Protection};

/// A change under way; dropped before [`Gallery::commit`], it never was.
pub(crate) struct Change<'a> {
    pub(crate) transaction: Transaction<'a>,
    /// The hash over what was there before; nothing where an earlier version wrote it.
    pub(crate) before: Option<blake3::Hash>,
    changes: u64,
}

impl Gallery {
    /// A second connection for changes, so that the gallery stays readable while one is made.
    pub(crate) fn writer(&self) -> Result<Connection, GalleryError> {
        schema::open(&self.path)
    }

    /// Begins a change; the write lock is taken at once, so that what is read inside it stays true. What is there is checked
    /// again, so that nothing altered meanwhile gets a stamp; what an earlier version wrote is brought to this one.
    pub(crate) fn begin<'a>(
        &self,
        writer: &'a mut Connection,
        rng: &mut dyn CryptoRng,
    ) -> Result<Change<'a>, GalleryError> {
        let fail = || database(&self.path, "begin a change");
        let transaction = Transaction::new(writer, TransactionBehavior::Immediate).map_err(fail())?;
        if self.unstamped && schema::is_unstamped(&transaction).map_err(fail())? {
            self.migrate(&transaction, rng)?;
            return Ok(Change { transaction, before: None, changes: 0 });
        }
        let stamp = self.authenticator.check(&transaction, &self.path)?;
        Ok(Change { transaction, before: Some(stamp.hash), changes: stamp.state.changes })
    }

    /// Completes a change: stamps it and writes it durably; then the counter outside the file learns of it.
    pub(crate) fn commit(&self, change: Change<'_>) -> Result<Stamp, GalleryError> {
        let stamp = self.authenticator.stamp(&change.transaction, &self.path, change.changes + 1)?;
        change.transaction.commit().map_err(database(&self.path, "complete a change"))?;
        self.remember(&stamp);
        Ok(stamp)
    }

    /// A counter that cannot be written makes an older copy harder to notice, but nothing that was changed untrue.
    pub(crate) fn remember(&self, stamp: &Stamp) {
        if let Some(counter) = &self.counter {
            let _ = counter.remember(stamp);
        }
    }

    /// Binds every record to the gallery as a whole. What the earlier version left is taken as it is: it had no stamp.
    fn migrate(&self, transaction: &Transaction<'_>, rng: &mut dyn CryptoRng) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "bring it to this version");
        schema::upgrade(transaction).map_err(fail())?;
        for stored in self.stored_in(transaction)? {
            let mut again = |kind, record: &[u8]| {
                let open = self.open_record(kind, &stored.handle, record)?;
                self.close_record(kind, &stored.handle, &open, rng)
            };
            let (name, template) = (again("name", &stored.name)?, again("template", &stored.template)?);
            let row = params![name, template, again("facts", &stored.facts)?, stored.row];
            transaction
                .execute("UPDATE person SET name = ?1, template = ?2, facts = ?3 WHERE id = ?4", row)
                .map_err(fail())?;
        }
        for (id, handle, record) in events(transaction).map_err(fail())? {
            let record = self.open_record("event", &handle, &record)?;
            let record = self.close_record("event", &handle, &record, rng)?;
            transaction
                .execute("UPDATE event SET record = ?1 WHERE id = ?2", params![record, id])
                .map_err(fail())?;
        }
        let check = self.key.as_ref().map(|key| check_of(key, &self.id));
        let protection = self.json(&Protection { check, ..self.protection.clone() })?;
        set_meta(transaction, "protection", &protection).map_err(fail())
    }
}

/// A log entry's number, the handle of its person, or an empty one, and its record.
type Entry = (i64, Vec<u8>, Vec<u8>);

fn events(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let query = "SELECT event.id, coalesce(handle, x''), record FROM event LEFT JOIN person ON person.id = event.person";
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}
