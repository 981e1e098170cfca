//! The tables, and how the file is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::GalleryError;

/// Marks an SQLite file as a gallery: "TPGA".
const APPLICATION_ID: i64 = 0x5450_4741;
/// The version of the tables.
const VERSION: i64 = 1;

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

pub(crate) fn database(path: &Path, action: &'static str) -> impl FnOnce(rusqlite::Error) -> GalleryError {
    let path = path.to_owned();
    move |source| GalleryError::Database { path, action, source }
}

/// Makes the tables in a new file.
pub(crate) fn create(path: &Path) -> Result<Connection, GalleryError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database(path, "make it"))?;
    configure(&connection).map_err(database(path, "set it up"))?;
    connection
        .execute_batch(&format!(
            "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {TABLES} COMMIT;"
        ))
        .map_err(database(path, "make its tables"))?;
    Ok(connection)
}

/// Opens a file that must be a gallery.
pub(crate) fn open(path: &Path) -> Result<Connection, GalleryError> {
    if !path.is_file() {
        return Err(GalleryError::Missing { path: path.to_owned() });
    }
    let refuse = |source| GalleryError::NotAGallery { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database(path, "open it"))?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if number("application_id").map_err(|error| refuse(Some(error)))? != APPLICATION_ID {
        return Err(refuse(None));
    }
    let found = number("user_version").map_err(database(path, "read its version"))?;
    if found != VERSION {
        return Err(GalleryError::OtherVersion { path: path.to_owned(), found, expected: VERSION });
    }
    configure(&connection).map_err(database(path, "set it up"))?;
    Ok(connection)
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
