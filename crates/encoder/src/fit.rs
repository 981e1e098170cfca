//! Fitting an encoder to the training epochs.

use std::path::Path;

use ndarray::Array2;

use crate::attend::AttentionTraining;
use crate::back::{FittedBackend, FittedFusion};
use crate::compute::Compute;
use crate::front::KEEP;
use crate::joined::Recipe;
use crate::learn::{Journal, Monitor, Silent, Training, fingerprint};
use crate::member::{Member, Start};
use crate::model::Model;
use crate::plan::{Backend, CheckedPlan};
use crate::seed::{member_seed, stream};
use crate::{EncoderError, TrainingEpochs};

/// Fits an encoder to the training epochs as a plan says; where it joins learnt features, a [`Recipe`] brings them.
///
/// The result is the same, bit for bit, for the same plan, epochs and kind of machine, whatever the number of threads.
///
/// ```
/// use ndarray::Array3;
/// use twinprint_encoder::{Compute, Plan, Silent, TrainingEpochs, train};
/// use twinprint_signal::ChannelName;
///
/// // Two people, two recordings each, five epochs of one second in each: everybody has a rhythm of their own.
/// let samples = Array3::from_shape_fn((20, 2, 128), |(epoch, channel, at)| {
///     let rhythm = (0.3 * (1 + epoch / 10) as f32 * at as f32 + epoch as f32).sin();
///     10.0 * rhythm + ((7 * at + 31 * epoch + 13 * channel) % 17) as f32
/// });
/// let subject: Vec<u32> = (0..20).map(|epoch| epoch / 10).collect();
/// let recording: Vec<u32> = (0..20).map(|epoch| epoch / 5).collect();
/// let channels = [ChannelName::new("O1"), ChannelName::new("O2")];
/// let data = TrainingEpochs::new(samples.view(), &subject, &recording, 128.0, &channels);
///
/// let mut plan = Plan::default();
/// plan.optimiser.steps = Some(3);
/// let model = train(&plan.check()?, &data, &Compute::cpu(), &mut Silent)?;
///
/// let prints = model.embed(samples.view())?;
/// let cosine = |one, other| prints.row(one).dot(&prints.row(other));
/// assert!(cosine(0, 9) > cosine(0, 10), "the first person's epochs lie together");
/// # Ok::<(), twinprint_encoder::EncoderError>(())
/// ```
///
/// # Errors
/// When the epochs are refused, the loss is no longer finite, or the monitor asks to stop.
pub fn train<'a>(
    recipe: impl Into<Recipe<'a>>,
    data: &TrainingEpochs,
    device: &Compute,
    monitor: &mut dyn Monitor,
) -> Result<Model, EncoderError> {
    train_with(recipe.into(), data, device, monitor, None)
}

/// [`train`] with a checkpoint in `folder` after every `checkpoint_every` steps of the plan and at the end: where one is found,
/// training goes on from it, and gives the same model, to the bit, as if it had never stopped. The monitor hears of the steps
/// done before once more. The caller deletes the folder when the model is safe.
///
/// # Errors
/// As [`train`]; and when a checkpoint cannot be written, is damaged, or is of another plan or other epochs.
pub fn train_resumable<'a>(
    recipe: impl Into<Recipe<'a>>,
    data: &TrainingEpochs,
    device: &Compute,
    monitor: &mut dyn Monitor,
    folder: &Path,
) -> Result<Model, EncoderError> {
    train_with(recipe.into(), data, device, monitor, Some(folder))
}

impl Model {
    /// An encoder of the plan's architecture with fresh random weights, standardised on the training epochs and joined with nothing: the
    /// baseline `untrained_encoder`.
    ///
    /// # Errors
    /// When the epochs are refused.
    pub fn untrained(
        plan: &CheckedPlan,
        data: &TrainingEpochs,
        device: &Compute,
    ) -> Result<Self, EncoderError> {
        Fitting::new(Recipe::alone(plan), data, device)?.encoders(Start::Random, None)
    }

    /// [`Model::untrained`] of this model's plan from this model, which was trained on these very epochs with nothing learnt joined to
    /// it: its standardisation is taken and not fitted again.
    ///
    /// # Errors
    /// When the epochs are refused, or something learnt is joined to the model.
    pub fn before_training(&self, data: &TrainingEpochs) -> Result<Self, EncoderError> {
        let plan = &self.plan;
        if !plan.joined.is_empty() {
            return Err(EncoderError::data(
                "learnt features are joined to the model, which untrained it has not",
            ));
        }
        let members = self.members.iter().enumerate().map(|(index, member)| {
            let rng = &mut stream(member_seed(plan.seed, index), "weights");
            let parameters = plan.architecture.parameters(member.front.shape(), rng);
            Member { front: member.front.clone(), parameters }
        });
        let members = members.collect();
        let fusion = FittedFusion::default();
        let start = Self { members, backend: FittedBackend::None, fusion, attention: None, ..self.clone() };
        start.with_backend(data)
    }

