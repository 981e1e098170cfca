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

mod attempt_rate;
mod blocks;
mod bootstrap;
mod comparisons;
mod det;
mod det_band;
mod error;
mod menagerie;
mod metrics;
mod neighbours;
mod paired;
mod prints;
mod repeats;
mod rule_of_30;
mod scores;
mod sorted_scores;
mod transport;
mod verification;

pub use attempt_rate::AttemptRate;
pub use blocks::{Block, Blocks, Sides, in_order, trials};
pub use bootstrap::draws::Bootstrap;
pub use comparisons::{Comparisons, Distribution, LAID_OUT};
pub use det::{DetCurve, Eer, FnmrAtFmr, OperatingPoint, REPORTED_FMR, det_curve, eer};
pub use det_band::BandPoint;
pub use error::{PrintError, ScoreError};
pub use menagerie::{Concentration, concentration};
pub use neighbours::neighbour_map;
pub use paired::{Resampled, paired_difference};
pub use prints::LabelledPrints;
pub use repeats::over_repeats;
pub use rule_of_30::{RATES, TooFew, resolves};
pub use scores::Scores;
pub use sorted_scores::SortedScores;
pub use transport::{Transported, transport, transport_folds, transport_left_out};
pub use twinprint_signal::{Estimate, Interval};
pub use verification::{Remark, Verification, calibrated_cost, verification};
