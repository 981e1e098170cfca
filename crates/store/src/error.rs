//! Why a file cannot be written or read.

use std::path::{Path, PathBuf};

use twinprint_staged::StagedError;

/// A file that could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("{path}: cannot {action}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file does not begin as HDF5 files do.
    #[error("{path}: not an HDF5 file (its signature is missing); give a file written by twinprint or h5py", path = path.display())]
    NotHdf5 {
        /// The file.
        path: PathBuf,
    },
    /// libhdf5 could not do what was asked: the file is truncated, overwritten or of another shape.
    #[error("{path}: cannot {action}; if the file was copied or its writing was interrupted, make it again", path = path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// What was tried, naming the object in the file.
        action: String,
        /// The library's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Reading the file ended the process that tried, or went round in circles.
    #[error("{path}: it is so damaged that reading it {how}; copy or make it again, or write it as CSV", path = path.display())]
    Fatal {
        /// The file.
        path: PathBuf,
        /// What its reader did.
        how: String,
    },
    /// An object that such a file must hold is not there.
    #[error("{path}: {what} is missing; a file of {kind} needs it", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        what: String,
        /// What the file was opened as.
        kind: &'static str,
    },
    /// An object is there but of another form.
    #[error("{path}: {what} is {found}, but must be {expected}", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        what: String,
        /// What was found.
        found: String,
        /// What must be there.
        expected: String,
    },
    /// A row carries a name that cannot serve as identity, or a number that is no time.
    #[error("{path}: row {row} of {column}", path = path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The row, counted from 0.
        row: usize,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Rows given do not fit the file being written.
    #[error("{path}: {what} is {found}, but this file takes {expected}", path = path.display())]
    Append {
        /// The file being written.
        path: PathBuf,
        /// Which number or value.
        what: &'static str,
        /// What was given.
        found: String,
        /// What the file takes.
        expected: String,
    },
    /// A text that the file cannot hold.
    #[error("{path}: {what} {text:?} cannot be written: {limit}", path = path.display())]
    Text {
        /// The file being written.
        path: PathBuf,
        /// What the text is for: a label's name, a column's name.
        what: String,
        /// The text, shortened.
        text: String,
        /// What it must be.
        limit: &'static str,
    },
}

impl From<StagedError> for StoreError {
    fn from(error: StagedError) -> Self {
        let StagedError { path, action, source } = error;
        Self::Io { path, action, source }
    }
}

impl StoreError {
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }

    pub(crate) fn hdf5(path: &Path, action: impl Into<String>) -> impl FnOnce(hdf5::Error) -> Self {
        let (path, action) = (path.to_owned(), action.into());
        move |source| Self::Hdf5 { path, action, source: Box::new(source) }
    }

    pub(crate) fn row<E>(path: &Path, column: &'static str, row: usize) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let path = path.to_owned();
        move |error| Self::Row { path, column, row, source: Box::new(error) }
    }

    pub(crate) fn form(
        path: &Path,
        what: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Form {
            path: path.to_owned(),
            what: what.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    pub(crate) fn text(path: &Path, what: impl Into<String>, text: &str, limit: &'static str) -> Self {
        let text = text.chars().take(60).collect();
        Self::Text { path: path.to_owned(), what: what.into(), text, limit }
    }
}
