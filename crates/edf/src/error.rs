//! Why a file, a window or a selection is refused.

use std::io;
use std::path::PathBuf;

use twinprint_signal::RecordingError;

/// A file that cannot be read as asked.
///
/// Messages name the field, its byte offset, the value found, the limit and the way out. They never hold text of the
/// patient or recording identification, or of an annotation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdfError {
    /// The file cannot be opened.
    #[error("cannot open {}", .path.display())]
    Open {
        /// The path that was to be opened.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A problem within a file read from a path.
    #[error("{}: {problem}", .path.display())]
    InFile {
        /// The path that the file was read from.
        path: PathBuf,
        /// What is wrong in it.
        problem: Box<EdfError>,
    },
    /// The file has become shorter since it was opened.
    #[error(
        "the file was shortened while it was read: it had {size} bytes, and those from byte {offset} on are gone; wait until nothing writes to it, or copy or download it again"
    )]
    Shortened {
        /// Bytes in the file when it was opened.
        size: u64,
        /// The first byte that was to be read.
        offset: u64,
    },
    /// The operating system does not hand out bytes of the file.
    #[error("the file cannot be read from byte {offset} on; check the disk or the network it lies on")]
    Read {
        /// The first byte that was to be read.
        offset: u64,
        /// What the operating system says.
        source: io::Error,
    },
    /// The bytes are of another format.
    #[error("not an EDF or BDF file: {found}; {remedy}")]
    NotEdf {
        /// What the first bytes look like.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The file ends within its header.
    #[error(
        "the file has {size} bytes, but its header alone needs {needed}: it is cut off; copy or download it again"
    )]
    CutHeader {
        /// Bytes in the file.
        size: u64,
        /// Bytes the header needs.
        needed: u64,
    },
    /// A header field that is not what the format asks for.
    #[error("{field} at byte {offset} is {found}: it must be {limit}; {remedy}")]
    Field {
        /// The field, with its signal where it has one.
        field: String,
        /// Its first byte in the file.
        offset: u64,
        /// The value found; a length alone for identifying fields.
        found: String,
        /// What it must be.
        limit: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The file's size is not what its header states.
    #[error(
        "the file has {size} bytes, but the header (number of data records, byte 236) states {records} records of {record_bytes} bytes after {header_bytes} header bytes, {expected} in all: {difference}; {remedy}"
    )]
    Size {
        /// Bytes in the file.
        size: u64,
        /// Bytes the header promises.
        expected: u64,
        /// Records the header states.
        records: u64,
        /// Bytes of a record.
        record_bytes: u64,
        /// Bytes of the header.
        header_bytes: u64,
        /// How size and promise differ, in words.
        difference: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A tool treated the file as text.
    #[error(
        "damaged by a transfer in text mode: each of the {line_feeds} line-feed bytes looked at after the header (from byte {offset}) follows a carriage return, which samples never do by chance; a tool turned every LF into CR LF, so that samples and records are shifted and cannot be restored; download the file again in binary mode (in FTP: `binary`; in git: mark *.edf and *.bdf as binary), and check its checksum"
    )]
    TextMode {
        /// The line feeds looked at.
        line_feeds: usize,
        /// Where the samples begin.
        offset: u64,
    },
    /// A tool decoded the file as UTF-8 text and wrote it back.
    #[error(
        "damaged by a tool that took the file for UTF-8 text: the bytes EF BF BD, which replace what is not UTF-8, occur {replacements} times after the header; the samples are lost; download the file again in binary mode, and check its checksum"
    )]
    TextDecoded {
        /// Replacement characters found.
        replacements: usize,
    },
    /// A record does not begin when the record duration says.
    #[error(
        "the time-keeping annotation of record {record} (of {records}) at byte {offset} says {found}, but {expected}; {remedy}"
    )]
    TimeKeeping {
        /// The record, counted from 1.
        record: u64,
        /// Records in the file.
        records: u64,
        /// Where the annotation begins.
        offset: u64,
        /// What is written there.
        found: String,
        /// What it should say.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An annotation that breaks the format of time-stamped annotation lists.
    #[error(
        "an annotation in record {record} at byte {offset} {problem} (found {found}); open the file leniently to leave it out"
    )]
    Annotation {
        /// The record, counted from 1.
        record: u64,
        /// Where the annotation begins.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
        /// The time stamp found; never the text.
        found: String,
    },
    /// The file has fewer ordinary signals.
    #[error(
        "there is no signal {signal}: the file has {count} besides annotations, counted from 0; see the file's signals"
    )]
    NoSuchSignal {
        /// The index asked for.
        signal: usize,
        /// Ordinary signals in the file.
        count: usize,
    },
    /// The window reaches beyond the signal.
    #[error(
        "samples {start}..{end} of {channel} do not exist: it has {total}; ask for a window within 0..{total}"
    )]
    Window {
        /// The channel as labelled.
        channel: String,
        /// First sample asked for.
        start: u64,
        /// Sample after the last asked for.
        end: u64,
        /// Samples the signal has.
        total: u64,
    },
    /// The buffer has another length than the window.
    #[error("a buffer of {buffer} samples for a window of {window}: both must be of one length")]
    Buffer {
        /// Samples the buffer holds.
        buffer: usize,
        /// Samples in the window.
        window: u64,
    },
    /// No signal was chosen.
    #[error("no signal chosen: a recording needs one or more of the file's {count} signals")]
    NothingChosen {
        /// Ordinary signals in the file.
        count: usize,
    },
    /// Chosen signals have different rates.
    #[error(
        "{first} has {first_rate} Hz and {other} has {other_rate} Hz: a recording has one rate; choose channels of one rate, or read them one by one and resample"
    )]
    Rates {
        /// The label of the channel chosen first.
        first: String,
        /// Its samples a second.
        first_rate: f64,
        /// The first channel of another rate.
        other: String,
        /// The samples a second of that one.
        other_rate: f64,
    },
    /// A unit that does not convert to microvolts.
    #[error(
        "{channel} is in {unit:?}, which does not convert to microvolts: it must be uV, µV, mV, V or nV; leave the channel out, or correct the unit in the file's header"
    )]
    Unit {
        /// The channel as labelled.
        channel: String,
        /// Its unit as written.
        unit: String,
    },
    /// Two chosen signals name one electrode, or parts do not fit.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

impl EdfError {
    /// What is wrong, without the file's name.
    pub fn problem(&self) -> &Self {
        match self {
            Self::InFile { problem, .. } => problem.problem(),
            other => other,
        }
    }

    /// What is wrong, without the file's name, for a caller who says it.
    pub fn into_problem(self) -> Self {
        match self {
            Self::InFile { problem, .. } => problem.into_problem(),
            other => other,
        }
    }

    /// Whether something of the file is certain, so that lenient reading may open it.
    pub fn leaves_something(&self) -> bool {
        !matches!(
            self.problem(),
            Self::Open { .. }
                | Self::Read { .. }
                | Self::Shortened { .. }
                | Self::NotEdf { .. }
                | Self::CutHeader { .. }
                | Self::TextMode { .. }
        )
    }
}
