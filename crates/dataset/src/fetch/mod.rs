//! Downloads a manifest's files: several at a time, resuming what was broken off, verifying what has arrived.
//!
//! A file is received as `name.part` and gets its name when it is whole: of the right SHA-256 sum where the manifest, the
//! source or an earlier download knows one, else of the length that the server and, for EDF and BDF, the header state.
//! Sums that nobody publishes are recorded in [`RECORD`] beside the files, in the format of `sha256sum`.

mod checksum;
mod download;
mod source;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub use checksum::RECORD;
use checksum::Sums;
use download::Download;
use source::Sources;

use crate::manifest::{KnownFile, Manifest};

/// How to download.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Folder for the files; made where missing.
    pub to: PathBuf,
    /// Address to use instead of the manifest's sources: `http://`, `https://` or `file://`. Default: none.
    pub mirror: Option<String>,
    /// Paths, or beginnings of paths, to download. Default: empty, for all.
    pub only: Vec<String>,
    /// Files received at a time. Range: 1 to 32. Default: 4.
    pub parallel: usize,
    /// Further attempts after a failed one. Default: 5.
    pub retries: u32,
    /// Pause before the second attempt; it doubles each time, up to a minute. Default: 1 s.
    pub delay: Duration,
    /// Longest wait for a connection. Range: above 0. Default: 30 s.
    pub connect_timeout: Duration,
    /// Longest silence of a connection. Range: above 0. Default: 60 s.
    pub stall_timeout: Duration,
    /// Whether a file that is there with another content is downloaded anew. Default: no.
    pub replace: bool,
    /// Address of an HTTP proxy. Default: none.
    pub proxy: Option<String>,
}

impl Options {
    /// The defaults, for a folder.
    pub fn new(to: impl Into<PathBuf>) -> Self {
        Self {
            to: to.into(),
            mirror: None,
            only: Vec::new(),
            parallel: 4,
            retries: 5,
            delay: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            replace: false,
            proxy: None,
        }
    }
}

/// What happens while files arrive; called from several threads.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Before the first file.
    Begun {
        /// Files to have at the end.
        files: usize,
        /// Their bytes, where all are known.
        bytes: Option<u64>,
    },
    /// A file begins to arrive.
    Started {
        /// Its path below the folder.
        path: &'a str,
        /// Bytes of the whole file, where known.
        bytes: Option<u64>,
        /// Bytes that an earlier attempt left and that are used.
        resumed: u64,
    },
    /// Some of a file has arrived.
    Received {
        /// Its path below the folder.
        path: &'a str,
        /// Bytes since the last event.
        bytes: u64,
    },
    /// An attempt failed, and there will be another.
    Retrying {
        /// Its path below the folder.
        path: &'a str,
        /// The attempt that failed, counted from 1.
        attempt: u32,
        /// Why it failed.
        reason: &'a str,
        /// The pause before the next attempt.
        wait: Duration,
    },
    /// A file is there.
    Finished {
        /// Its path below the folder.
        path: &'a str,
        /// How it came there.
        outcome: Outcome,
    },
    /// A file could not be had.
    Failed {
        /// Its path below the folder.
        path: &'a str,
        /// What the last attempt met.
        reason: &'a str,
    },
}

/// How a file came to be there, and what vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was there before.
    Kept(Trust),
    /// It was downloaded.
    Downloaded(Trust),
}

/// What vouches for a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Its sum is that of the manifest or the source, or one recorded earlier.
    Verified,
    /// Nobody publishes its sum; it was recorded now, for next time.
    Recorded,
}

/// The files that are there after a download.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Path below the folder and outcome, sorted by path.
    pub files: Vec<(String, Outcome)>,
    /// What a user should know: missing lists of sums, sums that contradict one another.
    pub notices: Vec<String>,
}

/// A file that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// Its path below the folder.
    pub path: String,
    /// What the last attempt met.
    pub reason: String,
}

