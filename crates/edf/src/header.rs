//! The first 256 bytes: which format, when, and how the rest is laid out.

use std::fmt;

use twinprint_signal::Seconds;

use crate::error::EdfError;
use crate::field::{self, Field, Text};
use crate::notice::Notes;
use crate::patient::PatientFields;
use crate::samples::Width;
use crate::start::{Date, StartDateTime, StatedDate, time_of_header};

/// The members of the EDF family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// EDF of 1992: 16 bit, continuous.
    Edf,
    /// EDF+ without gaps between records.
    EdfPlusC,
    /// EDF+, with gaps between records.
    EdfPlusD,
    /// BDF: 24 bit, continuous.
    Bdf,
    /// BDF+ without gaps between records.
    BdfPlusC,
    /// BDF+, with gaps between records.
    BdfPlusD,
}

impl Variant {
    /// Whether samples have 24 bits.
    pub fn is_bdf(self) -> bool {
        matches!(self, Self::Bdf | Self::BdfPlusC | Self::BdfPlusD)
    }

    /// Whether the file declares annotations and time-keeping.
    pub fn is_plus(self) -> bool {
        !matches!(self, Self::Edf | Self::Bdf)
    }

    /// Whether records may have gaps between them.
    pub fn is_discontinuous(self) -> bool {
        matches!(self, Self::EdfPlusD | Self::BdfPlusD)
    }

    pub(crate) fn width(self) -> Width {
        if self.is_bdf() { Width::Three } else { Width::Two }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Edf => "EDF",
            Self::EdfPlusC => "EDF+C",
            Self::EdfPlusD => "EDF+D",
            Self::Bdf => "BDF",
            Self::BdfPlusC => "BDF+C",
            Self::BdfPlusD => "BDF+D",
        })
    }
}

/// What the file says of itself as a whole, without identification; see [`PatientFields`] for that.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    pub(crate) variant: Variant,
    pub(crate) start: Option<StartDateTime>,
    pub(crate) record_duration: Seconds,
    pub(crate) record_count: u64,
    pub(crate) header_bytes: u64,
}

impl Header {
    /// The member of the family.
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// When the first record began, to the fraction of a second its time-keeping annotation gives.
    ///
    /// `None` when the date is withheld (`Startdate X`) or not a date. A full year in the recording identification
    /// goes before the two-digit year of the date field.
    pub fn start(&self) -> Option<StartDateTime> {
        self.start
    }

    /// How long a data record lasts; 0 in files of annotations alone.
    pub fn record_duration(&self) -> Seconds {
        self.record_duration
    }

    /// Data records that are read: the header's number, or what the file holds where the header says -1 or where
    /// lenient reading met a shorter file.
    pub fn record_count(&self) -> u64 {
        self.record_count
    }

    /// Bytes before the first data record.
    pub fn header_bytes(&self) -> u64 {
        self.header_bytes
    }
}

/// The first 256 bytes as written.
pub(crate) struct FixedHeader {
    pub(crate) variant: Variant,
    pub(crate) start: Option<StartDateTime>,
    pub(crate) patient: PatientFields,
    /// As written: -1 while recording.
    pub(crate) records: i64,
    pub(crate) record_duration: f64,
    pub(crate) signals: usize,
}

/// Bytes of the fixed part, and of the part for each signal.
pub(crate) const PART: usize = 256;

pub(crate) fn read(bytes: &[u8], notes: &mut Notes) -> Result<FixedHeader, EdfError> {
    let odd_version = recognise(bytes, notes)?;
    if bytes.len() < PART {
        return Err(EdfError::CutHeader { size: bytes.len() as u64, needed: PART as u64 });
    }
    let at = |name, offset, width| Field { name, signal: None, offset, raw: &bytes[offset..offset + width] };
    let version = at("version", 0, 8);
    let bdf = bytes[0] == 0xff;
    if !bdf && !odd_version && version.raw != b"0       " {
        let refuse = || version.error("\"0\" and seven spaces", "correct the header, or open leniently");
        notes.repair("a version field padded oddly read as 0", || version.place(), refuse)?;
    }
    let patient = field::text(at("local patient identification", 8, 80), Text::Private, notes)?;
    let recording = field::text(at("local recording identification", 88, 80), Text::Private, notes)?;
    let start = start(at("start date", 168, 8), at("start time", 176, 8), &recording, notes)?;
    let signals = signal_count(at("number of signals", 252, 4), notes)?;
    header_size(at("number of bytes in header record", 184, 8), signals, notes)?;
    let variant = variant(at("reserved", 192, 44), bdf, notes)?;
    let duration = at("duration of a data record", 244, 8);
    let record_duration = field::number(duration, notes)?;
    if record_duration < 0.0 {
        return Err(duration.error("a number of seconds, 0 or above", "correct the header"));
    }
    let count = at("number of data records", 236, 8);
    let records = field::integer(count, notes)?;
    if records < -1 {
        return Err(count.error("0 or above, or -1 while recording", "correct the header"));
    }
    let patient = PatientFields::new(patient, recording);
    Ok(FixedHeader { variant, start, patient, records, record_duration, signals })
}

