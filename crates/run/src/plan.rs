//! A pipeline that passed every check; nothing else can be run.

use std::path::PathBuf;
use std::sync::Arc;

use twinprint_encoder::{Adapt, CheckedPlan as CheckedEncoder, Compute, EncoderError, Optimiser};
use twinprint_preprocess::{CheckedPlan, EpochPlan, PlanError};
use twinprint_protocol::{Leak, UnknownLeak};

use crate::brought_along;
use crate::cache::Cache;
use crate::carried::CarriedModel;
use crate::cohort_plan::CohortSettings;
use crate::config::Config;
use crate::error::Problem;
use crate::shortcut::Audit;
use crate::source::Source;
use crate::system::System;
use crate::{RunError, seed};

/// A resolved and checked pipeline: defaults written out, seeds derived, the dataset's folder found.
#[derive(Debug, Clone)]
pub struct Plan {
    config: Config,
    source: Source,
    cohorts: Vec<CohortSettings>,
    data_folders: Vec<PathBuf>,
    data: Vec<(Option<String>, PathBuf)>,
    without_copies: bool,
    /// The model that is brought along, where the plan starts from one.
    carried: Option<Arc<CarriedModel>>,
    /// The encoder's plan, checked; and that of one learnt from the training subjects alone, beside one that is brought along.
    encoder: CheckedEncoder,
    learnt_here: CheckedEncoder,
    cache: Option<Cache>,
    read_again: bool,
}

/// What the command knows about its surroundings.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Folders that may hold a dataset's folder, in the order they are tried.
    pub data_folders: Vec<PathBuf>,
    /// Where the recordings of a cohort are, in place of where the plan says, by its name; a plan's single data set has none.
    pub data: Vec<(Option<String>, PathBuf)>,
    /// A device that replaces the plan's.
    pub device: Option<String>,
    /// Names of leaks to run with on purpose, besides those the plan allows.
    pub allow_leak: Vec<String>,
    /// The folder of what runs share; nothing is shared without one.
    pub cache: Option<PathBuf>,
    /// Read every byte of the recordings again, even of those whose size and times are as they were.
    pub read_again: bool,
}

