//! Which files belong to whom, and where to get them.
//!
//! - [`guess_layout`] tells from the names of files how a folder is laid out.
//! - [`discover`] finds the recordings of a cohort in a BIDS-EEG folder, by a file name pattern, or by a [`Manifest`].
//! - [`deviations`] names the recordings whose rate or duration differs from their cohort's.
//! - [`fetch`] downloads a manifest's files, resuming and verifying.
//! - [`synth`] writes a synthetic cohort from known causes.
//!
//! Sample values are read elsewhere; nothing here opens a recording.

mod dataset;
mod deviation;
mod discover;
mod error;
pub mod fetch;
mod guess;
mod layout;
mod manifest;
mod plan;
pub mod synth;
mod table;
mod template;
mod text;

pub use dataset::{Dataset, RecordingFile};
pub use deviation::{Deviation, deviations};
pub use discover::discover;
pub use error::DatasetError;
pub use guess::{Guess, guess_layout};
pub use manifest::{Family, KnownFile, Manifest};
pub use plan::{Bids, Layout, Pattern, Plan};
pub use text::TextTable;
