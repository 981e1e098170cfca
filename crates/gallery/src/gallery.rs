//! The gallery: its file, its encoder and its protection.

use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use rand::CryptoRng;
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use twinprint_staged::{Readers, Staged, StagedError, remove_left};

use crate::authenticity::{Authenticator, Stamp};
use crate::counter::Counter;
use crate::meta::{Cause, damaged, parse, read_meta, set_meta};
use crate::protection::{Key, hex};
use crate::schema::{self, database};
use crate::seal::Seal;
use crate::{EncoderIdentity, GalleryError, Projection, Protection, Secret, Thresholds, Wanted};

/// A gallery that is open: one file with the templates of prints of one encoder.
pub struct Gallery {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) encoder: EncoderIdentity,
    pub(crate) thresholds: Thresholds,
    pub(crate) protection: Protection,
    pub(crate) projection: Option<Projection>,
    pub(crate) key: Option<Key>,
    pub(crate) seal: Seal,
    pub(crate) authenticator: Authenticator,
    pub(crate) counter: Option<Counter>,
    pub(crate) id: String,
    pub(crate) created: String,
    /// Whether an earlier version wrote it, so that nothing but its sealed records is authenticated yet.
    pub(crate) unstamped: bool,
    pub(crate) notices: Vec<String>,
}

/// What a gallery's file says of it.
pub(crate) struct Description {
    pub(crate) encoder: EncoderIdentity,
    pub(crate) thresholds: Thresholds,
    pub(crate) protection: Protection,
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
        let (protection, key) = Protection::settle(wanted, encoder.dim, secret, (&id, &salt))
            .map_err(|problem| GalleryError::Secret { path: path.to_owned(), problem })?;
        let projection = protection.cancelable.zip(key.as_ref());
        let projection = projection.map(|(kept, key)| Projection::of_key(key, encoder.dim, kept));
        let thresholds = thresholds(projection.as_ref())?;
        let unmade = |error: StagedError| match error.source.kind() {
            std::io::ErrorKind::AlreadyExists => GalleryError::Exists { path: path.to_owned() },
            _ => GalleryError::Create { path: path.to_owned(), source: error.source },
        };
        let staged = Staged::new(path, Readers::Owner).map_err(unmade)?;
        let description = Description { encoder, thresholds, protection, id, created: now.to_owned() };
        let fill = || {
            let connection = schema::create(staged.path())?;
            let gallery = Self::assemble(staged.path().to_owned(), connection, description, key, false);
            gallery.write_meta()?;
            gallery.authenticator.stamp(&gallery.connection, path, 0)?;
            gallery.compact()?;
            gallery.connection.close().map_err(|(_, error)| database(path, "close it")(error))
        };
        fill().map_err(|error| match error {
            // The name it will have, not the one it has for now.
            GalleryError::Database { action, cause, .. } => {
                GalleryError::Database { path: path.to_owned(), action, cause }
            }
            other => other,
        })?;
        staged.publish_new().map_err(unmade)?;
        Ok(Self::open(path, secret)?)
    }

    /// Opens a gallery whose encoder, thresholds, protection and records are as twinprint wrote them.
    ///
    /// # Errors
    /// When the file is missing or no gallery, the secret is missing, not needed or wrong, or anything in the file was changed
    /// outside twinprint ([`GalleryError::Altered`]).
    pub fn open(path: &Path, secret: Option<&Secret>) -> Result<Self, GalleryError> {
        let (gallery, authentic) = Self::open_any(path, secret)?;
        // A process that was killed as it had made a gallery here may have left the folder it made it in.
        remove_left(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")));
        authentic.map(|_| gallery)
    }

    /// Opens a gallery, authentic or not: its stamp, nothing where an earlier version wrote none, or what is wrong with it.
    pub(crate) fn open_any(
        path: &Path,
        secret: Option<&Secret>,
    ) -> Result<(Self, Result<Option<Stamp>, GalleryError>), GalleryError> {
        let connection = schema::open(path)?;
        let fail = || database(path, "read its description");
        // All that follows is one state, whatever other processes write.
        let reading = connection.unchecked_transaction().map_err(fail())?;
        let unstamped = schema::is_unstamped(&reading).map_err(fail())?;
        let meta = |key: &str| read_meta(&reading, path, key);
        let (id, created) = (meta("id")?, meta("created")?);
        let protection: Protection = parse(path, "protection", meta("protection")?.as_bytes())?;
        let key = protection
            .unlock(secret, (!unstamped).then_some(id.as_str()))
            .map_err(|problem| GalleryError::Secret { path: path.to_owned(), problem })?;
        let authentic = if unstamped {
            Ok(None)
        } else {
            Authenticator::new(key.as_ref(), &id).check(&reading, path).map(Some)
        };
        let encoder: EncoderIdentity = parse(path, "lock", meta("lock")?.as_bytes())?;
        let thresholds: Thresholds = parse(path, "thresholds", meta("thresholds")?.as_bytes())?;
        reading.finish().map_err(fail())?;
        let description = Description { encoder, thresholds, protection, id, created };
        Ok((Self::assemble(path.to_owned(), connection, description, key, unstamped), authentic))
    }

    pub(crate) fn assemble(
        path: PathBuf,
        connection: Connection,
        description: Description,
        key: Option<Key>,
        unstamped: bool,
    ) -> Self {
        let Description { encoder, thresholds, protection, id, created } = description;
        let projection = protection.cancelable.zip(key.as_ref());
        let projection = projection.map(|(kept, key)| Projection::of_key(key, encoder.dim, kept));
        let seal = Seal::new(key.as_ref().filter(|_| protection.sealed), &id, unstamped);
        let authenticator = Authenticator::new(key.as_ref(), &id);
        let notices = unstamped.then(|| UNSTAMPED.to_owned()).into_iter().collect();
        let counter = None;
        Self {
            path,
            connection,
            encoder,
            thresholds,
            protection,
            projection,
            key,
            seal,
            authenticator,
            counter,
            id,
            created,
            unstamped,
            notices,
        }
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

    /// What to know before relying on it, in sentences.
    pub fn notices(&self) -> &[String] {
        &self.notices
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

    /// Stored templates `[rows, kept]` back to prints `[rows, dim]`, as whoever holds the key can; nothing where dimensions were
    /// left out, from which there is no way back.
    pub fn unproject(&self, stored: ArrayView2<'_, f32>) -> Option<Array2<f32>> {
        match &self.projection {
            Some(projection) if projection.kept() < self.encoder.dim => None,
            Some(projection) => Some(projection.invert(stored)),
            None => Some(stored.to_owned()),
        }
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

const UNSTAMPED: &str = "an earlier version of twinprint wrote this gallery, which does not show whether its thresholds or people were changed; the next enrolment or removal mends that";
