//! Finished runs side by side, from their files of scores.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use twinprint_evaluation::{Comparisons, Estimate, Resampled, ScoreError};
use twinprint_report::{Results, SideBySide, SideBySideCell, SideBySideRow};

use crate::RunError;
use crate::error::Placed;
use crate::folder::{RESULTS, RunFolder, SCORES};
use crate::results::Draws;
use crate::score_file::{ScoreFile, WrittenTrials};
use crate::system::System;

/// What a run folder holds of one run.
pub(crate) struct Run {
    name: String,
    pub(crate) path: PathBuf,
    pub(crate) results: Results,
    pub(crate) draws: Draws,
    scores: ScoreFile,
}

/// Sets the encoders of `runs`, and the baselines of the first, side by side: each one's equal error rate as its run
/// reports it, and its difference from `against`, a system of the first run, by the paired bootstrap over subjects. Two systems
/// of one run differ by what `comparisons` in its results says.
///
/// A difference needs the same trials in the same order; where they differ, a note says so and it is absent.
///
/// # Errors
/// When a folder is not that of a finished run, or the first run has no such system.
pub fn compare(runs: &[PathBuf], against: &str) -> Result<SideBySide, RunError> {
    let mut runs = runs.iter().map(|path| Run::open(path)).collect::<Result<Vec<_>, _>>()?;
    tell_apart(&mut runs);
    let Some(first) = runs.first() else { return Ok(SideBySide::default()) };
    let lengths = first.results.protocol.probe_seconds.clone();
    first.must_have(against)?;
    let references =
        lengths.iter().map(|&seconds| first.trials(against, seconds)).collect::<Result<Vec<_>, _>>()?;
    // Of each reference, its resampled cohorts with the draws of the runs seen so far.
    let mut resampled: Vec<BTreeMap<Draws, Resampled>> = vec![BTreeMap::new(); lengths.len()];
    let mut side =
        SideBySide { run: first.name.clone(), against: against.to_owned(), ..SideBySide::default() };
    for (position, run) in runs.iter().enumerate() {
        side.notes.extend(run.leaky());
        let mut same = true;
        for system in run.shown(position == 0) {
            let mut row =
                SideBySideRow { run: run.name.clone(), system: system.clone(), ..SideBySideRow::default() };
            for ((&seconds, reference), of_reference) in lengths.iter().zip(&references).zip(&mut resampled) {
                let is_reference = position == 0 && system == against;
                let own = if is_reference { None } else { run.trials(&system, seconds)? };
                let difference = match (own, reference) {
                    (Some(own), Some(reference)) if own.ids == reference.ids => {
                        let draws = run.draws.between(first.draws);
                        let resample = |trials| resample(trials, draws).in_stage("compare");
                        let theirs = match of_reference.entry(draws) {
                            Entry::Occupied(there) => there.into_mut(),
                            Entry::Vacant(vacant) => vacant.insert(resample(reference)?),
                        };
                        let found = resample(&own)?.difference(theirs, &draws.of_differences());
                        let found = found.in_stage("compare")?;
                        found.ci95.map(|_| found)
                    }
                    _ => {
                        same &= is_reference;
                        None
                    }
                };
                let eer = run.eer(&system, seconds);
                row.at.push(SideBySideCell { probe_seconds: seconds, eer, difference });
            }
            side.rows.push(row);
        }
        if !same {
            side.notes.push(format!("{} has other trials than {}: no difference", run.name, first.name));
        }
    }
    side.rows.sort_by_key(|row| !is_encoder(&row.system));
    Ok(side)
}

/// The equal error rate of a system in every resampled cohort, as the evaluation computes it.
pub(crate) fn resample(trials: &WrittenTrials, draws: Draws) -> Result<Resampled, ScoreError> {
    Comparisons::new(trials)?.resampled(&draws.of_differences())
}

/// Runs of one name get that of their folder, which ends in the plan's hash.
fn tell_apart(runs: &mut [Run]) {
    let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    for run in runs {
        if names.iter().filter(|name| **name == run.name).count() > 1
            && let Some(folder) = run.path.file_name()
        {
            run.name = folder.to_string_lossy().into_owned();
        }
    }
}

fn is_encoder(system: &str) -> bool {
    let encoder = System::Encoder.name();
    system == encoder || system.strip_prefix(encoder).is_some_and(|rest| rest.starts_with(':'))
}

impl Run {
    pub(crate) fn open(path: &Path) -> Result<Self, RunError> {
        let folder = RunFolder::at(path);
        let file = folder.path(RESULTS);
        let text = std::fs::read_to_string(&file).map_err(|_| {
            RunError::run_folder(
                path,
                format!("no {RESULTS} in it: give folders of finished runs, as `twinprint run` names them"),
            )
        })?;
        let results = Results::from_json(&text).map_err(|error| RunError::run_folder(file, error))?;
        let scores = ScoreFile::open(&folder.path(SCORES))?;
        let draws = Draws::of_run(&folder)?;
        Ok(Self { name: results.name.clone(), path: path.to_owned(), results, draws, scores })
    }

    /// Every system with an equal error rate, the encoders first.
    pub(crate) fn systems(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for row in &self.results.verification {
            if !names.contains(&row.system) {
                names.push(row.system.clone());
            }
        }
        names
    }

    /// Refuses a system that the run has not.
    pub(crate) fn must_have(&self, system: &str) -> Result<(), RunError> {
        let systems = self.systems();
        if systems.iter().any(|known| known == system) {
            return Ok(());
        }
        Err(RunError::run_folder(
            self.path.clone(),
            format!("it has no system {system:?}: choose from {}", systems.join(", ")),
        ))
    }

    /// What to know of a run with leaks.
    pub(crate) fn leaky(&self) -> Option<String> {
        let leaks: Vec<&str> = self.results.leaks.iter().map(|leak| leak.leak.as_str()).collect();
        (!leaks.is_empty())
            .then(|| format!("{} is leaky ({}): its rates are too low", self.name, leaks.join(", ")))
    }

    /// What is shown of the run: its encoders, and its baselines where wanted.
    fn shown(&self, baselines: bool) -> Vec<String> {
        self.systems().into_iter().filter(|system| baselines || is_encoder(system)).collect()
    }

    fn eer(&self, system: &str, seconds: f64) -> Option<Estimate> {
        let mut rows = self.results.verification.iter();
        rows.find(|row| row.system == system && row.probe_seconds == seconds)?.eer
    }

    /// A system's trials; nothing where the run has none of that length.
    pub(crate) fn trials(&self, system: &str, seconds: f64) -> Result<Option<WrittenTrials>, RunError> {
        self.scores.trials(system, seconds, |subject| self.results.is_about(subject))
    }
}
