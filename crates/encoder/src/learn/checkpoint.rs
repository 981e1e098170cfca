//! Checkpoints: one file, replaced whole, with all that decides how a training run goes on. A run taken up from one ends in
//! the same weights, to the bit, as one that was never interrupted, and its monitor hears of the same steps.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};

use super::monitor::{Monitor, StepReport};
use crate::TrainingEpochs;
use crate::error::{EncoderError, FormatError};
use crate::files::{layout, parse, read_file, write_atomically};
use crate::front::Front;
use crate::plan::{CheckedPlan, Plan, plan_differences};
use crate::weights::Parameter;

const FILE: &str = "checkpoint.safetensors";
/// The key of the description among the file's metadata.
const ABOUT: &str = "twinprint-checkpoint";
/// The version of the layout.
const SCHEMA: u32 = 2;

/// How far the training of one encoder is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Which encoder of the ensemble, from 0; those before it are done. The ensemble's attention has the number after the last.
    pub member: usize,
    /// Steps done.
    pub step: usize,
    /// Whether none is left to do.
    pub finished: bool,
    /// Of the epochs and of what was fitted to them before training.
    pub fingerprint: String,
    /// Steps that each parameter's optimiser state has seen.
    pub times: Vec<usize>,
    /// The bits of the best dev score, and looks since then without a better one.
    pub best: Option<u64>,
    pub misses: usize,
}

