//! Why something cannot be fitted, solved or applied.

/// Input that a formula has no answer for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClosedError {
    /// There is nothing to fit to, or not one label a row.
    #[error("{rows} rows of {columns} features come with {labels} labels: give 1 row or more, and a label for each")]
    Rows {
        /// Rows given.
        rows: usize,
        /// Features of each.
        columns: usize,
        /// Labels given.
        labels: usize,
    },
    /// Another number of features than was fitted to.
    #[error("{given} features, but {fitted} were fitted to: compute the same features")]
    Columns {
        /// Features given.
        given: usize,
        /// Features fitted to.
        fitted: usize,
    },
    /// A shrinkage outside its range.
    #[error("shrinkage = {0}: it must lie in 0 to 1; 0.3 is the default")]
    Shrinkage(f64),
    /// What tells classes apart needs several.
    #[error("{what} needs 2 subjects or more, and there is {found}")]
    Subjects {
        /// What was being fitted.
        what: &'static str,
        /// Subjects given.
        found: usize,
    },
    /// A covariance without an inverse.
    #[error("{what} cannot be fitted: the covariance is singular; give more epochs or a shrinkage above 0")]
    Singular {
        /// What was being fitted.
        what: &'static str,
    },
    /// Numbers that are infinite or none.
    #[error("{what} cannot be fitted: the covariance holds numbers that are not finite; look for them in the features")]
    NotFinite {
        /// What was being fitted.
        what: &'static str,
    },
    /// The eigendecomposition gave up.
    #[error("{what} cannot be fitted: the eigendecomposition did not converge; look for extreme features")]
    NotConverged {
        /// What was being fitted.
        what: &'static str,
    },
    /// Fitted numbers that do not belong together.
    #[error("{means} means come with {deviations} deviations: as many are needed, and every deviation above 0")]
    Moments {
        /// Means given.
        means: usize,
        /// Deviations given.
        deviations: usize,
    },
}
