//! The gallery's description: texts by key, most of them JSON.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;

use crate::GalleryError;
use crate::schema::database;

/// Another library's error behind a damaged record.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

pub(crate) fn damaged(path: &Path, what: &str, problem: &'static str, source: Option<Cause>) -> GalleryError {
    GalleryError::Damaged { path: path.to_owned(), what: what.to_owned(), problem, source }
}

pub(crate) fn parse<T: DeserializeOwned>(path: &Path, what: &str, json: &[u8]) -> Result<T, GalleryError> {
    serde_json::from_slice(json)
        .map_err(|error| damaged(path, &format!("its {what}"), "cannot be read", Some(error.into())))
}

pub(crate) fn read_meta(connection: &Connection, path: &Path, key: &str) -> Result<String, GalleryError> {
    let found =
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional();
    found
        .map_err(database(path, "read its description"))?
        .ok_or_else(|| damaged(path, &format!("its {key}"), "is missing", None))
}

pub(crate) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let query = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(query, [key, value]).map(drop)
}