    /// The plan's initial state with zero training steps, fusion included, attention and learnt features left out, its head whitened wherever it
    /// can be, even where the plan starts at random: the baseline `whitened_encoder`.
    ///
    /// # Errors
    /// When the epochs are refused.
    pub fn whitened(
        plan: &CheckedPlan,
        data: &TrainingEpochs,
        device: &Compute,
    ) -> Result<Self, EncoderError> {
        let fitting = Fitting::new(Recipe::alone(plan), data, device)?;
        fitting.joined(fitting.encoders(Start::Whitened, None)?)
    }
}

impl Model {
    /// The model with its plan's back end fitted to the prints of the training epochs.
    fn with_backend(mut self, data: &TrainingEpochs) -> Result<Self, EncoderError> {
        if self.plan.backend != Backend::None {
            let prints = self.embed_training(data)?;
            self.backend = FittedBackend::fit(self.plan.backend, prints.view(), data.labels())?;
        }
        Ok(self)
    }
}

fn train_with(
    recipe: Recipe,
    data: &TrainingEpochs,
    device: &Compute,
    monitor: &mut dyn Monitor,
    folder: Option<&Path>,
) -> Result<Model, EncoderError> {
    recipe.check()?;
    let fitting = Fitting::new(recipe, data, device)?;
    let mut journal = Journal::open(folder, recipe.plan)?;
    journal.replay(monitor)?;
    let model = fitting.encoders(Start::Planned, Some((monitor, &mut journal)))?;
    fitting.attentive(fitting.joined(model)?, monitor, &mut journal)
}

/// What is fitted, to which epochs, and where.
struct Fitting<'a, 'b> {
    recipe: Recipe<'a>,
    data: &'a TrainingEpochs<'b>,
    device: &'a Compute,
}

impl<'a, 'b> Fitting<'a, 'b> {
    /// Checks that the epochs can be learnt from.
    fn new(
        recipe: Recipe<'a>,
        data: &'a TrainingEpochs<'b>,
        device: &'a Compute,
    ) -> Result<Self, EncoderError> {
        data.check()?;
        recipe.plan.architecture.check_samples(data.shape().2)?;
        Ok(Self { recipe, data, device })
    }

    /// The ensemble, trained where there is somebody to tell, and the back end behind it.
    fn encoders(
        &self,
        start: Start,
        mut training: Option<(&mut dyn Monitor, &mut Journal)>,
    ) -> Result<Model, EncoderError> {
        let Self { recipe, data, device } = *self;
        let plan = recipe.plan;
        let mut members = Vec::with_capacity(plan.ensemble);
        for index in 0..plan.ensemble {
            let seed = member_seed(plan.seed, index);
            let (mut member, rows) = Member::initial(recipe, data, seed, start, KEEP)?;
            if let Some((monitor, journal)) = &mut training {
                let training = Training { plan, data, device: device.device(), member: index, seed };
                training.train(&mut member, rows.as_ref(), *monitor, journal)?;
            }
            members.push(member);
        }
        let model = Model {
            plan: plan.clone(),
            channels: data.channels.to_vec(),
            rate: data.rate,
            samples: data.shape().2,
            members,
            backend: FittedBackend::None,
            fusion: FittedFusion::default(),
            attention: None,
            compute: device.clone(),
        };
        model.with_backend(data)
    }

    /// The model with the plan's classical features joined to its prints.
    fn joined(&self, mut model: Model) -> Result<Model, EncoderError> {
        model.fusion =
            FittedFusion::fit(&self.recipe.plan.fusion, self.data, |epochs| model.embed_alone(epochs))?;
        Ok(model)
    }

    /// The model with the plan's attention, if it has one, learnt from encoders that are fitted to parts of the training people.
    fn attentive(
        &self,
        mut model: Model,
        monitor: &mut dyn Monitor,
        journal: &mut Journal,
    ) -> Result<Model, EncoderError> {
        let plan = self.recipe.plan;
        let Some(attention) = &plan.attention else { return Ok(model) };
        let (data, device) = (self.data, self.device.device());
        let front = &model.members[0].front;
        let prints =
            |others: &TrainingEpochs, held_out: &TrainingEpochs| self.prints_without(others, held_out);
        let fingerprint = fingerprint(data, front);
        journal.check(&fingerprint)?;
        let training = AttentionTraining { plan, attention, data, front, device };
        let fitted = training.fit(prints, monitor, journal)?;
        journal.close(&fitted.tensors(), fingerprint)?;
        model.attention = Some(fitted);
        Ok(model)
    }

    /// Unit prints of some training epochs by an encoder that is fitted to others alone, without attention.
    fn prints_without(
        &self,
        others: &TrainingEpochs,
        held_out: &TrainingEpochs,
    ) -> Result<Array2<f32>, EncoderError> {
        let fitting = Fitting::new(self.recipe, others, self.device)?;
        let mut journal = Journal::open(None, self.recipe.plan)?;
        let model = fitting.encoders(Start::Planned, Some((&mut Silent, &mut journal)))?;
        fitting.joined(model)?.embed_training(held_out)
    }
}
