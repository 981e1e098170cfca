//! Learnt features that are joined to those of the front end: what a network has learnt to see across people and cohorts,
//! whitened together with the closed form on the people at hand.
//!
//! The network is Siamese and sees one channel at a time, so the same weights serve any montage; where its plan says so, it is told
//! where the channel lies, and an epoch's channels learn from one another by attention. A channel's amplitude is taken out first, so that it cannot learn gains. Mean and deviation over time (the statistics
//! pooling of x-vectors: Snyder, Garcia-Romero, Sell, Povey, Khudanpur, 2018) make its answer independent of the length of epochs.
//!
//! Reference: `Snyder2018`.

mod features;
mod network;
mod signals;

pub(crate) use features::seed;
pub use features::{JoinedFeatures, Recipe};
pub(crate) use network::{LearntNetwork, Scene};
pub(crate) use signals::signals;
