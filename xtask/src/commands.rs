//! Running other programs and saying which one failed.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::root;

/// Runs cargo in the project's root.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), String> {
    run(env!("CARGO"), arguments)
}

/// Runs a program in the project's root with its output shown.
pub(crate) fn run(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<(), String> {
    start(program.as_ref(), arguments, Stdio::inherit())
}

/// The same, with its output on standard error where standard output is for results.
pub(crate) fn run_aside(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<(), String> {
    start(program.as_ref(), arguments, Stdio::from(std::io::stderr()))
}

fn start(program: &OsStr, arguments: &[&str], output: Stdio) -> Result<(), String> {
    let shown = format!("{} {}", program.to_string_lossy(), arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
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
