//! A file that appears under its name only when it is complete.

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::StoreError;

/// A temporary file beside its destination; removed when dropped before [`Staged::publish`].
pub(crate) struct Staged {
    file: NamedTempFile,
    target: PathBuf,
}

impl Staged {
    /// Makes an empty temporary file in the folder of `target`.
    pub(crate) fn new(target: &Path) -> Result<Self, StoreError> {
        let name = target
            .file_name()
            .ok_or_else(|| StoreError::text(target, "path", "", "it must name a file, not a folder"))?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let file = Builder::new()
            .prefix(&prefix)
            .suffix(".partial")
            .tempfile_in(folder_of(target))
            .map_err(StoreError::io(target, "create a temporary file beside it"))?;
        Ok(Self { file, target: target.to_owned() })
    }

    /// Where the temporary file is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// The name the file will have.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The open temporary file.
    pub(crate) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Flushes the file to disk, gives it its name (replacing what was there) and flushes the folder.
    pub(crate) fn publish(self) -> Result<(), StoreError> {
        let Self { file, target } = self;
        file.as_file().sync_all().map_err(StoreError::io(&target, "flush to disk"))?;
        share(file.as_file()).map_err(StoreError::io(&target, "set the permissions of"))?;
        file.persist(&target).map_err(|e| StoreError::io(&target, "rename the finished file to")(e.error))?;
        sync_folder(folder_of(&target)).map_err(StoreError::io(&target, "flush the folder of"))
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Temporary files are private to their owner; results are readable by the group and others, as files usually are.
#[cfg(unix)]
fn share(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
