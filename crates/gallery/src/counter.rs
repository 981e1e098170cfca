//! A counter outside the file: which change of a gallery was seen last.
//!
//! A gallery cannot tell from itself that it is an older copy, or that its write-ahead log was lost: every state it ever had is
//! authentic. So the number of the last change seen is kept in a small file elsewhere, beside the key.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::authenticity::Stamp;
use crate::beside::beside;
use crate::{Gallery, GalleryError};

/// The counter's file for one gallery.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    path: PathBuf,
}

/// The change that was seen last.
struct Seen {
    changes: u64,
    hash: String,
}

impl Seen {
    /// Whether a stamp is that of an older copy, or of another copy that was changed on its own.
    fn is_ahead_of(&self, stamp: &Stamp) -> bool {
        let same = self.changes == stamp.state.changes;
        self.changes > stamp.state.changes || (same && self.hash != *stamp.hash.to_hex())
    }
}

impl Counter {
    /// A counter whose file lies beside `key`, named after the gallery.
    fn beside(key: &Path, gallery_id: &str) -> Self {
        let id = gallery_id.get(..16).unwrap_or(gallery_id);
        Self { path: beside(key, &format!("{id}.seen")) }
    }

    /// The change that was seen last, where one was.
    ///
    /// # Errors
    /// When the counter cannot be read or made.
    fn seen(&self) -> std::io::Result<Option<Seen>> {
        seen(&mut self.locked()?)
    }

    /// Remembers a stamp, unless a later one was seen.
    ///
    /// # Errors
    /// When the counter cannot be read or written.
    pub(crate) fn remember(&self, stamp: &Stamp) -> std::io::Result<()> {
        let mut file = self.locked()?;
        if seen(&mut file)?.is_some_and(|seen| seen.changes >= stamp.state.changes) {
            return Ok(());
        }
        // Always as long as before, in one write: a kill leaves the old line or the new.
        let line = format!("{:020} {}\n", stamp.state.changes, stamp.hash.to_hex());
        file.seek(SeekFrom::Start(0))?;
        file.write_all(line.as_bytes())
    }

    fn locked(&self) -> std::io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)?;
        file.lock()?;
        Ok(file)
    }

    /// The refusal of a gallery that is behind.
    fn refusal(&self, gallery: &Path, stamp: &Stamp) -> GalleryError {
        GalleryError::OlderCopy {
            path: gallery.to_owned(),
            changes: stamp.state.changes,
            counter: self.path.clone(),
        }
    }
}

impl Gallery {
    /// Keeps count of its changes in a small file beside `key_file`, and refuses a gallery whose last change is not the last
    /// that was seen: an older copy put in its place, or one that lost its write-ahead log.
    ///
    /// # Errors
    /// [`GalleryError::OlderCopy`]; when the gallery cannot be read. Where the counter itself cannot be kept, that is a notice.
    pub fn counted_beside(mut self, key_file: &Path) -> Result<Self, GalleryError> {
        let counter = Counter::beside(key_file, &self.id);
        let unkept = |error: std::io::Error| {
            format!(
                "no count of changes can be kept in {}: {error}; an older copy of the gallery would not be noticed",
                counter.path.display()
            )
        };
        let stamp = |gallery: &Self| {
            if gallery.unstamped {
                return Ok(Stamp::before_any());
            }
            gallery.authenticator.check(&gallery.connection, &gallery.path)
        };
        // The counter is read first and the gallery after it: what another process changes meanwhile is no older copy.
        match counter.seen() {
            Ok(seen) => {
                let stamp = stamp(&self)?;
                if seen.is_some_and(|seen| seen.is_ahead_of(&stamp)) {
                    return Err(counter.refusal(&self.path, &stamp));
                }
                if let Some(error) = counter.remember(&stamp).err() {
                    self.notices.push(unkept(error));
                }
                self.counter = Some(counter);
            }
            Err(error) => self.notices.push(unkept(error)),
        }
        Ok(self)
    }
}

fn seen(file: &mut File) -> std::io::Result<Option<Seen>> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.trim_end().split_once(' ');
    let parsed = parts
        .and_then(|(changes, hash)| Some(Seen { changes: changes.parse().ok()?, hash: hash.to_owned() }));
    parsed.map(Some).ok_or_else(|| std::io::Error::other("it does not hold a number and a hash"))
}
