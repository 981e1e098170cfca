//! Why a recording is refused.

use std::io;
use std::path::{Path, PathBuf};

use twinprint_edf::EdfError;
use twinprint_signal::{Hertz, RecordingError, UnitError};
use twinprint_store::StoreError;

/// A recording that cannot be read as asked; the message says what, where, the limit and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An EDF or BDF file.
    #[error(transparent)]
    Edf(#[from] EdfError),
    /// A file of MATLAB 7.3.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name's ending is of no format that is read.
    #[error("its name ends in {ending:?}, and recordings are read from {}: convert it to one of them", crate::ENDINGS.join(", "))]
    Ending {
        /// What the name ends in.
        ending: String,
    },
    /// A file that belongs to the recording cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A part of the header is not what the format asks for.
    #[error("{what} is {found}: it must be {limit}; {remedy}")]
    Field {
        /// The key or field, and where it stands.
        what: String,
        /// What is there.
        found: String,
        /// What must be there.
        limit: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file named in the header is not there.
    #[error("its {what} {} is not there: put it beside the header under the name that the header gives it", path.display())]
    Missing {
        /// What the file holds.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file's size is not what its header states.
    #[error("{} holds {found} bytes where the header states {stated}; {remedy}", path.display())]
    Size {
        /// The file of samples.
        path: PathBuf,
        /// Its bytes.
        found: u64,
        /// The bytes the header promises.
        stated: u64,
        /// What to do.
        remedy: &'static str,
    },
    /// A rate that is no rate.
    #[error("{what} is no sampling rate")]
    Rate {
        /// The key.
        what: &'static str,
        /// What it must be.
        source: UnitError,
    },
    /// The file has fewer channels.
    #[error("there is no channel {channel}: the file has {count}, counted from 0")]
    NoSuchChannel {
        /// The position asked for.
        channel: usize,
        /// Channels in the file.
        count: usize,
    },
    /// The window reaches beyond the channel, or the buffer has another length.
    #[error(
        "samples {start}..{end} into a buffer of {buffer}: a window lies within 0..{total} and has the buffer's length"
    )]
    Window {
        /// First sample asked for.
        start: u64,
        /// Sample after the last asked for.
        end: u64,
        /// Samples the channel has.
        total: u64,
        /// Samples the buffer holds.
        buffer: usize,
    },
    /// No channel was chosen.
    #[error("no channel chosen: a recording needs one or more of the file's {count}")]
    NothingChosen {
        /// Channels in the file.
        count: usize,
    },
    /// A unit that does not convert to microvolts.
    #[error(
        "{channel} is in {unit:?}, which does not convert to microvolts: it must be uV, µV, mV, V or nV; leave the channel out, or correct the unit in the header"
    )]
    Unit {
        /// The channel as labelled.
        channel: String,
        /// Its unit as written.
        unit: String,
    },
    /// Two chosen channels name one electrode, or parts do not fit.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

impl ReadError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn field(
        what: impl Into<String>,
        found: impl Into<String>,
        limit: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::Field { what: what.into(), found: found.into(), limit: limit.into(), remedy }
    }

    /// A rate that the header states under `what`.
    pub(crate) fn rate(what: &'static str, value: f64) -> Result<Hertz, Self> {
        Hertz::sampling(value).map_err(|source| Self::Rate { what, source })
    }

    /// What is wrong, without the file's name, for a caller who says it.
    pub fn into_problem(self) -> Self {
        match self {
            Self::Edf(error) => Self::Edf(error.into_problem()),
            other => other,
        }
    }

    /// Whether the words of the error, the file's name taken from them where that can be, name the file.
    pub fn names_its_file(&self) -> bool {
        matches!(self, Self::Edf(EdfError::Open { .. }) | Self::Store(_) | Self::Io { .. })
    }

    /// Whether something of the file is certain, so that lenient reading may open it.
    pub fn leaves_something(&self) -> bool {
        match self {
            Self::Edf(error) => error.leaves_something(),
            Self::Size { .. } | Self::Missing { .. } => true,
            _ => false,
        }
    }
}
