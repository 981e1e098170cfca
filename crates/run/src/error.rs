//! What can go wrong between a pipeline file and a run folder.

use std::path::PathBuf;

/// A refused pipeline or a stage that failed; the message says what, where, the limit and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The pipeline file is not what it must be.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The pipeline file.
        path: PathBuf,
        /// The parser's word, with the line shown.
        source: Box<toml::de::Error>,
    },
    /// A `--set` is not what it must be.
    #[error("--set {given}: {reason}")]
    Override {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another option of the command is not what it must be.
    #[error("{option}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong with it, and what to write instead.
        reason: String,
    },
    /// A value passes as TOML but cannot run.
    #[error("{place}: {reason}")]
    Invalid {
        /// The file and line, as in `pipelines/eegmat.toml:12 (preprocess.filter.h_freq)`.
        place: String,
        /// The value, the limit and the remedy.
        reason: String,
    },
    /// The dataset's folder is nowhere to be found.
    #[error("dataset {name} not found: looked in {looked}. {remedy}")]
    DatasetMissing {
        /// The dataset.
        name: String,
        /// The folders tried.
        looked: String,
        /// What to do.
        remedy: String,
    },
    /// Leak checks that the protocol failed.
    #[error("the protocol leaks:\n{}", .0.join("\n"))]
    Leaks(Vec<String>),
    /// A recording failed; names the file.
    #[error("{}: {reason}", path.display())]
    Recording {
        /// The recording's file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A file of the run folder is missing or not what its stage wrote.
    #[error("{}: {reason}", path.display())]
    RunFolder {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A request that cannot be met; the message says why and what to write.
    #[error("{0}")]
    Request(String),
    /// A stage failed.
    #[error("{stage}: {reason}")]
    Stage {
        /// The stage.
        stage: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// A table could not be read or written.
    #[error("table {}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        source: polars::error::PolarsError,
    },
}

impl RunError {
    /// A stage's failure from any error, its causes spelt out.
    pub fn stage(stage: &'static str, error: impl std::error::Error) -> Self {
        Self::Stage { stage, reason: chain(&error) }
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// A recording that cannot be opened; `remedy` says how to read it leniently, where that was not tried and may help.
pub fn unreadable(
    path: &std::path::Path,
    error: &twinprint_edf::EdfError,
    lenient: bool,
    remedy: &str,
) -> RunError {
    let remedy = if lenient || !error.leaves_something() { "" } else { remedy };
    RunError::Recording { path: path.to_owned(), reason: chain(error.problem()) + remedy }
}
