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
            install_with_apt(&["libhdf5-dev", "pkg-config"])
                .map_err(|error| format!("{error}\n{}", by_hand()))?;
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

/// Programs of others that tests start, the Debian packages that hold them, and what skips without them.
const TOOLS: [(&[&str], &[&str], &str); 3] = [
    (&["munged", "slurmctld", "slurmd", "sbatch"], &["munge", "slurm-wlm"], "the tests of cluster jobs"),
    (&["chromium"], &["chromium"], "the tests of pages in a browser"),
    (
        &["edfbrowser", "Xvfb", "xdotool"],
        &["edfbrowser", "xvfb", "xdotool"],
        "the tests that open files in EDFbrowser",
    ),
];

/// Installs what [`TOOLS`] lists, where root may and Debian has it; elsewhere those tests say that they skip.
pub(crate) fn ensure_tools() {
    if OS != "linux" || !is_root() || !succeeds("apt-get", &["--version"]) {
        return;
    }
    for (programs, packages, tests) in TOOLS {
        if programs.iter().all(|program| on_path(program)) {
            continue;
        }
        println!(
            "{} missing: installing {} with apt-get for {tests}",
            programs.join(", "),
            packages.join(", ")
        );
        if let Err(error) = install_with_apt(packages) {
            println!("{error}: {tests} will say that they skip");
        }
    }
}

fn on_path(program: &str) -> bool {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().any(|folder| Path::new(folder).join(program).exists())
}

fn is_root() -> bool {
    succeeds("sh", &["-c", "test \"$(id -u)\" = 0"])
}

fn install_with_apt(packages: &[&str]) -> Result<(), String> {
    let install = [&["apt-get", "install", "--yes", "--no-install-recommends"][..], packages].concat();
    let update = ["apt-get", "update", "--quiet"];
    let elevated = if is_root() { &[][..] } else { &["sudo"][..] };
    for step in [&update[..], &install[..]] {
        let words: Vec<&str> = elevated.iter().chain(step).copied().collect();
        run(words[0], &words[1..])?;
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