/// Why a download is not complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// An option has a value it cannot have.
    #[error("{option} = {value}: {limit}")]
    Option {
        /// The field of [`Options`].
        option: &'static str,
        /// The value that was given.
        value: String,
        /// What it must be.
        limit: String,
    },
    /// The address of the proxy is none.
    #[error("the proxy cannot be used: give its address as http://host:port")]
    Proxy(#[source] ureq::Error),
    /// There is nowhere to download from.
    #[error(
        "the files of {0} are published nowhere: give the address of a copy with --mirror (http://, https:// or file://)"
    )]
    NoSource(String),
    /// The folder cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Some files could not be had; the others are there.
    #[error(
        "{} of {} could not be had, among them {}: {}; run the same command again to go on where it stopped",
        failures.len(), twinprint_signal::counted(failures.len() + report.files.len(), "file"),
        failures.first().map_or("", |f| f.path.as_str()), failures.first().map_or("", |f| f.reason.as_str())
    )]
    Incomplete {
        /// What could not be had, sorted by path; at least one file.
        failures: Vec<Failure>,
        /// What is there.
        report: Report,
    },
}

/// Downloads a manifest's files into a folder; files that are there already are verified and kept.
///
/// # Errors
/// When an option is out of range, there is no source, the folder cannot be written, or a file cannot be had.
/// One file's failure does not stop the others.
pub fn fetch(
    manifest: &Manifest,
    options: &Options,
    progress: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Report, FetchError> {
    let sources = Sources::new(manifest, options)?;
    let files = wanted(manifest, options)?;
    std::fs::create_dir_all(&options.to)
        .map_err(|source| FetchError::Write { path: options.to.clone(), source })?;
    let mut report = Report::default();
    let sums = Sums::gather(manifest, &files, options, &sources, &mut report.notices)?;
    let bytes = files.iter().map(|file| file.bytes).sum();
    progress(Event::Begun { files: files.len(), bytes });
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::new(), Vec::new()));
    let worker = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = Download { file, options, sources: &sources, sums: &sums, progress }.run();
            let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match result {
                Ok(outcome) => {
                    progress(Event::Finished { path: &file.path, outcome });
                    done.0.push((file.path.clone(), outcome));
                }
                Err(reason) => {
                    progress(Event::Failed { path: &file.path, reason: &reason });
                    done.1.push(Failure { path: file.path.clone(), reason });
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.parallel.min(files.len()) {
            // Where the system has no more threads, those that are there do the work: this one at least.
            let _ = std::thread::Builder::new().spawn_scoped(scope, worker);
        }
        worker();
    });
    let (mut there, mut failures) = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    there.sort();
    failures.sort();
    report.files = there;
    if failures.is_empty() { Ok(report) } else { Err(FetchError::Incomplete { failures, report }) }
}

fn wanted(manifest: &Manifest, options: &Options) -> Result<Vec<KnownFile>, FetchError> {
    if !(1..=32).contains(&options.parallel) {
        let limit = "it must be from 1 to 32".to_owned();
        return Err(FetchError::Option { option: "parallel", value: options.parallel.to_string(), limit });
    }
    for (option, timeout) in
        [("connect_timeout", options.connect_timeout), ("stall_timeout", options.stall_timeout)]
    {
        if timeout.is_zero() {
            let limit = "it must be above 0".to_owned();
            return Err(FetchError::Option { option, value: "0 s".to_owned(), limit });
        }
    }
    let mut files = manifest.files();
    for start in &options.only {
        if !files.iter().any(|file| file.path.starts_with(start.as_str())) {
            let limit = format!("no file of {} begins like that", manifest.name);
            return Err(FetchError::Option { option: "only", value: format!("{start:?}"), limit });
        }
    }
    files.retain(|f| {
        options.only.is_empty() || options.only.iter().any(|start| f.path.starts_with(start.as_str()))
    });
    Ok(files)
}
