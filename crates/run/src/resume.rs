//! Where a run goes on: what it needs before its first stage, and what earlier runs of its plan left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use twinprint_encoder::Compute;
use twinprint_protocol::Split;
use twinprint_signal::counted;

use crate::cohort;
use crate::content::InputFile;
use crate::context::Survey;
use crate::folder::{RunFolder, SPLIT, create_folder, write_text};
use crate::options::Options;
use crate::outputs;
use crate::places::Places;
use crate::prepare::{device, prepare};
use crate::record::RunRecord;
use crate::stage::Stage;
use crate::stages;
use crate::{Plan, RunError};

/// What a run needs before its first stage.
pub(crate) struct Ready {
    pub(crate) split: Split,
    pub(crate) device: Compute,
    /// The recordings; nothing where the stages to run need only what the ones before them left.
    pub(crate) survey: Option<Survey>,
    pub(crate) notices: Vec<String>,
    pub(crate) summary: String,
}

/// Looks at the recordings, unless the stages to run need only what the ones before them left.
pub(crate) fn ready(plan: &Plan, options: &Options, places: &Places) -> Result<Ready, RunError> {
    if let Some((folder, record)) = left_by_earlier_stages(plan, options, places)? {
        let split: Split = folder.read_json(SPLIT)?;
        let device = device(plan)?;
        let (recordings, folds) = (record.inputs.len(), split.folds.len());
        let summary = format!(
            "{} as `preprocess` left them, {}",
            counted(recordings, "recording"),
            counted(folds, "fold")
        );
        let mut notices = record.notices;
        if plan.roots().is_err() {
            notices.push(
                "the recordings are no longer there: the run goes on from the epochs it has".to_owned(),
            );
        }
        return Ok(Ready { split, device, survey: None, notices, summary });
    }
    let prepared = prepare(plan)?;
    let leaks: Vec<&str> = prepared.leaks().iter().map(|leak| leak.name()).collect();
    let summary = format!(
        "{} of {}, {}, {}",
        counted(prepared.recordings(), "recording"),
        counted(prepared.survey.cohort.subjects(), "subject"),
        counted(prepared.split.folds.len(), "fold"),
        if leaks.is_empty() { "no leak found".to_owned() } else { format!("LEAKY: {}", leaks.join(", ")) }
    );
    let notices = prepared.notices();
    let crate::Prepared { split, device, survey, .. } = prepared;
    Ok(Ready { split, device, survey: Some(survey), notices, summary })
}

/// The folder and the record of this plan's earlier stages, where the stages to run open no recording: those asked for
/// come after `preprocess`, or the recordings are no longer there.
///
/// # Errors
/// When a file of theirs is missing: nothing is changed then.
fn left_by_earlier_stages(
    plan: &Plan,
    options: &Options,
    places: &Places,
) -> Result<Option<(RunFolder, RunRecord)>, RunError> {
    let start = options.start();
    let asked = start.is_some_and(|stage| stage > Stage::Preprocess);
    let resumed = start.is_none() && plan.roots().is_err();
    if options.everything || !(asked || resumed) {
        return Ok(None);
    }
    let folder = source(options, places);
    let Ok(record) = folder.read_json::<RunRecord>("run.json") else { return Ok(None) };
    if record.plan_hash != plan.hash() || !record.stages.contains_key(&Stage::Preprocess) {
        return Ok(None);
    }
    match folder.missing_of_preprocess() {
        None => Ok(Some((folder.clone(), record))),
        Some(path) => Err(RunError::run_folder_with(
            path,
            "it is missing, as in run folders of earlier versions",
            "run with --from preprocess",
        )),
    }
}

/// The folder that the run goes on from: the complete one where a part of it is to be made again, else the unfinished one.
fn source<'a>(options: &Options, places: &'a Places) -> &'a RunFolder {
    let again = options.from.or(options.again).is_some() && places.complete.root().exists();
    if again { &places.complete } else { &places.partial }
}

/// Makes the folder to work in, or takes up one that a stopped run left.
///
/// # Errors
/// When a file is not what its stage left: nothing is changed then.
pub(crate) fn open_folder(
    plan: &Plan,
    ready: &Ready,
    options: &Options,
    places: &Places,
) -> Result<RunRecord, RunError> {
    let inputs = ready.survey.as_ref().map(|survey| survey.cohort.inputs());
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source| RunError::Write { path, source }
    };
    let (complete, partial) = (places.complete.root(), places.partial.root());
    let goes_on = |left: &RunRecord| {
        left.plan_hash == plan.hash()
            && inputs.as_ref().is_none_or(|inputs| changed(&left.inputs, inputs).is_empty())
            && !options.everything
    };
    let source = source(options, places);
    let left = source.read_json(RECORD).ok().filter(goes_on);
    if let Some(left) = &left {
        outputs::check(source, &left.outputs, options.start().unwrap_or_else(|| first_missing(left)))?;
    }
    if source.root() == complete {
        if partial.exists() {
            fs::remove_dir_all(partial).map_err(write(partial))?;
        }
        fs::rename(complete, partial).map_err(write(partial))?;
    }
    let mut record = match left {
        Some(left) => left,
        None => {
            if partial.exists() {
                fs::remove_dir_all(partial).map_err(write(partial))?;
            }
            let inputs = inputs.unwrap_or_default();
            RunRecord::new(plan, options.host.clone(), (options.clock)(), inputs, ready.notices.clone())
        }
    };
    if let Some(stage) = options.start() {
        record.forget_from(stage);
    }
    if record.stages.contains_key(&Stage::Preprocess) && places.partial.missing_of_preprocess().is_some() {
        record.forget_from(Stage::Preprocess);
    }
    // Asked to start again, not to go on.
    let anew = options.from.or(options.again).is_some_and(|stage| stage <= Stage::Train);
    if anew || options.only == Some(Stage::Preprocess) {
        stages::train::start_anew(&places.partial, &ready.split)?;
    }
    create_folder(partial)?;
    outputs::remove_unfinished(places.partial.root());
    // Earlier versions did not put down what a stage left.
    for stage in record.stages.keys() {
        if !record.outputs.contains_key(stage) {
            record.outputs.insert(*stage, outputs::of_stage(&places.partial, *stage)?);
        }
    }
    write_text(&places.partial.path("pipeline.toml"), &plan.source().kept()?)?;
    places.partial.write_json("plan.json", plan.config())?;
    places.partial.write_json(RECORD, &record)?;
    Ok(record)
}

