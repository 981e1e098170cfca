//! Why a file of somebody else's cannot be read, or a run's prints not be written for them.

use std::path::PathBuf;

use twinprint_run::RunError;

/// A refused file or request; the message says what, where, the limit and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The run folder or one of its files.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it must be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The row or column, what is wrong with it, and what to do.
        reason: String,
    },
    /// An option is not what it must be.
    #[error("{option}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong with it, and what to write instead.
        reason: String,
    },
    /// A request that cannot be met; the message says why and what to write.
    #[error("{0}")]
    Request(String),
    /// A table could not be read or written.
    #[error("table {}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        source: polars::error::PolarsError,
    },
}

impl ForeignError {
    /// A failure on the way to an export, its causes spelt out.
    pub(crate) fn export(error: impl Into<twinprint_run::error::Problem>) -> Self {
        Self::Run(RunError::in_stage("export", error))
    }
}
