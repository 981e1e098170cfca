//! What every stage left in the run folder, by content: written down when the stage is done, checked before the run goes on from it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::folder::{
    CARRIED, COHORT, COHORT_EPOCHS, CURVES, EPOCHS, FINAL_MODEL, FIT_LEAKS, JOINED, OPERATIONS, PRINTS,
    PROVENANCE, QUALITY, RESULTS, RunFolder, SCORES, SPLIT, SYSTEMS, THRESHOLDS, TRIALS, WINDOW_LEAKS,
};
use crate::stage::Stage;

/// What a file holds, by size and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// The size of the file in bytes.
    pub bytes: u64,
    /// Its BLAKE3, in hexadecimal.
    pub blake3: String,
}

/// The files of a stage, by their path in the run folder with `/` between its parts.
pub type Files = BTreeMap<String, FileHash>;

impl FileHash {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(path: &Path) -> Result<Self, RunError> {
        let failed = |source| RunError::Read { path: path.to_owned(), source };
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path).map_err(failed)?).map_err(failed)?;
        Ok(Self { bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
    }
}

/// The stage that makes a file of the run folder; nothing for those that belong to none, such as a checkpoint.
fn maker(path: &str) -> Option<Stage> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let is_fold = first.strip_prefix("fold-").is_some_and(|number| number.parse::<usize>().is_ok());
    match first {
        _ if rest.starts_with("checkpoint") => None,
        EPOCHS | COHORT_EPOCHS | QUALITY | OPERATIONS | SPLIT | COHORT | TRIALS | WINDOW_LEAKS => {
            Some(Stage::Preprocess)
        }
        _ if is_fold => Some(Stage::Train),
        FINAL_MODEL if rest == THRESHOLDS => Some(Stage::Evaluate),
        FINAL_MODEL | JOINED | CARRIED => Some(Stage::Train),
        PRINTS | SYSTEMS | PROVENANCE | FIT_LEAKS => Some(Stage::Embed),
        CURVES | SCORES | RESULTS => Some(Stage::Evaluate),
        _ => None,
    }
}

/// The files that a stage left, each with its hash.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn of_stage(folder: &RunFolder, stage: Stage) -> Result<Files, RunError> {
    let names = names_of_stage(folder, stage)?;
    names.into_par_iter().map(|name| Ok((name.clone(), FileHash::of(&folder.path(&name))?))).collect()
}

/// The files that a stage left.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn names_of_stage(folder: &RunFolder, stage: Stage) -> Result<Vec<String>, RunError> {
    let mut names = Vec::new();
    walk(folder.root(), "", &mut names)?;
    names.retain(|name| maker(name) == Some(stage));
    Ok(names)
}

/// The paths of all files below a folder.
pub(crate) fn walk(root: &Path, below: &str, names: &mut Vec<String>) -> Result<(), RunError> {
    let place = root.join(below);
    let failed = |source| RunError::Read { path: place.clone(), source };
    for entry in fs::read_dir(&place).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(root, &path, names)?;
        } else {
            names.push(path);
        }
    }
    Ok(())
}

/// Removes what killed processes were writing in a folder and in those below it.
pub(crate) fn remove_unfinished(place: &Path) {
    twinprint_staged::remove_left(place);
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_unfinished(&entry.path());
        }
    }
}

/// Checks what the stages before `start` left.
///
/// # Errors
/// The first file, in the order of the stages, that is not what its stage left.
pub(crate) fn check(folder: &RunFolder, left: &BTreeMap<Stage, Files>, start: Stage) -> Result<(), RunError> {
    for (&stage, files) in left.range(..start) {
        let wrong = files.par_iter().find_first(|(name, hash)| {
            FileHash::of(&folder.path(name)).map_or(true, |found| found != **hash)
        });
        if let Some((name, _)) = wrong {
            let path = folder.path(name);
            let what = if path.exists() { "was changed" } else { "was removed" };
            let problem =
                format!("it {what} after the stage {stage} had left it, so nothing goes on from it");
            return Err(RunError::run_folder_with(path, problem, again(stage)));
        }
    }
    Ok(())
}

/// How to make what a stage left anew.
fn again(stage: Stage) -> &'static str {
    match stage {
        Stage::Preprocess => "run with --from preprocess",
        Stage::Train => "run with --from train",
        Stage::Embed => "run with --from embed",
        Stage::Evaluate => "run with --from evaluate",
        Stage::Report => "run with --from report",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_a_run_folder_has_the_stage_that_makes_it() {
        for (path, stage) in [
            ("epochs.h5", Some(Stage::Preprocess)),
            ("cohorts/a.h5", Some(Stage::Preprocess)),
            ("fold-12/model.safetensors", Some(Stage::Train)),
            ("fold-12/checkpoint/checkpoint.safetensors", None),
            ("model/model.json", Some(Stage::Train)),
            ("model/thresholds.json", Some(Stage::Evaluate)),
            ("systems/encoder.h5", Some(Stage::Embed)),
            ("run.json", None),
            ("fold-notes", None),
        ] {
            assert_eq!(maker(path), stage, "{path}");
        }
    }

    #[test]
    fn a_file_that_changed_after_its_stage_is_named_with_the_way_out() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(place.path());
        fs::write(folder.path(EPOCHS), [1, 2, 3]).unwrap();
        let left = BTreeMap::from([(Stage::Preprocess, of_stage(&folder, Stage::Preprocess).unwrap())]);
        check(&folder, &left, Stage::Train).unwrap();
        fs::write(folder.path(EPOCHS), [1, 2, 4]).unwrap();
        check(&folder, &left, Stage::Preprocess).unwrap();
        let said = check(&folder, &left, Stage::Train).unwrap_err().to_string();
        assert!(
            said.contains(EPOCHS) && said.contains("changed") && said.contains("--from preprocess"),
            "{said}"
        );
    }
}
