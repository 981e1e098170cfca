//! Why something cannot be fitted, solved or applied.

/// Input that a formula has no answer for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClosedError {
    /// There is nothing to fit to, or not one label a row.
    #[error(
        "{rows} rows of {columns} features come with {labels} labels: give 1 row or more, and a label for each"
    )]
    Rows {
        /// Rows given.
        rows: usize,
        /// Features of each.
        columns: usize,
        /// Labels given.
        labels: usize,
    },
    /// Weights that are not one a row and above 0.
    #[error("{weights} weights come with {rows} rows: give one a row, each finite and above 0, or none")]
    Weights {
        /// Weights given.
        weights: usize,
        /// Rows given.
        rows: usize,
    },
    /// Another number of features, given first, than was fitted to.
    #[error("{0} features, but {1} were fitted to: compute the same features")]
    Columns(usize, usize),
    /// A shrinkage outside its range.
    #[error("shrinkage = {0}: it must lie in 0 to 1; 0.3 is the default")]
    Shrinkage(f64),
    /// What tells subjects apart, named first, needs several; given were so many.
    #[error("{0} needs 2 subjects or more, and there is {1}")]
    Subjects(&'static str, usize),
    /// A covariance without an inverse, under what was being fitted.
    #[error("{0} cannot be fitted: the covariance is singular; give more epochs or a shrinkage above 0")]
    Singular(&'static str),
    /// Numbers that are infinite or none, under what was being fitted.
    #[error(
        "{0} cannot be fitted: the covariance holds numbers that are not finite; look for them in the features"
    )]
    NotFinite(&'static str),
    /// An eigendecomposition that gave up, under what was being fitted.
    #[error("{0} cannot be fitted: the eigendecomposition did not converge; look for extreme features")]
    NotConverged(&'static str),
    /// Means and deviations, so many of each, that do not belong together.
    #[error("{0} means come with {1} deviations: as many are needed, and every deviation above 0")]
    Moments(usize, usize),
}
