//! Recordings to epochs: channels, filters, resampling, bad channels, reference, epochs, rejection, scaling.
//!
//! One recording at a time; nothing is fitted across subjects. [`Plan`] holds the settings, [`CheckedPlan`] those that passed
//! every check, [`Preprocessor`] runs them on recordings. Every step states the rule it follows and whose results it equals.

mod bad;
mod chain;
mod channels;
mod convolve;
mod epoch;
mod error;
mod filtered;
mod finite;
mod fir;
mod fourier;
mod fused;
mod iir;
mod length;
mod likeness;
mod line_noise;
mod merge;
mod mixing;
mod operation;
mod pair;
mod plan;
mod polyphase;
mod quality;
mod reject;
mod run;
mod scale;
mod statistics;
mod switch;
mod validate;

pub use channels::common_channels;
pub use error::{PlanError, PreprocessError};
pub use length::long_enough;
pub use likeness::{Likeness, UnlikeEeg, likeness, unlike_eeg};
pub use merge::merge_rates;
pub use operation::Operation;
pub use plan::{
    BadAction, BadChannels, Channels, Detect, EpochPlan, Filter, FilterMethod, Notch, OnMissing, Plan,
    Reference, Reject, Resample, ResampleMethod, Scale,
};
pub use quality::{Quality, Rejected};
pub use run::{Gathering, Preprocessed, Preprocessor};
pub use validate::CheckedPlan;
