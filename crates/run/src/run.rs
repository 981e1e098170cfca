//! From a checked plan to a complete run folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use twinprint_encoder::{Attention, Compute};
use twinprint_protocol::{Leak, Split};
use twinprint_report::results::Results;

use crate::cohort;
use crate::context::{Context, Survey};
use crate::deal::dealt;
use crate::folder::{RESULTS, RunFolder, SPLIT, create_folder, write_text};
use crate::optimism::{self, HONEST};
use crate::places::Places;
use crate::pooling;
use crate::record::{Host, RunRecord};
use crate::stage::Stage;
use crate::stages;
use crate::{Plan, Progress, RunError, Silent, leaks};

/// How a plan is to be run.
pub struct Options<'a> {
    /// The folder that holds run folders.
    pub out: PathBuf,
    /// Start again from this stage.
    pub from: Option<Stage>,
    /// Run this stage only; the ones before it must be done.
    pub only: Option<Stage>,
    /// Run even where the run folder is complete.
    pub force: bool,
    /// The program and the machine, for the record.
    pub host: Host,
    /// The time, RFC 3339 in UTC.
    pub clock: &'a dyn Fn() -> String,
}

/// A run as far as it was asked to go.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run folder; its name ends in `.partial` while stages are missing.
    pub folder: RunFolder,
    /// Whether it was complete before.
    pub was_complete: bool,
    /// The results, once they are there.
    pub results: Option<Results>,
}

/// Everything about a plan that can be known without reading a sample.
pub struct Prepared {
    survey: Survey,
    /// Where the recordings are, a folder for each cohort.
    roots: Vec<PathBuf>,
    split: Split,
    /// Of leaks that are allowed and not there.
    unused: Vec<String>,
    device: Compute,
}

/// Opens every header, deals the folds, and looks for leaks: all that `twinprint check` does.
///
/// # Errors
/// When a recording is refused, the cohort is too small for the plan, or the protocol leaks.
pub fn prepare(plan: &Plan) -> Result<Prepared, RunError> {
    let cohort = cohort::survey(plan)?;
    let facts = cohort.facts();
    let protocol = &plan.config().protocol;
    let split = dealt(plan, &cohort)?;
    pooling::roads(plan, &cohort)?;
    let mut notices = twinprint_protocol::check(&facts, &split, protocol)
        .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))?;
    notices.extend(leaks::of_carried(plan, &facts, &split)?);
    check_attention(plan, &split)?;
    let found = |leak: &Leak| notices.iter().any(|notice| notice.leak == Some(*leak));
    let unused = protocol.allow_leak.iter().filter(|leak| !found(leak)).map(|leak| {
        format!("{leak} is allowed, but before the run nothing of the kind is found: it changes no number unless a later check finds it")
    });
    let (unused, device, roots) = (unused.collect(), device(plan)?, plan.roots()?);
    Ok(Prepared { survey: Survey { cohort, notices }, roots, split, unused, device })
}

/// Refuses attention where a fold has too few people to learn it from, which training would refuse later.
fn check_attention(plan: &Plan, split: &Split) -> Result<(), RunError> {
    if plan.config().encoder.attention.is_none() || plan.carried().is_some() {
        return Ok(());
    }
    for fold in &split.folds {
        let people: BTreeSet<_> = fold.recordings.train.iter().map(|key| &key.subject).collect();
        if people.len() < Attention::PEOPLE {
            let reason = format!(
                "encoder.attention: fold {} learns from {} people, and attention needs {}, two of them left out in turn: leave [encoder.attention] out, or raise protocol.folds or protocol.train.subjects",
                fold.index,
                people.len(),
                Attention::PEOPLE
            );
            return Err(plan.invalid("encoder.attention", reason));
        }
    }
    Ok(())
}

impl Prepared {
    /// Who trains and who is tested, fold by fold.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The number of recordings.
    pub fn recordings(&self) -> usize {
        self.survey.cohort.members.len()
    }

