//! What can be wrong with scores and prints, each with the way out.

/// Scores, rates or settings that no error rate can be computed from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// The parallel columns of a trial list differ in length.
    #[error(
        "{scores} scores, {enrol} enrolment subjects and {probe} probe subjects: the three must have one entry per trial"
    )]
    Lengths {
        /// Length of the column of scores.
        scores: usize,
        /// Length of the column of enrolled subjects.
        enrol: usize,
        /// Length of the column of probed subjects.
        probe: usize,
    },
    /// A score is NaN or infinite.
    #[error(
        "score {value} of trial {index} is not a finite number: repair or remove the trial at its source"
    )]
    NotFinite {
        /// Position in the trial list, from 0.
        index: usize,
        /// The value found there.
        value: f64,
    },
    /// No comparison of a subject with the same subject.
    #[error(
        "none of the {non_mated} comparisons is mated: no probe subject was compared with an own enrolment; check that enrolment and probe use the same subject ids"
    )]
    NoMated {
        /// Comparisons between different subjects.
        non_mated: usize,
    },
    /// No comparison between different subjects.
    #[error(
        "none of the {mated} comparisons is non-mated: at least two subjects must be compared with one another"
    )]
    NoNonMated {
        /// Comparisons within a subject.
        mated: usize,
    },
    /// A rate outside its range.
    #[error("{what} is {value}: it must lie strictly between 0 and 1")]
    Rate {
        /// Which rate, as the message names it.
        what: &'static str,
        /// The value that was given for it.
        value: f64,
    },
    /// A bootstrap with too few or too many replicates.
    #[error(
        "bootstrap.replicates is {replicates}: use at least {least} and at most {most}; 1000 is a good number"
    )]
    Replicates {
        /// Replicates asked for.
        replicates: usize,
        /// Fewest allowed.
        least: usize,
        /// Most allowed.
        most: usize,
    },
    /// Two score lists that should hold the same trials differ.
    #[error(
        "the two score lists differ at trial {index}: a paired comparison needs the same trials in the same order"
    )]
    DifferentTrials {
        /// First trial that differs (or the length of the shorter list).
        index: usize,
    },
    /// Nothing to concatenate, or more trials than the counters hold.
    #[error("{trials} trials: between 2 and 4294967295 are supported")]
    TrialCount {
        /// Number of trials given.
        trials: usize,
    },
}

/// Prints, labels or settings that no result can be computed from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PrintError {
    /// No prints where at least one is needed.
    #[error("{what} holds no prints: give at least one")]
    Empty {
        /// Which set of prints, as the message names it.
        what: &'static str,
    },
    /// A label list that does not match its prints.
    #[error("{what}: {labels} labels for {prints} prints: give one label per print")]
    Labels {
        /// Which set of prints, as the message names it.
        what: &'static str,
        /// Number of labels given.
        labels: usize,
        /// Number of prints, which is the number of labels needed.
        prints: usize,
    },
    /// A count setting outside its range.
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
    /// A setting that must be a positive finite number.
    #[error("{what} is {value}: it must be a finite number above zero")]
    Setting {
        /// Which setting, as the message names it.
        what: &'static str,
        /// The value that was given for it.
        value: f64,
    },
    /// A label that must be known is not.
    #[error(
        "label {label} of a {what} has no example in the {other}: only labels present in both can be tested"
    )]
    UnknownLabel {
        /// Where the label stands.
        what: &'static str,
        /// Where it is missing.
        other: &'static str,
        /// The label that has no example.
        label: u32,
    },
    /// Prints that cannot be compared.
    #[error(transparent)]
    Comparison(#[from] twinprint_comparison::ComparisonError),
    /// Scores or a bootstrap that cannot be used.
    #[error(transparent)]
    Scores(#[from] ScoreError),
    /// Prints that cannot be standardised.
    #[error(transparent)]
    Standardise(#[from] twinprint_closed::ClosedError),
}
