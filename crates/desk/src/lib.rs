//! From recordings to enrolled people and decisions: a run's encoder and preprocessing, and a gallery.

mod acquire;
mod admission;
mod attacks;
mod bulk;
mod calibrate;
mod cancelable;
mod duplicates;
mod enrol;
mod enrol_options;
mod enrolments;
mod error;
mod identify;
mod open;
mod open_encoder;
mod packing;
mod probe;
mod replay;
mod role_prints;
mod rows;
mod run_scores;
mod verify;

pub use attacks::{AttackOptions, attack};
pub use enrol::enrol;
pub use enrol_options::EnrolOptions;
pub use enrolments::{Enrolments, Refused, Report};
pub use error::DeskError;
pub use identify::{Identified, identify};
pub use open::{Access, NewGalleryOptions, check, open};
pub use packing::{Told, pack_model, show_model};
pub use probe::ProbeOptions;
pub use replay::Replay;
pub use twinprint_gallery::{
    Event, Finding, Gallery, Happening, People, Person, Rate, Secret, Thresholds, Update, Wanted,
};
pub use twinprint_report::Attacks;
pub use twinprint_signal::SubjectId;
pub use verify::{Decision, Match, verify};
