//! What was done to a signal, in the order in which it was done.

use serde::Serialize;

/// An operation that was carried out on a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// One by which a sample depends on its neighbours in time, by name: `notch`, `band filter`, `resampling`.
    Filter(&'static str),
    /// Cutting into epochs.
    Epoching,
    /// One that carries nothing from sample to sample, by name: `reference`, `rejection`, `scale`.
    Pointwise(&'static str),
}
