//! What the user should know about a file that could be read all the same.

use std::fmt;

/// One thing that lenient reading did, or that is odd but harmless.
///
/// No notice holds text of the patient or recording identification, or of an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    message: String,
    repaired: bool,
}

impl Notice {
    /// Something odd that changes no sample.
    pub(crate) fn odd(message: impl Into<String>) -> Self {
        Self { message: message.into(), repaired: false }
    }

    /// Something strict reading refuses and lenient reading worked around.
    pub(crate) fn repaired(message: impl Into<String>) -> Self {
        Self { message: message.into(), repaired: true }
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
