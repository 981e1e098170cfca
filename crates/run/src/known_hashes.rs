//! Hashes of recordings that were read before: a file is read again only where its size or one of its times differs.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::Error;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use twinprint_recordings::RecordingReader;

use crate::RunError;
use crate::cache::Cache;
use crate::content::{self, Hashes};
use crate::folder::write_text;

/// Seconds for which a file must have been left alone before its times are trusted: a clock of files ticks slowly.
const SETTLED: i64 = 2;

/// What is known of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    stamps: Vec<Stamp>,
    hashes: Hashes,
}

/// What changes when a file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, i64),
    /// The same for the last change of anything about the file, its times included; where the system keeps it.
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    #[cfg(unix)]
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            bytes: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
            inode: file.ino(),
        }
    }

    #[cfg(not(unix))]
    fn of(file: &Metadata) -> Self {
        let since = file.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.map_or((0, 0), |time| (time.as_secs() as i64, i64::from(time.subsec_nanos())));
        Self { bytes: file.len(), modified, changed: modified, inode: 0 }
    }
}

/// Size and times of every file of a recording.
///
/// # Errors
/// When one of them is gone.
pub(crate) fn stamps(reader: &RecordingReader) -> Result<Vec<Stamp>, RunError> {
    let stamp = |path: &&Path| {
        let failed = |source: Error| RunError::Read { path: path.to_path_buf(), source };
        fs::metadata(path).map(|file| Stamp::of(&file)).map_err(failed)
    };
    reader.files().iter().map(stamp).collect()
}

/// The hashes of one data set's recordings.
pub(crate) struct KnownHashes {
    place: Option<PathBuf>,
    before: BTreeMap<PathBuf, Known>,
    now: Mutex<BTreeMap<PathBuf, Known>>,
}

impl KnownHashes {
    /// Those of the recordings below `root` that the cache knows; none where every byte is to be read again.
    pub(crate) fn of(root: &Path, cache: Option<&Cache>, read_again: bool) -> Self {
        let whole = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let name = blake3::hash(whole.to_string_lossy().as_bytes()).to_hex();
        let place = cache.map(|cache| cache.inputs().join(format!("{}.json", &name[..16])));
        let text = place.as_ref().filter(|_| !read_again).and_then(|place| fs::read_to_string(place).ok());
        // What cannot be read is found out again.
        let before = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { place, before, now: Mutex::default() }
    }

    /// The hashes of a recording, read from its files where they are not known.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn of_recording(&self, reader: &RecordingReader) -> Result<Hashes, RunError> {
        let stamps = stamps(reader)?;
        let path = reader.files().first().map(|path| path.to_path_buf()).unwrap_or_default();
        // The samples of a text are what its layout makes of it, which the file's times do not know.
        let known = self.before.get(&path).filter(|known| known.stamps == stamps && !reader.is_text());
        let known = match known {
            Some(known) => known.clone(),
            None => Known { stamps, hashes: content::hashes(reader)? },
        };
        let hashes = known.hashes.clone();
        self.now.lock().unwrap_or_else(PoisonError::into_inner).insert(path, known);
        Ok(hashes)
    }

    /// Keeps them for the next time. Where they cannot be kept, the files are read again then.
    pub(crate) fn keep(&self) {
        let Some(place) = &self.place else { return };
        let Some(folder) = place.parent() else { return };
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == self.before || fs::create_dir_all(folder).is_err() {
            return;
        }
        // The clock that stamps files is asked by making one.
        let Ok(probe) = tempfile::tempfile_in(folder).and_then(|file| file.metadata()) else { return };
        let clock = Stamp::of(&probe).changed.0;
        let settled = |known: &Known| known.stamps.iter().all(|stamp| stamp.changed.0 + SETTLED <= clock);
        let settled: BTreeMap<&PathBuf, &Known> = now.iter().filter(|(_, known)| settled(known)).collect();
        if let Ok(text) = serde_json::to_string(&settled) {
            let _ = write_text(place, &text);
        }
    }
}
