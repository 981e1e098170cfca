//! The twin encoder: from EEG epochs to *prints*, vectors whose directions lie close together for epochs of one person and
//! apart for epochs of different people.
//!
//! A [`Plan`] says what to fit; [`train`] fits it to [`TrainingEpochs`] of the training subjects and nobody else; the
//! [`Model`] makes prints, and is saved with every fitted part. [`Compute`] says where. Everything random is drawn
//! from streams named after the plan's seed.

mod architecture;
mod attention;
mod attention_learning;
mod augment;
mod backend;
mod checkpoint;
mod compute;
mod data;
mod distance;
mod error;
mod fusion;
mod interchange;
mod layers;
mod loss;
mod member;
mod model;
mod monitor;
mod optimiser;
mod plan;
mod sampler;
mod save;
mod seed;
mod train;
mod weights;

pub use architecture::{Architecture, AverageReference, Bands, Conv, Filterbank, Resnet1d, Spatial, TwinCnn};
pub use attention::Attention;
pub use augment::Augment;
pub use compute::Compute;
pub use data::TrainingEpochs;
pub use distance::Distance;
pub use error::EncoderError;
pub use fusion::{Fusion, Partner};
pub use loss::{ArcFace, Contrastive, Koch, Loss, NPair, Prototypical, SubjectSoftmax, SupCon, Triplet};
pub use model::{Model, train, train_resumable};
pub use monitor::{Embed, Monitor, Silent, StepReport};
pub use plan::{Auxiliary, Backend, Batch, EarlyStopping, Init, Optimiser, Plan, Sampler, Schedule};
