//! Looking after the cache: what is in it, whether it is whole, what may go.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use serde::Serialize;

use super::{Cache, Kind, USED};
use crate::RunError;

/// An entry as `twinprint cache ls` lists it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CacheEntry {
    /// Which stage made it, or that it is one recording.
    pub kind: Kind,
    /// The hash of what it was made from.
    pub key: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// Bytes of those files that nothing else links to: what removing the entry frees.
    pub own_bytes: u64,
    /// When it was last used, in seconds since 1970.
    pub used: u64,
    /// What the stage said when it was done.
    pub said: String,
    #[serde(skip)]
    place: PathBuf,
}

/// An entry that is not what was put in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Damaged {
    /// Which stage had made it, or that it was one recording.
    pub kind: Kind,
    /// The key it is kept under: a hash of what decides it, in hexadecimal.
    pub key: String,
    /// What is wrong, in words.
    pub reason: String,
}

/// What `twinprint cache gc` removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Freed {
    /// How many entries were removed.
    pub entries: usize,
    /// Bytes of disk that are free again.
    pub bytes: u64,
    /// How many entries stay.
    pub kept: usize,
    /// Bytes of their files.
    pub kept_bytes: u64,
}

impl Cache {
    /// Every entry, the one longest unused first.
    pub fn list(&self) -> Vec<CacheEntry> {
        let listed = self.entries().into_iter().filter_map(|((kind, key), (place, entry))| {
            let entry = entry?;
            let sizes = entry.files.keys().filter_map(|name| fs::metadata(place.join(name)).ok());
            let (mut bytes, mut own_bytes) = (0, 0);
            for file in sizes {
                bytes += file.len();
                own_bytes += if is_shared(&file) { 0 } else { file.len() };
            }
            let used = seconds(&place.join(USED)).max(seconds(&place));
            Some(CacheEntry { kind, key, bytes, own_bytes, used, said: entry.said, place })
        });
        let mut all: Vec<CacheEntry> = listed.collect();
        all.sort_by(|a, b| (a.used, a.kind, &a.key).cmp(&(b.used, b.kind, &b.key)));
        all
    }

    /// Reads every file of every entry; damaged entries are removed and named. They are made again when they are needed.
    ///
    /// # Errors
    /// When the cache is no folder.
    pub fn verify(&self) -> Result<Vec<Damaged>, RunError> {
        self.must_be_a_folder()?;
        let all: Vec<_> = self.entries().into_iter().collect();
        let damaged = all.into_par_iter().filter_map(|((kind, key), (place, entry))| {
            let reason = match entry {
                Some(entry) => entry.check(&place).err()?,
                None => "entry.json is missing or of another version".to_owned(),
            };
            self.remove(&place);
            Some(Damaged { kind, key, reason })
        });
        Ok(damaged.collect())
    }

    /// Removes entries, the one longest unused first: those not used since `since` (seconds since 1970), and more until no more
    /// than `most` bytes are left; and what processes that died while they filled an entry have left.
    ///
    /// # Errors
    /// When the cache is no folder.
    pub fn gc(&self, since: Option<u64>, most: Option<u64>) -> Result<Freed, RunError> {
        self.must_be_a_folder()?;
        self.remove_left();
        let all = self.list();
        let mut left: u64 = all.iter().map(|entry| entry.bytes).sum();
        let mut freed = Freed::default();
        for entry in all {
            let unused = since.is_some_and(|since| entry.used < since);
            if unused || most.is_some_and(|most| left > most) {
                self.remove(&entry.place);
                left -= entry.bytes;
                freed.entries += 1;
                freed.bytes += entry.own_bytes;
            } else {
                freed.kept += 1;
                freed.kept_bytes += entry.bytes;
            }
        }
        Ok(freed)
    }

    fn must_be_a_folder(&self) -> Result<(), RunError> {
        if self.root.is_dir() {
            return Ok(());
        }
        Err(RunError::run_folder_with(
            &self.root,
            "there is no cache",
            "runs keep theirs in .cache beside the run folders; name another folder with --cache DIR",
        ))
    }
}

/// When a file was last written, in seconds since 1970; 0 where that is not known.
fn seconds(path: &Path) -> u64 {
    let time = fs::metadata(path).and_then(|file| file.modified()).ok();
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
}

/// Whether the file has another name somewhere.
#[cfg(unix)]
pub(crate) fn is_shared(file: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) > 1
}

#[cfg(not(unix))]
pub(crate) fn is_shared(_: &fs::Metadata) -> bool {
    false
}
