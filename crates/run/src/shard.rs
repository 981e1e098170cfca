//! Parts of one run in processes of their own: everything before the training, and the training of one encoder. Each leaves what a
//! whole run goes on from.

use twinprint_protocol::Split;
use twinprint_signal::{FoldIndex, counted};

use crate::context::Context;
use crate::folder::SPLIT;
use crate::lock::{Hold, Lock};
use crate::options::Options;
use crate::places::Places;
use crate::prepare::{device, prepare};
use crate::record::RunRecord;
use crate::run::run;
use crate::stage::Stage;
use crate::stages::{self, train};
use crate::{Plan, Progress, RunError};

/// Whether the training of a plan may be divided: its encoders are learnt step by step, each with a checkpoint, and nothing is
/// learnt for all of them at once.
pub(crate) fn is_divisible(plan: &Plan) -> bool {
    let encoder = &plan.config().encoder;
    encoder.steps() > 0
        && encoder.checkpoint_every > 0
        && encoder.joined.is_empty()
        && plan.carried().is_none()
}

/// Cuts every `of`-th recording into epochs and keeps them in the cache, for whoever cuts alike.
///
/// # Errors
/// When there is no cache, the plan cannot be prepared, or a recording is refused.
pub(crate) fn recordings(
    plan: &Plan,
    (shard, of): (usize, usize),
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let Some(cache) = plan.cache() else {
        return Err(RunError::in_stage(
            "preprocess",
            "recordings are cut by several jobs into a cache: leave --no-cache out",
        ));
    };
    let prepared = prepare(plan)?;
    progress.begin(Stage::Preprocess.name(), None);
    let kept = stages::preprocess::cut_into(cache, plan, &prepared.survey.cohort, (shard, of), progress)?;
    progress.end(&counted(kept, "recording"));
    Ok(())
}

/// Brings a run through its first stage, where that is not done.
///
/// # Errors
/// As [`run`].
pub(crate) fn preprocess(plan: &Plan, options: &Options, progress: &dyn Progress) -> Result<(), RunError> {
    let places = Places::of(plan, &options.out);
    if places.complete.root().exists() || preprocessed(plan, &places).is_some() {
        return Ok(());
    }
    let all = Options::complete(options.out.clone(), options.host.clone(), options.clock);
    let options = Options { only: Some(Stage::Preprocess), ..all };
    run(plan, &options, progress).map(|_| ())
}

/// Trains the encoder of one fold. Its checkpoint stays for the run to take it from.
///
/// # Errors
/// When the first stage is not done, or the training fails.
pub(crate) fn train(
    plan: &Plan,
    options: &Options,
    fold: FoldIndex,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let places = Places::of(plan, &options.out);
    if places.complete.root().exists() {
        return Ok(());
    }
    let _shared = Lock::take(&places.lock, places.partial.root(), Hold::Shared, (options.clock)())?;
    let Some(record) = preprocessed(plan, &places) else {
        let reason = "what comes before the training is not there: it failed, or was stopped";
        return Err(RunError::run_folder(places.partial.root(), reason));
    };
    if record.stages.contains_key(&Stage::Train) {
        return Ok(());
    }
    let split: Split = places.partial.read_json(SPLIT)?;
    let device = device(plan)?;
    let context = Context {
        plan,
        split: &split,
        device: &device,
        folder: &places.partial,
        progress,
        survey: None,
        cache: None,
        anew: false,
        key: "",
    };
    progress.begin(Stage::Train.name(), None);
    let loss = train::one(&context, fold)?;
    progress.end(&format!("last loss {loss:.3}"));
    Ok(())
}

/// The record of a run whose first stage is done.
fn preprocessed(plan: &Plan, places: &Places) -> Option<RunRecord> {
    let record: RunRecord = places.partial.read_json("run.json").ok()?;
    let done = record.plan_hash == plan.hash() && record.stages.contains_key(&Stage::Preprocess);
    (done && places.partial.missing_of_preprocess().is_none()).then_some(record)
}
