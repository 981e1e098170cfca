//! CMake for libhdf5's own build: the system's, or PyPI's where that is too old or absent.

use std::path::PathBuf;

use super::output;
use crate::bench::peers;

/// The oldest that libhdf5's build accepts.
const OLDEST: (u32, u32) = (3, 26);

/// The folder to look for CMake in before the others; nothing where the system's will do.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(super) fn folder() -> Result<Option<PathBuf>, String> {
    let found = output("cmake", &["--version"]).ok().as_deref().and_then(version);
    if found.is_some_and(|version| version >= OLDEST) {
        return Ok(None);
    }
    let python = peers::python(None, &["cmake"]).map_err(|error| {
        format!("libhdf5 is built with CMake {}.{} or newer, which is not here, and PyPI's cannot be had: {error}", OLDEST.0, OLDEST.1)
    })?;
    Ok(python.parent().map(PathBuf::from))
}

/// The version that `cmake --version` says.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.lines().next()?.split_whitespace().last()?;
    let mut parts = number.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_and_compared_by_number() {
        assert_eq!(version("cmake version 3.31.6\n\nCMake suite"), Some((3, 31)));
        assert_eq!(version("cmake version 4.0.0-rc1"), Some((4, 0)));
        assert!(version("cmake version 3.9.1").unwrap() < OLDEST && version("nothing").is_none());
    }
}
