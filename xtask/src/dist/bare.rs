//! A root folder with the command and the libraries it loads, and nothing else: no libhdf5, no Rust, no shell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{create, write};

/// The smallest plan that goes through every stage.
const PLAN: &str = "\
name = \"tiny\"
[dataset]
root = \"/tmp/cohort\"
layout = { kind = \"bids\" }
[protocol]
folds = 2
enrol = { recordings = [\"ses-1\"], seconds = 10.0 }
probe = { recordings = [\"ses-2\"], seconds = [2.0] }
[encoder.optimiser]
steps = 0
[evaluation]
bootstrap = 200
";

/// Lets the command say what it finds, write a cohort and run a plan on it in such a root. Says what was done.
///
/// # Errors
/// When one of these fails there.
pub(super) fn try_on_a_bare_root(
    binary: &Path,
    libraries: &[PathBuf],
    bare: &Path,
) -> Result<String, String> {
    if libraries.is_empty() {
        return Ok("not tried on a bare root: only Linux has one".to_owned());
    }
    if bare.exists() {
        fs::remove_dir_all(bare).map_err(|error| format!("{}: {error}", bare.display()))?;
    }
    for (from, to) in libraries
        .iter()
        .map(|path| (path.as_path(), path.as_path()))
        .chain([(binary, Path::new("/twinprint"))])
    {
        let to = bare.join(to.strip_prefix("/").unwrap_or(to));
        create(to.parent().unwrap_or(bare))?;
        fs::copy(from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    create(&bare.join("proc"))?;
    write(&bare.join("tmp/tiny.toml"), PLAN)?;
    if !inside(bare, &["--version"]).is_ok_and(|output| output.status.success()) {
        return Ok("not tried on a bare root: this user may not change the root (unshare, chroot)".to_owned());
    }
    let steps: [&[&str]; 3] = [
        &["doctor"],
        &["synth", "/tmp/cohort", "--subjects", "8", "--sessions", "2", "--seconds", "40"],
        &["run", "/tmp/tiny.toml", "--out", "/tmp/reports", "--quiet"],
    ];
    for step in steps {
        let output = inside(bare, step).map_err(|error| format!("unshare: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("on a bare root, twinprint {}: {}", step.join(" "), said.trim()));
        }
    }
    Ok("tried on a root with these libraries and nothing else: doctor, synth, a run".to_owned())
}

/// Calls the command with that folder as its root, as a user who is root there alone, with the /proc that every machine has.
fn inside(bare: &Path, arguments: &[&str]) -> std::io::Result<std::process::Output> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "--pid", "--fork"]);
    command.arg(format!("--mount-proc={}", bare.join("proc").display()));
    command.arg("chroot").arg(bare).arg("/twinprint").args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/tmp");
    command.output()
}
