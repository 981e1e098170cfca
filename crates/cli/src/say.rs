//! What the command says: results on standard output, the rest on standard error.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

use crate::exit_code;

/// Writes a line of results.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::results(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes a line beside the results; where nobody reads it, nothing is lost.
macro_rules! tell {
    ($($text:tt)*) => { $crate::say::beside(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {say, tell};

/// Writes results as they are. Where the reader has gone, as `head` does after ten lines, the work is done and the command
/// ends; where they cannot be written, it fails.
#[allow(clippy::disallowed_methods, reason = "nobody is left to return a result to")]
pub(crate) fn results(text: Arguments<'_>) {
    let Err(error) = std::io::stdout().lock().write_fmt(text) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(exit_code::NOBODY_READS.into());
    }
    tell!("standard output cannot be written: {error}; write to a disk with room, or read the run folder");
    std::process::exit(exit_code::INPUT.into());
}

/// Writes text on standard error.
pub(crate) fn beside(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}
