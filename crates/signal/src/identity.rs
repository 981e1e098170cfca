//! Who was recorded, when, and in which file: identities that are never mixed up with one another.

use std::collections::HashMap;
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

            /// The name as text, never empty.
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

/// Two names that differ only as spellings of one name do: in case, white space, zeros in front of a number, a sign between a
/// word and its number, `sub-` in front, or a number written whole in one place and with decimals in another (`1`, `01` and
/// `1.0`). Nothing where all differ in more.
///
/// ```
/// use twinprint_signal::one_name_twice;
///
/// assert_eq!(one_name_twice(["7", "sub-01", "12", "Sub-1"]), Some(("sub-01", "Sub-1")));
/// assert_eq!(one_name_twice(["1", "10", "1.5", "11"]), None);
/// ```
pub fn one_name_twice<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    names.into_iter().find_map(|name| {
        let first = *seen.entry(folded(name)).or_insert(name);
        (first != name).then_some((first, name))
    })
}

/// A name without what spellings of it differ in.
fn folded(name: &str) -> String {
    let mut name: String =
        name.split_whitespace().flat_map(str::chars).flat_map(char::to_lowercase).collect();
    // A sign between a word and its number: `sub-01`, `sub_01`, `sub01`; BIDS writes `sub-` in front of every name.
    let end = name.find(|letter: char| !letter.is_alphabetic()).unwrap_or(name.len());
    let number = name[end..].trim_start_matches(['-', '_']);
    if end > 0 && number.starts_with(|first: char| first.is_ascii_digit()) {
        name = if &name[..end] == "sub" { number.to_owned() } else { format!("{}{number}", &name[..end]) };
    } else if let Some(bare) = name.strip_prefix("sub-").filter(|bare| !bare.is_empty()) {
        name = bare.to_owned();
    }
    let whole = name
        .strip_suffix('0')
        .map(|start| start.trim_end_matches('0'))
        .and_then(|start| start.strip_suffix('.'));
    if let Some(whole) = whole.filter(|whole| whole.ends_with(|last: char| last.is_ascii_digit())) {
        name.truncate(whole.len());
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name.chars().peekable();
    let mut in_number = false;
    while let Some(letter) = rest.next() {
        let leading = !in_number && letter == '0' && rest.peek().is_some_and(char::is_ascii_digit);
        if !leading {
            in_number = letter.is_ascii_digit();
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_found_and_other_names_are_not() {
        for pair in [
            ["1", "01"],
            ["1", "1.0"],
            ["S001", "s1"],
            ["sub 1", "sub1"],
            ["ann ", "ann"],
            ["0", "00"],
            ["100.00", "100"],
            ["sub-01", "sub_01"],
            ["sub-01", "1"],
            ["sub-ann", "Ann"],
            ["P-7", "p07"],
        ] {
            assert_eq!(one_name_twice(pair), Some((pair[0], pair[1])));
        }
        for pair in [
            ["1", "10"],
            ["10", "100"],
            ["1.5", "15"],
            ["a", "b"],
            ["1", "1"],
            ["s1-2", "s12"],
            ["0.1", "1"],
            ["v1.10", "v1.1"],
            ["p-1", "q-1"],
            ["1-2", "12"],
            ["p1", "1"],
            ["sub-", "-"],
            ["ann-bo", "annbo"],
        ] {
            assert_eq!(one_name_twice(pair), None, "{pair:?}");
        }
    }

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
