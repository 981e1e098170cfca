//! The hidden folder in which something is made, and the lock that says that its process lives.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::left::{self, DATA, ENDING, LOCK};

/// How often a folder is made anew that somebody took for one that was left, before it was locked.
const ATTEMPTS: usize = 8;
/// The longest name, in bytes, that leaves room for the rest in the name of a folder.
const LONGEST_NAME: usize = 100;

/// Such a folder; removed when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    // Dropped in this order: the lock is given up after the folder is gone.
    folder: TempDir,
    _lock: File,
}

impl Room {
    /// Makes one in `place`, and removes those there whose processes have ended.
    pub(crate) fn new(place: &Path, name: &OsStr) -> io::Result<Self> {
        let mut prefix = OsString::from(".");
        prefix.push(if name.len() <= LONGEST_NAME { name } else { "long-name".as_ref() });
        prefix.push(".");
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(ENDING);
        let mut refused = io::Error::from(ErrorKind::NotFound);
        for _ in 0..ATTEMPTS {
            match Self::lock(builder.tempdir_in(place)?) {
                Ok(room) => {
                    left::remove(place, Some(room.folder.path()));
                    return Ok(room);
                }
                Err(error) => refused = error,
            }
            if refused.kind() != ErrorKind::NotFound {
                break;
            }
        }
        Err(refused)
    }

    /// Locks a new folder, unless somebody has removed it in the time between.
    fn lock(folder: TempDir) -> io::Result<Self> {
        let path = folder.path().join(LOCK);
        let lock = File::create_new(&path)?;
        match lock.try_lock() {
            // Where a file system knows no locks, nothing will take this folder for one that was left.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::NotFound.into()),
        }
        fs::metadata(&path)?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where something is made.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(DATA)
    }

    /// Removes the folder. One that cannot be removed now is removed by the next writer.
    pub(crate) fn close(self) {}
}

impl Drop for Room {
    /// The lock goes last: a process that is killed meanwhile leaves a folder that the next writer knows for one of a dead process.
    fn drop(&mut self) {
        left::empty(self.folder.path());
    }
}
