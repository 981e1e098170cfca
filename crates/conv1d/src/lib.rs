//! One-dimensional convolution blocks that train and embed fast on a CPU.
//!
//! - [`Conv1dBlock`]: convolution, batch norm, ReLU and max-pooling as one burn module ([`Conv1dBlockConfig`] makes it).
//! - [`conv1d`]: the bare convolution, a drop-in for burn's.
//!
//! On burn's `flex` device both run as one backend operation with a hand-written backward pass; on every other device, and
//! for strides, dilations and groups other than one, they are burn's own operations. `docs/design/0006-conv1d.md`
//! says how the fast path works and what was measured.
#![allow(unsafe_code, reason = "the matrix product takes raw pointers; this crate is the one place for that")]

mod block;
mod error;
mod extension;
mod function;
mod kernel;
mod options;

pub use block::Conv1dBlock;
pub use error::Conv1dError;
pub use function::conv1d;
pub use options::{Activation, Conv1dBlockConfig, Conv1dOptions};
