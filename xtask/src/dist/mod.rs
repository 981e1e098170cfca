//! One archive that runs on a machine with nothing but glibc: the stripped command with libhdf5 in it, its manual and completions.

mod archive;
mod bare;
mod cmake;
mod libraries;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{cargo_in, run};
use crate::{root, target_dir};

/// Builds, packs and tries the archive.
pub(crate) fn run_all() -> Result<(), String> {
    let cmake = cmake::folder()?;
    println!("building twinprint with libhdf5 in it (a first release build takes half an hour on two cores)");
    let build = ["build", "--release", "--locked", "--package", "twinprint-cli", "--features", "static-hdf5"];
    cargo_in(&build, cmake.as_deref())?;
    let name = format!("twinprint-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
    let folder = target_dir().join("dist");
    let staged = folder.join(&name);
    if staged.exists() {
        fs::remove_dir_all(&staged).map_err(|error| format!("{}: {error}", staged.display()))?;
    }
    let binary = staged.join("bin").join(format!("twinprint{}", std::env::consts::EXE_SUFFIX));
    strip(&target_dir().join("release/twinprint"), &binary)?;
    let needs = libraries::of(&binary)?;
    stage(&binary, &staged)?;
    let archive = folder.join(format!("{name}.tar.gz"));
    archive::pack(&staged, &name, &archive)?;
    let tried = bare::try_on_a_bare_root(&binary, &needs.paths, &folder.join("bare"))?;
    let size = |path: &Path| fs::metadata(path).map_or(0.0, |file| file.len() as f64 / 1e6);
    println!("{}: {:.0} MB, the command {:.0} MB", archive.display(), size(&archive), size(&binary));
    if let Some(version) = &needs.glibc {
        println!("runs on Linux with glibc {version} or newer");
    }
    println!("{tried}");
    println!("install it with\n  {}", install_line(&archive));
    Ok(())
}

/// What unpacks the archive so that shells find the command, its completions and its manual.
fn install_line(archive: &Path) -> String {
    format!("mkdir -p ~/.local && tar xzf {} -C ~/.local --strip-components=1", archive.display())
}

/// The triple of this machine, as rustc names it.
fn host() -> Result<String, String> {
    let text = output("rustc", &["-vV"])?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}

/// What a program prints.
fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let found = Command::new(program).args(arguments).output();
    let found = found.map_err(|error| format!("cannot start {program}: {error}"))?;
    if found.status.success() {
        return Ok(String::from_utf8_lossy(&found.stdout).into_owned());
    }
    Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&found.stderr).trim()))
}

/// Copies a binary without its symbols.
fn strip(from: &Path, to: &Path) -> Result<(), String> {
    create(to.parent().unwrap_or(to))?;
    run("strip", &["-o", &to.to_string_lossy(), &from.to_string_lossy()])
}

fn create(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    create(path.parent().unwrap_or(path))?;
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Puts beside the command what belongs to it.
fn stage(binary: &Path, staged: &Path) -> Result<(), String> {
    let command = binary.to_string_lossy();
    output(&command, &["man", &staged.join("share/man/man1").to_string_lossy()])?;
    for (shell, place) in COMPLETIONS {
        write(&staged.join(place), &output(&command, &["completions", shell])?)?;
    }
    let hdf5 = (licence_of_hdf5()?, "LICENSE-HDF5");
    for (from, name) in documents()?.into_iter().chain([hdf5]) {
        let text = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        write(&staged.join("share/doc/twinprint").join(name), &text)?;
    }
    archive::check(staged)
}

/// Where each shell looks for completions, below the place that is installed to.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/twinprint"),
    ("zsh", "share/zsh/site-functions/_twinprint"),
    ("fish", "share/fish/vendor_completions.d/twinprint.fish"),
];

/// What is read, and the licences: of this project and of the letters that are part of the binary.
fn documents() -> Result<Vec<(PathBuf, &'static str)>, String> {
    let own = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];
    let mut all: Vec<(PathBuf, &'static str)> = own.iter().map(|name| (root().join(name), *name)).collect();
    let letters = package("dejavu")?.join("assets/dejavu-fonts-ttf-2.37/LICENSE");
    all.push((letters, "LICENSE-DEJAVU-FONTS"));
    Ok(all)
}

/// The licence that comes with the source of libhdf5.
fn licence_of_hdf5() -> Result<PathBuf, String> {
    let source = package("hdf5-metno-src")?.join("ext/hdf5");
    let found = ["LICENSE", "COPYING"].map(|name| source.join(name)).into_iter().find(|path| path.is_file());
    found.ok_or_else(|| format!("{}: no licence of libhdf5 there", source.display()))
}

/// The folder of a package that the build uses.
fn package(name: &str) -> Result<PathBuf, String> {
    let features = ["--features", "twinprint-cli/static-hdf5"];
    let arguments =
        ["metadata", "--format-version", "1", "--locked", features[0], features[1], "--manifest-path"];
    let manifest = root().join("Cargo.toml");
    let text = output(env!("CARGO"), &[&arguments[..], &[&manifest.to_string_lossy()]].concat())?;
    let all: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = all["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = packages.iter().find(|package| package["name"] == name);
    let manifest = found.and_then(|package| package["manifest_path"].as_str()).map(Path::new);
    let folder = manifest.and_then(Path::parent);
    folder.map(Path::to_owned).ok_or_else(|| format!("the build has no package {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_the_licences_are_found() {
        for (path, name) in documents().unwrap() {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.len() > 500, "{name} at {}", path.display());
        }
    }

    #[test]
    fn the_install_line_unpacks_below_one_folder_without_that_of_the_archive() {
        let line = install_line(Path::new("dist/a.tar.gz"));
        assert_eq!(line, "mkdir -p ~/.local && tar xzf dist/a.tar.gz -C ~/.local --strip-components=1");
    }
}
