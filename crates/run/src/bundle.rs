//! What a paper's supplement needs of a run, in one file: plan, versions, splits, trials, scores, results; no recording, no epochs,
//! no encoder.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::folder::{
    ATTACKS, COHORT, CURVES, FIT_LEAKS, OPERATIONS, PROVENANCE, QUALITY, RESULTS, RunFolder, SCORES, SPLIT,
    TRAINING, TRIALS, WINDOW_LEAKS, write_atomically,
};
use crate::outputs::{FileHash, walk};
use crate::stages::report::REPORT;
use crate::{FinishedRun, RunError};

/// Files that are packed.
const PACKED: [&str; 16] = [
    "pipeline.toml",
    "plan.json",
    "run.json",
    SPLIT,
    COHORT,
    TRIALS,
    SCORES,
    RESULTS,
    ATTACKS,
    CURVES,
    REPORT,
    PROVENANCE,
    OPERATIONS,
    QUALITY,
    WINDOW_LEAKS,
    FIT_LEAKS,
];

/// Packs a finished run into a tar archive; `to` ends in `.tar` or `.tar.gz`. The same run gives the same bytes.
///
/// Gives back the names of the files packed.
///
/// # Errors
/// When it is no finished run folder, the name ends in something else, or the file cannot be written.
pub fn bundle(run: &Path, to: &Path) -> Result<Vec<String>, RunError> {
    let finished = FinishedRun::open(run)?;
    let folder = &finished.folder;
    if !folder.path(RESULTS).is_file() {
        return Err(RunError::run_folder(run, "it has no results yet: run its pipeline to the end first"));
    }
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let zipped = name.ends_with(".tar.gz") || name.ends_with(".tgz");
    if !zipped && !name.ends_with(".tar") {
        let reason = "the name must end in .tar or .tar.gz: write --to supplement.tar.gz";
        return Err(RunError::option(format!("--to {}", to.display()), reason));
    }
    let names = packed(folder)?;
    let top = folder.root().file_name().map(|name| name.to_string_lossy().into_owned());
    let top = top.unwrap_or_else(|| finished.config.name.clone());
    write_atomically(to, |file| {
        let failed = |source| RunError::Write { path: to.to_owned(), source };
        if zipped {
            let mut encoder = GzEncoder::new(file, Compression::default());
            fill(&mut encoder, folder, (&top, &names))?;
            encoder.finish().map(|_| ()).map_err(failed)
        } else {
            fill(file, folder, (&top, &names))
        }
    })?;
    Ok(names)
}

fn packed(folder: &RunFolder) -> Result<Vec<String>, RunError> {
    let mut all = Vec::new();
    walk(folder.root(), "", &mut all)?;
    let wanted = |name: &String| {
        let log = name.rsplit_once('/').is_some_and(|(place, file)| file == TRAINING && !place.contains('/'));
        PACKED.contains(&name.as_str()) || log
    };
    all.retain(wanted);
    all.sort();
    Ok(all)
}

/// Writes the archive: a page that says what is in it, then the files.
fn fill(to: &mut impl Write, folder: &RunFolder, (top, names): (&str, &[String])) -> Result<(), RunError> {
    let mut archive = tar::Builder::new(to);
    let mut add = |name: &str, content: &mut dyn Read, bytes: u64| {
        let failed = |source| RunError::Write { path: folder.path(name), source };
        let mut header = tar::Header::new_gnu();
        // Neither times nor owners: the same run gives the same bytes.
        header.set_size(bytes);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, format!("{top}/{name}"), content).map_err(failed)
    };
    let page = about(folder, names)?;
    add("README.txt", &mut page.as_bytes(), page.len() as u64)?;
    for name in names {
        let path = folder.path(name);
        let read = |source| RunError::Read { path: path.clone(), source };
        let mut file = File::open(&path).map_err(read)?;
        let bytes = fs::metadata(&path).map_err(read)?.len();
        add(name, &mut file, bytes)?;
    }
    archive.finish().map_err(|source| RunError::Write { path: folder.root().to_owned(), source })
}

fn about(folder: &RunFolder, names: &[String]) -> Result<String, RunError> {
    let mut text = "\
A run of twinprint: its plan, what made it, who was learnt from and who was compared, every comparison with its score, and every
number. No recording, no epochs and no encoder is here.

pipeline.toml   the plan as it was written          plan.json       the same, every default written out
run.json        version, machine, seeds, and the BLAKE3 of every recording, by which whoever has them knows them again
split.json      who was learnt from and who was tested, fold by fold
trials.parquet  every comparison                    scores.parquet  its score by every system
results.json    every number                        report.html     the same for people

With the recordings, `twinprint run pipeline.toml` makes the run again. The error rates follow from the scores alone:
`twinprint evaluate --scores scores.parquet`.

BLAKE3 of the files:
"
    .to_owned();
    for name in names {
        let hash = FileHash::of(&folder.path(name))?;
        text.push_str(&format!("{}  {name}\n", hash.blake3));
    }
    Ok(text)
}
