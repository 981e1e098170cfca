//! What a user should know of a file that could be read.

use std::fmt;

use crate::{ReadError, Strictness};

/// One thing that lenient reading did, or that is odd but harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    message: String,
    repaired: bool,
}

impl Notice {
    pub(crate) fn new(message: impl Into<String>, repaired: bool) -> Self {
        Self { message: message.into(), repaired }
    }

    /// What to show, as one sentence without a full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether strict reading would have refused the file for this.
    pub fn refused_when_strict(&self) -> bool {
        self.repaired
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

/// Notices under way.
pub(crate) struct Notes {
    strictness: Strictness,
    list: Vec<Notice>,
}

impl Notes {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self { strictness, list: Vec::new() }
    }

    /// Odd but harmless.
    pub(crate) fn odd(&mut self, what: impl Into<String>) {
        self.list.push(Notice::new(what, false));
    }

    /// Refuses when strict; notes what was done when lenient.
    pub(crate) fn repair(&mut self, done: impl Into<String>, refusal: ReadError) -> Result<(), ReadError> {
        if self.strictness == Strictness::Strict {
            return Err(refusal);
        }
        self.list.push(Notice::new(done, true));
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<Notice> {
        self.list
    }
}
