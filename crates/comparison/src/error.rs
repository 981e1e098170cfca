//! Why prints cannot be compared.

use twinprint_signal::EmbeddingSpace;

/// Prints or settings that no score can be computed from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ComparisonError {
    /// No prints where at least one is needed.
    #[error("{what} holds no prints: give at least one")]
    Empty {
        /// Which set of prints, as the message names it.
        what: &'static str,
    },
    /// Prints with different numbers of values.
    #[error(
        "prints of {left} and of {right} values cannot be compared: both must come from the same encoder"
    )]
    Dimensions {
        /// Values per print on one side.
        left: usize,
        /// Values per print on the other side.
        right: usize,
    },
    /// Prints of two encoders.
    #[error("prints of {left} cannot be compared with prints of {right}: both must come from one encoder")]
    Spaces {
        /// What made one side.
        left: EmbeddingSpace,
        /// What made the other side.
        right: EmbeddingSpace,
    },
    /// A print holds NaN or an infinite value.
    #[error(
        "print {row} of {what} holds a value that is not finite: remove it or find out why the encoder made it"
    )]
    NotFinite {
        /// Which set of prints, as the message names it.
        what: &'static str,
        /// Row in that set, counted from 0.
        row: usize,
    },
    /// A print of length zero has no direction.
    #[error("print {row} of {what} is all zeros and has no direction: remove it")]
    ZeroPrint {
        /// Which set of prints, as the message names it.
        what: &'static str,
        /// Row in that set, counted from 0.
        row: usize,
    },
    /// Prints that cannot be pooled.
    #[error("{pool}")]
    Pool {
        /// The template or probe.
        pool: String,
        /// Why: an empty pool, or one of its prints.
        source: Box<ComparisonError>,
    },
    /// A cohort for normalisation that has too few prints.
    #[error("{what} is {value}: it must lie between {least} and {most}")]
    Count {
        /// Which setting, as the message names it.
        what: &'static str,
        /// The value that was given for it.
        value: usize,
        /// Smallest value allowed.
        least: usize,
        /// Largest value allowed here.
        most: usize,
    },
    /// Scores of a normalisation cohort that do not vary.
    #[error("row {row} of {what} has cohort scores without spread: use a larger or more varied cohort")]
    FlatCohort {
        /// The templates or the probes.
        what: &'static str,
        /// Row in that set, counted from 0.
        row: usize,
    },
}

impl ComparisonError {
    /// The error, with the name of the template or probe it stands in.
    pub(crate) fn in_pool(self, pool: &str) -> Self {
        Self::Pool { pool: pool.to_owned(), source: Box::new(self) }
    }
}
