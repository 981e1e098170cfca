//! The tables, and how the file is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::GalleryError;
use crate::beside::beside;

/// Marks an SQLite file as a gallery: "TPGA".
const APPLICATION_ID: i64 = 0x5450_4741;
/// The version of the tables.
const VERSION: i64 = 2;
/// The version before nothing outside the records was authenticated.
const UNSTAMPED: i64 = 1;

/// How long another process's change is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    handle BLOB NOT NULL UNIQUE,
    name BLOB NOT NULL,
    template BLOB NOT NULL,
    facts BLOB NOT NULL
) STRICT;
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person INTEGER REFERENCES person(id) ON DELETE CASCADE,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX event_of_person ON event(person);
";

/// Since version 2: probes that did not match a person, for the time between attempts to grow.
const ATTEMPTS: &str = "
CREATE TABLE attempt (handle BLOB PRIMARY KEY, misses INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

pub(crate) fn database(path: &Path, action: &'static str) -> impl FnOnce(rusqlite::Error) -> GalleryError {
    let path = path.to_owned();
    move |cause| GalleryError::Database { path, action, cause }
}

/// Makes the tables in a new file.
pub(crate) fn create(path: &Path) -> Result<Connection, GalleryError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database(path, "make it"))?;
    configure(&connection).map_err(database(path, "set it up"))?;
    connection
        .execute_batch(&format!(
            "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {TABLES} {ATTEMPTS} COMMIT;"
        ))
        .map_err(database(path, "make its tables"))?;
    Ok(connection)
}

/// Opens a file that must be a gallery: to read and write, or where that cannot be, to read.
pub(crate) fn open(path: &Path) -> Result<Connection, GalleryError> {
    if !path.is_file() {
        return Err(GalleryError::Missing { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database(path, "open it"))?;
    match recognise(&connection, path) {
        Err(GalleryError::NotAGallery { database: Some(error), .. }) if cannot_write(&error) => {
            unchanging(path)
        }
        recognised => {
            recognised?;
            configure(&connection).map_err(database(path, "set it up"))?;
            Ok(connection)
        }
    }
}

/// Opens a gallery that lies where nothing can be written. SQLite wants to write beside a database even to read it, unless it
/// is told that nobody else changes it.
fn unchanging(path: &Path) -> Result<Connection, GalleryError> {
    let log = beside(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(GalleryError::UnfinishedLog { path: path.to_owned(), log });
    }
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let escaped = place.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
        .map_err(database(path, "open it"))?;
    recognise(&connection, path)?;
    Ok(connection)
}

fn cannot_write(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly, SystemIoFailure};
    matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly | SystemIoFailure))
}

/// Refuses what is no gallery, or one with other tables than twinprint makes: a trigger would run at the next change.
fn recognise(connection: &Connection, path: &Path) -> Result<(), GalleryError> {
    let refuse = |database| GalleryError::NotAGallery { path: path.to_owned(), database };
    let application: rusqlite::Result<i64> =
        connection.pragma_query_value(None, "application_id", |row| row.get(0));
    if application.map_err(|error| refuse(Some(error)))? != APPLICATION_ID {
        return Err(refuse(None));
    }
    let expected = match version(connection).map_err(database(path, "read its version"))? {
        VERSION => format!("{TABLES} {ATTEMPTS}"),
        UNSTAMPED => TABLES.to_owned(),
        found => {
            return Err(GalleryError::OtherVersion { path: path.to_owned(), found, expected: VERSION });
        }
    };
    let fail = || database(path, "read its tables");
    let fresh = Connection::open_in_memory().map_err(fail())?;
    fresh.execute_batch(&expected).map_err(fail())?;
    if tables(connection).map_err(fail())? != tables(&fresh).map_err(fail())? {
        let what = "its tables are not those that twinprint makes".to_owned();
        return Err(GalleryError::Altered { path: path.to_owned(), what });
    }
    Ok(())
}

/// Everything that the file declares, in words of SQL.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let mut statement =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether an earlier version wrote the gallery and nothing outside its records is authenticated.
pub(crate) fn is_unstamped(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(version(connection)? == UNSTAMPED)
}

/// Brings the tables of an earlier version to this one's, inside a change.
pub(crate) fn upgrade(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(ATTEMPTS)?;
    connection.pragma_update(None, "user_version", VERSION)
}

/// Durable, private: a change is on disk before it is reported, deleted bytes are overwritten, and nothing spills into
/// temporary files.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", "ON")
}
