//! Reads EDF, EDF+, BDF and BDF+ files: headers, annotations and any window of samples, read by position. Writes EDF+, and takes
//! the person out of a header.
//!
//! The formats: EDF (Kemp, Värri, Rosa, Nielsen and Gade, 1992), EDF+ (Kemp and Olivan, 2003) and BioSemi's 24-bit BDF.
//! Reading is strict unless asked to be lenient; see [`Strictness`]. The header's patient and recording identification
//! stay behind [`PatientFields`], whose `Debug` shows none of them. [`EdfFile::open`] has an example.

mod annotations;
mod anonymise;
mod bytes;
mod damage;
mod error;
mod field;
mod file;
mod header;
mod layout;
mod notice;
mod patient;
mod recording;
mod samples;
mod signal;
mod start;
mod timing;
mod unit;
mod writer;

pub use anonymise::{AnonymiseError, anonymise, shifted};
pub use error::EdfError;
pub use file::EdfFile;
pub use header::{Header, Variant};
pub use notice::{Notice, Strictness};
pub use patient::PatientFields;
pub use signal::{DigitalRange, PhysicalRange, Signal};
pub use start::StartDateTime;
pub use unit::microvolts_per;
pub use writer::{EdfWriter, NewHeader, NewSignal, WriteError, fits, range_for};
