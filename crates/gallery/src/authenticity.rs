//! Whether everything that decides is as twinprint wrote it.
//!
//! One hash covers the gallery's description (encoder, thresholds, protection), its counts, the number of its changes and every
//! record. Where the gallery has a key the hash is keyed (BLAKE3's keyed mode, a message authentication code), so that nobody
//! without the key can make another. Without a key it finds accidents alone: whoever edits the file on purpose can hash it anew.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::GalleryError;
use crate::meta::{parse, read_meta, set_meta};
use crate::protection::{Key, subkey};
use crate::schema::database;

/// What a gallery says of itself as a whole; it stands in the file under the key `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Changes since it was made.
    pub(crate) changes: u64,
    /// People enrolled.
    pub(crate) people: u64,
    /// Entries of all logs.
    pub(crate) events: u64,
}

/// A state of a gallery and the hash over everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) state: State,
    pub(crate) hash: blake3::Hash,
}

impl Stamp {
    /// That of a gallery which an earlier version wrote, before there were any.
    pub(crate) fn before_any() -> Self {
        let state = State { changes: 0, people: 0, events: 0 };
        Self { state, hash: blake3::Hash::from_bytes([0; 32]) }
    }
}

/// Makes and checks the hash.
pub(crate) struct Authenticator {
    key: Key,
}

/// What is hashed, in this order: each row's columns with their lengths before them.
const PARTS: [&str; 3] = [
    "SELECT key, value FROM meta WHERE key <> 'stamp' ORDER BY key",
    "SELECT id, handle, name, template, facts FROM person ORDER BY id",
    "SELECT id, person, record FROM event ORDER BY id",
];

impl Authenticator {
    /// Under the gallery's key; without one, under its id, which everybody can read.
    pub(crate) fn new(key: Option<&Key>, id: &str) -> Self {
        let open = || Zeroizing::new(blake3::derive_key("twinprint gallery 2026 checksum", id.as_bytes()));
        Self { key: key.map_or_else(open, |key| subkey(key, "authenticate")) }
    }

    /// Checks the file against its stamp; gives the stamp.
    ///
    /// # Errors
    /// [`GalleryError::Altered`] when anything in it is not what was written last.
    pub(crate) fn check(&self, connection: &Connection, path: &Path) -> Result<Stamp, GalleryError> {
        let fail = || database(path, "check it");
        let altered = |what: String| Err(GalleryError::Altered { path: path.to_owned(), what });
        let state: State = parse(path, "state", read_meta(connection, path, "state")?.as_bytes())?;
        let written = read_meta(connection, path, "stamp")?;
        let (people, events) = counts(connection).map_err(fail())?;
        if state.people != people {
            return altered(format!("enrolled people: {} by its stamp, {people} in it", state.people));
        }
        if state.events != events {
            return altered(format!("entries of its logs: {} by its stamp, {events} in it", state.events));
        }
        let hash = self.hash(connection).map_err(fail())?;
        if blake3::Hash::from_hex(&written).ok() != Some(hash) {
            return altered(
                "its encoder, thresholds, protection or a record are not what was written".to_owned(),
            );
        }
        Ok(Stamp { state, hash })
    }

    /// Stamps what is in the file, as its change number `changes`.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn stamp(
        &self,
        connection: &Connection,
        path: &Path,
        changes: u64,
    ) -> Result<Stamp, GalleryError> {
        let fail = || database(path, "stamp it");
        let (people, events) = counts(connection).map_err(fail())?;
        let state = State { changes, people, events };
        // A struct of three numbers has a JSON form.
        let text = serde_json::to_string(&state).unwrap_or_default();
        set_meta(connection, "state", &text).map_err(fail())?;
        let hash = self.hash(connection).map_err(fail())?;
        set_meta(connection, "stamp", hash.to_hex().as_str()).map_err(fail())?;
        Ok(Stamp { state, hash })
    }

    fn hash(&self, connection: &Connection) -> rusqlite::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in PARTS {
            let mut statement = connection.prepare(part)?;
            let columns = statement.column_count();
            hasher.update(b"part");
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    put(&mut hasher, row.get_ref(column)?);
                }
            }
        }
        Ok(hasher.finalize())
    }
}

/// Kind, length and bytes of a value, so that no two rows look alike to the hash.
fn put(hasher: &mut blake3::Hasher, value: ValueRef<'_>) {
    let number;
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(integer) => {
            number = integer.to_le_bytes();
            (1, &number)
        }
        ValueRef::Real(real) => {
            number = real.to_le_bytes();
            (2, &number)
        }
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(blob) => (4, blob),
    };
    hasher.update(&[kind]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}

fn counts(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let count = |table: &str| {
        let query = format!("SELECT count(*) FROM {table}");
        connection.query_row(&query, [], |row| row.get::<_, i64>(0))
    };
    Ok((count("person")? as u64, count("event")? as u64))
}