impl Plan {
    /// Reads, resolves and checks everything that can be checked without opening a recording.
    ///
    /// # Errors
    /// The first thing that is wrong, with the file, the line, the value, the limit and what to write instead.
    ///
    /// ```
    /// use twinprint_run::{Plan, Source, Surroundings};
    ///
    /// let text = "name = \"mine\"\n[dataset]\nroot = \"recordings\"\n[protocol]\nfolds = 4\n";
    /// let source = Source::new("mine.toml", text);
    /// let plan = Plan::resolve(source.clone(), &Surroundings::default())?;
    /// assert_eq!(plan.config().protocol.folds, 4);
    /// assert!(plan.run_name().starts_with("mine-"));
    ///
    /// let overrides = vec![("protocol.folds".to_owned(), "1".to_owned())];
    /// let refused = Plan::resolve(Source { overrides, ..source }, &Surroundings::default()).unwrap_err();
    /// assert!(refused.to_string().contains("folds"), "{refused}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolve(source: Source, surroundings: &Surroundings) -> Result<Self, RunError> {
        let mut config = source.parse()?;
        if let Some(device) = &surroundings.device {
            config.device.clone_from(device);
        }
        for name in &surroundings.allow_leak {
            let leak: Leak =
                name.parse().map_err(|error: UnknownLeak| RunError::option("--allow-leak", error))?;
            if !config.protocol.allows(leak) {
                config.protocol.allow_leak.push(leak);
            }
        }
        let carried = brought_along::resolve(&mut config, &source)?;
        set_seeds(&mut config, &source, carried.is_some());
        let draft = Self::draft(config, source, carried, surroundings)?;
        draft.check_sections()?;
        Ok(draft)
    }

    /// A plan that was resolved before, as a run folder keeps it: every default, seed and key that a model brought is in it.
    ///
    /// # Errors
    /// When this version refuses it, or a model that it starts from is gone or is another.
    pub(crate) fn again(
        config: Config,
        source: Source,
        surroundings: &Surroundings,
    ) -> Result<Self, RunError> {
        let carried = brought_along::open(&config, &source)?;
        let plan = Self::draft(config, source, carried, surroundings)?;
        plan.check_sections()?;
        Ok(plan)
    }

    fn draft(
        config: Config,
        source: Source,
        carried: Option<Arc<CarriedModel>>,
        surroundings: &Surroundings,
    ) -> Result<Self, RunError> {
        let data_folders = surroundings.data_folders.clone();
        let data = surroundings.data.clone();
        let (cache, read_again) = (surroundings.cache.clone().map(Cache::at), surroundings.read_again);
        let encoder = checked_encoder(config.encoder.clone(), &source)?;
        let learnt_here = checked_encoder(learnt_here(&config, carried.as_deref()), &source)?;
        let (cohorts, without_copies) = (Vec::new(), false);
        let mut draft = Self {
            config,
            source,
            cohorts,
            data_folders,
            data,
            without_copies,
            carried,
            encoder,
            learnt_here,
            cache,
            read_again,
        };
        draft.check_name()?;
        draft.cohorts =
            draft.config.cohort_settings().map_err(|(key, reason)| draft.invalid(&key, reason))?;
        Ok(draft)
    }

    /// The pipeline, every default written out.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The pipeline file's text and the changes asked for.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What earlier runs made.
    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    /// Folders that may hold a dataset's folder, in the order they are tried.
    pub(crate) fn data_folders(&self) -> &[PathBuf] {
        &self.data_folders
    }

    /// Where a cohort's recordings are, in place of where the plan says; by its name.
    pub(crate) fn moved(&self, cohort: Option<&str>) -> Option<&PathBuf> {
        self.data.iter().find(|(name, _)| name.as_deref() == cohort).map(|(_, folder)| folder)
    }

    /// Whether every byte of the recordings is to be read again.
    pub(crate) fn reads_again(&self) -> bool {
        self.read_again
    }

    /// The BLAKE3 hash of what the plan says that decides the prints.
    pub(crate) fn prints_hash(&self) -> String {
        self.config.prints_hash()
    }

    /// The cohorts, in the order of the plan; a plan's single data set is one without a name.
    pub(crate) fn cohorts(&self) -> &[CohortSettings] {
        &self.cohorts
    }

    /// The first cohort that is tested: the one that the fixed keys of the results are of.
    pub(crate) fn main_cohort(&self) -> &CohortSettings {
        // A plan has a cohort that is tested: `Config::cohort_settings` refuses others.
        self.cohorts.iter().find(|cohort| cohort.role.is_tested()).unwrap_or(&self.cohorts[0])
    }

    /// The checked plan of a cohort's preprocessing.
    pub(crate) fn preprocess(&self, cohort: &CohortSettings) -> Result<CheckedPlan, RunError> {
        cohort.preprocess.clone().checked().map_err(|error| self.invalid_preprocess(cohort, error))
    }

    /// What the preprocessing of a cohort refuses, at the line of its key.
    pub(crate) fn invalid_preprocess(&self, cohort: &CohortSettings, error: PlanError) -> RunError {
        let own = cohort.key.replace(".dataset", &format!(".preprocess.{}", error.key));
        let key = if cohort.name.is_some() && self.source.sets_here(&own) {
            own
        } else {
            format!("preprocess.{}", error.key)
        };
        self.invalid(&key, error)
    }

    /// The BLAKE3 hash of everything that decides the results: the plan with all defaults, without description and device.
    pub fn hash(&self) -> String {
        self.config.hash()
    }

    /// The run folder's name: the plan's name and the first 8 digits of its hash.
    pub fn run_name(&self) -> String {
        format!("{}-{}", self.config.name, &self.hash()[..8])
    }

    /// The same plan without its leaks and with no more than it takes to score verification: what a leak gained is
    /// measured against it.
    pub(crate) fn honest(&self) -> Self {
        let mut plan = self.clone();
        plan.without_copies = self.config.protocol.allows(Leak::DuplicateRecording);
        plan.config.protocol = self.config.protocol.honest();
        plan.config.final_model = false;
        let evaluation = &mut plan.config.evaluation;
        evaluation.audits.clear();
        evaluation.labels.clear();
        evaluation.shots.clear();
        plan
    }

    /// The same plan without a final model: a point of a curve is made to be looked at, not to enrol people with.
    pub(crate) fn without_final_model(mut self) -> Self {
        self.config.final_model = false;
        self
    }

    /// Whether the run ends with an encoder fitted to everybody: where the plan wants one, and people outside the run are what
    /// its scores speak of.
    pub(crate) fn fits_final_model(&self) -> bool {
        let protocol = &self.config.protocol;
        self.config.final_model && protocol.allow_leak.is_empty() && protocol.variant.caveat().is_none()
    }

    /// Whether files that are there twice are to be left out.
    pub(crate) fn leaves_out_copies(&self) -> bool {
        self.without_copies
    }

    /// The systems that are scored, the encoder first.
    pub fn systems(&self) -> Vec<System> {
        let evaluation = &self.config.evaluation;
        let shortcuts = evaluation.audits.iter().filter_map(|audit| match audit {
            Audit::Shortcut(shortcut) => Some(System::Shortcut(*shortcut)),
            Audit::ShuffledLabels | Audit::RecordingLength | Audit::Scalp => None,
        });
        let baselines = evaluation.baselines.iter().copied();
        let fused = !self.config.encoder.fusion.is_empty();
        let encoders = if fused { &System::ENCODERS[..] } else { &System::ENCODERS[..1] };
        let beside = self.carried.is_some().then_some(System::LearntHere);
        encoders.iter().copied().chain(beside).chain(baselines).chain(shortcuts).collect()
    }

    /// An error that names the file and, where it sets the key, the line.
    pub(crate) fn invalid(&self, key: &str, problem: impl Into<Problem>) -> RunError {
        RunError::invalid(self.source.place(key), problem)
    }

    fn check_name(&self) -> Result<(), RunError> {
        let name = &self.config.name;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if (1..=64).contains(&name.len()) && name.chars().all(plain) {
            return Ok(());
        }
        Err(self.invalid(
            "name",
            format!("name = {name:?} must be 1 to 64 letters, digits, - or _: it names the run folder; write name = \"my-run\""),
        ))
    }

    fn check_sections(&self) -> Result<(), RunError> {
        let config = &self.config;
        self.cohorts.iter().try_for_each(|cohort| self.preprocess(cohort).map(|_| ()))?;
        config
            .protocol
            .validate()
            .map_err(|error| self.invalid(&format!("protocol.{}", error.key), error))?;
        self.check_pools()?;
        self.check_encoder()?;
        config.evaluation.validate().map_err(|(key, reason)| {
            self.invalid(&format!("evaluation.{key}"), format!("evaluation.{key}: {reason}"))
        })?;
        Compute::named(&config.device).map_err(|error| self.invalid("device", error))?;
        config.executor.validate().map_err(|refusal| self.invalid(&refusal.place(), refusal.text))
    }

    /// Refuses lengths that are no whole number of epochs as soon as the plan alone says how long an epoch is.
    fn check_pools(&self) -> Result<(), RunError> {
        let Some((samples, rate)) = self.epoch() else { return Ok(()) };
        twinprint_protocol::check_lengths(&self.config.protocol, samples as f64 / rate)
            .map_err(|error| self.invalid(&error.key(), error))
    }

    /// The samples of an epoch and their rate, where the plan alone says them.
    fn epoch(&self) -> Option<(usize, f64)> {
        let preprocess = &self.main_cohort().preprocess;
        let (EpochPlan::Fixed { duration, .. }, Some(resample)) = (&preprocess.epochs, &preprocess.resample)
        else {
            return None;
        };
        let rate = resample.sfreq.get();
        Some(((duration.get() * rate).round() as usize, rate))
    }

    /// The encoder's plan, checked.
    pub(crate) fn encoder(&self) -> &CheckedEncoder {
        &self.encoder
    }

    /// The plan of an encoder that is learnt from the training subjects alone, beside one that is brought along.
    pub(crate) fn encoder_learnt_here(&self) -> &CheckedEncoder {
        &self.learnt_here
    }

    /// The model that is brought along and what becomes of it, where the plan starts from one.
    pub(crate) fn carried(&self) -> Option<(&CarriedModel, Adapt)> {
        let carried = self.carried.as_deref()?;
        Some((carried, self.config.encoder.adapt.unwrap_or_default()))
    }

    fn check_encoder(&self) -> Result<(), RunError> {
        self.check_own_montages()?;
        let Some((samples, rate)) = self.epoch() else { return Ok(()) };
        self.encoder.check_epochs(samples, rate).map_err(|error| refused_encoder(error, &self.source))
    }

    /// Refuses a cohort that keeps its montage where nothing in the encoder could learn from it.
    fn check_own_montages(&self) -> Result<(), RunError> {
        let own = self.cohorts.iter().position(|cohort| !cohort.is_pooled());
        // A model that is brought along has learnt them elsewhere.
        if own.is_none() && self.carried.is_none() && self.encoder.takes_any_montage() {
            return Err(self.invalid(
                "encoder.joined",
                "encoder.joined: joined features are learnt from people who are never tested, and there are none: add a [[cohorts]] table with role = \"learn\" and channels = \"own\"",
            ));
        }
        match own {
            Some(index) if !self.encoder.takes_any_montage() => Err(self.invalid(
                &format!("cohorts.{index}.channels"),
                format!(
                    "channels = \"own\" of cohort {}: no part of this encoder takes any montage, so nothing would be learnt from it; write channels = \"common\", or channels = {{ montage = [...] }} above the first table of the plan",
                    self.config.cohorts[index].name
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Fills every seed that the user did not set from the run's one; a model that is brought along keeps its own.
fn set_seeds(config: &mut Config, source: &Source, is_carried: bool) {
    if !source.sets("protocol.seed") {
        config.protocol.seed = seed::derive(config.seed, "protocol");
    }
    if !source.sets("encoder.seed") && !is_carried {
        config.encoder.seed = seed::derive(config.seed, "encoder");
    }
}

/// The plan of an encoder that is learnt from the training subjects alone, beside one that is brought along.
fn learnt_here(config: &Config, carried: Option<&CarriedModel>) -> twinprint_encoder::Plan {
    let mut plan = config.encoder.clone();
    plan.joined.clear();
    if let (Some(carried), false) = (carried, plan.adapt == Some(Adapt::FineTune)) {
        plan.optimiser.clone_from(&carried.model.plan().optimiser);
    }
    plan
}

/// A plan of an encoder, checked, without a word on where its model lies: that decides no print.
fn checked_encoder(plan: twinprint_encoder::Plan, source: &Source) -> Result<CheckedEncoder, RunError> {
    // Whether it is trained further decides how many steps are taken where nothing says so.
    let optimiser = Optimiser { steps: Some(plan.steps()), ..plan.optimiser.clone() };
    let (from, adapt, from_encoder) = (None, None, None);
    let plan = twinprint_encoder::Plan { optimiser, from, adapt, from_encoder, ..plan };
    plan.check().map_err(|error| refused_encoder(error, source))
}

/// What the encoder refuses, at the line of its key.
fn refused_encoder(error: EncoderError, source: &Source) -> RunError {
    match &error {
        EncoderError::Plan { key, .. } => {
            RunError::invalid(source.place(&format!("encoder.{key}")), format!("encoder.{error}"))
        }
        _ => RunError::invalid(source.place("encoder"), error),
    }
}
