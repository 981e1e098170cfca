//! What is done with a file that breaks its format, and what the user should know when it could be read all the same.

use std::fmt;

use crate::error::EdfError;

/// What to do with a file that breaks its specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Refuse it, naming the field, the byte and the limit.
    #[default]
    Strict,
    /// Read what is certain, and list under [`crate::EdfFile::notices`] what was done.
    Lenient,
}

/// One thing that lenient reading did, or that is odd but harmless.
///
/// No notice holds text of the patient or recording identification, or of an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    message: String,
    repaired: bool,
}

impl Notice {
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

/// Notices under way: one line for each kind of oddity however many fields show it.
pub(crate) struct Notes {
    strictness: Strictness,
    kinds: Vec<Kind>,
}

struct Kind {
    what: &'static str,
    repaired: bool,
    first: String,
    count: usize,
}

impl Notes {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self { strictness, kinds: Vec::new() }
    }

    pub(crate) fn lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// Odd but harmless.
    pub(crate) fn odd(&mut self, what: &'static str, place: impl FnOnce() -> String) {
        self.add(what, false, place);
    }

    /// Refuses when strict; notes what was done when lenient.
    pub(crate) fn repair(
        &mut self,
        done: &'static str,
        place: impl FnOnce() -> String,
        refusal: impl FnOnce() -> EdfError,
    ) -> Result<(), EdfError> {
        if !self.lenient() {
            return Err(refusal());
        }
        self.repaired(done, place);
        Ok(())
    }

    /// What lenient reading did; the caller has refused before when strict.
    pub(crate) fn repaired(&mut self, done: &'static str, place: impl FnOnce() -> String) {
        self.add(done, true, place);
    }

    fn add(&mut self, what: &'static str, repaired: bool, place: impl FnOnce() -> String) {
        match self.kinds.iter_mut().find(|kind| kind.what == what) {
            Some(kind) => kind.count += 1,
            None => self.kinds.push(Kind { what, repaired, first: place(), count: 1 }),
        }
    }

    pub(crate) fn finish(self) -> Vec<Notice> {
        let line = |kind: Kind| {
            let more = match kind.count {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            Notice { message: format!("{}: {}{more}", kind.what, kind.first), repaired: kind.repaired }
        };
        self.kinds.into_iter().map(line).collect()
    }
}
