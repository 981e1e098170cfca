//! What a network is told beside its input.

/// The shape of what enters a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InputShape {
    /// Channels, or 1 for features.
    pub channels: usize,
    /// Samples, or the number of features.
    pub samples: usize,
}

/// Whether a forward pass is to learn from.
pub(crate) struct Pass {
    /// Batch statistics are used and noted, rather than running ones.
    pub training: bool,
    /// New values of parameters that are not trained by gradient: running statistics.
    pub updates: Vec<(String, Vec<f32>)>,
}

impl Pass {
    pub fn new(training: bool) -> Self {
        Self { training, updates: Vec::new() }
    }
}
