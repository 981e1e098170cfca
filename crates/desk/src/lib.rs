//! From recordings to enrolled people and decisions: a run's encoder and preprocessing, and a gallery.

mod acquire;
mod calibrate;
mod cancelable;
mod decide;
mod enrol;
mod error;
mod lend;
mod open;
mod rows;

pub use decide::{Decision, Identified, Match, ProbeOptions, identify, verify};
pub use enrol::{EnrolOptions, Report, enrol};
pub use error::DeskError;
pub use open::{Access, Opening, check, open};
pub use twinprint_gallery::{
    Event, Finding, Gallery, Happening, People, Person, Rate, Secret, Thresholds, Update, Wanted,
};
pub use twinprint_signal::SubjectId;
