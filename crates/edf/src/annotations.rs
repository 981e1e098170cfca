//! Time-stamped annotation lists: the annotations and time-keeping of EDF+ and BDF+.

use std::ops::Range;

use twinprint_signal::{Annotation, Seconds};

use crate::bytes::Bytes;
use crate::error::EdfError;
use crate::header::Variant;
use crate::layout::Layout;
use crate::notice::Notes;
use crate::signal::Described;
use crate::timing::{self, Run, Stamp, Timeline};

/// Ends an onset and each text.
const TEXT_END: u8 = 0x14;
/// Separates onset and duration.
const DURATION: u8 = 0x15;

/// All that annotation signals say.
pub(crate) struct Annotated {
    /// In file order, relative to the first record's begin.
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) runs: Vec<Run>,
    /// Seconds between the header's start time and the first record's begin.
    pub(crate) origin: f64,
}

/// Reads every annotation signal of every record.
pub(crate) fn read(
    bytes: &Bytes,
    layout: &Layout,
    signals: &[Described],
    variant: Variant,
    duration: f64,
    notes: &mut Notes,
) -> Result<Annotated, EdfError> {
    let (lists, ordinary): (Vec<&Described>, Vec<&Described>) =
        signals.iter().filter(|s| s.samples_per_record > 0).partition(|s| s.annotations);
    let fastest = ordinary.iter().map(|s| s.samples_per_record).max().unwrap_or(0);
    if lists.is_empty() {
        return Ok(Annotated {
            annotations: Vec::new(),
            runs: timing::unbroken(layout.records),
            origin: 0.0,
        });
    }
    let mut timeline = Timeline::new(variant, duration, fastest, layout.records);
    let mut found = Vec::new();
    // The bytes of a record from the first list to the last.
    let places: Vec<Range<usize>> = lists.iter().map(|list| list.within(layout.width)).collect();
    let begin = places.iter().map(|place| place.start).min().unwrap_or(0);
    let end = places.iter().map(|place| place.end).max().unwrap_or(0);
    layout.each_record(bytes, 0..layout.records, begin..end, |record, raw| {
        for (index, place) in places.iter().enumerate() {
            let padded = &raw[place.start - begin..place.end - begin];
            let end = padded.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
            let list = List {
                bytes: &padded[..end],
                offset: layout.data as u64 + record * layout.record_bytes as u64 + place.start as u64,
                record,
            };
            if index == 0 {
                timeline.place(&list.stamp(), notes)?;
            }
            list.read_into(index == 0, &mut found, notes)?;
        }
        Ok(())
    })?;
    let (runs, origin) = timeline.finish(notes);
    for annotation in &mut found {
        annotation.onset = shifted(annotation.onset, origin);
    }
    Ok(Annotated { annotations: found, runs, origin })
}

/// The difference of two finite times is finite for any the format can write; the fallback keeps the type honest.
fn shifted(onset: Seconds, origin: f64) -> Seconds {
    Seconds::new(onset.get() - origin).unwrap_or(onset)
}

/// One annotation signal's bytes of one record.
struct List<'a> {
    bytes: &'a [u8],
    offset: u64,
    record: u64,
}

impl<'a> List<'a> {
    /// The record's own time, which begins its first list: a time stamp and an empty text.
    fn stamp(&self) -> Stamp {
        let first = self.bytes.split(|&b| b == 0).next().unwrap_or_default();
        let (time, rest) = split_time(first);
        let onset = match rest {
            Some([TEXT_END, ..]) => decimal(time, true),
            _ => None,
        };
        Stamp { onset, offset: self.offset, found: shown(time) }
    }

    /// Adds the annotations with a text; the empty one of time-keeping is none.
    fn read_into(
        &self,
        keeps_time: bool,
        found: &mut Vec<Annotation>,
        notes: &mut Notes,
    ) -> Result<(), EdfError> {
        let mut at = 0;
        for entry in self.bytes.split(|&b| b == 0) {
            let begin = at;
            at += entry.len() + 1;
            let kept = found.len();
            // The time stamp itself has been judged by the time line.
            let judged = keeps_time && begin == 0 && self.stamp().onset.is_none();
            if entry.is_empty() || judged {
                continue;
            }
            if let Err(problem) = parse(entry, found, notes, self.record) {
                found.truncate(kept);
                let (time, _) = split_time(entry);
                let refuse = || EdfError::Annotation {
                    record: self.record + 1,
                    offset: self.offset + begin as u64,
                    problem,
                    found: shown(time),
                };
                let place = || format!("record {}, byte {}", self.record + 1, self.offset + begin as u64);
                notes.repair("an annotation against the format left out", place, refuse)?;
            }
        }
        Ok(())
    }
}

/// Onset and duration, and what follows with its leading separator.
fn split_time(entry: &[u8]) -> (&[u8], Option<&[u8]>) {
    match entry.iter().position(|&b| b == TEXT_END) {
        Some(end) => (&entry[..end], Some(&entry[end + 1..])),
        None => (entry, None),
    }
}

/// A time stamp for messages: its first bytes, escaped.
fn shown(time: &[u8]) -> String {
    let head = &time[..time.len().min(16)];
    let more = if time.len() > head.len() { "…" } else { "" };
    format!("\"{}{more}\"", head.escape_ascii())
}

/// Reads one entry: onset, perhaps a duration, and any number of texts.
fn parse(
    entry: &[u8],
    found: &mut Vec<Annotation>,
    notes: &mut Notes,
    record: u64,
) -> Result<(), &'static str> {
    let (time, texts) = split_time(entry);
    let texts = texts.ok_or("has no text separator (byte 20) after its time")?;
    let (onset, duration) = match time.iter().position(|&b| b == DURATION) {
        Some(end) => (&time[..end], Some(&time[end + 1..])),
        None => (time, None),
    };
    let onset =
        decimal(onset, true).ok_or("has an onset that is not a signed decimal number such as +12.5")?;
    let duration = match duration {
        Some(written) => {
            Some(decimal(written, false).ok_or("has a duration that is not a decimal number such as 2.5")?)
        }
        None => None,
    };
    let Some((&TEXT_END, texts)) = texts.split_last() else {
        return Err("does not end with byte 20 and byte 0");
    };
    let onset = Seconds::new(onset).map_err(|_| "has an onset out of range")?;
    let duration = duration.and_then(|d| Seconds::new(d).ok());
    for text in texts.split(|&b| b == TEXT_END).filter(|text| !text.is_empty()) {
        let label = match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) if notes.lenient() => {
                let place = || format!("record {}", record + 1);
                notes.repaired("an annotation that is not UTF-8 read as Latin-1", place);
                text.iter().map(|&b| char::from(b)).collect()
            }
            Err(_) => return Err("is not UTF-8 text, which the format asks for"),
        };
        found.push(Annotation { onset, duration, label });
    }
    Ok(())
}

/// `+12.5` with a mandatory sign, or `12.5` without one.
fn decimal(written: &[u8], signed: bool) -> Option<f64> {
    let digits =
        if signed { written.strip_prefix(b"+").or_else(|| written.strip_prefix(b"-"))? } else { written };
    let plain = digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    if !plain {
        return None;
    }
    std::str::from_utf8(written).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}
