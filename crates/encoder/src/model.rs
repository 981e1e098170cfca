//! A fitted encoder: everything needed to turn epochs into prints.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView3, Axis, concatenate, s};
use rayon::prelude::*;
use twinprint_closed::normalise_rows;
use twinprint_signal::ChannelName;

use crate::architecture::Architecture;
use crate::attention::FittedAttention;
use crate::attention_learning::Learning;
use crate::backend::FittedBackend;
use crate::checkpoint::Journal;
use crate::compute::Compute;
use crate::data::is_finite;
use crate::fusion::FittedFusion;
use crate::member::{CHUNK, KEEP, Member, member_seed};
use crate::monitor::{Monitor, Silent};
use crate::plan::Plan;
use crate::train::Run;
use crate::{EncoderError, TrainingEpochs};

/// A fitted encoder.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) plan: Plan,
    pub(crate) channels: Vec<ChannelName>,
    pub(crate) rate: f64,
    pub(crate) samples: usize,
    pub(crate) members: Vec<Member>,
    pub(crate) backend: FittedBackend,
    pub(crate) fusion: FittedFusion,
    pub(crate) attention: Option<FittedAttention>,
    pub(crate) compute: Compute,
}

/// Fits an encoder to the training epochs as `plan` says.
///
/// The result is the same, bit for bit, for the same plan, epochs and kind of machine, whatever the number of threads.
///
/// # Errors
/// When the plan or the epochs are refused, the loss is no longer finite, or the monitor asks to stop.
pub fn train(
    plan: &Plan,
    data: &TrainingEpochs,
    device: &Compute,
    monitor: &mut dyn Monitor,
) -> Result<Model, EncoderError> {
    fit(plan, data, device, false, Some((monitor, None)))
}

/// The same, with a checkpoint in `folder` after every `checkpoint_every` steps of the plan and at the end: where one is found,
/// training goes on from it, and gives the same model, to the bit, as if it had never stopped. The monitor hears of the steps
/// done before once more. The caller deletes the folder when the model is safe.
///
/// # Errors
/// As [`train`]; and when a checkpoint cannot be written, is damaged, or is of another plan or other epochs.
pub fn train_resumable(
    plan: &Plan,
    data: &TrainingEpochs,
    device: &Compute,
    monitor: &mut dyn Monitor,
    folder: &Path,
) -> Result<Model, EncoderError> {
    fit(plan, data, device, false, Some((monitor, Some(folder))))
}

fn fit(
    plan: &Plan,
    data: &TrainingEpochs,
    compute: &Compute,
    random: bool,
    training: Option<(&mut dyn Monitor, Option<&Path>)>,
) -> Result<Model, EncoderError> {
    plan.validate()?;
    data.check()?;
    plan.architecture.check_samples(data.shape().2)?;
    let plan = plan.resolved();
    let (mut monitor, folder) = training.map_or((None, None), |(monitor, folder)| (Some(monitor), folder));
    let mut journal = Journal::open(folder, &plan)?;
    if let Some(monitor) = monitor.as_deref_mut() {
        journal.replay(monitor)?;
    }
    let mut members = Vec::with_capacity(plan.ensemble);
    for index in 0..plan.ensemble {
        let seed = member_seed(plan.seed, index);
        let (mut member, rows) = Member::initial(&plan, data, seed, random, KEEP)?;
        if let Some(monitor) = monitor.as_deref_mut() {
            let run = Run { plan: &plan, data, device: compute.device(), member: index, seed };
            run.train(&mut member, rows.as_ref(), monitor, &mut journal)?;
        }
        members.push(member);
    }
    let mut model = Model {
        plan: plan.clone(),
        channels: data.channels.to_vec(),
        rate: data.rate,
        samples: data.shape().2,
        members,
        backend: FittedBackend::None,
        fusion: FittedFusion::default(),
        attention: None,
        compute: compute.clone(),
    };
    if model.plan.backend != crate::plan::Backend::None {
        let prints = model.embed_training(data)?;
        model.backend = FittedBackend::fit(model.plan.backend, prints.view(), data.subject)?;
    }
    if random {
        model.plan.fusion.clear();
    }
    model.fusion = FittedFusion::fit(&model.plan.fusion, data, |epochs| model.embed_alone(epochs))?;
    match monitor {
        Some(monitor) => model.attend(data, monitor, &mut journal)?,
        None => model.plan.attention = None,
    }
    Ok(model)
}

/// Unit prints of some training epochs by an encoder that was fitted to others alone.
fn prints_without(
    plan: &Plan,
    others: &TrainingEpochs,
    held_out: &TrainingEpochs,
    compute: &Compute,
) -> Result<Array2<f32>, EncoderError> {
    fit(plan, others, compute, false, Some((&mut Silent, None)))?.embed_training(held_out)
}

impl Model {
    /// The same architecture with fresh random weights, standardised on the training epochs and joined with nothing: the
    /// baseline `untrained_encoder`.
    ///
    /// # Errors
    /// When the plan or the epochs are refused.
    pub fn untrained(plan: &Plan, data: &TrainingEpochs, device: &Compute) -> Result<Self, EncoderError> {
        fit(plan, data, device, true, None)
    }

