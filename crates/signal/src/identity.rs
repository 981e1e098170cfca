//! Who was recorded, when, and in which file: identities that are never mixed up with one another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name that cannot serve as an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} cannot name a {kind}: it must have 1 to 255 characters, none of them a control character")]
pub struct IdentityError {
    /// The refused name.
    pub value: String,
    /// What it was to name: subject, session or recording.
    pub kind: &'static str,
}

macro_rules! identity {
    ($(#[$doc:meta])* $type:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes a name of 1 to 255 characters without control characters.
            ///
            /// # Errors
            /// When the name is empty, too long, or holds a control character.
            pub fn new(value: impl AsRef<str>) -> Result<Self, IdentityError> {
                let value = value.as_ref();
                let fits = (1..=255).contains(&value.chars().count()) && !value.chars().any(char::is_control);
                if fits {
                    Ok(Self(value.into()))
                } else {
                    Err(IdentityError { value: value.to_owned(), kind: $kind })
                }
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdentityError;

            fn try_from(value: String) -> Result<Self, IdentityError> {
                Self::new(value)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.as_str().to_owned()
            }
        }
    };
}

identity!(
    /// A person, as the dataset names them: `sub-1102`, `Subject00`.
    SubjectId,
    "subject"
);
identity!(
    /// One visit of a person, within which electrodes may stay on: `ses-1`.
    SessionId,
    "session"
);
identity!(
    /// One file of a person, unique among that person's: `1`, `ses-1_task-cueing`.
    RecordingId,
    "recording"
);

/// Names one recording of a dataset: the person, the visit and the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordingKey {
    /// The person.
    pub subject: SubjectId,
    /// The visit.
    pub session: SessionId,
    /// The file, unique within the person.
    pub recording: RecordingId,
}

impl fmt::Display for RecordingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.subject, self.session, self.recording)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_have_visible_characters() {
        assert!(SubjectId::new("").is_err());
        assert!(SubjectId::new("a\nb").is_err());
        assert!(SubjectId::new("x".repeat(256)).is_err());
        assert_eq!(SubjectId::new("sub-01").unwrap().as_str(), "sub-01");
    }

    #[test]
    fn bad_names_do_not_deserialise() {
        assert!(serde_json::from_str::<SubjectId>("\"\"").is_err());
    }
}
