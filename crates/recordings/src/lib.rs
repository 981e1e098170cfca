//! Recordings of every format that is read here, behind one interface.
//!
//! [`RecordingReader::open`] tells the format by the ending of the name and reads the header and the events; samples are read
//! window by window when asked for. Formats: EDF, EDF+, BDF and BDF+ (by the crate `edf`), BrainVision (header, marker and data
//! file), EEGLAB (`.set` of MATLAB 5 to 7.3, with or without `.fdt`) and text (`.csv`, `.txt`, `.tsv`: OpenBCI, Muse, EmotivPRO, or as a
//! [`TextLayout`] states). What each file says is read as MNE-Python reads it; `tests/golden/formats` holds its values.

mod brainvision;
mod channel;
mod eeglab;
mod error;
mod flat;
mod lines;
mod matlab;
mod notice;
mod reader;
mod samples;
mod text;

pub use channel::{Channel, Kind};
pub use error::ReadError;
pub use notice::Notice;
pub use reader::{ENDINGS, RecordingReader, is_recording_name, is_recording_text};
pub use text::TextLayout;
pub use twinprint_edf::{EdfFile, Strictness};

/// The one format that is written, EDF+, and how its header loses the person.
pub mod writing {
    pub use twinprint_edf::{
        AnonymiseError, EdfWriter, NewHeader, NewSignal, StartDateTime, WriteError, anonymise, fits,
        range_for, shifted,
    };
}
