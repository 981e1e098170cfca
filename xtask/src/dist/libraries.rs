//! The libraries a binary loads: the system's and no others.

use std::path::{Path, PathBuf};

use super::output;

/// What every Linux with glibc has.
const SYSTEM: [&str; 8] = [
    "linux-vdso.so.1",
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "ld-linux",
];

/// What a binary needs of the machine.
#[derive(Debug, PartialEq)]
pub(super) struct Needs {
    /// The files that the loader opens.
    pub(super) paths: Vec<PathBuf>,
    /// The oldest glibc it runs with: `2.34`; nothing where it names none.
    pub(super) glibc: Option<String>,
}

/// Asks the loader.
///
/// # Errors
/// When the binary loads something that not every machine has.
pub(super) fn of(binary: &Path) -> Result<Needs, String> {
    if !cfg!(target_os = "linux") {
        return Ok(Needs { paths: Vec::new(), glibc: None });
    }
    read(&output("ldd", &["-v", &binary.to_string_lossy()])?)
}

/// Reads what `ldd -v` says.
fn read(text: &str) -> Result<Needs, String> {
    let (loaded, versions) = text.split_once("Version information:").unwrap_or((text, ""));
    let mut needs = Needs { paths: Vec::new(), glibc: None };
    for line in loaded.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "statically linked")
    {
        let name = line.split_whitespace().next().unwrap_or_default();
        let file = name.rsplit('/').next().unwrap_or_default();
        if line.contains("not found") {
            return Err(format!("{file} is not on this machine, and the binary loads it"));
        }
        if !SYSTEM.iter().any(|known| file == *known || (*known == "ld-linux" && file.starts_with(known))) {
            return Err(format!(
                "the binary loads {file}, which not every machine has: it must be linked in"
            ));
        }
        needs.paths.extend(line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from));
    }
    // The first paragraph is about the binary itself.
    let own = versions.trim_start().split_once('\n').map_or("", |(_, rest)| rest);
    let own = own.lines().take_while(|line| line.contains("=>"));
    let number = |line: &str| -> Option<Vec<u32>> {
        let (_, rest) = line.split_once("(GLIBC_")?;
        rest.split_once(')')?.0.split('.').map(|part| part.parse().ok()).collect()
    };
    let newest = own.filter_map(number).max();
    needs.glibc = newest.map(|parts| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("."));
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibgcc_s.so.1 => /lib/x86_64-linux-gnu/libgcc_s.so.1 (0x00007f)\n\
        \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n\n\
        \tVersion information:\n\t./twinprint:\n\t\tlibc.so.6 (GLIBC_2.9) => /lib/x86_64-linux-gnu/libc.so.6\n\
        \t\tlibc.so.6 (GLIBC_2.34) => /lib/x86_64-linux-gnu/libc.so.6\n\t/lib/x86_64-linux-gnu/libgcc_s.so.1:\n\
        \t\tlibc.so.6 (GLIBC_2.35) => /lib/x86_64-linux-gnu/libc.so.6\n";

    #[test]
    fn a_binary_of_the_system_s_libraries_alone_passes_with_the_glibc_it_needs_itself() {
        let needs = read(FINE).unwrap();
        let names = [
            "/lib/x86_64-linux-gnu/libgcc_s.so.1",
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ];
        assert_eq!(needs.paths, names.map(PathBuf::from));
        assert_eq!(needs.glibc.as_deref(), Some("2.34"));
        assert_eq!(read("\tstatically linked\n").unwrap(), Needs { paths: Vec::new(), glibc: None });
    }

    #[test]
    fn a_library_that_must_be_installed_is_named() {
        let hdf5 = "\tlibhdf5_serial.so.103 => /lib/x86_64-linux-gnu/libhdf5_serial.so.103 (0x00007f)\n";
        assert!(read(&(hdf5.to_owned() + FINE)).unwrap_err().contains("libhdf5_serial.so.103"));
        assert!(read("\tlibz.so.1 => not found\n").unwrap_err().contains("libz.so.1 is not on this machine"));
    }
}
