//! Recordings, epochs, prints, channel names and places, units and identities: the words every other crate speaks.
//!
//! Nothing here reads a file, fits a model or knows a configuration.

mod channel;
mod counted;
mod day;
mod epochs;
mod estimate;
mod identity;
mod index;
mod montage;
mod prints;
mod recording;
mod unit;
mod whole;

pub use channel::ChannelName;
pub use counted::counted;
pub use day::Day;
pub use epochs::{EpochInfo, Epochs, EpochsError};
pub use estimate::{Estimate, Interval};
pub use identity::{IdentityError, RecordingId, RecordingKey, SessionId, SubjectId, one_name_twice};
pub use index::{EpochRow, FoldIndex};
pub use montage::{Position, position};
pub use prints::{EmbeddingSpace, LengthMeaning, Prints, PrintsError, RowInfo, directions, has_direction};
pub use recording::{Annotation, Recording, RecordingError, Segment};
pub use unit::{Hertz, Microvolts, SampleIndex, Seconds, UnitError};
pub use whole::Whole;
