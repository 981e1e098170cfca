//! Who trains, who enrols, who probes: folds by subject, explicit trials, and the checks that refuse a leak.
//!
//! The crate sees identities, labels, hashes and times. It never sees a sample, a print or a score.
//!
//! The road: [`Plan`] (the user's `[protocol]` table) and [`RecordingMetadata`] go through [`split`] (or [`split_cohorts`], where
//! there are several data sets) to a [`Split`];
//! [`check`] looks for leaks in it before anything runs; [`trials`] turns the epochs of one fold into templates and
//! probes, which [`check_windows`] looks over; [`check_provenance`] does the same for what was fitted on whom and for the order in
//! which the signal was worked on, and [`check_features`] for the columns of a file of features.
//!
//! Terms follow ISO/IEC 19795-1:2021: enrolment, template, probe, mated and non-mated comparison, failure to enrol,
//! failure to acquire.

mod check;
mod choose;
mod cohorts;
mod deal;
mod epoch_uses;
mod error;
mod features;
mod leak;
mod lengths;
mod metadata;
mod plan;
mod provenance;
mod split;
mod templates;
mod trials;
mod variant;
mod windows;

pub use check::{check, check_carried};
pub use cohorts::{CohortPart, CohortRole, SplitCohort};
pub use epoch_uses::{EpochUses, epoch_uses};
pub use error::ProtocolError;
pub use features::check_features;
pub use leak::{Leak, LeakError, Notice, Row, UnknownLeak};
pub use metadata::RecordingMetadata;
pub use plan::{Amount, Enrol, OnShort, Plan, PlanError, Probe, Train};
pub use provenance::{FitRecord, Operation, Provenance, check_provenance};
pub use split::{Fold, FoldRecordings, Role, Split, split, split_cohorts};
pub use templates::shares;
pub use trials::{Failure, Failures, FoldTrials, Pool, check_lengths, trials};
pub use variant::Variant;
pub use windows::check_windows;
