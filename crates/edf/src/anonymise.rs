//! Takes the person out of a file's header, in place.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::start::StartDateTime;
use crate::writer::{NOBODY, dated};
use crate::{EdfError, EdfFile, Strictness};

/// Where the header says whose recording it is, by whom, of what, and when it began.
const IDENTIFICATION: std::ops::Range<usize> = 8..184;
const SECONDS_A_DAY: f64 = 86_400.0;

/// Why a header keeps its person.
#[derive(Debug, thiserror::Error)]
pub enum AnonymiseError {
    /// The file is no EDF or BDF.
    #[error(transparent)]
    Edf(#[from] EdfError),
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The shifted date is none that EDF can hold.
    #[error(
        "a start {days} days later is not between 1985 and 2084, which is what EDF can hold: choose another number of days, or leave the dates out"
    )]
    Date {
        /// The shift.
        days: i64,
    },
}

/// Replaces patient, recording and start date in the header of an EDF or BDF file; nothing else changes. The date is moved by
/// `shift_days`, the time of day stays; without a shift both are withheld. The file is replaced when its copy is complete.
///
/// Labels and annotations may name a person too: they are left as they are.
///
/// # Errors
/// When the file cannot be read or written, or the shifted date does not fit; the file is then as it was.
pub fn anonymise(path: &Path, shift_days: Option<i64>) -> Result<(), AnonymiseError> {
    let start = EdfFile::open(path, Strictness::Lenient)?.header().start();
    let start = match (start, shift_days) {
        (Some(start), Some(days)) => Some(shifted(start, days)?),
        _ => None,
    };
    let (recording, date) = dated(start);
    let fields = format!("{NOBODY:<80}{recording:<80}{date}");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copy = path.with_file_name(format!(".{name}.part"));
    let write = || {
        std::fs::copy(path, &copy)?;
        let mut file = OpenOptions::new().write(true).open(&copy)?;
        file.seek(SeekFrom::Start(IDENTIFICATION.start as u64))?;
        file.write_all(&fields.as_bytes()[..IDENTIFICATION.len()])?;
        file.sync_all()?;
        std::fs::rename(&copy, path)
    };
    write().map_err(|source| {
        // The reason it failed matters more than a leftover.
        let _ = std::fs::remove_file(&copy);
        AnonymiseError::Write { path: path.to_owned(), source }
    })
}

/// A start some days later.
///
/// # Errors
/// When EDF cannot hold the date.
pub fn shifted(start: StartDateTime, days: i64) -> Result<StartDateTime, AnonymiseError> {
    let moved = start.plus(days as f64 * SECONDS_A_DAY).filter(|moved| (1985..=2084).contains(&moved.year));
    moved.ok_or(AnonymiseError::Date { days })
}
