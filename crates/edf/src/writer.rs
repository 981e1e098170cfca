//! Writes EDF+ files of 16-bit samples, with annotations and gaps, and without a word about the person.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use twinprint_signal::Annotation;

use crate::start::StartDateTime;

/// Bytes of a number of the header.
const NUMBER: usize = 8;
/// Bytes that the time of a record takes at most among its annotations.
const STAMP: usize = 24;
/// The patient identification that names nobody: code, sex, birth date and name.
pub(crate) const NOBODY: &str = "X X X X";

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refuses.
    #[error("the file cannot be written")]
    Io(#[source] std::io::Error),
    /// A number has too many digits for its field.
    #[error("{what} is {value}, which does not fit into the characters that EDF has for it")]
    DoesNotFit {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: String,
    },
    /// A record's samples are not what the header says.
    #[error("a sample is no finite number, or a record has more or fewer samples than its header says")]
    Record,
    /// Fewer records were written than the header says, or their annotations found no place.
    #[error("the file has fewer records than its header says")]
    Unfinished,
}

/// A signal to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSignal {
    /// The label, of at most 16 letters in ASCII.
    pub label: String,
    /// The unit, of at most 8 letters in ASCII.
    pub unit: String,
    /// The least and the greatest value that can be written, each a number of at most 8 characters: see [`range_for`].
    pub range: [f64; 2],
    /// Samples in a record.
    pub samples_per_record: usize,
}

impl NewSignal {
    /// The step between values that can be written.
    pub fn step(&self) -> f64 {
        (self.range[1] - self.range[0]) / f64::from(u16::MAX)
    }

    fn digital(&self, value: f32) -> i16 {
        let [low, _] = self.range;
        let digit = ((f64::from(value) - low) / self.step()).round() + f64::from(i16::MIN);
        digit.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    }
}

/// Everything before the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct NewHeader {
    /// When the recording starts; nothing where that is withheld.
    pub start: Option<StartDateTime>,
    /// Seconds a record, a number of at most 8 characters.
    pub record_seconds: f64,
    /// How many data records the file gets.
    pub records: u64,
    /// Whether the records follow one another without a gap.
    pub continuous: bool,
    /// The signals, in the order in which they are written.
    pub signals: Vec<NewSignal>,
    /// Events, in the order of their onsets.
    pub annotations: Vec<Annotation>,
}

/// A file that is being written.
pub struct EdfWriter {
    file: BufWriter<File>,
    signals: Vec<NewSignal>,
    /// Each annotation as the format has it, not yet written.
    lists: std::vec::IntoIter<Vec<u8>>,
    next: Option<Vec<u8>>,
    /// Bytes of a record's annotations.
    room: usize,
    /// Records still to be written.
    missing: u64,
}

impl EdfWriter {
    /// Begins a file with its header.
    ///
    /// # Errors
    /// When the file cannot be created, or a number or a text does not fit into its field.
    pub fn create(path: &Path, header: NewHeader) -> Result<Self, WriteError> {
        let lists: Vec<Vec<u8>> = header.annotations.iter().map(list).collect();
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        let all: usize = lists.iter().map(Vec::len).sum();
        let share = all.div_ceil(header.records.max(1) as usize);
        // Records are filled one after the other: with the longest annotation to spare, each takes its share.
        let room = (STAMP + share + longest).next_multiple_of(2);
        let mut file = BufWriter::new(File::create(path).map_err(WriteError::Io)?);
        file.write_all(&header_bytes(&header, room)?).map_err(WriteError::Io)?;
        let mut lists = lists.into_iter();
        let next = lists.next();
        Ok(Self { file, signals: header.signals, lists, next, room, missing: header.records })
    }

    /// Writes a record that begins `onset` seconds after the start; `samples` holds the record's samples of every signal.
    ///
    /// # Errors
    /// When the samples are not those of a record, one is not finite, or the disk is full.
    pub fn record(&mut self, onset: f64, samples: &[Vec<f32>]) -> Result<(), WriteError> {
        let fits = self.signals.iter().zip(samples).all(|(signal, samples)| {
            signal.samples_per_record == samples.len() && samples.iter().all(|sample| sample.is_finite())
        });
        if samples.len() != self.signals.len() || !fits {
            return Err(WriteError::Record);
        }
        for (signal, samples) in self.signals.iter().zip(samples) {
            for sample in samples {
                self.file.write_all(&signal.digital(*sample).to_le_bytes()).map_err(WriteError::Io)?;
            }
        }
        let mut texts = format!("+{}\u{14}\u{14}\0", plain(onset)).into_bytes();
        if texts.len() > self.room {
            return Err(WriteError::DoesNotFit { what: "the onset of a record", value: onset.to_string() });
        }
        while let Some(list) = self.next.take_if(|list| texts.len() + list.len() <= self.room) {
            texts.extend(list);
            self.next = self.lists.next();
        }
        texts.resize(self.room, 0);
        self.missing = self.missing.checked_sub(1).ok_or(WriteError::Record)?;
        self.file.write_all(&texts).map_err(WriteError::Io)
    }

    /// Ends the file and flushes it to disk.
    ///
    /// # Errors
    /// When records are missing, or the disk is full.
    pub fn finish(self) -> Result<(), WriteError> {
        if self.missing > 0 || self.next.is_some() {
            return Err(WriteError::Unfinished);
        }
        let file = self.file.into_inner().map_err(|error| WriteError::Io(error.into_error()))?;
        file.sync_all().map_err(WriteError::Io)
    }
}

