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
        Self(miette::Report::msg(text.into()))
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    /// The error with its causes, but for those whose words the message above them holds already.
    fn from(error: E) -> Self {
        let mut said = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            let words = error.to_string();
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
