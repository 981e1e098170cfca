//! `[encoder] from`: a plan whose encoder is brought along in one file.

use std::path::Path;
use std::sync::Arc;

use twinprint_encoder::{Adapt, Plan};
use twinprint_preprocess::EpochPlan;
use twinprint_signal::ChannelName;

use crate::RunError;
use crate::carried::CarriedModel;
use crate::cohort_plan::merged;
use crate::config::Config;
use crate::source::Source;
use crate::words;

/// Keys of `[encoder]` that a model brings with it.
const BROUGHT: [&str; 8] =
    ["architecture", "initialise", "backend", "ensemble", "fusion", "joined", "attention", "seed"];
/// Keys that only gradient steps read.
const OF_STEPS: [&str; 5] = ["loss", "auxiliary", "batch", "optimiser", "early_stopping"];

/// Opens the model that the plan names, and writes into the plan what comes from it: the network, and of preprocessing whatever
/// the pipeline does not set.
///
/// # Errors
/// When the model is missing or damaged, is another than the plan's `from_encoder`, or takes other epochs than the plan cuts.
pub(crate) fn resolve(config: &mut Config, source: &Source) -> Result<Option<Arc<CarriedModel>>, RunError> {
    let wanted = config.encoder.clone();
    let Some(from) = &wanted.from else { return without_model(&wanted, source).map(|()| None) };
    let path = source.path.parent().unwrap_or(Path::new(".")).join(from);
    let carried = CarriedModel::open(&path)?;
    let adapt = wanted.adapt.unwrap_or_default();
    check_keys(adapt, source)?;
    let hash = carried.space()?.model;
    if let Some(stated) = wanted.from_encoder.as_ref().filter(|stated| **stated != hash) {
        let problem = format!(
            "encoder.from_encoder = {stated:?}, and {} holds {hash}: it is another model",
            path.display()
        );
        return Err(refuse(source, "encoder.from_encoder", problem));
    }
    config.encoder = Plan {
        from: wanted.from.clone(),
        adapt: Some(adapt),
        from_encoder: Some(hash),
        ..carried.model.adapted_plan(adapt, &wanted)
    };
    config.preprocess = preprocess(&carried, source)?;
    let differences = differences(&carried, &config.preprocess, !config.cohorts.is_empty());
    if differences.is_empty() {
        return Ok(Some(Arc::new(carried)));
    }
    let problem = format!(
        "these epochs are not what the model of encoder.from takes:\n{}\nWhat [preprocess] does not set comes from the model: leave these keys out. Electrodes that a recording lacks can be estimated with preprocess.channels.on_missing = \"interpolate\"",
        differences.join("\n")
    );
    Err(refuse(source, "preprocess", problem))
}

/// Opens the model of a plan that was resolved before.
///
/// # Errors
/// When the model is missing or damaged, or is another than the plan's `from_encoder`.
pub(crate) fn open(config: &Config, source: &Source) -> Result<Option<Arc<CarriedModel>>, RunError> {
    let Some(from) = &config.encoder.from else { return Ok(None) };
    let path = source.path.parent().unwrap_or(Path::new(".")).join(from);
    let carried = CarriedModel::open(&path)?;
    let hash = carried.space()?.model;
    if config.encoder.from_encoder.as_ref().is_some_and(|stated| *stated != hash) {
        let problem = format!("{} holds another model than the run started from", path.display());
        return Err(refuse(source, "encoder.from", problem));
    }
    Ok(Some(Arc::new(carried)))
}

fn refuse(source: &Source, key: &str, problem: String) -> RunError {
    RunError::invalid(source.place(key), problem)
}

/// Refuses keys about a model where there is none.
fn without_model(wanted: &Plan, source: &Source) -> Result<(), RunError> {
    let keys = [("adapt", wanted.adapt.is_some()), ("from_encoder", wanted.from_encoder.is_some())];
    let Some((key, _)) = keys.into_iter().find(|(_, set)| *set) else { return Ok(()) };
    let problem = format!(
        "encoder.{key} is about the model of encoder.from, and there is none: write from = \"M.twinprint\", or leave it out"
    );
    Err(refuse(source, &format!("encoder.{key}"), problem))
}

/// Refuses keys that the model brings, or that nothing reads.
fn check_keys(adapt: Adapt, source: &Source) -> Result<(), RunError> {
    let unread = if adapt == Adapt::FineTune { &[][..] } else { &OF_STEPS[..] };
    let set = |key: &&&str| source.sets_below(&format!("encoder.{key}"));
    let Some(key) = BROUGHT.iter().chain(unread).find(set) else { return Ok(()) };
    let why = if BROUGHT.contains(key) {
        "comes from the model"
    } else {
        "is read only with adapt = \"fine-tune\""
    };
    Err(refuse(source, &format!("encoder.{key}"), format!("encoder.{key} {why}: leave it out")))
}

/// The model's preprocessing with the pipeline's own keys in place of its.
fn preprocess(carried: &CarriedModel, source: &Source) -> Result<twinprint_preprocess::Plan, RunError> {
    let mut plan = carried.about.preprocess.clone();
    if plan.channels.pick.is_empty() {
        plan.channels.pick = carried.model.channels().to_vec();
    }
    let table = source.table()?;
    let Some(toml::Value::Table(own)) = table.get("preprocess") else { return Ok(plan) };
    merged(&plan, own).map_err(|error| {
        refuse(source, "preprocess", format!("preprocess: {}", words::plain(error.message())))
    })
}

/// What the plan's epochs differ in from those that the model takes, a line each.
fn differences(carried: &CarriedModel, plan: &twinprint_preprocess::Plan, cohorts: bool) -> Vec<String> {
    let model = &carried.model;
    let names =
        |channels: &[ChannelName]| channels.iter().map(ChannelName::key).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let (here, there) = (names(&plan.channels.pick), names(model.channels()));
    // Cohorts come to their channels together; what they have come to is looked at before anything is fitted.
    if here != there && !cohorts {
        found.push(format!("  channels: the model takes {there}, preprocess.channels.pick gives {here}"));
    }
    let rate = plan.resample.as_ref().map(|resample| resample.sfreq.get());
    if let Some(rate) = rate.filter(|rate| *rate != model.rate()) {
        found.push(format!(
            "  rate: the model takes {} Hz, preprocess.resample.sfreq gives {rate}",
            model.rate()
        ));
    }
    let seconds = model.samples() as f64 / model.rate();
    if let EpochPlan::Fixed { duration, .. } = &plan.epochs
        && (duration.get() - seconds).abs() > 1e-9
    {
        let duration = duration.get();
        found.push(format!(
            "  epoch length: the model takes {seconds} s, preprocess.epochs.duration gives {duration} s"
        ));
    }
    found
}
