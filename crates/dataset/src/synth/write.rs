//! Writes a synthetic cohort as a BIDS-EEG folder.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use twinprint_signal::Whole;

use super::cohort::{Cohort, CohortError, Records};
use super::traits::Traits;
use super::{edf, sidecars, signal};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The dataset's folder.
    pub root: PathBuf,
    /// The number of people.
    pub subjects: usize,
    /// Recordings of all of them.
    pub recordings: usize,
    /// Bytes of the EDF+ files.
    pub bytes: u64,
}

/// Why a cohort was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// A setting is outside its range.
    #[error("the synthetic cohort cannot be made")]
    Cohort(#[from] CohortError),
    /// Something is in the way.
    #[error("{} is there already and not an empty folder: choose another folder, or remove it first", .0.display())]
    Exists(PathBuf),
    /// A file or folder cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder that was to be written.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// An EDF+ file cannot be written.
    #[error("cannot write {}", path.display())]
    Edf {
        /// The recording that was to be written.
        path: PathBuf,
        /// What the writer of EDF+ says.
        source: Whole<edfplus::EdfError>,
    },
}

/// Writes a cohort into a new folder in the layout of EEG-BIDS; `progress` is told recordings done and recordings in all.
///
/// The same cohort gives the same bytes, whatever the number of threads (rayon's current pool is used). Memory is about
/// threads × channels × samples × 4 bytes. The folder appears under its name when everything in it is complete; until
/// then it is a sibling whose name begins with `.` and ends in `.part`.
///
/// # Errors
/// When a setting is outside its range, the folder holds something already, or the disk refuses.
pub fn write(
    cohort: &Cohort,
    out_dir: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Summary, SynthError> {
    let records = cohort.records()?;
    if out_dir.exists() && !is_empty_folder(out_dir) {
        return Err(SynthError::Exists(out_dir.to_owned()));
    }
    let part = part_of(out_dir)?;
    let written = fill(cohort, records, &part, progress);
    let written = written.and_then(|bytes| {
        if out_dir.exists() {
            std::fs::remove_dir(out_dir).map_err(failed(out_dir))?;
        }
        std::fs::rename(&part, out_dir).map_err(failed(out_dir))?;
        Ok(bytes)
    });
    if written.is_err() {
        // The reason it failed matters more than a leftover that the next attempt removes.
        let _ = std::fs::remove_dir_all(&part);
    }
    Ok(Summary {
        root: out_dir.to_owned(),
        subjects: cohort.subjects,
        recordings: cohort.subjects * cohort.sessions,
        bytes: written?,
    })
}

fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// A new folder beside the final one; what an interrupted attempt left there is removed.
fn part_of(out_dir: &Path) -> Result<PathBuf, SynthError> {
    let Some(name) = out_dir.file_name() else {
        return Err(SynthError::Exists(out_dir.to_owned()));
    };
    let part = out_dir.with_file_name(format!(".{}.part", name.to_string_lossy()));
    let is_ours =
        std::fs::read_to_string(part.join("README")).is_ok_and(|text| text.contains(sidecars::WARNING));
    if is_ours {
        std::fs::remove_dir_all(&part).map_err(failed(&part))?;
    } else if part.exists() {
        return Err(SynthError::Exists(part));
    }
    std::fs::create_dir_all(&part).map_err(failed(&part))?;
    Ok(part)
}

fn fill(
    cohort: &Cohort,
    records: Records,
    root: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<u64, SynthError> {
    put(&root.join("README"), &sidecars::readme(cohort))?;
    put(&root.join("dataset_description.json"), &pretty(&sidecars::description(cohort)))?;
    put(&root.join("participants.tsv"), &sidecars::participants(cohort))?;
    let jobs: Vec<(usize, usize)> = (0..cohort.subjects)
        .flat_map(|subject| (0..cohort.sessions).map(move |session| (subject, session)))
        .collect();
    let mut causes = Vec::with_capacity(jobs.len());
    let mut bytes = 0;
    progress(0, jobs.len());
    // Batches keep the callback on the caller's thread; a few rounds of work each keep the threads busy.
    for batch in jobs.chunks(4 * rayon::current_num_threads()) {
        let done: Result<Vec<_>, _> = batch
            .par_iter()
            .map(|(subject, session)| recording(cohort, records, root, *subject, *session))
            .collect();
        for (name, traits, size) in done? {
            causes.push((name, traits));
            bytes += size;
        }
        progress(causes.len(), jobs.len());
    }
    put(&root.join("sourcedata/causes.json"), &pretty(&sidecars::causes(&causes)))?;
    Ok(bytes)
}

/// Writes one recording and its sidecars; gives its name, causes and size.
fn recording(
    cohort: &Cohort,
    records: Records,
    root: &Path,
    subject: usize,
    session: usize,
) -> Result<(String, Traits, u64), SynthError> {
    let (person, visit) = (sidecars::subject_name(cohort, subject), sidecars::session_name(cohort, session));
    let stem = format!("{person}_{visit}_task-rest");
    let folder = root.join(&person).join(&visit).join("eeg");
    let traits = Traits::new(cohort, subject, session);
    let made = signal::generate(cohort, &traits, subject, session, records.count * records.samples);
    put(&folder.join(format!("{stem}_eeg.json")), &pretty(&sidecars::eeg_json(cohort)))?;
    put(&folder.join(format!("{stem}_channels.tsv")), &sidecars::channels(cohort))?;
    if !made.blinks.is_empty() {
        // Other tools take a table without a row for a mistake.
        put(&folder.join(format!("{stem}_events.tsv")), &sidecars::events(&made.blinks))?;
    }
    let path = folder.join(format!("{stem}_eeg.edf"));
    edf::write(&path, &person, &made.channels, records)
        .map_err(|source| SynthError::Edf { path: path.clone(), source: Whole(source) })?;
    let size = std::fs::metadata(&path).map_err(failed(&path))?.len();
    Ok((stem, traits, size))
}

fn put(path: &Path, text: &str) -> Result<(), SynthError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    std::fs::write(path, text).map_err(failed(path))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SynthError {
    let path = path.to_owned();
    move |source| SynthError::Write { path, source }
}