/// The record of a run.
const RECORD: &str = "run.json";

fn first_missing(record: &RunRecord) -> Stage {
    let missing = Stage::ALL.into_iter().find(|stage| !record.stages.contains_key(stage));
    missing.unwrap_or(Stage::Report)
}

/// The stages to run, in order.
///
/// # Errors
/// When one before them is not done.
pub(crate) fn wanted(record: &RunRecord, options: &Options) -> Result<Vec<Stage>, RunError> {
    let first_missing = first_missing(record);
    let start = options.start().unwrap_or(first_missing);
    if start > first_missing {
        return Err(RunError::in_stage(
            start.name(),
            format!(
                "{first_missing} must be done first: run `twinprint {first_missing}`, or `twinprint run`"
            ),
        ));
    }
    let last = options.until.unwrap_or(Stage::Report);
    if last < start && options.start().is_some() {
        let reason = format!(
            "it comes before {start}, where the run is to start: write a later stage, or leave it out"
        );
        return Err(RunError::option(format!("--until {last}"), reason));
    }
    Ok(match options.only {
        Some(Stage::Evaluate) => vec![Stage::Evaluate, Stage::Report],
        Some(only) => vec![only],
        None => Stage::ALL.into_iter().filter(|stage| (start..=last).contains(stage)).collect(),
    })
}

/// What differs between the recordings of a run and those that are there now, a few words each; nothing where they are the same.
pub(crate) fn changed(then: &[InputFile], now: &[InputFile]) -> Vec<String> {
    let by_path = |list: &'_ [InputFile]| -> BTreeMap<String, InputFile> {
        list.iter().map(|input| (input.path.clone(), input.clone())).collect()
    };
    let (before, after) = (by_path(then), by_path(now));
    let mut found = Vec::new();
    for (path, input) in &before {
        match after.get(path) {
            None => found.push(format!("{path} is gone")),
            Some(other) if input.same(other) => {}
            Some(other) if input.blake3 != other.blake3 => found.push(format!("{path} has other content")),
            Some(_) => found
                .push(format!("the dataset says something else of {path} (labels, bad channels, events)")),
        }
    }
    found
        .extend(after.keys().filter(|path| !before.contains_key(*path)).map(|path| format!("{path} is new")));
    found
}

/// Looks whether a complete run is still one of the recordings that are there.
///
/// # Errors
/// When it is not, naming the recordings.
pub(crate) fn check_complete(plan: &Plan, folder: &RunFolder) -> Result<(), RunError> {
    const SHOWN: usize = 3;
    // A run outlives its recordings.
    if plan.roots().is_err() {
        return Ok(());
    }
    let record: RunRecord = folder.read_json(RECORD)?;
    let found = changed(&record.inputs, &cohort::survey(plan)?.inputs());
    if found.is_empty() {
        return Ok(());
    }
    let more = found.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more like it") } else { String::new() };
    let shown = found[..found.len().min(SHOWN)].join("; ");
    let problem = format!("this run is complete, but its recordings have changed since: {shown}{more}");
    let remedy = "run with --force to make it again from what is there now; `twinprint report` still shows it as it was";
    Err(RunError::run_folder_with(folder.root(), problem, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_of_the_recordings_is_named() {
        let input = |path: &str, content: &str, described: &str| InputFile {
            path: path.to_owned(),
            bytes: 1,
            blake3: content.to_owned(),
            described: described.to_owned(),
        };
        let then = [input("a", "1", "x"), input("b", "1", "x"), input("c", "1", ""), input("d", "1", "x")];
        let now = [input("a", "2", "x"), input("b", "1", "y"), input("c", "1", "z"), input("e", "1", "x")];
        let found = changed(&then, &now);
        assert_eq!(found.len(), 4, "{found:?}");
        for (words, found) in ["a has other", "of b (labels", "d is gone", "e is new"].iter().zip(&found) {
            assert!(found.contains(words), "{found}");
        }
        assert!(changed(&then, &then).is_empty());
    }
}
