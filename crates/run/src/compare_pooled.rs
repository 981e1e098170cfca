//! Runs of one plan under several seeds as one: the mean over who was learnt from.

use std::path::PathBuf;

use twinprint_evaluation::Resampled;
use twinprint_report::{SideBySide, SideBySideCell, SideBySideRow};
use twinprint_signal::counted;

use crate::RunError;
use crate::compare::{Run, resample};
use crate::error::Placed;

/// Averages `runs`, which test the same people under different seeds: for each system that all of them have, the mean of their equal error rates
/// and of its difference from `against`, with intervals over people. Two dozen people dealt into three folds once leave much to
/// the luck of the deal; that luck is averaged away here, and a person who was tested several times still counts as one.
///
/// # Errors
/// When a folder is not that of a finished run, one tests other people or other lengths of probes than the first, the same folder is
/// given twice, or the first has no such system.
pub fn compare_pooled(runs: &[PathBuf], against: &str) -> Result<SideBySide, RunError> {
    let runs = runs.iter().map(|path| Run::open(path)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = runs.first() else { return Ok(SideBySide::default()) };
    first.must_have(against)?;
    let lengths = &first.results.protocol.probe_seconds;
    for (index, run) in runs.iter().enumerate() {
        let refuse = |reason: String| Err(RunError::run_folder(run.path.clone(), reason));
        if run.results.protocol.probe_seconds != *lengths {
            return refuse(format!("its probes have other lengths than those of {}", first.path.display()));
        }
        if runs[..index].iter().any(|other| other.path == run.path) {
            return refuse("it is given twice, and would count twice".to_owned());
        }
    }
    let shared = |system: &String| runs.iter().all(|run| run.systems().contains(system));
    let systems: Vec<String> = first.systems().into_iter().filter(shared).collect();
    let mean = |system: &str, seconds: f64| -> Result<Option<Resampled>, RunError> {
        let mut parts = Vec::with_capacity(runs.len());
        let mut people: Option<Vec<String>> = None;
        for run in &runs {
            let Some(trials) = run.trials(system, seconds)? else { return Ok(None) };
            if people.get_or_insert_with(|| trials.people.clone()) != &trials.people {
                return Err(RunError::run_folder(
                    run.path.clone(),
                    format!(
                        "it tests other people than {}: pool runs of one plan under several protocol.seed",
                        first.path.display()
                    ),
                ));
            }
            parts.push(resample(&trials, first.draws).in_stage("compare")?);
        }
        Ok(Resampled::mean(&parts))
    };
    let references = lengths.iter().map(|&seconds| mean(against, seconds)).collect::<Result<Vec<_>, _>>()?;
    let name = counted(runs.len(), "run");
    let mut side = SideBySide { run: name.clone(), against: against.to_owned(), ..SideBySide::default() };
    let draws = first.draws.of_differences();
    for system in systems {
        let mut row = SideBySideRow { run: name.clone(), system: system.clone(), ..SideBySideRow::default() };
        for (&probe_seconds, reference) in lengths.iter().zip(&references) {
            let own = mean(&system, probe_seconds)?;
            let difference = match (&own, reference) {
                (Some(own), Some(reference)) if system != against => {
                    Some(own.difference(reference, &draws).in_stage("compare")?)
                }
                _ => None,
            };
            let eer = own.map(|own| own.estimate(&draws));
            let difference = difference.filter(|found| found.ci95.is_some());
            row.at.push(SideBySideCell { probe_seconds, eer, difference });
        }
        side.rows.push(row);
    }
    side.notes.extend(runs.iter().filter_map(Run::leaky));
    side.notes.push(format!(
        "mean over {}; an interval is over people, each of whom counts once however often they were tested",
        runs.iter().map(|run| run.path.display().to_string()).collect::<Vec<_>>().join(", ")
    ));
    Ok(side)
}
