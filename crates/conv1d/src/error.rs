//! What can be wrong with a convolution's settings or input.

use thiserror::Error;

/// A convolution that cannot be computed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Conv1dError {
    /// A setting that must be positive is zero.
    #[error("`{setting}` of the convolution is 0; it must be at least 1")]
    Zero {
        /// Name of the setting.
        setting: &'static str,
    },
    /// Channels cannot be divided between the groups.
    #[error(
        "`{setting}` is {channels}, which {groups} groups cannot share evenly; use a multiple of {groups} or fewer groups"
    )]
    Groups {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        channels: usize,
        /// Groups asked for.
        groups: usize,
    },
    /// The input has other channels than the weights.
    #[error("the input has {found} channels but the weights expect {expected}")]
    Channels {
        /// Channels of the input.
        found: usize,
        /// Channels the weights stand for.
        expected: usize,
    },
    /// A vector does not have one value per output channel.
    #[error("`{what}` has {found} values but the weights have {expected} output channels")]
    PerChannel {
        /// Which vector.
        what: &'static str,
        /// Its values.
        found: usize,
        /// Output channels of the weights.
        expected: usize,
    },
    /// The input has no examples.
    #[error("the input holds no examples; give a batch of at least one")]
    EmptyBatch,
    /// The padded input does not cover the kernel once.
    #[error(
        "{time} samples with {padding} zeros on each side are shorter than the kernel, which spans {span} samples; give at least {needed} samples"
    )]
    TooShort {
        /// Samples of the input.
        time: usize,
        /// Zeros on each side.
        padding: usize,
        /// Samples from the kernel's first tap to its last.
        span: usize,
        /// Samples that would do.
        needed: usize,
    },
    /// Pooling would leave no sample.
    #[error("max-pooling over {pool} samples leaves nothing of {time}; use a narrower pool or longer input")]
    PoolTooWide {
        /// Pooling width in samples.
        pool: usize,
        /// Samples after the convolution.
        time: usize,
    },
}
