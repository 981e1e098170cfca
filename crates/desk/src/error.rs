//! Why nobody was enrolled, verified or identified.

use std::path::PathBuf;

use twinprint_foreign::ForeignError;
use twinprint_gallery::GalleryError;
use twinprint_preprocess::UnlikeEeg;
use twinprint_run::RunError;
use twinprint_run::error::Problem;

/// A refused recording, request or gallery; the message says what, where, the limit and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The run folder of the encoder.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file of prints.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// A gallery that cannot be opened, read or changed, or refuses what it is given.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A recording failed; names the file.
    #[error("{}: {reason}", path.display())]
    Recording {
        /// The recording's file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// What a recording holds is no EEG: failure to enrol and to acquire (ISO/IEC 19795-1).
    #[error("{}: failure to enrol or acquire: {found}. Check that the electrodes touch the skin and the headset is plugged in, and record again", path.display())]
    NoEeg {
        /// The recording's file.
        path: PathBuf,
        /// What was found in its channels.
        found: UnlikeEeg,
    },
    /// A run folder cannot serve a gallery.
    #[error("{}: {reason}", path.display())]
    RunFolder {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A recording cannot be brought to what an encoder takes.
    #[error("{}: this recording cannot be brought to what the encoder takes:\n{}", path.display(), differences.join("\n"))]
    Unmappable {
        /// The recording's file.
        path: PathBuf,
        /// What differs, line by line.
        differences: Vec<String>,
    },
    /// A request that cannot be met; the message says why and what to write.
    #[error("{0}")]
    Request(String),
}

impl DeskError {
    /// A failure on the way to thresholds.
    pub(crate) fn thresholds(problem: impl Into<Problem>) -> Self {
        Self::Run(RunError::in_stage("gallery", problem))
    }
}
