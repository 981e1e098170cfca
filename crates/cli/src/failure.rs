//! How a command ends when it fails.

use crate::exit_code;
use crate::say::tell;
use std::process::ExitCode;

/// A command's error, ready to be shown.
pub(crate) struct Failure(miette::Report);

impl Failure {
    /// Shows the error with its causes on standard error.
    pub(crate) fn show(&self) -> ExitCode {
        tell!("{:?}", self.0);
        exit_code::INPUT.into()
    }

    /// A failure that is no library's error.
    pub(crate) fn message(text: impl Into<String>) -> Self {
        Self(miette::Report::msg(once(&plain(&text.into()))))
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    /// The error with its causes, but for those whose words the message above them holds already.
    fn from(error: E) -> Self {
        let mut said = vec![once(&plain(&error.to_string()))];
        let mut cause = error.source();
        while let Some(error) = cause {
            let words = once(&plain(&error.to_string()));
            if !said.iter().any(|before| before.contains(words.trim())) {
                said.push(words);
            }
            cause = error.source();
        }
        let report = said.into_iter().rev().fold(None, |below: Option<miette::Report>, words| {
            Some(match below {
                Some(report) => report.wrap_err(words),
                None => miette::Report::msg(words),
            })
        });
        Self(report.unwrap_or_else(|| miette::Report::msg("an error without words")))
    }
}

/// What the operating system says, in words for people: its usual reasons, and no number.
const REASONS: [(&str, &str); 7] = [
    ("No such file or directory", "there is no such file or folder"),
    ("Permission denied", "this user may not do that there"),
    ("Is a directory", "it is a folder, not a file"),
    ("Not a directory", "a part of its path is a file, not a folder"),
    ("No space left on device", "the disk is full"),
    ("Read-only file system", "nothing can be written there: the disk is read-only"),
    ("stream did not contain valid UTF-8", "it is no text, or no text in UTF-8"),
];

/// The message without the operating system's own words.
fn plain(message: &str) -> String {
    let mut message = message.to_owned();
    while let Some(start) = message.find(" (os error ") {
        let Some(length) = message[start..].find(')') else { break };
        message.replace_range(start..=start + length, "");
    }
    REASONS.iter().fold(message, |message, (foreign, own)| message.replace(foreign, own))
}

/// The message with its place named once: `a.edf: cannot open a.edf` says it twice.
fn once(message: &str) -> String {
    let Some((place, rest)) = message.split_once(": ") else { return message.to_owned() };
    let is_path = place.contains(['.', '/']) && !place.contains(' ');
    if !is_path || !rest.contains(place) {
        return message.to_owned();
    }
    let rest = rest.replacen(&format!("{place}: "), "", 1);
    match rest.strip_suffix(place) {
        Some(before) => format!("{place}: {}", before.trim_end().to_owned() + " it"),
        None => format!("{place}: {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{once, plain};

    #[test]
    fn the_operating_systems_words_and_numbers_reach_nobody() {
        let said = plain("cannot read a.csv: No such file or directory (os error 2); look again");
        assert_eq!(said, "cannot read a.csv: there is no such file or folder; look again");
        assert_eq!(plain("Permission denied (os error 13)"), "this user may not do that there");
    }

    #[test]
    fn a_place_is_named_once() {
        assert_eq!(once("a.edf: cannot open a.edf"), "a.edf: cannot open it");
        assert_eq!(once("a/b.edf: a/b.edf: too short"), "a/b.edf: too short");
        let other = "own.toml:3: dataset.root = \"own\" is not a folder";
        assert_eq!(once(other), other);
    }
}
