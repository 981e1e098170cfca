//! Statistics in closed form: what is fitted by a formula rather than by learning, and the products of matrices it needs.
//!
//! Rows are observations and columns are features. Fitting works in double precision and on one thread, so that results repeat
//! to the bit. This is the only crate that knows faer.

mod covariance;
mod error;
mod labels;
mod lda;
mod logarithm;
mod matrix;
mod pca;
mod plda;
mod spline;
mod standardise;
mod whitening;

pub use covariance::numbered;
pub use error::ClosedError;
pub use labels::Labels;
pub use lda::Lda;
pub use logarithm::CovarianceLogarithm;
pub use matrix::{dot_products, dot_products_into, normalise_rows, product, solve};
pub use pca::PrincipalComponents;
pub use plda::Plda;
pub use spline::spherical_spline;
pub use standardise::{Moments, Standardise};
pub use whitening::{SHRINKAGE, Shrinkage, Whitening};
