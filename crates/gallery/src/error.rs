//! What a gallery refuses, and why.

use std::path::PathBuf;

use twinprint_signal::SubjectId;

use crate::SecretError;
use crate::reason::reason;
use crate::record::Acquisition;

/// A refused request; the message says what, where, the limit and what to do.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// There is no such file.
    #[error("{}: there is no gallery; `twinprint enroll` with --model makes one", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A gallery is to be made where a file is.
    #[error("{}: a file is there already: enrol into it without --model, or choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is no gallery.
    #[error("{}: it is no gallery: give a file that `twinprint enroll` made", path.display())]
    NotAGallery {
        /// The file.
        path: PathBuf,
        /// SQLite's word, where it does not take the file for a database; nobody is told of it.
        database: Option<rusqlite::Error>,
    },
    /// Another version of twinprint made the gallery.
    #[error(
        "{}: its tables are version {found}, this program reads {expected}: use the twinprint that made it",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The version that can be read.
        expected: i64,
    },
    /// A new gallery cannot be put in its place.
    #[error("{}: a gallery cannot be made here", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refused.
    #[error("{}: cannot {action}: {}", path.display(), reason(cause))]
    Database {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// SQLite's word.
        cause: rusqlite::Error,
    },
    /// The gallery was made with another encoder.
    #[error("{}: this gallery opens only with the encoder it was made with:\n{}", path.display(), differences.join("\n"))]
    OtherEncoder {
        /// The file.
        path: PathBuf,
        /// What differs, line by line.
        differences: Vec<String>,
    },
    /// The secret is missing, not needed or wrong.
    #[error("{}: {problem}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to give.
        problem: SecretError,
    },
    /// A stored record cannot be opened or is not what was written.
    #[error("{}: {what} {problem}: the file was changed outside twinprint; restore a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which record.
        what: String,
        /// What is wrong with it.
        problem: &'static str,
        /// The reader's word, where there is one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Something in the file is not what was written.
    #[error("{}: {what}: the file was changed outside twinprint; restore a copy", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// The file is older than one that was seen, or was changed apart from it.
    #[error(
        "{}: its last change is number {changes}, and {} has seen a later one or another: this is an older copy, or its write-ahead log was lost. To go on with it all the same, remove {}",
        path.display(),
        counter.display(),
        counter.display()
    )]
    OlderCopy {
        /// The file.
        path: PathBuf,
        /// Its last change.
        changes: u64,
        /// The counter that tells.
        counter: PathBuf,
    },
    /// A gallery that cannot be written to has changes in its log that are not in the file yet.
    #[error(
        "{}: it lies where nothing can be written, and {} holds changes that are not in it yet: copy both to a place that can be written",
        path.display(),
        log.display()
    )]
    UnfinishedLog {
        /// The file.
        path: PathBuf,
        /// Its write-ahead log.
        log: PathBuf,
    },
    /// A record is longer than can be sealed.
    #[error("{}: a {kind} of {bytes} bytes is longer than can be sealed", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Which kind of record.
        kind: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// Nobody of that name is enrolled.
    #[error("nobody called {subject} is enrolled{}", near(similar))]
    Unknown {
        /// The name.
        subject: SubjectId,
        /// Names that look alike.
        similar: Vec<SubjectId>,
    },
    /// Too many probes in a row did not match.
    #[error(
        "the last {misses} probes did not match {}: wait {seconds} s before the next",
        subject.as_ref().map_or("anybody", SubjectId::as_str)
    )]
    TooManyAttempts {
        /// Against whom; nobody where everybody was searched.
        subject: Option<SubjectId>,
        /// Non-matches in a row.
        misses: u32,
        /// Seconds to wait.
        seconds: u64,
    },
    /// Somebody of that name is enrolled and nothing said how to go on.
    #[error(
        "{subject} is enrolled already (from {}): write --update append, weighted or replace, or choose another name",
        twinprint_signal::counted(*epochs, "epoch")
    )]
    AlreadyEnrolled {
        /// The name.
        subject: SubjectId,
        /// Epochs behind the template.
        epochs: usize,
    },
    /// The recording already stands behind a template.
    #[error(
        "this recording is enrolled already, under {subject}: the same seconds twice tell nothing new; --force enrols all the same"
    )]
    SameRecording {
        /// Under whom.
        subject: SubjectId,
    },
    /// The new person matches one who is there.
    #[error(
        "{subject} matches {other}, who is enrolled: score {score:.1} at a threshold of {threshold:.3}. Nothing was enrolled; if they are two people, --force enrols all the same"
    )]
    Duplicate {
        /// The new person.
        subject: SubjectId,
        /// Whom they match.
        other: SubjectId,
        /// How well.
        score: f64,
        /// From where on it is a match.
        threshold: f64,
    },
    /// An update does not match the template it is to improve.
    #[error(
        "the recording does not match {subject}'s template: score {score:.1} at a threshold of {threshold:.3}. Nothing was changed; --update replace starts anew, --force updates all the same"
    )]
    Stranger {
        /// The person.
        subject: SubjectId,
        /// How well it matches.
        score: f64,
        /// From where on it is a match.
        threshold: f64,
    },
    /// Failure to enrol (ISO/IEC 19795-1): too little usable signal.
    #[error("failure to enrol {subject}: {reason}. {counts}. {remedy}", counts = acquisition.sentence())]
    FailureToEnrol {
        /// The person.
        subject: SubjectId,
        /// Which requirement was missed.
        reason: String,
        /// Epochs by what became of them.
        acquisition: Acquisition,
        /// What to do.
        remedy: String,
    },
    /// Prints that cannot be compared.
    #[error("{0}")]
    Prints(String),
    /// A setting outside its limits.
    #[error("{name} = {value}: {limit}")]
    Setting {
        /// The option.
        name: &'static str,
        /// The value.
        value: String,
        /// What it must be, and what to write.
        limit: String,
    },
    /// Another process kept the file open, so that old bytes may stay in its log.
    #[error(
        "{}: the change is made, but another process has the gallery open and old bytes may stay in {}-wal: close it and run `twinprint gallery check`",
        path.display(),
        path.display()
    )]
    StillOpen {
        /// The file.
        path: PathBuf,
    },
}

fn near(similar: &[SubjectId]) -> String {
    if similar.is_empty() {
        return "; `twinprint gallery list` shows who is".to_owned();
    }
    let names: Vec<&str> = similar.iter().map(SubjectId::as_str).collect();
    format!("; did you mean {}?", names.join(" or "))
}
