//! One-dimensional convolution blocks that train and embed fast on a CPU.
//!
//! - [`conv_block`]: convolution, batch norm, ReLU and max-pooling as one operation.
//! - [`conv1d`]: the bare convolution, a drop-in for burn's.
//!
//! On burn's `flex` device both run as one backend operation with a hand-written backward pass; on every other device, and
//! for dilations and groups other than one, they are burn's own operations. `docs/design/0006-conv1d.md` says how the fast
//! path works and what was measured.
#![allow(unsafe_code, reason = "the matrix product takes raw pointers; this crate is the one place for that")]

mod block;
mod error;
mod extension;
mod kernel;
mod options;

pub use block::{BlockOutput, BlockWeights, Norm, conv_block, conv1d};
pub use error::Conv1dError;
pub use options::{Activation, BlockOptions, Conv1dOptions};