/// Tells other formats by their first bytes; whether the version field is another than EDF's where all else is EDF.
fn recognise(bytes: &[u8], notes: &mut Notes) -> Result<bool, EdfError> {
    if bytes.starts_with(b"\xffBIOSEMI") {
        return Ok(false);
    }
    let not = |found: &str, remedy| Err(EdfError::NotEdf { found: found.to_owned(), remedy });
    match bytes {
        [] => not("the file is empty", "copy or download it again"),
        [0x1f, 0x8b, ..] => not("it begins as a gzip archive", "unpack it first"),
        [b'P', b'K', 3, 4, ..] => not("it begins as a zip archive", "unpack it first"),
        [b'G', b'D', b'F', ..] => not("it begins as GDF", "convert it to EDF or BDF"),
        [0xef, 0xbf, 0xbd, b'B', b'I', b'O', ..] => not(
            "it is a BDF file that a tool decoded as UTF-8 text, which destroys samples",
            "download it again in binary mode",
        ),
        [b'<', ..] => not("it begins as a web page", "check the address and download the file again"),
        _ if bytes.starts_with(b"/annex")
            || bytes.starts_with(b"../.git")
            || bytes.starts_with(b"version http") =>
        {
            not(
                "it is a pointer left by git-annex or Git LFS",
                "fetch the content with `git annex get` or `git lfs pull`",
            )
        }
        _ => {
            let head = &bytes[..bytes.len().min(8)];
            let zero = head.contains(&b'0') && head.iter().all(|b| matches!(b, b'0' | b' ' | 0));
            if zero {
                return Ok(false);
            }
            if is_edf_but_for_its_version(bytes) {
                notes.odd("a version field that is not 0 ignored", || {
                    format!("\"{}\" at byte 0", head.escape_ascii())
                });
                return Ok(true);
            }
            let found = format!("it begins with \"{}\"", head.escape_ascii());
            not(
                &found,
                "EDF begins with \"0       \" and BDF with byte 255 and \"BIOSEMI\": choose another file",
            )
        }
    }
}

/// Whether the header's size, number of records and number of signals are what they are in EDF: some programs write a date
/// or another byte where the version stands, which MNE-Python and edfio do not look at.
fn is_edf_but_for_its_version(bytes: &[u8]) -> bool {
    let number = |range: std::ops::Range<usize>| {
        let text = bytes.get(range).and_then(|raw| std::str::from_utf8(raw).ok());
        text.and_then(|text| text.trim().parse::<i64>().ok())
    };
    let (size, records, signals) = (number(184..192), number(236..244), number(252..256));
    records.is_some()
        && signals.is_some_and(|signals| (1..=9999).contains(&signals) && size == Some(256 * (signals + 1)))
}

fn variant(reserved: Field, bdf: bool, notes: &mut Notes) -> Result<Variant, EdfError> {
    let text = field::text(reserved, Text::Free, notes)?;
    let family = if bdf { "BDF+" } else { "EDF+" };
    let Some((prefix, rest)) = text.split_at_checked(4).filter(|(p, _)| matches!(*p, "EDF+" | "BDF+")) else {
        return Ok(if bdf { Variant::Bdf } else { Variant::Edf });
    };
    if prefix != family {
        notes.odd("a reserved field of the sister format, read as this one's", || reserved.place());
    }
    match (rest.chars().next(), bdf) {
        (Some('C'), false) => Ok(Variant::EdfPlusC),
        (Some('D'), false) => Ok(Variant::EdfPlusD),
        (Some('C'), true) => Ok(Variant::BdfPlusC),
        (Some('D'), true) => Ok(Variant::BdfPlusD),
        _ => {
            let refuse =
                || reserved.error(format!("{family}C or {family}D"), "correct the header, or open leniently");
            let done = "a plus file that says neither C nor D read as D, so that any gap is kept";
            notes.repair(done, || reserved.place(), refuse)?;
            Ok(if bdf { Variant::BdfPlusD } else { Variant::EdfPlusD })
        }
    }
}

fn signal_count(field: Field, notes: &mut Notes) -> Result<usize, EdfError> {
    let count = field::integer(field, notes)?;
    let refuse = || field.error("a whole number from 0 to 9999", "correct the header");
    usize::try_from(count).map_err(|_| refuse())
}

fn header_size(field: Field, signals: usize, notes: &mut Notes) -> Result<(), EdfError> {
    let expected = PART * (signals + 1);
    let stated = field::integer(field, notes);
    if stated.as_ref().is_ok_and(|&bytes| u64::try_from(bytes) == Ok(expected as u64)) {
        return Ok(());
    }
    let refuse = || {
        let limit = format!("{expected}, which is 256 and 256 for each of {signals} signals");
        field.error(limit, "correct the header, or open the file leniently")
    };
    notes.repair("a header size that contradicts the number of signals ignored", || field.place(), refuse)
}

fn start(
    date: Field,
    time: Field,
    recording: &str,
    notes: &mut Notes,
) -> Result<Option<StartDateTime>, EdfError> {
    let written = Date::from_header(&field::text(date, Text::Free, notes)?);
    let clock = time_of_header(&field::text(time, Text::Free, notes)?);
    if clock.is_none() {
        notes.odd("a start time that is no time of day, so the start is unknown", || time.place());
    }
    let day = match (StatedDate::of_recording_field(recording), written) {
        (StatedDate::Unknown, _) => return Ok(None),
        (StatedDate::Known(stated), written) => {
            if written
                .is_none_or(|date| date.year % 100 != stated.year % 100 || date != of_year(stated, date))
            {
                notes.odd(
                    "a start date that differs from the recording identification, whose date is used",
                    || date.place(),
                );
            }
            Some(stated)
        }
        (StatedDate::Unstated, Some(written)) => Some(written),
        (StatedDate::Unstated, None) => {
            notes.odd("a start date that is no date, so the start is unknown", || date.place());
            None
        }
    };
    Ok(day.zip(clock).map(|(day, clock)| StartDateTime::new(day, clock)))
}

/// `date` in the year of `other`, so that a two-digit year can be compared.
fn of_year(date: Date, other: Date) -> Date {
    Date { year: other.year, ..date }
}
