//! What a batch is made of; how it is drawn is in `learn`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EncoderError;
use crate::range::{positive, up_to};

/// What a batch is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// Subject slots of a batch, drawn with replacement: 48, at least 2.
    #[schemars(range(min = 2))]
    pub subjects: usize,
    /// Epochs of a slot, alternating between the subject's recordings: 4, at least 2.
    #[schemars(range(min = 2))]
    pub epochs: usize,
    /// Deviation of the random vector added to all standardised features of a slot, which makes each slot a person
    /// of its own; 0 for none. Absent: 2 for `filterbank`, unless a loss knows the subjects by number, and 0 otherwise.
    #[schemars(range(min = 0))]
    pub virtual_subjects: Option<f64>,
    /// How slots are drawn.
    pub sampler: Sampler,
    /// Changes made to epochs before they are encoded, in this order.
    pub augment: Vec<Augment>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    /// Every slot a subject at random; the loss compares all pairs of the batch.
    SubjectsByEpochs,
    /// Half of the slots at random, each followed by one of the subjects whose prints lie nearest to its own.
    HardNegatives,
    /// Twin pairs, half of one person across recordings and half of two: the loss compares these pairs alone.
    TwinPairs,
}

/// One change to an epoch `[channels, samples]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Augment {
    /// Adds white noise.
    Noise {
        /// Its deviation in microvolts.
        #[schemars(range(min = 0, max = 10000))]
        microvolts: f64,
    },
    /// Sets channels to zero, each with the same probability.
    ChannelDropout {
        /// The probability: 0 to below 1.
        #[schemars(range(min = 0, max = 0.99))]
        probability: f64,
    },
    /// Shifts the epoch in time, around its end.
    TimeShift {
        /// The most it is shifted either way, in seconds.
        #[schemars(range(min = 0, max = 1000))]
        seconds: f64,
    },
    /// Multiplies each channel by its own factor, uniform in the logarithm.
    Gain {
        /// The most it is changed either way, in decibels.
        #[schemars(range(min = 0, max = 60))]
        decibels: f64,
    },
    /// Multiplies each channel's spectrum by (f / 10 Hz) to a power of its own, uniform either way.
    SpectralTilt {
        /// The most that the power of the amplitude is away from 0.
        #[schemars(range(min = 0, max = 4))]
        exponent: f64,
    },
    /// Turns the cap about an axis at random: what the electrodes would record a little further on, estimated from what they do
    /// record by spherical splines (Perrin and others 1989). Channels must have names of the 10-5 system.
    MoveElectrodes {
        /// The most it is turned, in degrees.
        #[schemars(range(min = 0, max = 90))]
        degrees: f64,
    },
    /// Removes the frequencies within a band around a random centre, by a discrete cosine transform.
    BandStop {
        /// The width of the band in hertz.
        #[schemars(range(min = 0, max = 1000))]
        width: f64,
        /// The highest centre in hertz.
        #[schemars(extend("exclusiveMinimum" = 0))]
        highest: f64,
    },
}

impl Augment {
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let (key, value, highest) = match *self {
            Self::Noise { microvolts } => ("batch.augment.microvolts", microvolts, 1e4),
            Self::ChannelDropout { probability } => ("batch.augment.probability", probability, 0.99),
            Self::TimeShift { seconds } => ("batch.augment.seconds", seconds, 1e3),
            Self::Gain { decibels } => ("batch.augment.decibels", decibels, 60.0),
            Self::SpectralTilt { exponent } => ("batch.augment.exponent", exponent, 4.0),
            Self::MoveElectrodes { degrees } => ("batch.augment.degrees", degrees, 90.0),
            Self::BandStop { width, highest } => {
                positive("batch.augment.highest", highest, "40 is usual")?;
                ("batch.augment.width", width, 1e3)
            }
        };
        up_to(highest, key, value, "remove the step for none")
    }
}
