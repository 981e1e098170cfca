//! A gallery: enrolled templates in one file, durable, bound to one encoder.
//!
//! The file is an SQLite database with a write-ahead log: whatever moment a process is killed at, the file holds the state
//! before or after a change, never a half. Templates can be sealed (XChaCha20-Poly1305 under a key file or an Argon2id
//! passphrase) and made cancelable (a keyed orthogonal projection); a revoked person's bytes are gone from the file and its log.
//! The choices are explained in `docs/design/0008-gallery.md`.
//!
//! Nothing here knows EEG, burn or files of recordings: prints come in as rows of numbers, times as text, keys as bytes.

mod attempts;
mod authenticity;
mod beside;
mod bulk;
mod change;
mod check;
mod counter;
mod encoder_identity;
mod enrolment;
mod error;
mod gallery;
mod index;
mod known;
mod meta;
mod people;
mod projection;
mod protection;
mod reason;
mod record;
mod reissue;
mod revoke;
mod schema;
mod seal;
mod sequential;
mod template;
mod thresholds;
mod unlinkability;

pub use attempts::attempts_within;
pub use bulk::{Enroller, Outcomes};
pub use check::Finding;
pub use encoder_identity::EncoderIdentity;
pub use enrolment::{Enrolled, Enrolment, Update};
pub use error::GalleryError;
pub use gallery::{Gallery, NewGallery};
pub use index::{Candidate, Index};
pub use people::Person;
pub use projection::Projection;
pub use protection::{Kdf, Protection, Secret, SecretError, Wanted};
pub use record::{Acquisition, Event, Happening, Source};
pub use revoke::Revoked;
pub use sequential::{Bounds, Sequence, Verdict};
pub use template::Template;
pub use thresholds::{Cost, DuplicatePoint, OperatingPoint, People, Rate, Thresholds};
pub use unlinkability::{Linkage, linkage, set_linkage};
