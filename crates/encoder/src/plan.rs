//! What the user writes about the encoder: the `[encoder]` table of a pipeline.

use serde::{Deserialize, Serialize};
use twinprint_closed::SHRINKAGE;

use crate::EncoderError;
use crate::architecture::Architecture;
use crate::attention::Attention;
use crate::fusion::Fusion;
use crate::loss::Loss;

/// Everything an encoder is made by. The defaults are the measured recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The network.
    pub architecture: Architecture,
    /// Where its weights start.
    pub initialise: Init,
    /// What training minimises.
    pub loss: Loss,
    /// Further losses added to it.
    pub auxiliary: Vec<Auxiliary>,
    /// What a batch is made of.
    pub batch: Batch,
    /// How weights are changed.
    pub optimiser: Optimiser,
    /// When training stops before its last step.
    pub early_stopping: EarlyStopping,
    /// What is fitted to the trained encoder's prints.
    pub backend: Backend,
    /// How many encoders are trained, each from its own seed; prints are their concatenation. 1.
    pub ensemble: usize,
    /// Steps between two checkpoints, where the caller keeps them: 100; 0 for none.
    pub checkpoint_every: usize,
    /// Classical features that prints are joined with: score fusion. None.
    pub fusion: Vec<Fusion>,
    /// How much each epoch counts where prints are averaged, learnt between training people. None: all alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
    /// From which every random choice is derived. 0.
    pub seed: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            architecture: Architecture::default(),
            initialise: Init::default(),
            loss: Loss::default(),
            auxiliary: Vec::new(),
            batch: Batch::default(),
            optimiser: Optimiser::default(),
            early_stopping: EarlyStopping::default(),
            backend: Backend::default(),
            ensemble: 1,
            checkpoint_every: 100,
            fusion: Vec::new(),
            attention: None,
            seed: 0,
        }
    }
}

/// Where weights start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Init {
    /// Whether the linear head of `filterbank` starts as the whitening by the within-subject covariance (WCCN)
    /// rather than at random. Absent: yes for `filterbank`, no for the others, which have no such head.
    pub whitening: Option<bool>,
    /// The shrinkage of that covariance toward a multiple of the identity: 0.3, 0 to 1.
    pub shrinkage: f64,
    /// How often the covariance of what differs between the recordings of a person is added to it: 0, at least 0.
    /// Probing another recording than enrolled, that is what must be overlooked; epochs alone show mostly noise.
    pub across_recordings: f64,
}

impl Default for Init {
    fn default() -> Self {
        Self { whitening: None, shrinkage: SHRINKAGE, across_recordings: 0.0 }
    }
}

/// A further loss and how much it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auxiliary {
    /// The loss.
    pub loss: Loss,
    /// What its value is multiplied by: above 0.
    pub weight: f64,
}

/// What a batch is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// Subject slots of a batch, drawn with replacement: 48, at least 2.
    pub subjects: usize,
    /// Epochs of a slot, alternating between the subject's recordings: 4, at least 2.
    pub epochs: usize,
    /// Deviation of the random vector added to all standardised features of a slot, which makes each slot a person
    /// of its own; 0 for none. Absent: 2 for `filterbank`, unless a loss knows the subjects by number, and 0 otherwise.
    pub virtual_subjects: Option<f64>,
    /// How slots are drawn.
    pub sampler: Sampler,
    /// Changes made to epochs before they are encoded, in this order.
    pub augment: Vec<crate::augment::Augment>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            subjects: 48,
            epochs: 4,
            virtual_subjects: None,
            sampler: Sampler::SubjectsByEpochs,
            augment: Vec::new(),
        }
    }
}

/// How the slots of a batch are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    /// Every slot a subject at random; the loss compares all pairs of the batch.
    SubjectsByEpochs,
    /// Half of the slots at random, each followed by one of the subjects whose prints lie nearest to hers.
    HardNegatives,
    /// Twin pairs, half of one person across recordings and half of two: the loss compares these pairs alone.
    TwinPairs,
}

