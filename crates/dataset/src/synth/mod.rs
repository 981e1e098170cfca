//! A synthetic cohort in BIDS-EEG, made from known causes. For learning and testing only; it says so in every file.
//!
//! Each person has traits (alpha peak and strength, 1/f exponent, band strengths, places of the sources on the scalp);
//! each session shifts them; each recording is noise shaped by them, mixed to the electrodes, with blinks and mains hum.
//! No number measured on it says anything about people.

mod cohort;
mod edf;
mod montage;
mod sidecars;
mod signal;
mod traits;
mod write;

pub use cohort::{Cohort, CohortError};
pub use traits::{Rhythm, Traits};
pub use write::{Summary, SynthError, write};