    /// The folders the recordings are in, one a cohort.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Everything the user should know before the run.
    pub fn notices(&self) -> Vec<String> {
        let protocol = self.survey.notices.iter().map(|notice| notice.text.clone());
        self.survey.cohort.notices.iter().cloned().chain(protocol).chain(self.unused.clone()).collect()
    }

    /// The leaks that run on purpose, each named once.
    pub fn leaks(&self) -> Vec<Leak> {
        let mut leaks: Vec<Leak> = self.survey.notices.iter().filter_map(|notice| notice.leak).collect();
        leaks.sort_unstable();
        leaks.dedup();
        leaks
    }
}

/// Runs a plan, or what is missing of it.
///
/// The folder is filled as `<name>.partial` and renamed when the last stage is done, so that a folder under its final
/// name is always complete. A run that was stopped goes on after its last finished stage.
///
/// # Errors
/// When the plan cannot be prepared, a stage fails, or a single stage is asked for before its turn.
pub fn run(plan: &Plan, options: &Options, progress: &dyn Progress) -> Result<Outcome, RunError> {
    let places = Places::of(plan, &options.out);
    if places.complete.root().exists() && !options.force && options.from.is_none() {
        let results = places.complete.read_json("results.json")?;
        return Ok(Outcome { folder: places.complete, was_complete: true, results: Some(results) });
    }
    progress.begin("check", None);
    let ready = ready(plan, options, &places)?;
    progress.end(&ready.summary);
    for notice in &ready.notices {
        progress.notice(notice);
    }
    let mut record = open_folder(plan, &ready, options, &places)?;
    let context = Context {
        plan,
        split: &ready.split,
        device: &ready.device,
        folder: &places.partial,
        progress,
        survey: ready.survey.as_ref(),
    };
    for stage in wanted(&record, options)? {
        tracing::debug!(%stage, folder = %places.partial.root().display(), "stage begins");
        progress.begin(stage.name(), stages::steps(&context, stage));
        let started = Instant::now();
        let summary = stages::run(&context, stage)?;
        let mut sources = None;
        if stage == Stage::Report {
            sources = Some(stages::report::Sources::of(&places.partial)?);
        }
        if stage == Stage::Evaluate {
            measure_optimism(&context, &record)?;
        }
        record.stages.insert(stage, started.elapsed().as_secs_f64());
        if stage == Stage::Report {
            record.finished = Some((options.clock)());
        }
        places.partial.write_json("run.json", &record)?;
        // The page says when the run ended and how long each stage took, its own included.
        if let Some(sources) = sources {
            sources.write(&places.partial)?;
        }
        progress.end(&summary);
    }
    finish(&places, &record)
}

/// What a run needs before its first stage.
struct Ready {
    split: Split,
    device: Compute,
    /// The recordings; nothing where the stages to run need only what the ones before them left.
    survey: Option<Survey>,
    notices: Vec<String>,
    summary: String,
}

