//! What killed processes left.

use std::fs::{self, File};
use std::path::Path;

/// The file that is locked as long as its folder is in use.
pub(crate) const LOCK: &str = "lock";
/// What is on its way.
pub(crate) const DATA: &str = "data";
/// What the names of the folders end in.
pub(crate) const ENDING: &str = ".partial";

/// Removes from a folder what processes that were killed have left there; what a living process is writing stays. Nothing where
/// the folder cannot be read.
pub fn remove_left(place: &Path) {
    remove(place, None);
}

/// The same, but for `own`, a folder that this process has just made.
pub(crate) fn remove(place: &Path, own: Option<&Path>) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let folder = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name.starts_with('.') && name.ends_with(ENDING) && Some(folder.as_path()) != own {
            remove_dead(&folder);
        }
    }
}

/// Removes all that is in a folder but its lock; nothing of what cannot be removed.
pub(crate) fn empty(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOCK) {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let _ = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
    }
}

/// Removes a folder unless its process lives; nothing where it is not certain that this crate made it. Who has made it and not
/// locked it yet makes another.
fn remove_dead(folder: &Path) {
    // Of a process that was killed before it had locked it: one that is not empty stays.
    let Ok(lock) = File::options().read(true).write(true).open(folder.join(LOCK)) else {
        let _ = fs::remove_dir(folder);
        return;
    };
    if lock.try_lock().is_err() {
        return;
    }
    let data = folder.join(DATA);
    let _ = if data.is_dir() { fs::remove_dir_all(&data) } else { fs::remove_file(&data) };
    // What SQLite keeps beside a database, too; a folder that holds anything else is not empty then, and stays.
    for name in ["data-wal", "data-shm", "data-journal", LOCK] {
        let _ = fs::remove_file(folder.join(name));
    }
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_lock_outlives_what_it_stands_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(DATA).join("fold-0")).unwrap();
        for name in [LOCK, "data-wal", "data/fold-0/model.json"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        empty(folder.path());
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [LOCK]);
    }
}
