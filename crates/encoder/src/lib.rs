//! The twin encoder: from EEG epochs to *prints*, vectors whose directions lie close together for epochs of one person and
//! apart for epochs of different people.
//!
//! A [`Plan`] says what to fit; checked, [`train`] fits it to [`TrainingEpochs`] of the training subjects and nobody else; the
//! [`Model`] makes prints, and is saved with every fitted part. [`Compute`] says where. Everything random is drawn
//! from streams named after the plan's seed.
//!
//! The default road is the front end (`front`), a linear head that starts as a whitening, and what is fitted to its prints
//! (`back`). Learning (`learn`), features learnt across cohorts (`joined`), attention over epochs (`attend`) and learned networks
//! (`net`) have rooms of their own.

mod adapt;
mod attend;
mod back;
mod compute;
mod data;
mod error;
mod files;
mod fit;
mod front;
mod gabor;
mod head;
mod joined;
mod learn;
mod member;
mod model;
mod net;
mod pass;
mod plan;
mod range;
mod seed;
mod weights;

pub use compute::Compute;
pub use data::TrainingEpochs;
pub use error::{EncoderError, FormatError};
pub use fit::{train, train_resumable};
pub use front::{Known, SharedFeatures};
pub use joined::{JoinedFeatures, Recipe};
pub use learn::{Embed, Monitor, Silent, StepReport};
pub use model::Model;
pub use net::*;
pub use plan::{
    Adapt, ArcFace, Architecture, Attention, Augment, Auxiliary, AverageReference, Backend, Bands, Batch,
    CheckedPlan, Contrastive, Distance, EarlyStopping, Filterbank, Fusion, Init, Joined, KernelStart, Koch,
    Loss, NPair, Optimiser, Partner, Plan, Prototypical, Sampler, Schedule, SharedConv, Spatial,
    SubjectSoftmax, SupCon, Triplet, write_out_absent,
};