/// Looks at the recordings, unless the stages to run need only what the ones before them left.
fn ready(plan: &Plan, options: &Options, places: &Places) -> Result<Ready, RunError> {
    if let Some((folder, record)) = left_by_earlier_stages(plan, options, places)? {
        let split: Split = folder.read_json(SPLIT)?;
        let device = device(plan)?;
        let (recordings, folds) = (record.inputs.len(), split.folds.len());
        let summary = format!("{recordings} recordings as `preprocess` left them, {folds} folds");
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
        "{} recordings of {} subjects, {} folds, {}",
        prepared.recordings(),
        prepared.survey.cohort.subjects(),
        prepared.split.folds.len(),
        if leaks.is_empty() { "no leak found".to_owned() } else { format!("LEAKY: {}", leaks.join(", ")) }
    );
    let notices = prepared.notices();
    let Prepared { split, device, survey, .. } = prepared;
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
    let start = options.from.or(options.only);
    let asked = start.is_some_and(|stage| stage > Stage::Preprocess);
    let resumed = start.is_none() && plan.roots().is_err();
    if options.force || !(asked || resumed) {
        return Ok(None);
    }
    let complete = options.from.is_some() && places.complete.root().exists();
    let folder = if complete { &places.complete } else { &places.partial };
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

/// The device the plan names.
fn device(plan: &Plan) -> Result<Compute, RunError> {
    Compute::named(&plan.config().device).map_err(|error| plan.invalid("device", error))
}

/// Runs a leaky plan without its leaks and sets the error rates of both side by side.
fn measure_optimism(context: &Context, record: &RunRecord) -> Result<(), RunError> {
    let mut results: Results = context.folder.read_json(RESULTS)?;
    if results.leaks.is_empty() {
        return Ok(());
    }
    context.progress.step("the same plan without its leaks");
    let options = Options {
        out: context.folder.path(HONEST),
        from: None,
        only: None,
        force: false,
        host: record.host.clone(),
        clock: &|| record.started.clone(),
    };
    let honest = run(&context.plan.honest(), &options, &Silent);
    optimism::set_beside(&mut results, honest.map(|outcome| outcome.results.unwrap_or_default()));
    stages::evaluate::write_results(context.folder, &results)
}

/// Makes the folder to work in, or takes up one that a stopped run left.
fn open_folder(
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
    if options.from.is_some() && complete.exists() {
        if partial.exists() {
            fs::remove_dir_all(partial).map_err(write(partial))?;
        }
        fs::rename(complete, partial).map_err(write(partial))?;
    }
    let left: Option<RunRecord> = places.partial.read_json("run.json").ok();
    let mut record = match left {
        Some(left)
            if left.plan_hash == plan.hash()
                && inputs.as_ref().is_none_or(|inputs| left.inputs == *inputs)
                && !options.force =>
        {
            left
        }
        _ => {
            if partial.exists() {
                fs::remove_dir_all(partial).map_err(write(partial))?;
            }
            let inputs = inputs.unwrap_or_default();
            RunRecord::new(plan, options.host.clone(), (options.clock)(), inputs, ready.notices.clone())
        }
    };
    if let Some(stage) = options.from.or(options.only) {
        record.forget_from(stage);
    }
    if record.stages.contains_key(&Stage::Preprocess) && places.partial.missing_of_preprocess().is_some() {
        record.forget_from(Stage::Preprocess);
    }
    // Asked to start again, not to go on.
    let anew = options.from.is_some_and(|stage| stage <= Stage::Train);
    if anew || options.only == Some(Stage::Preprocess) {
        stages::train::start_anew(&places.partial, &ready.split)?;
    }
    create_folder(partial)?;
    write_text(&places.partial.path("pipeline.toml"), &plan.source().text)?;
    places.partial.write_json("plan.json", plan.config())?;
    places.partial.write_json("run.json", &record)?;
    Ok(record)
}

/// The stages to run, in order.
fn wanted(record: &RunRecord, options: &Options) -> Result<Vec<Stage>, RunError> {
    let first_missing = Stage::ALL.into_iter().find(|stage| !record.stages.contains_key(stage));
    let first_missing = first_missing.unwrap_or(Stage::Report);
    let start = options.from.or(options.only).unwrap_or(first_missing);
    if start > first_missing {
        return Err(RunError::in_stage(
            start.name(),
            format!(
                "{first_missing} must be done first: run `twinprint {first_missing}`, or `twinprint run`"
            ),
        ));
    }
    Ok(match options.only {
        Some(Stage::Evaluate) => vec![Stage::Evaluate, Stage::Report],
        Some(only) => vec![only],
        None => Stage::ALL.into_iter().filter(|stage| *stage >= start).collect(),
    })
}

/// What a run has come to; a complete folder gets its name.
fn finish(places: &Places, record: &RunRecord) -> Result<Outcome, RunError> {
    let complete = record.finished.is_some();
    if complete {
        places.publish()?;
    }
    let folder = if complete { &places.complete } else { &places.partial };
    let results = match complete {
        true => Some(folder.read_json("results.json")?),
        false => folder.read_json("results.json").ok(),
    };
    Ok(Outcome { folder: folder.clone(), was_complete: false, results })
}
