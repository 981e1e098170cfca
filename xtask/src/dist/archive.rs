//! The archive: what must be in it, and how it is packed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Files without which an archive is none; manual pages are one a command, of which two stand for all.
const WANTED: [&str; 12] = [
    "bin/twinprint",
    "share/man/man1/twinprint.1",
    "share/man/man1/twinprint-run.1",
    "share/bash-completion/completions/twinprint",
    "share/zsh/site-functions/_twinprint",
    "share/fish/vendor_completions.d/twinprint.fish",
    "share/doc/twinprint/README.md",
    "share/doc/twinprint/CHANGELOG.md",
    "share/doc/twinprint/LICENSE-MIT",
    "share/doc/twinprint/LICENSE-APACHE",
    "share/doc/twinprint/LICENSE-HDF5",
    "share/doc/twinprint/LICENSE-DEJAVU-FONTS",
];

/// Whether everything is there and nothing is empty.
///
/// # Errors
/// The first file that is not, or is empty.
pub(super) fn check(staged: &Path) -> Result<(), String> {
    let missing =
        WANTED.iter().find(|name| fs::metadata(staged.join(name)).map_or(0, |file| file.len()) == 0);
    match missing {
        None => Ok(()),
        Some(name) => Err(format!("{}: {name} is missing or empty", staged.display())),
    }
}

/// Packs a folder as `name/…`: the same bytes for the same files, whoever packs them and when.
///
/// # Errors
/// When a file cannot be read or the archive cannot be written.
pub(super) fn pack(staged: &Path, name: &str, to: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let unfinished = to.with_extension("partial");
    let file = File::create(&unfinished).map_err(|error| failed(&unfinished, error))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    for path in files(staged)? {
        let inside = path.strip_prefix(staged).map_err(|error| error.to_string())?;
        let bytes = fs::read(&path).map_err(|error| failed(&path, error))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if inside.starts_with("bin") { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_cksum();
        let inside = Path::new(name).join(inside);
        archive.append_data(&mut header, inside, &bytes[..]).map_err(|error| failed(to, error))?;
    }
    let packed = archive.into_inner().and_then(GzEncoder::finish).and_then(|file| file.sync_all());
    packed.and_then(|()| fs::rename(&unfinished, to)).map_err(|error| failed(to, error))
}

/// All files below a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { all.extend(files(&path)?) } else { all.push(path) }
    }
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with everything an archive needs.
    fn staged(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("twinprint-dist-{name}-{}", std::process::id()));
        for wanted in WANTED {
            let path = folder.join(wanted);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, wanted).unwrap();
        }
        folder
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_named() {
        let folder = staged("check");
        check(&folder).unwrap();
        fs::write(folder.join("share/doc/twinprint/LICENSE-HDF5"), "").unwrap();
        assert!(check(&folder).unwrap_err().contains("LICENSE-HDF5"));
        fs::remove_file(folder.join("bin/twinprint")).unwrap();
        assert!(check(&folder).unwrap_err().contains("bin/twinprint"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_archive_unpacks_to_what_was_packed_and_only_the_command_can_be_run() {
        let folder = staged("pack");
        let [first, second] = ["first.tar.gz", "second.tar.gz"].map(|name| folder.with_extension(name));
        pack(&folder, "twinprint-1", &first).unwrap();
        pack(&folder, "twinprint-1", &second).unwrap();
        let bytes = fs::read(&first).unwrap();
        assert!(bytes == fs::read(&second).unwrap(), "the same files make the same archive");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut found: Vec<(String, bool)> = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let mode = entry.header().mode().unwrap();
            found.push((entry.path().unwrap().to_string_lossy().into_owned(), mode & 0o111 != 0));
        }
        let mut wanted: Vec<(String, bool)> =
            WANTED.iter().map(|name| (format!("twinprint-1/{name}"), *name == "bin/twinprint")).collect();
        wanted.sort();
        assert_eq!(found, wanted);
        fs::remove_dir_all(folder).unwrap();
        [first, second].iter().for_each(|path| fs::remove_file(path).unwrap());
    }
}
