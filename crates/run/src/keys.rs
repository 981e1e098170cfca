//! Under which hash the cache keeps what a stage makes: of the part of the plan that the stage reads, of the content it reads,
//! and of the version of its code.

use std::collections::BTreeMap;

use serde::Serialize;
use twinprint_dataset::TextTable;
use twinprint_protocol::Split;
use twinprint_signal::{Annotation, ChannelName, RecordingKey, Seconds};

use crate::cohort::Member;
use crate::cohort_plan::CohortSettings;
use crate::config::hash_of;
use crate::folder::{EPOCHS, FINAL_MODEL, OPERATIONS, QUALITY, SPLIT, TRAINING};
use crate::outputs::{FileHash, Files};
use crate::pooling::Road;
use crate::record::RunRecord;
use crate::stage::Stage;
use crate::{Plan, RunError};

/// Raised with every change of the code that changes what a stage makes of the same plan and data; the version of twinprint
/// counts as well.
fn code(stage: Stage) -> (&'static str, u32) {
    let version = match stage {
        Stage::Preprocess => 5,
        Stage::Train => 4,
        Stage::Embed => 3,
        Stage::Evaluate => 2,
        Stage::Report => 1,
    };
    (env!("CARGO_PKG_VERSION"), version)
}

/// The key of the epochs of one recording. Whose it is does not matter, nor where it lies.
pub(crate) fn of_recording(settings: &CohortSettings, road: &Road, member: &Member) -> String {
    #[derive(Serialize)]
    struct Key<'a> {
        code: (&'static str, u32),
        blake3: &'a str,
        lenient: bool,
        channels: &'a [ChannelName],
        preprocess: &'a twinprint_preprocess::Plan,
        bad_channels: &'a [ChannelName],
        events: Option<Vec<(f64, Option<f64>, String)>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a TextTable>,
    }
    let of = |event: &Annotation| (event.onset.get(), event.duration.map(Seconds::get), event.label.clone());
    let events = member.file.events.as_ref().map(|events| events.iter().map(of).collect());
    hash_of(&Key {
        code: code(Stage::Preprocess),
        blake3: &member.input.blake3,
        lenient: settings.dataset.lenient,
        channels: &road.channels,
        preprocess: &road.preprocess,
        bad_channels: &member.file.bad_channels,
        events,
        text: member.file.text.as_ref(),
    })
}

/// The key of the epochs of all recordings, in the files they lie in.
pub(crate) fn of_epochs(plan: &Plan, roads: &[Road], members: &[Member]) -> String {
    #[derive(Serialize)]
    struct One<'a> {
        epochs: String,
        key: &'a RecordingKey,
        labels: &'a BTreeMap<String, String>,
        /// The file of its own that its cohort has.
        own: Option<&'a str>,
    }
    let all: Vec<One> = members
        .iter()
        .map(|member| {
            let settings = &plan.cohorts()[member.cohort];
            One {
                epochs: of_recording(settings, &roads[member.cohort], member),
                key: &member.facts.key,
                labels: &member.facts.labels,
                own: settings.name.as_deref().filter(|_| !settings.is_pooled()),
            }
        })
        .collect();
    hash_of(&(code(Stage::Preprocess), all))
}

/// What a stage reads of earlier ones, by content.
///
/// # Errors
/// When a stage before it left no record of what it left.
fn content(record: &RunRecord, stages: &[Stage], reads: fn(&str) -> bool) -> Result<Files, RunError> {
    let mut read = Files::new();
    for &stage in stages {
        let Some(files) = record.outputs.get(&stage) else {
            let problem = format!("run.json does not say what {stage} left");
            return Err(RunError::in_stage(stage.name(), problem));
        };
        let own = files.iter().filter(|(name, _)| reads(name));
        read.extend(own.map(|(name, hash)| (name.clone(), FileHash::clone(hash))));
    }
    Ok(read)
}

/// What of the plan decides an encoder, beside the epochs and the split.
#[derive(Serialize)]
struct EncoderPart {
    plan: twinprint_encoder::Plan,
    carried: Option<String>,
    weights: Vec<(Option<String>, f64)>,
    device: String,
}

impl EncoderPart {
    fn of(plan: &Plan) -> Self {
        let weight = |settings: &CohortSettings| (settings.name.clone(), settings.weight);
        Self {
            plan: plan.config().decisive().encoder,
            carried: plan.carried().map(|(carried, _)| hash_of(&carried.about)),
            weights: plan.cohorts().iter().map(weight).collect(),
            device: plan.config().device.clone(),
        }
    }
}

/// The key of a run's encoders.
///
/// # Errors
/// When it is not known what `preprocess` left.
pub(crate) fn of_train(plan: &Plan, split: &Split, record: &RunRecord) -> Result<String, RunError> {
    let config = plan.config();
    // How dev people are compared decides when training stops.
    let dev = split.folds.iter().any(|fold| !fold.dev.is_empty());
    let compared = dev.then(|| (config.protocol.clone(), config.evaluation.clone()));
    let reads = |name: &str| name == EPOCHS || name == SPLIT || name.starts_with("cohorts/");
    let content = content(record, &[Stage::Preprocess], reads)?;
    let part = EncoderPart::of(plan);
    Ok(hash_of(&(code(Stage::Train), part, compared, plan.fits_final_model(), content)))
}

/// The key of a run's prints.
///
/// # Errors
/// When it is not known what the stages before left.
pub(crate) fn of_embed(plan: &Plan, record: &RunRecord) -> Result<String, RunError> {
    let evaluation = &plan.config().evaluation;
    let systems: Vec<&str> = plan.systems().iter().map(|system| system.name()).collect();
    let reads = |name: &str| {
        let of_preprocess = [EPOCHS, SPLIT, QUALITY, OPERATIONS].contains(&name);
        let of_train = !name.starts_with(FINAL_MODEL) && !name.ends_with(TRAINING);
        if name.starts_with("fold-") { of_train } else { of_preprocess || name.starts_with("cohorts/") }
    };
    let content = content(record, &[Stage::Preprocess, Stage::Train], reads)?;
    let part = EncoderPart::of(plan);
    let asked = (systems, evaluation.uses_training_prints(), evaluation.normalisation);
    Ok(hash_of(&(code(Stage::Embed), part, asked, content)))
}