    /// The plan's initial state with zero training steps, fusion included and attention left out, its head whitened wherever it
    /// can be, even where the plan starts at random: the baseline `whitened_encoder`.
    ///
    /// # Errors
    /// When the plan or the epochs are refused.
    pub fn whitened(plan: &Plan, data: &TrainingEpochs, device: &Compute) -> Result<Self, EncoderError> {
        let mut plan = plan.clone();
        if matches!(&plan.architecture, Architecture::Filterbank(bank) if bank.dim == 0) {
            plan.initialise.whitening = Some(true);
        }
        fit(&plan, data, device, false, None)
    }

    /// Prints of epochs `[epochs, channels, samples]` in microvolts at the model's rate, channels in the model's order:
    /// `[epochs, dim]`, to be compared by cosine. Rows are of unit length; where the plan has attention, of the length, at most
    /// 1, by which a print counts where several are averaged.
    ///
    /// # Errors
    /// When the epochs have another number of channels or samples than the model's, or are not finite.
    pub fn embed(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        let (prints, lengths) = self.directions(epochs)?;
        Ok(scaled(self.fusion.apply(prints, epochs, self.rate)?, lengths))
    }

    /// The same without what the plan's `fusion` joins to them: `[epochs, encoder's dim]`.
    ///
    /// # Errors
    /// As [`Model::embed`].
    pub fn embed_alone(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        let (prints, lengths) = self.directions(epochs)?;
        Ok(scaled(prints, lengths))
    }

    /// Unit prints without what fusion joins to them, and their lengths where there is attention.
    fn directions(
        &self,
        epochs: ArrayView3<f32>,
    ) -> Result<(Array2<f32>, Option<Array1<f32>>), EncoderError> {
        let (count, channels, samples) = epochs.dim();
        if channels != self.channels.len() || samples != self.samples {
            return Err(EncoderError::Shape {
                got_channels: channels,
                got_samples: samples,
                channels: self.channels.len(),
                samples: self.samples,
            });
        }
        let broken = |&index: &usize| !is_finite(epochs.index_axis(Axis(0), index));
        if let Some(epoch) = (0..count).into_par_iter().find_first(broken) {
            return Err(EncoderError::data(format!(
                "epoch {epoch} holds samples that are not finite; reject it"
            )));
        }
        let device = self.compute.device();
        let mut lengths = self.attention.as_ref().map(|_| Array1::ones(count));
        let mut parts = Vec::with_capacity(self.members.len());
        for (index, member) in self.members.iter().enumerate() {
            parts.push(member.embed_seen(&self.plan, epochs, device, &mut |range, rows| {
                if let (0, Some(attention), Some(lengths)) = (index, &self.attention, &mut lengths) {
                    lengths.slice_mut(s![range]).assign(&attention.lengths(rows, device)?);
                }
                Ok(())
            })?);
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let mut prints =
            concatenate(Axis(1), &views).map_err(|error| EncoderError::Compute(error.to_string()))?;
        if self.members.len() > 1 {
            normalise_rows(&mut prints);
        }
        Ok((self.backend.apply(prints)?, lengths))
    }

    /// Learns the plan's attention, if it has one, from encoders that are fitted to parts of the training people.
    fn attend(
        &mut self,
        data: &TrainingEpochs,
        monitor: &mut dyn Monitor,
        journal: &mut Journal,
    ) -> Result<(), EncoderError> {
        let Some(attention) = self.plan.attention.clone() else { return Ok(()) };
        let inner = Plan { attention: None, ..self.plan.clone() };
        let learning = Learning {
            plan: &self.plan,
            attention: &attention,
            data,
            front: &self.members[0].front,
            device: self.compute.device(),
        };
        let prints = |others: &TrainingEpochs, held_out: &TrainingEpochs| {
            prints_without(&inner, others, held_out, &self.compute)
        };
        let run = Run { plan: &self.plan, data, device: learning.device, member: 0, seed: self.plan.seed };
        let fingerprint = run.fingerprint(learning.front);
        journal.check(&fingerprint)?;
        let fitted = learning.fit(prints, monitor, journal)?;
        journal.close(&fitted.tensors(), fingerprint)?;
        self.attention = Some(fitted);
        Ok(())
    }

    /// Prints of the training epochs, read a chunk at a time: `[epochs, dim]`.
    fn embed_training(&self, data: &TrainingEpochs) -> Result<Array2<f32>, EncoderError> {
        let mut prints = Array2::zeros((data.len(), self.dim()));
        for (range, epochs) in data.chunks(CHUNK) {
            prints.slice_mut(s![range, ..]).assign(&self.embed(epochs.view())?);
        }
        Ok(prints)
    }

    /// The length of a print.
    pub fn dim(&self) -> usize {
        let each = |member: &Member| self.plan.architecture.dim(member.front.shape());
        self.backend.dim(self.members.iter().map(each).sum()) + self.fusion.dim()
    }

    /// The plan it was made by, with every default written out.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The channels it takes, in order.
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// Samples a second it takes.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Samples of an epoch it takes.
    pub fn samples(&self) -> usize {
        self.samples
    }
}

/// Rows scaled by `lengths`, where there are any.
fn scaled(mut rows: Array2<f32>, lengths: Option<Array1<f32>>) -> Array2<f32> {
    if let Some(lengths) = lengths {
        rows *= &lengths.insert_axis(Axis(1));
    }
    rows
}
