//! What killed processes left.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::{DATA, ENDING, LOCK};

/// A folder that was made only just now may belong to a process that has not locked it yet.
const JUST_NOW: Duration = Duration::from_secs(2);

/// Removes the folders in `place` whose process has ended. `own` is one that this process has just made: it tells the time by the
/// clock of that file system.
pub(crate) fn remove(place: &Path, own: &Path) {
    let Ok(now) = modified(own) else { return };
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let folder = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name.starts_with('.') && name.ends_with(ENDING) && folder != own {
            remove_dead(&folder, now);
        }
    }
}

/// Removes a folder unless its process lives; nothing where it is not certain that this crate made it.
fn remove_dead(folder: &Path, now: SystemTime) {
    let old = modified(folder).is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age >= JUST_NOW));
    if !old {
        return;
    }
    let Ok(lock) = File::options().read(true).write(true).open(folder.join(LOCK)) else { return };
    if lock.try_lock().is_err() {
        return;
    }
    // What SQLite keeps beside a database, too; a folder that holds anything else is not empty then, and stays.
    for name in [DATA, "data-wal", "data-shm", "data-journal", LOCK] {
        let _ = fs::remove_file(folder.join(name));
    }
    let _ = fs::remove_dir(folder);
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}
