//! What is fitted to prints after the encoder, in closed form: back ends, and the fusion with classical features.

mod backend;
mod fusion;

pub(crate) use backend::FittedBackend;
pub(crate) use fusion::FittedFusion;
