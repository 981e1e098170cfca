//! What can go wrong while an encoder is fitted, used, written or read.

use std::error::Error;
use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use safetensors::tensor::Dtype;
use twinprint_closed::ClosedError;
use twinprint_features::FeatureError;
use twinprint_signal::Whole;
use twinprint_staged::StagedError;

use crate::plan::Partner;

/// Errors of this crate; each says what is wrong, where, and what to do about it, and keeps its cause as source.
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
    /// Statistics that cannot be fitted to these epochs or applied to them.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// Features that prints are joined with and that these epochs do not have.
    #[error("fusion with {with:?}")]
    Fusion {
        /// The features.
        with: Partner,
        /// Why they cannot be computed.
        source: FeatureError,
    },
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
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{}: not a model of this program", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A checkpoint that training cannot be taken up from.
    #[error("{}: not a checkpoint of this program; delete it to start again", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// Fitted numbers that cannot be laid out for a file.
    #[error("the encoder cannot be written down")]
    Layout(#[source] Whole<SafeTensorError>),
    /// A description that cannot be written for a file.
    #[error("the encoder cannot be described")]
    Description(#[from] serde_json::Error),
    /// The device failed, or was asked for what it cannot compute.
    #[error("the device failed")]
    Compute(#[source] Box<dyn Error + Send + Sync>),
    /// The monitor asked to stop.
    #[error("training was stopped at step {step} of {steps}")]
    Stopped {
        /// The last step done.
        step: usize,
        /// Steps planned.
        steps: usize,
    },
}

/// What is wrong with a file of this program.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The description is no JSON, or says something else than it must.
    #[error("its description cannot be read")]
    Description(#[from] serde_json::Error),
    /// The file is no safetensors, or damaged.
    #[error("its tensors cannot be read")]
    Tensors(#[source] Whole<SafeTensorError>),
    /// Written with another version of the layout, the first number, than this program's, the second.
    #[error("its layout is version {0}, this program reads {1}")]
    Schema(u32, u32),
    /// Two files that were not written together.
    #[error("it is not the file {0} was written with")]
    Strange(&'static str),
    /// A file without the marks of a packed model.
    #[error("it is no packed model: `twinprint model pack` writes them")]
    Unpacked,
    /// A packed model of which a byte differs from what was written.
    #[error("its checksum does not fit: the file is damaged or was changed; take another copy")]
    Checksum,
    /// A number, by name, that no encoder has.
    #[error("its {0} is {1}, which no encoder has: the file is not to be trusted")]
    Size(String, f64),
    /// Safetensors that say nothing about a checkpoint.
    #[error("it does not say how far training was")]
    Silent,
    /// A tensor, by name, of another type than 32-bit floats.
    #[error("{0} is {1:?}, not F32")]
    Type(String, Dtype),
    /// A tensor that is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A tensor, by name, of another shape, given first, than it must have.
    #[error("{0} has the shape {1:?}, not {2:?}")]
    Shape(String, Vec<usize>, Vec<usize>),
    /// A tensor, by name, whose shape is not that of a matrix.
    #[error("{0} has the shape {1:?}, which is no matrix")]
    NoMatrix(String, Vec<usize>),
    /// A matrix with another number of values than its shape says.
    #[error(transparent)]
    Matrix(#[from] ndarray::ShapeError),
    /// Weights from elsewhere that cannot take the place of an encoder's.
    #[error("{}", .0.join("; "))]
    Weights(Vec<String>),
    /// Means and deviations that do not belong together.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// A description and fitted numbers that make no encoder.
    #[error("it makes no encoder")]
    Encoder(#[source] Box<EncoderError>),
}

impl From<SafeTensorError> for EncoderError {
    fn from(error: SafeTensorError) -> Self {
        Self::Layout(Whole(error))
    }
}

impl From<SafeTensorError> for FormatError {
    fn from(error: SafeTensorError) -> Self {
        Self::Tensors(Whole(error))
    }
}

impl From<EncoderError> for FormatError {
    fn from(error: EncoderError) -> Self {
        Self::Encoder(Box::new(error))
    }
}

impl From<StagedError> for EncoderError {
    fn from(error: StagedError) -> Self {
        Self::File { path: error.path, source: error.source }
    }
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

    pub(crate) fn compute(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Compute(source.into())
    }

    pub(crate) fn file(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }

    pub(crate) fn format(path: &Path, source: impl Into<FormatError>) -> Self {
        Self::Format { path: path.to_owned(), source: source.into() }
    }
}
