//! A fitted encoder brought to other people: as it is, with its closed form fitted again, or trained further.

use std::path::Path;

use crate::back::{FittedBackend, FittedFusion};
use crate::compute::Compute;
use crate::front::KEEP;
use crate::joined::Recipe;
use crate::learn::{Journal, Monitor, Training};
use crate::member::{Member, Start};
use crate::model::Model;
use crate::plan::{Adapt, Backend, CheckedPlan, Plan};
use crate::seed::member_seed;
use crate::{EncoderError, TrainingEpochs};

impl Model {
    /// The plan under which this encoder is adapted: its own, with losses, batches and steps of `wanted` where it is trained
    /// further, and no step otherwise.
    pub fn adapted_plan(&self, adapt: Adapt, wanted: &Plan) -> Plan {
        let own = Plan::clone(&self.plan);
        let mut plan = match adapt {
            Adapt::None | Adapt::ClosedForm => own,
            Adapt::FineTune => Plan {
                loss: wanted.loss.clone(),
                auxiliary: wanted.auxiliary.clone(),
                batch: wanted.batch.clone(),
                optimiser: wanted.optimiser.clone(),
                early_stopping: wanted.early_stopping.clone(),
                checkpoint_every: wanted.checkpoint_every,
                ..own
            },
        };
        if adapt != Adapt::FineTune {
            plan.optimiser.steps = Some(0);
        }
        plan
    }

    /// This encoder for the people of `data`, under a plan that [`Model::adapted_plan`] gave; trained further, it keeps a
    /// checkpoint in `folder`.
    ///
    /// # Errors
    /// When the epochs are refused or of another shape than the encoder takes, or as [`crate::train_resumable`].
    pub fn adapted(
        &self,
        adapt: Adapt,
        plan: &CheckedPlan,
        data: &TrainingEpochs,
        (device, monitor): (&Compute, &mut dyn Monitor),
        folder: Option<&Path>,
    ) -> Result<Self, EncoderError> {
        data.check()?;
        let (_, channels, samples) = data.shape();
        if channels != self.channels.len() || samples != self.samples {
            return Err(EncoderError::Shape {
                got_channels: channels,
                got_samples: samples,
                channels: self.channels.len(),
                samples: self.samples,
            });
        }
        let mut model = Self { plan: plan.clone(), compute: device.clone(), ..self.clone() };
        match adapt {
            Adapt::None => return Ok(model),
            Adapt::ClosedForm => model.members = self.closed_form(plan, data)?,
            Adapt::FineTune => model.members = self.trained_further(plan, data, device, monitor, folder)?,
        }
        (model.backend, model.fusion) = (FittedBackend::None, FittedFusion::default());
        if plan.backend != Backend::None {
            let prints = model.embed_training(data)?;
            model.backend = FittedBackend::fit(plan.backend, prints.view(), data.labels())?;
        }
        model.fusion = FittedFusion::fit(&plan.fusion, data, |epochs| model.embed_alone(epochs))?;
        Ok(model)
    }

    /// Members that see as these do, standardised and where they have a whitened head, whitened on other people.
    fn closed_form(&self, plan: &CheckedPlan, data: &TrainingEpochs) -> Result<Vec<Member>, EncoderError> {
        let own = self.members.iter().enumerate().map(|(index, own)| {
            let recipe = Recipe { plan, joined: own.front.joined(), shared: None };
            let seed = member_seed(plan.seed, index);
            let (mut member, _) = Member::initial(recipe, data, seed, Start::Planned, KEEP)?;
            if !plan.whitens() {
                member.parameters.clone_from(&own.parameters);
            }
            Ok(member)
        });
        own.collect()
    }

    /// Members that start from the weights of these.
    fn trained_further(
        &self,
        plan: &CheckedPlan,
        data: &TrainingEpochs,
        device: &Compute,
        monitor: &mut dyn Monitor,
        folder: Option<&Path>,
    ) -> Result<Vec<Member>, EncoderError> {
        let mut journal = Journal::open(folder, plan)?;
        journal.replay(monitor)?;
        let mut members = self.members.clone();
        for (index, member) in members.iter_mut().enumerate() {
            // What belongs to a loss knows the people of before.
            member.parameters.retain(|parameter| !parameter.name.starts_with("loss."));
            let seed = member_seed(plan.seed, index);
            let training = Training { plan, data, device: device.device(), member: index, seed };
            training.train(member, None, monitor, &mut journal)?;
        }
        Ok(members)
    }
}
