//! The files that SQLite and twinprint keep beside a gallery.

use std::path::{Path, PathBuf};

/// The path with more text at its end.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if !ending.is_empty() && !ending.starts_with('-') {
        name.push(".");
    }
    name.push(ending);
    PathBuf::from(name)
}
