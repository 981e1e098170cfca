//! Files and folders that appear under their name only when they are complete.
//!
//! A file is written in a hidden folder beside its destination, `.NAME.RANDOM.partial`, flushed to disk and renamed. The folder
//! goes when the file is published or dropped. A process that is killed leaves it; whoever writes in that place next removes it,
//! but only where nobody holds the lock on the file `lock` in it any more, that is where the process has ended, on this machine
//! or another. Folders are filled in the same way.

mod left;
mod room;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use left::remove_left;

use room::Room;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {action}", .path.display())]
pub struct StagedError {
    /// The file that was to be.
    pub path: PathBuf,
    /// What was tried, in the words that follow `cannot`.
    pub action: &'static str,
    /// The operating system's reason.
    pub source: io::Error,
}

/// Who may read the finished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whoever may read what this user makes, as the user's file mode mask says.
    AsUsual,
    /// Nobody but the user who writes it.
    Owner,
}

/// A file on its way; removed when dropped before it is published.
///
/// ```
/// use std::io::Write;
/// use twinprint_staged::{Readers, Staged};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.csv");
/// let mut staged = Staged::new(&path, Readers::AsUsual)?;
/// staged.file().write_all(b"left,right,score\n")?;
/// assert!(!path.exists());
/// staged.publish()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "left,right,score\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Staged {
    file: File,
    path: PathBuf,
    target: PathBuf,
    room: Room,
}

impl Staged {
    /// Makes an empty file that will be `target`, and removes what killed processes left in the folder of `target`.
    ///
    /// # Errors
    /// When `target` names no file, or its folder cannot be written.
    pub fn new(target: &Path, readers: Readers) -> Result<Self, StagedError> {
        let fail = |source| StagedError {
            path: target.to_owned(),
            action: "create a temporary file beside it",
            source,
        };
        let name = target.file_name().ok_or_else(|| {
            fail(io::Error::new(io::ErrorKind::InvalidInput, "the path must name a file, not a folder"))
        })?;
        let room = Room::new(folder_of(target), name).map_err(fail)?;
        let path = room.data();
        let file = create(&path, readers).map_err(fail)?;
        Ok(Self { file, path, target: target.to_owned(), room })
    }

    /// Where the file is until it is published; other files may be made beside it and go with its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name the file will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The file under its temporary name, open for writing.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Flushes the file to disk, gives it its name, replacing what was there, and flushes the folder.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be renamed; what had the name before then still has it.
    pub fn publish(self) -> Result<(), StagedError> {
        self.named(|path, target| std::fs::rename(path, target))
    }

    /// The same, unless something has the name already.
    ///
    /// # Errors
    /// As [`Staged::publish`], and with [`io::ErrorKind::AlreadyExists`] when something has the name.
    pub fn publish_new(self) -> Result<(), StagedError> {
        self.named(|path, target| match std::fs::hard_link(path, target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Some file systems have no hard links.
            Err(_) if target.exists() => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => std::fs::rename(path, target),
            Ok(()) => Ok(()),
        })
    }

    fn named(self, rename: impl FnOnce(&Path, &Path) -> io::Result<()>) -> Result<(), StagedError> {
        let Self { file, path, target, room } = self;
        let fail = |action| {
            let path = target.clone();
            move |source| StagedError { path, action, source }
        };
        file.sync_all().map_err(fail("flush it to disk"))?;
        drop(file);
        rename(&path, &target).map_err(fail("give the finished file its name"))?;
        sync_folder(folder_of(&target)).map_err(fail("flush its folder"))?;
        // The file has its name; an empty folder that cannot be removed now is removed by the next writer.
        room.close();
        Ok(())
    }
}

/// A folder on its way; removed with all that is in it when dropped before it is published.
#[derive(Debug)]
pub struct StagedFolder {
    path: PathBuf,
    room: Room,
}

impl StagedFolder {
    /// Makes an empty folder in `place`, which is on the file system of where it will be, and removes what killed processes left
    /// there. `name` is for people who look.
    ///
    /// # Errors
    /// When `place` cannot be written.
    pub fn new(place: &Path, name: &str) -> Result<Self, StagedError> {
        let make = || {
            let room = Room::new(place, name.as_ref())?;
            let path = room.data();
            std::fs::create_dir(&path)?;
            Ok(Self { path, room })
        };
        make().map_err(|source| StagedError {
            path: place.to_owned(),
            action: "create a temporary folder in it",
            source,
        })
    }

    /// Where the folder is until it is published.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name, unless a folder that is not empty has it. The files in it are as durable as they were made.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn publish_new(self, target: &Path) -> Result<(), StagedError> {
        std::fs::rename(&self.path, target).map_err(|source| StagedError {
            path: target.to_owned(),
            action: "give the finished folder its name",
            source,
        })?;
        self.room.close();
        Ok(())
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn create(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    restrict(&mut options, readers);
    options.open(path)
}

#[cfg(unix)]
fn restrict(options: &mut std::fs::OpenOptions, readers: Readers) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(if readers == Readers::Owner { 0o600 } else { 0o666 });
}

#[cfg(not(unix))]
fn restrict(_: &mut std::fs::OpenOptions, _: Readers) {}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
