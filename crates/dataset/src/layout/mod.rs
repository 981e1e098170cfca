//! From a folder's layout to its recordings.

mod bids;
mod dates;
mod entities;
mod participants;
mod pattern;
mod sidecar;

use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::error::DatasetError;
use crate::manifest::Manifest;
use crate::plan::Layout;

/// Finds the recordings of a folder, in no particular order.
pub(crate) fn find(root: &Path, layout: &Layout) -> Result<Dataset, DatasetError> {
    match layout {
        Layout::Bids(bids) => bids::find(root, bids),
        Layout::Pattern(pattern) => pattern::find(root, pattern),
        Layout::Manifest { name } => {
            let manifest = Manifest::load(name)?;
            let mut dataset = find(root, &manifest.layout)?;
            manifest.apply(root, &mut dataset);
            Ok(dataset)
        }
    }
}

/// Why a file that a layout names cannot be a recording, looking at no more than its directory entry.
fn unusable(path: &Path) -> Option<String> {
    match std::fs::metadata(path) {
        Ok(entry) if entry.is_dir() => Some("it is a folder".to_owned()),
        Ok(entry) if entry.len() == 0 => Some("the file is empty: download it again".to_owned()),
        Ok(_) => None,
        Err(_) if path.is_symlink() => Some(
            "the link leads nowhere: the content was not downloaded (`datalad get` or `git annex get` fetches it)".to_owned(),
        ),
        Err(error) => Some(format!("it cannot be read: {error}")),
    }
}

/// A path relative to the dataset's root, with `/` between folders.
pub(crate) fn below(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A folder's entries in the order of their names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let failed = |source| DatasetError::Read { path: folder.into(), source };
    let listed = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths =
        listed.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Whether a name's ending is that of a recording that is read: the file to open, not those it names.
pub(crate) fn is_recording_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("edf" | "bdf" | "vhdr" | "set"))
}
