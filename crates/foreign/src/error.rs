//! Why a file of somebody else's cannot be read, or a run's prints not be written for them.

use std::error::Error;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use twinprint_encoder::EncoderError;
use twinprint_features::FeatureError;
use twinprint_protocol::LeakError;
use twinprint_run::RunError;
use twinprint_signal::{FoldIndex, PrintsError};
use twinprint_store::StoreError;

/// The cause of an error, whatever library it comes from.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// A refused file or request; the message says what, where, the limit and what to do, and the causes why.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The run folder or one of its files.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An HDF5 file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fold's encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// Features cannot be computed from the run's epochs.
    #[error("--with {content}")]
    Content {
        /// The features, as `--with` names them.
        content: &'static str,
        /// Why.
        source: FeatureError,
    },
    /// Prints and the person of each.
    #[error(transparent)]
    Prints(#[from] PrintsError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file's rows or columns are not what they must be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The row or column, what is wrong with it, and what to do.
        reason: String,
    },
    /// A file, or a column, a cell or the comparisons of it, are not what a library can work with.
    #[error("{}: {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What cannot be done or where, and what to do.
        what: String,
        /// The library's word.
        source: Cause,
    },
    /// Columns among the features tell who the person is.
    #[error("{}: {}; leave such columns out of the file, or give them names that begin with label_", path.display(), shown(leaks))]
    Leaks {
        /// The file.
        path: PathBuf,
        /// Every such column, with two offending rows each.
        leaks: Vec<LeakError>,
    },
    /// The run folder lacks prints or epochs.
    #[error("{}: give a run folder whose `embed` stage is done", run.display())]
    NotEmbedded {
        /// The run folder.
        run: PathBuf,
        /// Which file, and why it cannot be read.
        source: StoreError,
    },
    /// Weights that another program wrote do not fit the encoder.
    #[error(
        "--weights {}: these are no weights for the encoder of fold {fold}. Begin with the file that `twinprint export {} --to encoder.safetensors --fold {fold}` writes, and keep names, shapes and float32",
        weights.display(),
        run.display()
    )]
    Weights {
        /// The file of weights.
        weights: PathBuf,
        /// The run folder.
        run: PathBuf,
        /// The fold.
        fold: FoldIndex,
        /// What differs.
        source: Box<EncoderError>,
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
}

impl ForeignError {
    /// A file that the system does not let us read.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// Refuses a file in our own words.
    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), reason: reason.into() }
    }

    /// Refuses a file, or what `what` says of it, because of a library's error.
    pub(crate) fn because<E: Into<Cause>>(path: &Path, what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Unusable { path: path.to_owned(), what: what.to_string(), source: error.into() }
    }

    /// Refuses a file that seems to spell one person in two ways, so that comparisons of them would count as of two people.
    pub(crate) fn one_person_twice(path: &Path, (first, second): (&str, &str)) -> Self {
        let reason = format!(
            "are {first:?} and {second:?} one person? They differ in no more than zeros or sub- in front, case, spaces, a hyphen or how a number is written: spell a person alike everywhere, or give two people names that differ in more"
        );
        Self::file(path, reason)
    }

    /// Refuses an option.
    pub(crate) fn option(option: &'static str, reason: impl Into<String>) -> Self {
        Self::Option { option, reason: reason.into() }
    }
}

fn shown(leaks: &[LeakError]) -> String {
    let one = |leak: &LeakError| {
        let rows = leak.rows.each_ref().map(|row| format!("{} {}", row.name, row.detail));
        format!("leak {}: {} ({})", leak.leak, leak.what, rows.join("; "))
    };
    leaks.iter().map(one).collect::<Vec<_>>().join("; ")
}