/// Tells cohorts that a network is learnt from, from others: by their samples and labels.
pub(crate) fn fingerprint_of_cohorts(cohorts: &[TrainingEpochs]) -> String {
    let mut hasher = blake3::Hasher::new();
    for data in cohorts {
        let (epochs, channels, samples) = data.shape();
        for number in [epochs, channels, samples] {
            hasher.update(&(number as u64).to_le_bytes());
        }
        data.subject.iter().chain(data.recording).for_each(|label| {
            hasher.update(&label.to_le_bytes());
        });
        data.weight.iter().for_each(|weight| {
            hasher.update(&weight.to_le_bytes());
        });
        for index in 0..data.len() {
            data.epoch(index).iter().for_each(|x| {
                hasher.update(&x.to_le_bytes());
            });
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Tells the epochs of one run from those of another: by their labels and by what was fitted to them.
pub(crate) fn fingerprint(data: &TrainingEpochs, front: &Front) -> String {
    let mut hasher = blake3::Hasher::new();
    let (epochs, channels, samples) = data.shape();
    for number in [epochs, channels, samples] {
        hasher.update(&(number as u64).to_le_bytes());
    }
    hasher.update(&data.rate.to_le_bytes());
    data.cohort.iter().for_each(|cohort| {
        hasher.update(&cohort.to_le_bytes());
    });
    data.channels.iter().for_each(|name| {
        hasher.update(name.key().as_bytes()).update(b"\n");
    });
    data.subject.iter().chain(data.recording).for_each(|label| {
        hasher.update(&label.to_le_bytes());
    });
    let standardise = front.standardise();
    standardise.mean().iter().chain(standardise.deviation()).for_each(|x| {
        hasher.update(&x.to_le_bytes());
    });
    hasher.finalize().to_hex().to_string()
}

#[derive(Serialize, Deserialize)]
struct Description {
    schema: u32,
    plan: Plan,
    progress: Progress,
    reports: Vec<SavedReport>,
}

/// A step as it was reported; floats as their bits, so that nothing is lost.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct SavedReport {
    member: usize,
    step: usize,
    steps: usize,
    loss: u64,
    learning_rate: u64,
    gradient_norm: u64,
    dev_score: Option<u64>,
}

/// What was read from a checkpoint.
pub(crate) struct Saved {
    pub progress: Progress,
    path: PathBuf,
    tensors: BTreeMap<String, Parameter>,
}

/// The record of a training run, on disk where a folder for it was given.
pub(crate) struct Journal<'a> {
    folder: Option<&'a Path>,
    plan: &'a CheckedPlan,
    reports: Vec<SavedReport>,
    /// Final parameters of the encoders that are done.
    done: Vec<Vec<Parameter>>,
    saved: Option<Saved>,
}

impl<'a> Journal<'a> {
    /// Begins a record, or takes up the one found in `folder`, which is made where missing.
    ///
    /// # Errors
    /// When the checkpoint there is damaged or another plan's.
    pub fn open(folder: Option<&'a Path>, plan: &'a CheckedPlan) -> Result<Self, EncoderError> {
        let mut journal = Self { folder, plan, reports: Vec::new(), done: Vec::new(), saved: None };
        let Some(folder) = folder else { return Ok(journal) };
        std::fs::create_dir_all(folder).map_err(EncoderError::file(folder))?;
        let path = folder.join(FILE);
        if path.exists() {
            let (description, tensors) = read(&path)?;
            if description.plan != **plan {
                let mut differences = plan_differences(&description.plan, plan);
                differences.push(format!("{} is of another plan: delete it to start again", path.display()));
                return Err(EncoderError::Mismatch(differences));
            }
            journal.reports = description.reports;
            journal.saved = Some(Saved { progress: description.progress, path, tensors });
        }
        Ok(journal)
    }

    /// Tells the monitor of the steps done before.
    pub fn replay(&self, monitor: &mut dyn Monitor) -> Result<(), EncoderError> {
        let float = f64::from_bits;
        for saved in &self.reports {
            let report = StepReport {
                member: saved.member,
                step: saved.step,
                steps: saved.steps,
                loss: float(saved.loss),
                learning_rate: float(saved.learning_rate),
                gradient_norm: float(saved.gradient_norm),
                dev_score: saved.dev_score.map(float),
            };
            if monitor.step(&report).is_break() {
                return Err(EncoderError::Stopped { step: report.step, steps: report.steps });
            }
        }
        Ok(())
    }

    /// Takes down a step.
    pub fn report(&mut self, report: &StepReport) {
        if self.folder.is_some() {
            self.reports.push(SavedReport {
                member: report.member,
                step: report.step,
                steps: report.steps,
                loss: report.loss.to_bits(),
                learning_rate: report.learning_rate.to_bits(),
                gradient_norm: report.gradient_norm.to_bits(),
                dev_score: report.dev_score.map(f64::to_bits),
            });
        }
    }

    /// Whether a checkpoint is due after `step` steps.
    pub fn is_due(&self, step: usize) -> bool {
        let every = self.plan.checkpoint_every;
        self.folder.is_some() && every > 0 && step.is_multiple_of(every)
    }

    /// Whether checkpoints are written at all.
    pub fn is_kept(&self) -> bool {
        self.folder.is_some() && self.plan.checkpoint_every > 0
    }

    /// The final parameters of encoder `member`, in place of the values of `like`, if it was done before.
    pub fn done(&self, member: usize, like: &[Parameter]) -> Result<Option<Vec<Parameter>>, EncoderError> {
        match &self.saved {
            Some(saved) if member < saved.progress.member => {
                saved.parameters(&format!("done.{member}"), like).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Where the training of encoder `member` was left, if a checkpoint knows.
    pub fn take(&mut self, member: usize) -> Option<Saved> {
        self.saved.take_if(|saved| saved.progress.member == member)
    }

    /// Takes down the parameters of the ensemble's attention, the last that is learnt, and writes that all is done.
    pub fn close(&mut self, parameters: &[Parameter], fingerprint: String) -> Result<(), EncoderError> {
        self.finish(parameters);
        if !self.is_kept() {
            return Ok(());
        }
        let member = self.plan.ensemble + 1;
        self.write(Progress { member, finished: true, fingerprint, ..Progress::default() }, Vec::new())
    }

    /// Refuses a checkpoint made from other epochs.
    pub fn check(&self, fingerprint: &str) -> Result<(), EncoderError> {
        self.saved.as_ref().map_or(Ok(()), |saved| saved.check(fingerprint))
    }

    /// Takes down the final parameters of the next encoder.
    pub fn finish(&mut self, parameters: &[Parameter]) {
        self.done.push(parameters.to_vec());
    }

    /// Writes the checkpoint, in place of the one before.
    pub fn write(&self, progress: Progress, mut tensors: Vec<Parameter>) -> Result<(), EncoderError> {
        let Some(folder) = self.folder else { return Ok(()) };
        for (member, parameters) in self.done.iter().enumerate() {
            for parameter in parameters {
                let name = format!("done.{member}.{}", parameter.name);
                tensors.push(Parameter { name, ..parameter.clone() });
            }
        }
        let (plan, reports) = (Plan::clone(self.plan), self.reports.clone());
        let text = serde_json::to_string(&Description { schema: SCHEMA, plan, progress, reports })?;
        let bytes = layout(&tensors, Some(HashMap::from([(ABOUT.to_owned(), text)])))?;
        write_atomically(&folder.join(FILE), &bytes)
    }
}

impl Saved {
    /// The values called `name`, which must have this shape.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        let found = self.tensors.get(name).cloned().ok_or_else(|| FormatError::Missing(name.to_owned()));
        found
            .and_then(|tensor| tensor.like(shape))
            .map(|tensor| tensor.values)
            .map_err(|source| EncoderError::Checkpoint { path: self.path.clone(), source })
    }

    /// Parameters like `like` with the values found under `prefix`.
    pub fn parameters(&self, prefix: &str, like: &[Parameter]) -> Result<Vec<Parameter>, EncoderError> {
        let one = |p: &Parameter| {
            let values = self.values(&format!("{prefix}.{}", p.name), &p.shape)?;
            Ok(Parameter { values, ..p.clone() })
        };
        like.iter().map(one).collect()
    }

    /// Refuses a checkpoint made from other epochs.
    pub fn check(&self, fingerprint: &str) -> Result<(), EncoderError> {
        if self.progress.fingerprint == fingerprint {
            return Ok(());
        }
        Err(EncoderError::Mismatch(vec![format!(
            "{} was made from other epochs: delete it to start again",
            self.path.display()
        )]))
    }
}

fn read(path: &Path) -> Result<(Description, BTreeMap<String, Parameter>), EncoderError> {
    let bytes = read_file(path)?;
    decode(&bytes).map_err(|source| EncoderError::Checkpoint { path: path.to_owned(), source })
}

fn decode(bytes: &[u8]) -> Result<(Description, BTreeMap<String, Parameter>), FormatError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let about = metadata.metadata().as_ref().and_then(|all| all.get(ABOUT)).ok_or(FormatError::Silent)?;
    let description: Description = serde_json::from_str(about)?;
    match description.schema {
        SCHEMA => Ok((description, parse(bytes)?)),
        found => Err(FormatError::Schema(found, SCHEMA)),
    }
}
