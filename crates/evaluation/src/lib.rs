//! From scores to error rates with intervals, and from prints to identification, few-shot and classifier results.
//!
//! Terms follow ISO/IEC 19795-1: mated and non-mated comparisons, FMR and FNMR, template, probe. Nothing here knows
//! about EEG or about how prints were made, so every number can be audited from a file of scores or prints.

pub mod calibration;
pub mod classification;
pub mod few_shot;
pub mod identification;
pub mod knn;
#[cfg(feature = "mlp")]
pub mod mlp;
pub mod normalisation;
pub mod template;

mod bootstrap;
#[cfg(target_arch = "x86_64")]
mod coarse;
mod curve;
mod error;
mod influence;
mod interval;
mod matrix;
mod metrics;
mod paired;
mod prints;
mod ranked;
mod resampled;
mod scores;
mod sort;
mod transport;
mod verification;
mod weighted;

pub use bootstrap::{Bootstrap, Estimate};
pub use curve::{DetCurve, Eer, FnmrAtFmr, OperatingPoint, det_curve, eer, eer_and_det, fnmr_at_fmr, probit};
pub use error::{PrintError, ScoreError};
pub use interval::Interval;
pub use metrics::{auc, cllr, d_prime, min_cllr, min_dcf};
pub use paired::{Paired, paired_difference};
pub use prints::LabelledPrints;
pub use resampled::Intervals;
pub use scores::{Distance, Scores, Similarity};
pub use transport::{Transported, transport, transport_folds};
pub use verification::{REPORTED_FMR, Verification, calibrated_cost, verification, verification_calibrated};
