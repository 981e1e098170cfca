//! How the command ends, for the shell.

/// A negative answer: no match, a check that failed, or a sweep with a point that failed.
pub(crate) const NEGATIVE: u8 = 1;
/// A wrong argument, a refused file or plan.
pub(crate) const INPUT: u8 = 2;
/// A fault of twinprint's own.
pub(crate) const INTERNAL: u8 = 3;
/// The reader of standard output has gone: what a program that is ended by a closed pipe leaves, 128 + SIGPIPE.
pub(crate) const NOBODY_READS: u8 = 141;
