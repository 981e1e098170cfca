//! One process at a time in a folder. The operating system keeps the lock and lets go of it when its holder ends, however it
//! ends; what the file says is for whoever finds it taken.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::RunError;

/// How long to wait before a lock is tried again.
const WAIT: Duration = Duration::from_millis(300);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Nothing where the file system keeps no locks.
    file: Option<File>,
    shared: bool,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) process: u32,
    pub(crate) host: String,
    pub(crate) since: String,
}

impl Holder {
    /// This process.
    pub(crate) fn this(since: String) -> Self {
        Self { process: std::process::id(), host: host_name(), since }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {} since {}", self.process, self.host, self.since)
    }
}

/// The machine's name, where the system tells it.
pub(crate) fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "this machine".to_owned() } else { name.to_owned() }
}

/// How a lock is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Alone.
    Alone,
    /// Beside others that share it.
    Shared,
}

impl Lock {
    /// Takes the lock that guards `what`, a folder.
    ///
    /// # Errors
    /// When another process holds it; the message says which.
    pub(crate) fn take(path: &Path, what: &Path, how: Hold, since: String) -> Result<Self, RunError> {
        match Self::attempt(path, how, since)? {
            Ok(lock) => Ok(lock),
            Err(holder) => Err(RunError::run_folder_with(
                what,
                format!("{} is at work in it", named(holder)),
                "wait until it has ended, or end it; then the same command goes on from what it left",
            )),
        }
    }

    /// Waits until the lock can be taken so, and says once for whom.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub(crate) fn wait(path: &Path, how: Hold, since: &str, notice: &dyn Fn(&str)) -> Result<(), RunError> {
        let mut said = false;
        while let Err(holder) = Self::attempt(path, how, since.to_owned())? {
            if !std::mem::replace(&mut said, true) {
                notice(&format!("{} is at work in it: waiting until it has ended", named(holder)));
            }
            std::thread::sleep(WAIT);
        }
        Ok(())
    }

    /// The lock, or who holds it, where that can be read.
    pub(crate) fn attempt(
        path: &Path,
        how: Hold,
        since: String,
    ) -> Result<Result<Self, Option<Holder>>, RunError> {
        let failed = |source| RunError::Write { path: path.to_owned(), source };
        loop {
            let mut open = OpenOptions::new();
            let file = open.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
            let taken = match how {
                Hold::Alone => file.try_lock(),
                Hold::Shared => file.try_lock_shared(),
            };
            match taken {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Err(holder(path))),
                Err(TryLockError::Error(error)) => {
                    tracing::warn!(%error, path = %path.display(), "this file system keeps no locks");
                    return Ok(Ok(Self { path: path.to_owned(), file: None, shared: true }));
                }
            }
            // Whoever held it before may have removed the file between its opening and its locking.
            if is_at(&file, path) {
                let lock = Self { path: path.to_owned(), file: Some(file), shared: how == Hold::Shared };
                lock.sign(since).map_err(failed)?;
                return Ok(Ok(lock));
            }
        }
    }

    fn sign(&self, since: String) -> std::io::Result<()> {
        let Some(mut file) = self.file.as_ref() else { return Ok(()) };
        let text = serde_json::to_string(&Holder::this(since))?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Others may share it: whoever holds it alone next removes it.
        if self.file.is_some() && !self.shared {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A holder in words.
fn named(holder: Option<Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string())
}

/// Who holds the lock in a file, where that can be read.
fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(there)) => place(&held) == place(&there),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_alone_or_shared_and_leaves_no_file() {
        let place = tempfile::tempdir().unwrap();
        let (path, folder) = (place.path().join("run.lock"), place.path().join("run"));
        let take = |how| Lock::take(&path, &folder, how, "noon".to_owned());
        let held = take(Hold::Alone).unwrap();
        for how in [Hold::Alone, Hold::Shared] {
            let said = take(how).unwrap_err().to_string();
            let expected =
                format!("process {} on {} since noon is at work in it", std::process::id(), host_name());
            assert!(said.contains(&expected) && said.contains("wait until"), "{said}");
        }
        drop(held);
        assert!(!path.exists());
        let shared = [take(Hold::Shared).unwrap(), take(Hold::Shared).unwrap()];
        assert!(take(Hold::Alone).is_err());
        drop(shared);
        drop(take(Hold::Alone).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn who_waits_for_a_lock_is_told_for_whom_and_goes_on_when_it_is_free() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.lock");
        let held = Lock::take(&path, place.path(), Hold::Shared, "noon".to_owned()).unwrap();
        let told = std::cell::RefCell::new(Vec::new());
        let held = std::cell::Cell::new(Some(held));
        let notice = |text: &str| {
            told.borrow_mut().push(text.to_owned());
            drop(held.take());
        };
        Lock::wait(&path, Hold::Shared, "later", &notice).unwrap();
        assert!(told.borrow().is_empty(), "who shares it need not wait");
        Lock::wait(&path, Hold::Alone, "later", &notice).unwrap();
        assert_eq!(told.borrow().len(), 1);
        assert!(told.borrow()[0].contains("is at work in it: waiting"), "{:?}", told.borrow());
    }

    #[test]
    fn what_a_dead_holder_left_is_taken_over() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.lock");
        fs::write(&path, "{\"process\":1,\"host\":\"elsewhere\",\"since\":\"noon\"}").unwrap();
        Lock::take(&path, place.path(), Hold::Alone, "later".to_owned()).unwrap();
    }
}
