//! Running other programs and saying which one failed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::root;

/// Runs cargo in the project's root.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), String> {
    run(env!("CARGO"), arguments)
}

/// Runs cargo in the project's root, with a folder of programs before the others.
pub(crate) fn cargo_in(arguments: &[&str], first: Option<&Path>) -> Result<(), String> {
    let mut command = program(env!("CARGO"));
    if let Some(first) = first {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
        command.env("PATH", std::env::join_paths(folders).map_err(|error| format!("PATH: {error}"))?);
    }
    let status = command.args(arguments).status().map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`cargo {}` ended with {status}", arguments.join(" ")))
    }
}

/// A program to be run in the project's root.
///
/// What `cargo run` tells this program about its own package is kept from it: build scripts that look at those variables
/// would run again, and everything after them be built again, each time cargo is called the other way.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    for (variable, _) in std::env::vars_os() {
        let known = variable.to_string_lossy();
        if known.starts_with("CARGO_PKG_") || known.starts_with("CARGO_MANIFEST_") {
            command.env_remove(variable);
        }
    }
    command
}

/// Runs a program in the project's root with its output shown.
pub(crate) fn run(name: impl AsRef<OsStr>, arguments: &[&str]) -> Result<(), String> {
    start(name.as_ref(), arguments, Stdio::inherit())
}

/// The same, with its output on standard error where standard output is for results.
pub(crate) fn run_aside(name: impl AsRef<OsStr>, arguments: &[&str]) -> Result<(), String> {
    start(name.as_ref(), arguments, Stdio::from(std::io::stderr()))
}

fn start(name: &OsStr, arguments: &[&str], output: Stdio) -> Result<(), String> {
    let shown = format!("{} {}", name.to_string_lossy(), arguments.join(" "));
    let status = program(name)
        .args(arguments)
        .stdout(output)
        .status()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// Whether a program can be started and succeeds, its output unseen.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
