//! From a checked plan to a complete run folder.

use std::time::Instant;

use twinprint_report::results::Results;

use crate::cache::Kind;
use crate::context::Context;
use crate::folder::{COHORT_EPOCHS, EPOCHS, OPERATIONS, QUALITY, RESULTS, RunFolder, create_folder};
use crate::lock::{Hold, Lock};
use crate::optimism::{self, HONEST};
use crate::options::Options;
use crate::outputs::{self, Files};
use crate::places::Places;
use crate::record::RunRecord;
use crate::resume::{check_complete, open_folder, ready, wanted};
use crate::stage::Stage;
use crate::stages;
use crate::{Plan, Progress, RunError, Silent, keys};

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

/// Runs a plan, or what is missing of it.
///
/// The folder is filled as `<name>.partial` and renamed when the last stage is done, so that a folder under its final
/// name is always complete. A run that was stopped goes on after its last finished stage, once what the stages left is known
/// to be what they left. What the cache has of epochs, encoders and prints is not made again.
///
/// # Errors
/// When the plan cannot be prepared, a stage fails, a single stage is asked for before its turn, a file of the folder was changed
/// after its stage, or the run is complete and its recordings have changed.
pub fn run(plan: &Plan, options: &Options, progress: &dyn Progress) -> Result<Outcome, RunError> {
    let places = Places::of(plan, &options.out);
    let asked_again = options.everything || options.from.or(options.again).is_some();
    if !asked_again
        && !places.is_in_use()
        && let Some(complete) = completed(plan, &places)?
    {
        return Ok(complete);
    }
    create_folder(&options.out)?;
    let _alone = Lock::take(&places.lock, places.partial.root(), Hold::Alone, (options.clock)())?;
    places.remove_replaced()?;
    if let Some(cache) = plan.cache() {
        cache.remove_left();
    }
    // Whoever held the lock before may have completed it.
    if !asked_again && let Some(complete) = completed(plan, &places)? {
        return Ok(complete);
    }
    progress.begin("check", None);
    let ready = ready(plan, options, &places)?;
    progress.end(&ready.summary);
    for notice in &ready.notices {
        progress.notice(notice);
    }
    let mut record = open_folder(plan, &ready, options, &places)?;
    let cache = plan.cache();
    for stage in wanted(&record, options)? {
        tracing::debug!(%stage, folder = %places.partial.root().display(), "stage begins");
        let context = Context {
            plan,
            split: &ready.split,
            device: &ready.device,
            folder: &places.partial,
            progress,
            survey: ready.survey.as_ref(),
            cache,
            anew: options.anew(stage),
            key: "",
        };
        progress.begin(stage.name(), stages::steps(&context, stage));
        let started = Instant::now();
        let (summary, outputs) = make(&context, stage, &record)?;
        let mut sources = None;
        if stage == Stage::Report {
            sources = Some(stages::report::Sources::of(&places.partial)?);
        }
        record.stages.insert(stage, started.elapsed().as_secs_f64());
        record.outputs.insert(stage, outputs);
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

/// The run, where it is complete.
///
/// # Errors
/// When its recordings have changed since.
fn completed(plan: &Plan, places: &Places) -> Result<Option<Outcome>, RunError> {
    if !places.complete.root().exists() {
        return Ok(None);
    }
    check_complete(plan, &places.complete)?;
    let results = Some(places.complete.read_json(RESULTS)?);
    Ok(Some(Outcome { folder: places.complete.clone(), was_complete: true, results }))
}

/// Makes what a stage leaves, or takes it from the cache; says what that is, and gives back every file with its hash.
fn make(context: &Context, stage: Stage, record: &RunRecord) -> Result<(String, Files), RunError> {
    let kept = match stage {
        Stage::Preprocess => Some((Kind::Epochs, stages::preprocess::key(context)?)),
        Stage::Train => Some((Kind::Train, keys::of_train(context.plan, context.split, record)?)),
        Stage::Embed => Some((Kind::Embed, keys::of_embed(context.plan, record)?)),
        Stage::Evaluate | Stage::Report => None,
    };
    let key = kept.as_ref().map_or("", |(_, key)| key.as_str());
    let context = &Context { key, ..*context };
    let (folder, readable) = (context.folder, context.cache.filter(|_| !context.anew));
    let taken = match (readable, &kept) {
        (Some(cache), Some((kind, key))) => cache.take(*kind, key, folder.root())?,
        _ => None,
    };
    let from_cache = taken.is_some();
    let said = match taken {
        Some(said) => said,
        None => stages::make(context, stage)?,
    };
    stages::settle(context, stage)?;
    if stage == Stage::Evaluate {
        measure_optimism(context, record)?;
    }
    let outputs = outputs::of_stage(folder, stage)?;
    if let (Some((kind, key)), false) = (&kept, from_cache) {
        let mut files = outputs.clone();
        files.retain(|name, _| shared(*kind, name));
        context.keep(|cache| cache.put(*kind, key, (folder.root(), &files), &said));
    }
    Ok((if from_cache { format!("{said}, from the cache") } else { said }, outputs))
}

/// Whether a file of a stage is the same for every run whose key is the same.
fn shared(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Epochs => {
            [EPOCHS, QUALITY, OPERATIONS].contains(&name) || name.starts_with(&format!("{COHORT_EPOCHS}/"))
        }
        Kind::Embed => name != crate::folder::FIT_LEAKS,
        Kind::Train | Kind::Recording => true,
    }
}

/// Runs a leaky plan without its leaks and sets the error rates of both side by side.
fn measure_optimism(context: &Context, record: &RunRecord) -> Result<(), RunError> {
    let mut results: Results = context.folder.read_json(RESULTS)?;
    if results.leaks.is_empty() {
        return Ok(());
    }
    context.progress.step("the same plan without its leaks");
    let clock = || record.started.clone();
    let options = Options::complete(context.folder.path(HONEST), record.host.clone(), &clock);
    let honest = run(&context.plan.honest(), &options, &Silent);
    optimism::set_beside(&mut results, honest.map(|outcome| outcome.results.unwrap_or_default()));
    stages::evaluate::write_results(context.folder, &results)
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