/// How weights are changed: AdamW (Loshchilov, Hutter, 2019).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Optimiser {
    /// Steps: 300; 0 leaves the initial state.
    pub steps: usize,
    /// The learning rate at its highest: 0.0001.
    pub learning_rate: f64,
    /// Decoupled weight decay: 0.
    pub weight_decay: f64,
    /// How the learning rate changes over the steps.
    pub schedule: Schedule,
    /// Steps over which the learning rate rises from 0 first: 0.
    pub warmup: usize,
    /// The gradient's highest L2 norm over all parameters; 0 for no limit.
    pub clip: f64,
    /// Decay of the running average of the weights that is kept as the result, below 1; 0 keeps the last weights.
    pub average: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            steps: 300,
            learning_rate: 1e-4,
            weight_decay: 0.0,
            schedule: Schedule::Cosine,
            warmup: 0,
            clip: 0.0,
            average: 0.0,
        }
    }
}

/// How the learning rate changes over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Down to 0 along half a cosine.
    Cosine,
    /// Down to 0 along a line.
    Linear,
    /// Not at all.
    Constant,
}

impl Optimiser {
    /// The learning rate of `step`, counted from 0.
    pub fn rate(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / self.warmup as f64;
        }
        let span = self.steps.saturating_sub(self.warmup).max(1) as f64;
        let done = (step - self.warmup) as f64 / span;
        self.learning_rate
            * match self.schedule {
                Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()),
                Schedule::Linear => (1.0 - done).max(0.0),
                Schedule::Constant => 1.0,
            }
    }
}

/// When training stops before its last step: by the equal error rate of dev subjects, which the caller computes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// Steps between two looks at the dev subjects; 0 for none. The weights of the best look are the result.
    pub every: usize,
    /// Looks without a better score before training stops; 0 to go on to the last step.
    pub patience: usize,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self { every: 0, patience: 5 }
    }
}

/// What is fitted to the prints of the training subjects after the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Backend {
    /// Nothing.
    #[default]
    None,
    /// Whitening by the within-subject covariance.
    Wccn {
        /// Shrinkage of the covariance: 0.3.
        #[serde(default = "shrinkage")]
        shrinkage: f64,
    },
    /// Linear discriminant analysis: at most subjects − 1 dimensions are left.
    Lda {
        /// Shrinkage of the within-subject covariance: 0.3.
        #[serde(default = "shrinkage")]
        shrinkage: f64,
    },
    /// Two-covariance probabilistic linear discriminant analysis.
    Plda {
        /// Shrinkage of both covariances: 0.3.
        #[serde(default = "shrinkage")]
        shrinkage: f64,
    },
}

fn shrinkage() -> f64 {
    SHRINKAGE
}

