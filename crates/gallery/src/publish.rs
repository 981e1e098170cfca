//! A new gallery's file: made under another name, and given its own when it is complete.

use std::path::{Path, PathBuf};

use crate::GalleryError;

/// The path with more text at its end.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if !ending.is_empty() && !ending.starts_with('-') {
        name.push(".");
    }
    name.push(ending);
    PathBuf::from(name)
}

/// Gives a finished file its name unless the name was taken meanwhile, readable by its owner alone.
pub(crate) fn publish(partial: &Path, path: &Path) -> Result<(), GalleryError> {
    let fail = |source| GalleryError::Create { path: path.to_owned(), source };
    private(partial).map_err(fail)?;
    match std::fs::hard_link(partial, path) {
        Ok(()) => std::fs::remove_file(partial).map_err(fail),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(GalleryError::Exists { path: path.to_owned() })
        }
        // Some file systems have no hard links.
        Err(_) => std::fs::rename(partial, path).map_err(fail),
    }
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_: &Path) -> std::io::Result<()> {
    Ok(())
}
