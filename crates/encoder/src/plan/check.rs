//! What a plan must be before it runs.

use std::ops::Deref;

use serde::Serialize;

use super::optimiser::USUAL_STEPS;
use super::{Adapt, Architecture, Backend, Loss, Plan, Sampler};
use crate::EncoderError;
use crate::range::{not_negative, positive, require, up_to};

/// A plan that can run: every setting was checked, and everything absent is written out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CheckedPlan(Plan);

impl Deref for CheckedPlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.0
    }
}

impl CheckedPlan {
    /// Whether a part of the encoder learns from epochs of any montage, beside those of the run's own channels.
    pub fn takes_any_montage(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Whether the linear head starts as a whitening.
    pub(crate) fn whitens(&self) -> bool {
        self.initialise.whitening == Some(true)
    }

    /// Whether a model that is trained under the plan is its whitened start: no step is taken from there, and nothing learnt is joined
    /// or weighs the prints. [`Model::whitened`](crate::Model::whitened) then gives the trained model again.
    pub fn ends_whitened(&self) -> bool {
        self.whitens() && self.optimiser.steps() == 0 && self.joined.is_empty() && self.attention.is_none()
    }

    /// The deviation of the random vector that makes each slot of a batch a person of its own; 0 for none.
    pub(crate) fn virtual_subjects(&self) -> f64 {
        self.batch.virtual_subjects.unwrap_or(0.0)
    }
}

/// The most steps that a plan may ask for: no run comes to the end of more.
const MOST_STEPS: usize = 10_000_000;

impl Plan {
    /// Checks every setting that can be checked without data, and writes out what is absent.
    ///
    /// # Errors
    /// Names the key, its value, the limit and what to write instead.
    pub fn check(&self) -> Result<CheckedPlan, EncoderError> {
        self.architecture.validate()?;
        self.loss.validate()?;
        for other in &self.auxiliary {
            other.loss.validate()?;
            positive("auxiliary.weight", other.weight, "0.1 is usual")?;
        }
        let batch = &self.batch;
        for (key, value) in [("batch.subjects", batch.subjects), ("batch.epochs", batch.epochs)] {
            require(value >= 2, key, value, "a batch needs 2 or more", "48 and 4 are the defaults")?;
        }
        // The loss compares all windows of a batch with one another: 1 GiB of numbers.
        let (key, windows) = ("batch.subjects * batch.epochs", batch.subjects.saturating_mul(batch.epochs));
        require(windows <= 1 << 14, key, windows, "at most 16384 windows", "48 and 4 are the defaults")?;
        batch.augment.iter().try_for_each(super::Augment::validate)?;
        self.fusion.iter().try_for_each(super::Fusion::validate)?;
        self.joined.iter().try_for_each(super::Joined::validate)?;
        self.attention.iter().try_for_each(super::Attention::validate)?;
        let default = "leave it out for the default";
        up_to(1.0, "initialise.shrinkage", self.initialise.shrinkage.unwrap_or(0.1), default)?;
        if let Backend::Wccn { shrinkage } | Backend::Lda { shrinkage } | Backend::Plda { shrinkage } =
            self.backend
        {
            up_to(1.0, "backend.shrinkage", shrinkage, default)?;
        }
        let optimiser = &self.optimiser;
        for (key, steps) in [("optimiser.steps", optimiser.steps()), ("optimiser.warmup", optimiser.warmup)] {
            require(steps <= MOST_STEPS, key, steps, "at most 10000000, which takes weeks", "300 is usual")?;
        }
        positive("optimiser.learning_rate", optimiser.learning_rate, "0.0001 is the default")?;
        for (key, value) in [
            ("optimiser.weight_decay", optimiser.weight_decay),
            ("optimiser.clip", optimiser.clip),
            ("initialise.across_recordings", self.initialise.across_recordings),
        ] {
            not_negative(key, value, "0 turns it off")?;
        }
        up_to(0.999_999, "optimiser.average", optimiser.average, default)?;
        let (fits, remedy) = ((1..=64).contains(&self.ensemble), "write 1 for a single one");
        require(fits, "ensemble", self.ensemble, "1 to 64 encoders", remedy)?;
        let checked = self.resolved();
        checked.check_combination()?;
        Ok(checked)
    }

    /// The plan with everything absent written out, as it will run.
    fn resolved(&self) -> CheckedPlan {
        let mut plan = self.clone();
        let filterbank = matches!(plan.architecture, Architecture::Filterbank(_));
        let by_number = plan.losses().any(Loss::knows_subjects);
        plan.initialise.whitening.get_or_insert(filterbank);
        plan.optimiser.steps = Some(self.steps());
        plan.batch.virtual_subjects.get_or_insert(if filterbank && !by_number { 2.0 } else { 0.0 });
        CheckedPlan(plan)
    }

    /// How many gradient steps are taken: what the plan says, or none from the closed form where nothing is said of learning.
    pub fn steps(&self) -> usize {
        let filterbank = matches!(self.architecture, Architecture::Filterbank(_));
        let closed_form = self.initialise.whitening.unwrap_or(filterbank) && !self.says_how_to_learn();
        self.optimiser.steps.unwrap_or(if closed_form { 0 } else { USUAL_STEPS })
    }

