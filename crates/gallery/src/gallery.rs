//! The gallery: its file, its encoder and its protection.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ndarray::{Array2, ArrayView2};
use rand::CryptoRng;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::protection::{Key, hex};
use crate::publish::{beside, publish};
use crate::schema::{self, database};
use crate::seal::Seal;
use crate::{EncoderIdentity, GalleryError, Projection, Protection, Secret, Thresholds, Wanted};

/// An open gallery.
pub struct Gallery {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) encoder: EncoderIdentity,
    pub(crate) thresholds: Thresholds,
    pub(crate) protection: Protection,
    pub(crate) projection: Option<Projection>,
    pub(crate) seal: Seal,
    pub(crate) id: String,
    pub(crate) created: String,
}

/// What a new gallery is made with.
pub struct NewGallery<'a> {
    /// The encoder that its prints come from.
    pub encoder: EncoderIdentity,
    /// Its protection.
    pub wanted: Wanted,
    /// What will open it, where it is protected.
    pub secret: Option<&'a Secret>,
    /// The time, RFC 3339 in UTC.
    pub now: &'a str,
}

impl Gallery {
    /// Makes a gallery. It appears under its name only when it is complete.
    ///
    /// `thresholds` measures them with the projection that templates will go through, where there is one. `rng` must be
    /// seeded by the operating system: the gallery's id and the passphrase's salt come from it.
    ///
    /// # Errors
    /// When a file is there, the secret does not fit what is wanted, thresholds cannot be measured, or the folder cannot be
    /// written.
    pub fn create<E: From<GalleryError>>(
        path: &Path,
        new: NewGallery<'_>,
        thresholds: impl FnOnce(Option<&Projection>) -> Result<Thresholds, E>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, E> {
        if path.exists() {
            return Err(GalleryError::Exists { path: path.to_owned() }.into());
        }
        let NewGallery { encoder, wanted, secret, now } = new;
        let (mut id, mut salt) = ([0; 16], [0; 16]);
        rng.fill_bytes(&mut id);
        rng.fill_bytes(&mut salt);
        let id = hex(&id);
        let (protection, key) = Protection::settle(wanted, encoder.dim, secret, &salt)
            .map_err(|problem| GalleryError::Secret { path: path.to_owned(), problem })?;
        let projection = protection.cancelable.zip(key.as_ref());
        let projection = projection.map(|(kept, key)| Projection::of_key(key, encoder.dim, kept));
        let thresholds = thresholds(projection.as_ref())?;
        let partial = beside(path, &format!("{}.partial", &id[..8]));
        let made = (|| {
            let connection = schema::create(&partial)?;
            let parts = (encoder, thresholds, protection, id, now.to_owned());
            let gallery = Self::assemble(partial.clone(), connection, parts, key.as_ref());
            gallery.write_meta()?;
            gallery.compact()?;
            gallery.connection.close().map_err(|(_, error)| database(path, "close it")(error))
        })();
        let published = made.and_then(|()| publish(&partial, path));
        if published.is_err() {
            for ending in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(&partial, ending));
            }
        }
        published?;
        Ok(Self::open(path, secret)?)
    }

    /// Opens a gallery.
    ///
    /// # Errors
    /// When the file is missing or no gallery, or the secret is missing, not needed or wrong.
    pub fn open(path: &Path, secret: Option<&Secret>) -> Result<Self, GalleryError> {
        let connection = schema::open(path)?;
        let meta = |key: &str| read_meta(&connection, path, key);
        let protection: Protection = parse(path, "protection", meta("protection")?.as_bytes())?;
        let key = protection
            .unlock(secret)
            .map_err(|problem| GalleryError::Secret { path: path.to_owned(), problem })?;
        let encoder: EncoderIdentity = parse(path, "lock", meta("lock")?.as_bytes())?;
        let thresholds: Thresholds = parse(path, "thresholds", meta("thresholds")?.as_bytes())?;
        let (id, created) = (meta("id")?, meta("created")?);
        Ok(Self::assemble(
            path.to_owned(),
            connection,
            (encoder, thresholds, protection, id, created),
            key.as_ref(),
        ))
    }

    fn assemble(
        path: PathBuf,
        connection: Connection,
        (encoder, thresholds, protection, id, created): (
            EncoderIdentity,
            Thresholds,
            Protection,
            String,
            String,
        ),
        key: Option<&Key>,
    ) -> Self {
        let projection =
            protection.cancelable.zip(key).map(|(kept, key)| Projection::of_key(key, encoder.dim, kept));
        let seal = Seal::new(key.filter(|_| protection.sealed), &id);
        Self { path, connection, encoder, thresholds, protection, projection, seal, id, created }
    }

    fn write_meta(&self) -> Result<(), GalleryError> {
        let entries = [
            ("id", self.id.clone()),
            ("created", self.created.clone()),
            ("lock", self.json(&self.encoder)?),
            ("thresholds", self.json(&self.thresholds)?),
            ("protection", self.json(&self.protection)?),
        ];
        for (key, value) in entries {
            set_meta(&self.connection, key, &value).map_err(database(&self.path, "write its description"))?;
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The encoder that its prints come from.
    pub fn encoder(&self) -> &EncoderIdentity {
        &self.encoder
    }

    /// Its thresholds and what they cost.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// How it is protected.
    pub fn protection(&self) -> &Protection {
        &self.protection
    }

    /// When it was made, RFC 3339 in UTC.
    pub fn created(&self) -> &str {
        &self.created
    }

    /// Refuses another encoder than the one the gallery was made with.
    ///
    /// # Errors
    /// [`GalleryError::OtherEncoder`] with everything that differs.
    pub fn check_encoder(&self, encoder: &EncoderIdentity) -> Result<(), GalleryError> {
        let differences = self.encoder.differences(encoder);
        if differences.is_empty() {
            return Ok(());
        }
        Err(GalleryError::OtherEncoder { path: self.path.clone(), differences })
    }

    /// Prints `[epochs, dim]` as they are stored and compared here: projected where templates are cancelable.
    ///
    /// # Errors
    /// When they have another dimension than the gallery's encoder gives.
    pub fn project(&self, prints: ArrayView2<'_, f32>) -> Result<Array2<f32>, GalleryError> {
        if prints.ncols() != self.encoder.dim {
            return Err(GalleryError::Prints(format!(
                "prints have {} numbers, those of {} have {}",
                prints.ncols(),
                self.path.display(),
                self.encoder.dim
            )));
        }
        Ok(match &self.projection {
            Some(projection) => projection.apply(prints),
            None => prints.to_owned(),
        })
    }

    /// Begins a change; the write lock is taken at once, so that what is read inside it stays true.
    pub(crate) fn begin<'a>(
        connection: &'a mut Connection,
        path: &Path,
    ) -> Result<Transaction<'a>, GalleryError> {
        // A transaction borrows its connection for as long as it lives; the caller lends it apart from the gallery.
        Transaction::new(connection, TransactionBehavior::Immediate).map_err(database(path, "begin a change"))
    }

    /// A second connection for changes, so that the gallery stays readable while one is made.
    pub(crate) fn writer(&self) -> Result<Connection, GalleryError> {
        schema::open(&self.path)
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

    pub(crate) fn open_record(
        &self,
        kind: &str,
        handle: &[u8],
        stored: &[u8],
    ) -> Result<Vec<u8>, GalleryError> {
        let opened = self.seal.open(kind, handle, stored);
        opened.ok_or_else(|| self.damaged(&format!("a sealed {kind}"), "does not open", None))
    }

    pub(crate) fn close_record(
        &self,
        kind: &'static str,
        handle: &[u8],
        record: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, GalleryError> {
        let closed = self.seal.close(kind, handle, record, rng);
        closed.ok_or_else(|| GalleryError::TooLong { path: self.path.clone(), kind, bytes: record.len() })
    }

    pub(crate) fn parse_record<T: DeserializeOwned>(
        &self,
        kind: &str,
        handle: &[u8],
        stored: &[u8],
    ) -> Result<T, GalleryError> {
        parse(&self.path, kind, &self.open_record(kind, handle, stored)?)
    }

    pub(crate) fn json(&self, value: &impl Serialize) -> Result<String, GalleryError> {
        serde_json::to_string(value)
            .map_err(|error| self.damaged("a record to be written", "has no JSON form", Some(error.into())))
    }

    pub(crate) fn damaged(&self, what: &str, problem: &'static str, source: Option<Cause>) -> GalleryError {
        damaged(&self.path, what, problem, source)
    }
}

/// Another library's error behind a damaged record.
type Cause = Box<dyn std::error::Error + Send + Sync>;

fn damaged(path: &Path, what: &str, problem: &'static str, source: Option<Cause>) -> GalleryError {
    GalleryError::Damaged { path: path.to_owned(), what: what.to_owned(), problem, source }
}

fn parse<T: DeserializeOwned>(path: &Path, what: &str, json: &[u8]) -> Result<T, GalleryError> {
    serde_json::from_slice(json)
        .map_err(|error| damaged(path, &format!("its {what}"), "cannot be read", Some(error.into())))
}

fn read_meta(connection: &Connection, path: &Path, key: &str) -> Result<String, GalleryError> {
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
