//! A run made again, and every artefact of both held side by side.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::artefact::{Verdict, compare};
use crate::cohort;
use crate::config::Config;
use crate::folder::RunFolder;
use crate::options::Options;
use crate::outputs::FileHash;
use crate::record::RunRecord;
use crate::resume::changed;
use crate::run::run;
use crate::source::Source;
use crate::{FinishedRun, Plan, Progress, RunError, Stage, Surroundings, outputs};

/// A run beside the same run made again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reproduction {
    /// The folder of the run that was made again.
    pub folder: PathBuf,
    /// Every file that a stage left in either of them, in the order of the stages.
    pub artefacts: Vec<Artefact>,
}

/// One file of both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Artefact {
    /// The stage that makes it.
    pub stage: Stage,
    /// Its path in the run folder.
    pub file: String,
    /// How the two are alike.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Reproduction {
    /// The first file that differs by more than the tolerance, in the order in which files are made: what later ones differ in
    /// follows from it.
    pub fn first_difference(&self) -> Option<&Artefact> {
        self.artefacts.iter().find(|artefact| matches!(artefact.verdict, Verdict::Different { .. }))
    }
}

/// The plan that a run was made under, as its folder has it.
///
/// Relative paths in it start at the pipeline file, where that is still at its place, else here.
///
/// # Errors
/// When it is no finished run folder, or a model that the plan starts from is gone.
pub fn plan_of_run(path: &Path, surroundings: &Surroundings) -> Result<Plan, RunError> {
    let FinishedRun { folder, config, .. } = FinishedRun::open(path)?;
    let record: RunRecord = folder.read_json("run.json")?;
    if record.finished.is_none() {
        let problem = "it is not complete: run its pipeline to the end first";
        return Err(RunError::run_folder(path, problem));
    }
    let place = folder.path("pipeline.toml");
    let text = std::fs::read_to_string(&place).map_err(|source| RunError::Read { path: place, source })?;
    let there = record.pipeline.filter(|pipeline| pipeline.is_file());
    let path = there.unwrap_or_else(|| "pipeline.toml".into());
    let source = Source { overrides: record.overrides, ..Source::new(path, text) };
    let config = Config { device: surroundings.device.clone().unwrap_or(config.device.clone()), ..config };
    Plan::again(config, source, surroundings)
}

/// Makes a run again below `options.out` from the recordings, and compares every file that a stage left.
///
/// # Errors
/// When the recordings are not those of the run, or it cannot be made again.
pub fn reproduce(
    path: &Path,
    plan: &Plan,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Reproduction, RunError> {
    let first = RunFolder::at(path);
    let record: RunRecord = first.read_json("run.json")?;
    let found = changed(&record.inputs, &cohort::survey(plan)?.inputs());
    if let Some(one) = found.first() {
        let more = if found.len() > 1 { format!(", and {} more", found.len() - 1) } else { String::new() };
        let problem = format!("the recordings are not those that this run was made of: {one}{more}");
        return Err(RunError::run_folder_with(path, problem, "name the folder of its own with --data DIR"));
    }
    let second = run(plan, options, progress)?.folder;
    let mut artefacts = Vec::new();
    for stage in Stage::ALL {
        let mut files = outputs::names_of_stage(&first, stage)?;
        files.extend(outputs::names_of_stage(&second, stage)?);
        files.sort();
        files.dedup();
        for file in files {
            let (one, other) = (first.path(&file), second.path(&file));
            let verdict = match (one.is_file(), other.is_file()) {
                (true, true) => compare(&one, &other)?,
                // Thinned runs have the hashes of what was removed.
                (false, true) => match record.outputs.get(&stage).and_then(|files| files.get(&file)) {
                    Some(hash) if *hash == FileHash::of(&other)? => Verdict::Identical,
                    Some(_) => Verdict::Different {
                        cause: "its bytes; the file of the first run is gone".to_owned(),
                    },
                    None => Verdict::Different { cause: "the first run does not have it".to_owned() },
                },
                (true, false) => Verdict::Different { cause: "it was not made again".to_owned() },
                (false, false) => continue,
            };
            artefacts.push(Artefact { stage, file, verdict });
        }
    }
    Ok(Reproduction { folder: second.root().to_owned(), artefacts })
}