    /// Whether anything is said of how gradient steps are to be taken.
    fn says_how_to_learn(&self) -> bool {
        let usual = Self::default();
        let own = (&self.loss, &self.auxiliary, &self.batch, &self.early_stopping, &self.optimiser);
        let default = (&usual.loss, &usual.auxiliary, &usual.batch, &usual.early_stopping, &usual.optimiser);
        own != default || self.adapt == Some(Adapt::FineTune)
    }

    fn losses(&self) -> impl Iterator<Item = &Loss> {
        std::iter::once(&self.loss).chain(self.auxiliary.iter().map(|other| &other.loss))
    }
}

impl CheckedPlan {
    fn check_combination(&self) -> Result<(), EncoderError> {
        let bank = match &self.architecture {
            Architecture::Filterbank(bank) => Some(bank),
            _ => None,
        };
        let dim = bank.map_or(0, |bank| bank.dim);
        let limit = "a whitened head has as many outputs as features";
        let remedy = "leave it out, or write initialise.whitening = false";
        require(!self.whitens() || dim == 0, "architecture.dim", dim, limit, remedy)?;
        let fits = bank.is_some() || self.attention.is_none();
        let limit = "attention reads the features of `filterbank`, which other architectures do not have";
        let remedy = "leave [encoder.attention] out, or write \"filterbank\"";
        require(fits, "architecture.name", self.architecture.name(), limit, remedy)?;
        let fits = bank.is_some() || self.joined.is_empty();
        let limit =
            "learnt features are joined to those of `filterbank`, which other architectures do not have";
        let remedy = "leave encoder.joined out, or write \"filterbank\"";
        require(fits, "architecture.name", self.architecture.name(), limit, remedy)?;
        let (fits, limit) =
            (bank.is_some() || !self.whitens(), "only `filterbank` has a linear head on fixed features");
        require(fits, "initialise.whitening", true, limit, "leave it out")?;
        let (key, deviation) = ("batch.virtual_subjects", self.virtual_subjects());
        not_negative(key, deviation, "0 turns them off; 2 is usual")?;
        let fits = deviation == 0.0 || (bank.is_some() && !self.losses().any(Loss::knows_subjects));
        let limit = "virtual subjects need the features of `filterbank` and a loss that does not know subjects by number";
        require(fits, key, deviation, limit, "write 0")?;
        let fits = self.batch.sampler != Sampler::TwinPairs || self.losses().all(Loss::takes_pairs);
        let limit = "only the losses contrastive and koch compare single pairs";
        require(fits, "batch.sampler", "twin_pairs", limit, "write \"subjects_by_epochs\"")
    }
}

#[cfg(test)]
mod tests {
    use super::super::write_out_absent;
    use super::*;

    fn steps(text: &str) -> usize {
        let plan: Plan = toml::from_str(text).unwrap();
        plan.check().unwrap().optimiser.steps()
    }

    #[test]
    fn the_closed_form_takes_steps_only_where_the_plan_says_how() {
        assert_eq!(steps(""), 0);
        assert_eq!(steps("architecture = { name = \"filterbank\", tapers = 0 }"), 0);
        assert_eq!(steps("optimiser = { steps = 7 }"), 7);
        for learns in [
            "architecture = { name = \"conv\" }",
            "initialise = { whitening = false }",
            "optimiser = { learning_rate = 0.001 }",
            "loss = { name = \"triplet\" }",
            "batch = { subjects = 8 }",
            "early_stopping = { patience = 3 }",
            "adapt = \"fine-tune\"",
        ] {
            assert_eq!(steps(learns), USUAL_STEPS, "{learns}");
        }
    }

    #[test]
    fn fewer_people_are_trusted_less_unless_the_plan_says_how_much() {
        let start = Plan::default().initialise;
        let shrinkage = [1, 3, 8, 20, 500].map(|people| start.shrinkage_of(people));
        assert_eq!(shrinkage, [0.3, 0.3, 0.25, 0.1, 0.1]);
        assert_eq!(super::super::Init { shrinkage: Some(0.0), ..start }.shrinkage_of(3), 0.0);
    }

    #[test]
    fn a_plan_written_before_tapers_were_the_default_has_none() {
        let mut written = serde_json::to_value(Plan::default()).unwrap();
        let bank = written["architecture"].as_object_mut().unwrap();
        assert_eq!(bank.remove("tapers"), Some(6.into()));
        write_out_absent(&mut written);
        let plan: Plan = serde_json::from_value(written).unwrap();
        let Architecture::Filterbank(bank) = &plan.architecture else { panic!("{plan:?}") };
        assert_eq!(bank.tapers, 0);
        // So that the plan of a run of before has the hash it had.
        let again = serde_json::to_value(&plan).unwrap();
        assert!(again["architecture"].get("tapers").is_none(), "{again}");
    }
}
