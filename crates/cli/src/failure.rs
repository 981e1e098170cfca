//! How a command ends when it fails.

use crate::exit_code;
use crate::say::tell;
use std::process::ExitCode;

use twinprint_run::plain_reasons;

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
        Self(miette::Report::msg(once(&plain_reasons(&text.into()))))
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    /// The error with its causes.
    fn from(error: E) -> Self {
        let words = |error: &dyn std::error::Error| once(&plain_reasons(&error.to_string()));
        let mut said = vec![words(&error)];
        let mut cause = error.source();
        while let Some(error) = cause {
            let words = words(error);
            // An error shows the words of its cause or hands the cause on, never both: the tests hold every type to that.
            debug_assert!(
                !said.iter().any(|before| before.contains(words.trim())),
                "{said:?} and again {words:?}"
            );
            said.push(words);
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
    use super::once;

    #[test]
    fn a_place_is_named_once() {
        assert_eq!(once("a.edf: cannot open a.edf"), "a.edf: cannot open it");
        assert_eq!(once("a/b.edf: a/b.edf: too short"), "a/b.edf: too short");
        let other = "own.toml:3: dataset.root = \"own\" is not a folder";
        assert_eq!(once(other), other);
    }
}