impl Plan {
    /// The same plan with everything absent written out, as it will run.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let mut plan = self.clone();
        let filterbank = matches!(plan.architecture, Architecture::Filterbank(_));
        let by_number =
            plan.loss.knows_subjects() || plan.auxiliary.iter().any(|other| other.loss.knows_subjects());
        plan.initialise.whitening.get_or_insert(filterbank);
        plan.batch.virtual_subjects.get_or_insert(if filterbank && !by_number { 2.0 } else { 0.0 });
        plan
    }

    /// Checks every setting that can be checked without data.
    ///
    /// # Errors
    /// Names the key, its value, the limit and what to write instead.
    pub fn validate(&self) -> Result<(), EncoderError> {
        self.architecture.validate()?;
        self.loss.validate()?;
        for other in &self.auxiliary {
            other.loss.validate()?;
            above("auxiliary.weight", other.weight, 0.0, "0.1 is usual")?;
        }
        let batch = &self.batch;
        for (key, value) in [("batch.subjects", batch.subjects), ("batch.epochs", batch.epochs)] {
            if value < 2 {
                return Err(EncoderError::plan(
                    key,
                    value,
                    "a batch needs 2 or more",
                    "48 and 4 are the defaults",
                ));
            }
        }
        for step in &batch.augment {
            step.validate()?;
        }
        for partner in &self.fusion {
            partner.validate()?;
        }
        if let Some(attention) = &self.attention {
            attention.validate()?;
        }
        fraction("initialise.shrinkage", self.initialise.shrinkage, 1.0)?;
        if let Backend::Wccn { shrinkage } | Backend::Lda { shrinkage } | Backend::Plda { shrinkage } =
            self.backend
        {
            fraction("backend.shrinkage", shrinkage, 1.0)?;
        }
        let optimiser = &self.optimiser;
        above("optimiser.learning_rate", optimiser.learning_rate, 0.0, "0.0001 is the default")?;
        for (key, value) in [
            ("optimiser.weight_decay", optimiser.weight_decay),
            ("optimiser.clip", optimiser.clip),
            ("initialise.across_recordings", self.initialise.across_recordings),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(EncoderError::plan(key, value, "it must be 0 or above", "0 turns it off"));
            }
        }
        fraction("optimiser.average", optimiser.average, 0.999_999)?;
        if !(1..=64).contains(&self.ensemble) {
            return Err(EncoderError::plan(
                "ensemble",
                self.ensemble,
                "1 to 64 encoders",
                "write 1 for a single one",
            ));
        }
        self.check_combination()
    }

    /// Checks what depends on the length and the rate of epochs, before there are any.
    ///
    /// # Errors
    /// As [`Plan::validate`].
    pub fn check_epochs(&self, samples: usize, rate: f64) -> Result<(), EncoderError> {
        self.architecture.check_samples(samples)?;
        match &self.architecture {
            // Of how many channels makes no difference to what is refused.
            Architecture::Filterbank(bank) => bank.features(2, samples, rate, 0).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn check_combination(&self) -> Result<(), EncoderError> {
        let resolved = self.resolved();
        let filterbank = matches!(resolved.architecture, Architecture::Filterbank(_));
        if let Architecture::Filterbank(bank) = &resolved.architecture
            && resolved.initialise.whitening == Some(true)
            && bank.dim != 0
        {
            return Err(EncoderError::plan(
                "architecture.dim",
                bank.dim,
                "a whitened head has as many outputs as features",
                "leave it out, or write initialise.whitening = false",
            ));
        }
        if !filterbank && resolved.attention.is_some() {
            return Err(EncoderError::plan(
                "architecture.name",
                resolved.architecture.name(),
                "attention reads the features of `filterbank`, which other architectures do not have",
                "leave [encoder.attention] out, or write \"filterbank\"",
            ));
        }
        if !filterbank && resolved.initialise.whitening == Some(true) {
            return Err(EncoderError::plan(
                "initialise.whitening",
                true,
                "only `filterbank` has a linear head on fixed features",
                "leave it out",
            ));
        }
        let virtual_subjects = resolved.batch.virtual_subjects.unwrap_or(0.0);
        if !(virtual_subjects.is_finite() && virtual_subjects >= 0.0) {
            return Err(EncoderError::plan(
                "batch.virtual_subjects",
                virtual_subjects,
                "a deviation of 0 or above",
                "0 turns them off; 2 is usual",
            ));
        }
        let losses =
            || std::iter::once(&resolved.loss).chain(resolved.auxiliary.iter().map(|other| &other.loss));
        if virtual_subjects > 0.0 && (!filterbank || losses().any(Loss::knows_subjects)) {
            return Err(EncoderError::plan(
                "batch.virtual_subjects",
                virtual_subjects,
                "virtual subjects need the features of `filterbank` and a loss that does not know subjects by number",
                "write 0",
            ));
        }
        if resolved.batch.sampler == Sampler::TwinPairs && !losses().all(Loss::takes_pairs) {
            return Err(EncoderError::plan(
                "batch.sampler",
                "twin_pairs",
                "only the losses contrastive and koch compare single pairs",
                "write \"subjects_by_epochs\"",
            ));
        }
        Ok(())
    }
}

fn above(key: &'static str, value: f64, limit: f64, remedy: &str) -> Result<(), EncoderError> {
    if value.is_finite() && value > limit {
        Ok(())
    } else {
        Err(EncoderError::plan(key, value, format!("it must be above {limit}"), remedy))
    }
}

fn fraction(key: &'static str, value: f64, highest: f64) -> Result<(), EncoderError> {
    if (0.0..=highest).contains(&value) {
        Ok(())
    } else {
        Err(EncoderError::plan(
            key,
            value,
            format!("it must lie in 0 to {highest}"),
            "leave it out for the default",
        ))
    }
}
