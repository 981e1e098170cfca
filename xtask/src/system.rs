//! What the build needs from the operating system, and how to get it.

use std::env::consts::OS;
use std::path::Path;

use crate::commands::{run, succeeds};

/// Makes sure that libhdf5 and its headers can be found, installing them where that is possible.
///
/// # Errors
/// When they are missing and cannot be installed here; the message says exactly what to install.
pub(crate) fn ensure_libhdf5() -> Result<(), String> {
    if has_libhdf5() {
        return Ok(());
    }
    match OS {
        "linux" if succeeds("apt-get", &["--version"]) => {
            println!("libhdf5 is missing: installing libhdf5-dev and pkg-config with apt-get");
            install_with_apt()?;
        }
        "macos" if succeeds("brew", &["--version"]) => {
            println!("libhdf5 is missing: installing hdf5 with Homebrew");
            run("brew", &["install", "hdf5", "pkg-config"])?;
        }
        _ => return Err(by_hand()),
    }
    if has_libhdf5() { Ok(()) } else { Err(by_hand()) }
}

fn has_libhdf5() -> bool {
    let places = [
        "/usr/include/hdf5/serial/hdf5.h",
        "/usr/include/hdf5.h",
        "/opt/homebrew/include/hdf5.h",
        "/usr/local/include/hdf5.h",
    ];
    std::env::var_os("HDF5_DIR").is_some_and(|folder| Path::new(&folder).join("include/hdf5.h").exists())
        || places.iter().any(|place| Path::new(place).exists())
        || succeeds("pkg-config", &["--exists", "hdf5"])
}

fn install_with_apt() -> Result<(), String> {
    let install = ["apt-get", "install", "--yes", "--no-install-recommends", "libhdf5-dev", "pkg-config"];
    let update = ["apt-get", "update", "--quiet"];
    let elevated = if succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]) { &[][..] } else { &["sudo"][..] };
    for step in [&update[..], &install[..]] {
        let words: Vec<&str> = elevated.iter().chain(step).copied().collect();
        run(words[0], &words[1..]).map_err(|error| format!("{error}\n{}", by_hand()))?;
    }
    Ok(())
}

fn by_hand() -> String {
    "libhdf5 (1.8.4 or newer, with headers) was not found. Install it and run this again:\n\
     \x20 Debian, Ubuntu:  sudo apt-get install libhdf5-dev pkg-config\n\
     \x20 Fedora:          sudo dnf install hdf5-devel pkgconf-pkg-config\n\
     \x20 Arch:            sudo pacman -S hdf5 pkgconf\n\
     \x20 macOS:           brew install hdf5 pkg-config\n\
     \x20 conda:           conda install hdf5, then HDF5_DIR=$CONDA_PREFIX\n\
     or build it from its bundled source (needs CMake 3.26): cargo build --release -p twinprint-cli --features static-hdf5"
        .to_owned()
}
