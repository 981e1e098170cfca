//! What can go wrong while an encoder is fitted, used, written or read.

use std::path::PathBuf;

use twinprint_closed::ClosedError;

/// Errors of this crate; each says what is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A setting lies outside its range.
    #[error("{key} = {value}: {limit}; {remedy}")]
    Plan {
        /// The key of the plan, as in `optimiser.steps`.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        limit: String,
        /// What to write instead.
        remedy: String,
    },
    /// The epochs given cannot be learnt from.
    #[error("these epochs cannot be learnt from: {0}")]
    Data(String),
    /// Epochs of another shape than the model was made for.
    #[error(
        "epochs of {got_channels} channels × {got_samples} samples, but the model takes {channels} channels × {samples} samples: \
         pick the model's channels and cut epochs of its length"
    )]
    Shape {
        /// Channels given.
        got_channels: usize,
        /// Samples an epoch given.
        got_samples: usize,
        /// Channels of the model.
        channels: usize,
        /// Samples an epoch of the model.
        samples: usize,
    },
    /// A model made by another plan, or for other recordings.
    #[error("the model does not fit: {}", .0.join("; "))]
    Mismatch(Vec<String>),
    /// Statistics that cannot be fitted to these epochs or applied to them.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// The loss is no longer a number.
    #[error("the loss is {loss} at step {step}: {remedy}")]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// The loss.
        loss: f64,
        /// Which keys to change.
        remedy: &'static str,
    },
    /// A device that is not here.
    #[error("device {name:?} is not available: {why}; present here: {}", .present.join(", "))]
    Device {
        /// The name asked for.
        name: String,
        /// Why it cannot be used.
        why: String,
        /// The names of those that can.
        present: Vec<String>,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{path}: not a model of this program: {why}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The device failed.
    #[error("the device failed: {0}")]
    Compute(String),
    /// The monitor asked to stop.
    #[error("training was stopped at step {step} of {steps}")]
    Stopped {
        /// The last step done.
        step: usize,
        /// Steps planned.
        steps: usize,
    },
}

impl EncoderError {
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::Data(message.into())
    }

    pub(crate) fn plan(
        key: &'static str,
        value: impl ToString,
        limit: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Plan { key, value: value.to_string(), limit: limit.into(), remedy: remedy.into() }
    }
}