/// The narrowest range that holds two values and whose ends can be written.
pub fn range_for(low: f64, high: f64) -> [f64; 2] {
    let high = if high > low { high } else { low + low.abs().max(1.0) };
    [outward(low, -1.0), outward(high, 1.0)]
}

/// A number of at most 8 characters that lies no nearer to 0 in the direction of `sign` than `value`.
fn outward(value: f64, sign: f64) -> f64 {
    for digits in (0..7_usize).rev() {
        let scale = 10f64.powi(digits as i32);
        let rounded = if sign > 0.0 { (value * scale).ceil() } else { (value * scale).floor() } / scale;
        let text = format!("{rounded:.digits$}");
        if text.len() <= NUMBER && text.parse::<f64>() == Ok(rounded) {
            return rounded;
        }
    }
    value
}

/// A number without an exponent and without needless digits.
fn plain(value: f64) -> String {
    let text = format!("{value:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A number in a field of 8 characters.
pub(crate) fn number(what: &'static str, value: f64) -> Result<String, WriteError> {
    let text = plain(value);
    let exact = text.len() <= NUMBER
        && text.parse::<f64>().is_ok_and(|read| (read - value).abs() <= 1e-9 * value.abs());
    if exact { Ok(text) } else { Err(WriteError::DoesNotFit { what, value: value.to_string() }) }
}

/// Whether a number can be written into a field of 8 characters as it is.
pub fn fits(value: f64) -> bool {
    number("a number", value).is_ok()
}

/// An annotation: onset, duration where there is one, text.
fn list(annotation: &Annotation) -> Vec<u8> {
    let sign = if annotation.onset.get() < 0.0 { "" } else { "+" };
    let duration =
        annotation.duration.map_or_else(String::new, |length| format!("\u{15}{}", plain(length.get())));
    let text: String =
        annotation.label.chars().filter(|letter| !matches!(letter, '\0' | '\u{14}' | '\u{15}')).collect();
    format!("{sign}{}{duration}\u{14}{text}\u{14}\0", plain(annotation.onset.get())).into_bytes()
}

/// The date of the header's fields: recording identification, date and time.
pub(crate) fn dated(start: Option<StartDateTime>) -> (String, String) {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let Some(start) = start else { return ("Startdate X X X X".to_owned(), "01.01.8500.00.00".to_owned()) };
    let month = MONTHS[usize::from(start.month.clamp(1, 12)) - 1];
    let year = start.year.rem_euclid(100);
    (
        format!("Startdate {:02}-{month}-{:04} X X X", start.day, start.year),
        format!(
            "{:02}.{:02}.{year:02}{:02}.{:02}.{:02}",
            start.day, start.month, start.hour, start.minute, start.second
        ),
    )
}

fn header_bytes(header: &NewHeader, room: usize) -> Result<Vec<u8>, WriteError> {
    let count = header.signals.len() + 1;
    let (recording, date) = dated(header.start);
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| {
        let ascii: Vec<u8> = text
            .chars()
            .map(|letter| if matches!(letter, ' '..='~') { letter as u8 } else { b'_' })
            .collect();
        bytes.extend(ascii.iter().copied().chain(std::iter::repeat(b' ')).take(width));
    };
    put("0", 8);
    put(NOBODY, 80);
    put(&recording, 80);
    put(&date, 16);
    put(&(256 * (count + 1)).to_string(), 8);
    put(if header.continuous { "EDF+C" } else { "EDF+D" }, 44);
    put(&number("the number of records", header.records as f64)?, 8);
    put(&number("the seconds of a record", header.record_seconds)?, 8);
    put(&count.to_string(), 4);
    let signals = &header.signals;
    let mut column = |width: usize, of: &dyn Fn(&NewSignal) -> Result<String, WriteError>, last: &str| {
        for signal in signals {
            put(&of(signal)?, width);
        }
        put(last, width);
        Ok::<_, WriteError>(())
    };
    column(16, &|signal| Ok(signal.label.clone()), "EDF Annotations")?;
    column(80, &|_| Ok(String::new()), "")?;
    column(8, &|signal| Ok(signal.unit.clone()), "")?;
    column(8, &|signal| number("the least value of a signal", signal.range[0]), "-1")?;
    column(8, &|signal| number("the greatest value of a signal", signal.range[1]), "1")?;
    column(8, &|_| Ok(i16::MIN.to_string()), &i16::MIN.to_string())?;
    column(8, &|_| Ok(i16::MAX.to_string()), &i16::MAX.to_string())?;
    column(80, &|_| Ok(String::new()), "")?;
    column(
        8,
        &|signal| number("the samples of a record", signal.samples_per_record as f64),
        &(room / 2).to_string(),
    )?;
    column(32, &|_| Ok(String::new()), "")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_a_range_are_written_in_eight_characters_and_hold_the_values() {
        for (low, high) in
            [(-3276.8, 3276.7), (-0.000_123_4, 0.1), (-187500.0234, 187500.02), (5.0, 5.0), (0.0, 0.0)]
        {
            let [a, b] = range_for(low, high);
            assert!(a <= low && b >= high && b > a, "{low} {high}: {a} {b}");
            assert!(number("end", a).is_ok() && number("end", b).is_ok(), "{a} {b}");
        }
        assert_eq!(range_for(-3276.8, 3276.7), [-3276.8, 3276.7]);
        assert!(number("end", 123_456_789.0).is_err());
    }
}
