//! The systems that are scored on the very same trials: the trained encoder and the baselines it must beat.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shortcut::Shortcut;

/// A way from epochs to prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The trained encoder: what the pipeline is about.
    #[schemars(skip)]
    Encoder,
    /// The trained encoder without what the plan's fusion joins to its prints; scored where there is a fusion.
    #[schemars(skip)]
    EncoderAlone,
    /// The same architecture with fresh weights, standardised on the training subjects.
    UntrainedEncoder,
    /// The encoder's initial state: its head whitened by the training subjects, no training step.
    WhitenedEncoder,
    /// Log Welch power, standardised on the training subjects.
    LogPsdCosine,
    /// Log Welch power of the average reference, whitened by the training subjects' within-subject covariance.
    LogPsdWccn,
    /// Log Welch power of the average reference with everybody's alpha moved to 10 Hz, and where it was, whitened likewise.
    AlphaAlignedWccn,
    /// Log-covariance in six bands, standardised on the training subjects.
    TangentCosine,
    /// Log-covariance in six bands, whitened by the training subjects' within-subject covariance.
    TangentWccn,
    /// The encoder as it would be learnt from the training subjects alone; scored where the plan brings one along.
    #[serde(skip)]
    LearntHere,
    /// Audit: a part of the signal alone.
    #[serde(skip)]
    Shortcut(Shortcut),
}

impl System {
    /// Everything a run scores besides the encoder unless the plan leaves some out.
    pub const BASELINES: [Self; 6] = [
        Self::UntrainedEncoder,
        Self::WhitenedEncoder,
        Self::LogPsdCosine,
        Self::LogPsdWccn,
        Self::TangentCosine,
        Self::TangentWccn,
    ];

    /// Everything a plan may name as a baseline.
    pub const BY_NAME: [Self; 7] = [
        Self::UntrainedEncoder,
        Self::WhitenedEncoder,
        Self::LogPsdCosine,
        Self::LogPsdWccn,
        Self::AlphaAlignedWccn,
        Self::TangentCosine,
        Self::TangentWccn,
    ];

    /// Whether the encoder is compared with it.
    pub(crate) fn is_baseline(self) -> bool {
        self == Self::LearntHere || Self::BY_NAME.contains(&self)
    }

    /// Whether it is scored for the audits only.
    pub fn is_shortcut(self) -> bool {
        matches!(self, Self::Shortcut(_))
    }

    /// The trained encoder, whole or without its fusion.
    pub const ENCODERS: [Self; 2] = [Self::Encoder, Self::EncoderAlone];

    /// The name in `results.json`, plans and, with `-` for `:`, file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::EncoderAlone => "encoder:alone",
            Self::UntrainedEncoder => "untrained_encoder",
            Self::WhitenedEncoder => "whitened_encoder",
            Self::LogPsdCosine => "log_psd_cosine",
            Self::LogPsdWccn => "log_psd_wccn",
            Self::AlphaAlignedWccn => "alpha_aligned_wccn",
            Self::TangentCosine => "tangent_cosine",
            Self::TangentWccn => "tangent_wccn",
            Self::LearntHere => "learnt_here",
            Self::Shortcut(shortcut) => shortcut.name(),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
