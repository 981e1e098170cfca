//! What stages made, kept under a hash of what it was made from, so that nothing is made twice: not by another run, not by
//! another point of a sweep.
//!
//! An entry is a folder: the files, and `entry.json` with their hashes. It is filled under a temporary name and renamed, so
//! that nobody sees half of one; it is checked against its hashes whenever it is used. Files are linked, not copied, where the
//! file system can.

mod entry;
mod tend;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use entry::Kind;
pub(crate) use tend::is_shared;
pub use tend::{CacheEntry, Damaged, Freed};

use entry::Entry;
use twinprint_staged::{StagedFolder, remove_left};

use crate::RunError;
use crate::folder::create_folder;
use crate::outputs::Files;

/// The file whose time says when an entry was last used.
const USED: &str = "used";
/// Where entries are filled.
const UNFINISHED: &str = "unfinished";

/// A folder that runs share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in the folder `root`, which is made when something is first kept.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where the entries are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the hashes of recordings are.
    pub(crate) fn inputs(&self) -> PathBuf {
        self.root.join("inputs")
    }

    fn place(&self, kind: Kind, key: &str) -> PathBuf {
        self.root.join(kind.name()).join(key)
    }

    /// The folder of an entry with what it says of itself, if it is there and whole. A damaged one is removed.
    pub(crate) fn open(&self, kind: Kind, key: &str) -> Option<(PathBuf, String)> {
        let place = self.place(kind, key);
        let entry = Entry::read(&place)?;
        if let Err(reason) = entry.check(&place) {
            tracing::warn!(entry = %place.display(), reason, "damaged: it is made again");
            self.remove(&place);
            return None;
        }
        // Only how long it lies unused goes by it.
        let _ = fs::write(place.join(USED), "");
        Some((place, entry.said))
    }

    /// Puts the files of an entry into `folder` and gives back what it says of itself; nothing where there is no such entry.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn take(&self, kind: Kind, key: &str, folder: &Path) -> Result<Option<String>, RunError> {
        let Some((place, said)) = self.open(kind, key) else { return Ok(None) };
        let Some(entry) = Entry::read(&place) else { return Ok(None) };
        for name in entry.files.keys() {
            let to = folder.join(name);
            match link(&place.join(name), &to) {
                Ok(()) => {}
                // Another process has removed the entry meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(source) => return Err(RunError::Write { path: to, source }),
            }
        }
        Ok(Some(said))
    }

    /// Keeps files of `folder` as an entry; where another process has kept them meanwhile, its entry stays.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(crate) fn put(
        &self,
        kind: Kind,
        key: &str,
        (folder, files): (&Path, &Files),
        said: &str,
    ) -> Result<(), RunError> {
        let place = self.place(kind, key);
        if place.exists() {
            return Ok(());
        }
        create_folder(&self.root.join(kind.name()))?;
        let failed = |source| RunError::Write { path: place.clone(), source };
        let filling = self.workshop(key)?;
        for name in files.keys() {
            link(&folder.join(name), &filling.path().join(name)).map_err(failed)?;
        }
        let entry = Entry::new(kind, key, files.clone(), said);
        entry.write(filling.path())?;
        match filling.publish_new(&place) {
            Err(error) if !place.exists() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// A folder in the cache in which something is made; it goes when it is dropped.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(crate) fn workshop(&self, key: &str) -> Result<StagedFolder, RunError> {
        let unfinished = self.root.join(UNFINISHED);
        create_folder(&unfinished)?;
        Ok(StagedFolder::new(&unfinished, key)?)
    }

    /// Removes what processes that were killed have left unfinished.
    pub(crate) fn remove_left(&self) {
        remove_left(&self.root.join(UNFINISHED));
        remove_left(&self.inputs());
    }

    /// Removes an entry: under its name it is gone at once.
    fn remove(&self, place: &Path) {
        let aside = self.workshop("removed").ok();
        let aside = aside.filter(|aside| fs::rename(place, aside.path().join("removed")).is_ok());
        if aside.is_none() {
            let _ = fs::remove_dir_all(place);
        }
    }

    /// Everything in it, by kind and key.
    fn entries(&self) -> BTreeMap<(Kind, String), (PathBuf, Option<Entry>)> {
        let mut found = BTreeMap::new();
        for kind in Kind::ALL {
            let Ok(list) = fs::read_dir(self.root.join(kind.name())) else { continue };
            for item in list.flatten() {
                let place = item.path();
                let key = item.file_name().to_string_lossy().into_owned();
                let entry = Entry::read(&place);
                found.insert((kind, key), (place, entry));
            }
        }
        found
    }
}

/// Links a file under a name, in place of what is there; copies it where the file system cannot link.
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(error),
        Err(_) => fs::copy(from, to).map(|_| ()),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::FileHash;

    fn made(folder: &Path, text: &str) -> Files {
        fs::create_dir_all(folder.join("a")).unwrap();
        fs::write(folder.join("a/one"), text).unwrap();
        BTreeMap::from([("a/one".to_owned(), FileHash::of(&folder.join("a/one")).unwrap())])
    }

    #[test]
    fn what_was_kept_is_taken_and_what_was_damaged_is_not() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::at(place.path().join("cache"));
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        assert_eq!(cache.take(Kind::Train, "k", &to).unwrap(), None);
        let files = made(&from, "weights");
        cache.put(Kind::Train, "k", (&from, &files), "two encoders").unwrap();
        cache.put(Kind::Train, "k", (&from, &files), "another").unwrap();
        assert_eq!(cache.take(Kind::Train, "k", &to).unwrap().as_deref(), Some("two encoders"));
        assert_eq!(fs::read_to_string(to.join("a/one")).unwrap(), "weights");
        assert_eq!(cache.take(Kind::Embed, "k", &to).unwrap(), None);
        // The file is linked: changing it in place changes the entry, which is found.
        fs::write(to.join("a/one"), "weighty").unwrap();
        assert_eq!(cache.take(Kind::Train, "k", &place.path().join("third")).unwrap(), None);
        assert!(cache.list().is_empty(), "it is removed");
        assert!(!place.path().join("third").exists());
    }

    #[test]
    fn two_who_keep_the_same_at_once_leave_one_whole_entry() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::at(place.path().join("cache"));
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (cache, place) = (&cache, place.path());
                scope.spawn(move || {
                    let from = place.join(number.to_string());
                    let files = made(&from, "same");
                    for round in 0..20 {
                        let key = format!("k{round}");
                        if cache
                            .take(Kind::Embed, &key, &place.join(format!("to{number}")))
                            .unwrap()
                            .is_none()
                        {
                            cache.put(Kind::Embed, &key, (&from, &files), "").unwrap();
                        }
                    }
                });
            }
        });
        assert_eq!(cache.list().len(), 20);
        assert!(cache.verify().unwrap().is_empty());
        assert_eq!(fs::read_dir(cache.root.join(UNFINISHED)).unwrap().count(), 0, "nothing is left behind");
    }
}
