//! Runs made thin: what can be made again is removed.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::folder::{COHORT_EPOCHS, EPOCHS, JOINED, RESULTS, RunFolder, SYSTEMS};
use crate::outputs::walk;
use crate::record::RunRecord;
use crate::{RunError, System};

/// What was removed of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// The run folder.
    pub run: PathBuf,
    /// The files, by their path in it.
    pub files: Vec<String>,
    /// The bytes of these files together.
    pub bytes: u64,
    /// Bytes of those that the cache or another run has too: they take room until those are gone.
    pub shared_bytes: u64,
}

/// Removes from a complete run what `run --from preprocess` makes again: epochs, the prints of every system but the encoder, and
/// what was learnt to be joined. Plan, splits, trials, scores, results, encoders, and the encoder's prints stay. With `only_say`
/// nothing is removed.
///
/// # Errors
/// When the folder is not that of a complete run, or a file cannot be removed.
pub fn prune(run: &Path, only_say: bool) -> Result<Pruned, RunError> {
    let folder = RunFolder::at(run);
    if !folder.path("run.json").is_file() {
        return Err(RunError::run_folder(run, "it is no run folder: give one that `twinprint run` filled"));
    }
    let record: RunRecord = folder.read_json("run.json")?;
    if record.finished.is_none() || !folder.path(RESULTS).is_file() {
        return Err(RunError::run_folder(
            run,
            "it is not complete, and needs these files to go on: run its pipeline to the end first",
        ));
    }
    let mut names = Vec::new();
    walk(folder.root(), "", &mut names)?;
    let stays = format!("{SYSTEMS}/{}.h5", System::Encoder);
    let goes = |name: &String| {
        let first = name.split('/').next().unwrap_or_default();
        let inside = name.contains('/') && [COHORT_EPOCHS, SYSTEMS, JOINED].contains(&first);
        name == EPOCHS || (inside && *name != stays)
    };
    names.retain(goes);
    names.sort();
    let (mut bytes, mut shared_bytes) = (0, 0);
    for name in &names {
        let path = folder.path(name);
        let file = fs::metadata(&path).map_err(|source| RunError::Read { path: path.clone(), source })?;
        bytes += file.len();
        shared_bytes += if crate::cache::is_shared(&file) { file.len() } else { 0 };
        if !only_say {
            fs::remove_file(&path).map_err(|source| RunError::Write { path, source })?;
        }
    }
    Ok(Pruned { run: run.to_owned(), files: names, bytes, shared_bytes })
}
