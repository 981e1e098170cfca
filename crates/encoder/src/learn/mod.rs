//! Learning: losses over batches of twins, how batches are drawn, the optimiser, and training that can be taken up again.

mod adamw;
mod augment;
mod checkpoint;
mod joined;
mod loss;
mod monitor;
mod sampler;
mod train;

pub(crate) use adamw::Weights;
pub(crate) use checkpoint::{Journal, fingerprint};
pub(crate) use loss::unit_rows;
pub use monitor::{Embed, Monitor, Silent, StepReport};
pub(crate) use train::Training;
