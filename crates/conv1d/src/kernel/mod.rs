//! The arithmetic on plain slices; burn is not known here.

pub(crate) mod block;
pub(crate) mod direct;
pub(crate) mod elementwise;
pub(crate) mod engine;
pub(crate) mod fourier;
pub(crate) mod matmul;
pub(crate) mod shape;
pub(crate) mod spectral;
pub(crate) mod weights;

#[cfg(test)]
mod tests;
