//! What can go wrong between a pipeline file and a run folder.

use std::error::Error;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use polars::error::{PolarsError, PolarsResult};
use twinprint_recordings::{ReadError, RecordingReader, Strictness};
use twinprint_signal::Whole;

/// What is wrong: a sentence, or an error with its causes.
pub type Problem = Box<dyn Error + Send + Sync>;

/// A problem with the place it stands at, a file or a stage, and what to do about it. Its causes are the problem's own.
#[derive(Debug)]
pub struct Located {
    place: String,
    problem: Problem,
    remedy: &'static str,
}

impl Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.remedy.is_empty() { "" } else { "; " };
        write!(f, "{}: {}{end}{}", self.place, self.problem, self.remedy)
    }
}

impl Error for Located {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

/// A refused pipeline or a stage that failed; the message says what, where, the limit and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A `--set` or another option of the command is not what it must be.
    #[error(transparent)]
    Option(Located),
    /// The pipeline file is no TOML, or a key or value in it cannot be; names the file and line.
    #[error(transparent)]
    Invalid(Located),
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
    #[error(transparent)]
    Recording(Located),
    /// A recording that cannot be opened or read, which the error names.
    #[error(transparent)]
    Unread(ReadError),
    /// A file of the run folder is missing or not what its stage wrote.
    #[error(transparent)]
    RunFolder(Located),
    /// A file of an encoder.
    #[error(transparent)]
    Encoder(#[from] twinprint_encoder::EncoderError),
    /// A stage failed.
    #[error(transparent)]
    Stage(Located),
    /// A table could not be read or written.
    #[error(transparent)]
    Table(Located),
}

impl From<twinprint_staged::StagedError> for RunError {
    fn from(error: twinprint_staged::StagedError) -> Self {
        Self::Write { path: error.path, source: error.source }
    }
}

impl RunError {
    /// A problem in a stage, or in a command that is none.
    pub fn in_stage(stage: &str, problem: impl Into<Problem>) -> Self {
        Self::Stage(at(stage, problem, ""))
    }

    /// A value at a place in the pipeline file that cannot run.
    pub(crate) fn invalid(place: impl Display, problem: impl Into<Problem>) -> Self {
        Self::Invalid(at(place, problem, ""))
    }

    /// An option that is not what it must be.
    pub(crate) fn option(option: impl Display, problem: impl Into<Problem>) -> Self {
        Self::Option(at(option, problem, ""))
    }

    /// A recording that failed.
    pub fn recording(path: impl AsRef<Path>, problem: impl Into<Problem>) -> Self {
        Self::Recording(at(path.as_ref().display(), problem, ""))
    }

    /// A recording that cannot be opened; `remedy` says how to read it leniently, where that was not tried and helps. Where
    /// lenient reading refuses it too, what it refuses it for is what is wrong.
    pub fn unreadable(path: &Path, error: ReadError, lenient: bool, remedy: &'static str) -> Self {
        let forgivable = !lenient && error.leaves_something();
        let (error, remedy) = match forgivable.then(|| RecordingReader::open(path, Strictness::Lenient)) {
            Some(Ok(_)) => (error, remedy),
            Some(Err(harder)) => (harder, ""),
            None => (error, ""),
        };
        match Self::unread(path, error) {
            Self::Recording(located) => Self::Recording(Located { remedy, ..located }),
            other => other,
        }
    }

    /// A recording that cannot be read, its file named once.
    pub fn unread(path: &Path, error: ReadError) -> Self {
        match error.into_problem() {
            error if error.names_its_file() => Self::Unread(error),
            error => Self::recording(path, error),
        }
    }

    /// A file of a run folder that is not what its stage wrote.
    pub fn run_folder(path: impl AsRef<Path>, problem: impl Into<Problem>) -> Self {
        Self::RunFolder(at(path.as_ref().display(), problem, ""))
    }

    /// The same with what to do about it.
    pub fn run_folder_with(
        path: impl AsRef<Path>,
        problem: impl Into<Problem>,
        remedy: &'static str,
    ) -> Self {
        Self::RunFolder(at(path.as_ref().display(), problem, remedy))
    }

    /// A table that cannot be read or written.
    pub fn table(path: impl AsRef<Path>, problem: PolarsError) -> Self {
        Self::Table(at(path.as_ref().display(), Whole(problem), ""))
    }
}

fn at(place: impl Display, problem: impl Into<Problem>, remedy: &'static str) -> Located {
    Located { place: place.to_string(), problem: problem.into(), remedy }
}

/// Says where a problem stands.
pub(crate) trait Placed<T> {
    /// A failure in a stage of a run, named.
    fn in_stage(self, stage: &str) -> Result<T, RunError>;
    /// In a file of the run folder, and what to do about it.
    fn in_folder(self, path: impl AsRef<Path>, remedy: &'static str) -> Result<T, RunError>;
}

impl<T, E: Into<Problem>> Placed<T> for Result<T, E> {
    fn in_stage(self, stage: &str) -> Result<T, RunError> {
        self.map_err(|error| RunError::in_stage(stage, error))
    }

    fn in_folder(self, path: impl AsRef<Path>, remedy: &'static str) -> Result<T, RunError> {
        self.map_err(|error| RunError::run_folder_with(path, error, remedy))
    }
}

/// Says which table a problem stands in.
pub(crate) trait InTable<T> {
    /// A table that cannot be read or written.
    fn in_table(self, path: impl AsRef<Path>) -> Result<T, RunError>;
}

impl<T> InTable<T> for PolarsResult<T> {
    fn in_table(self, path: impl AsRef<Path>) -> Result<T, RunError> {
        self.map_err(|error| RunError::table(path, error))
    }
}

/// An error and its causes in one line, for a place that holds one sentence: a table's cell, an audit.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    crate::plain_reasons(&text).into_owned()
}
