//! How many whole records there are, and where.

use crate::error::EdfError;
use crate::header::{FixedHeader, PART};
use crate::notice::Notes;
use crate::samples::Width;
use crate::signal::Described;

/// Where records lie; all of them are within the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The first byte of the first record.
    pub(crate) data: usize,
    pub(crate) record_bytes: usize,
    pub(crate) records: u64,
    pub(crate) width: Width,
}

impl Layout {
    /// The bytes of `len` samples of a signal within one record, from its sample `from`.
    pub(crate) fn slice<'a>(
        &self,
        bytes: &'a [u8],
        record: u64,
        signal: &Described,
        from: usize,
        len: usize,
    ) -> &'a [u8] {
        let begin =
            self.data + record as usize * self.record_bytes + signal.offset + from * self.width.bytes();
        &bytes[begin..begin + len * self.width.bytes()]
    }
}

/// Compares the file's size with its header.
pub(crate) fn measure(
    size: usize,
    fixed: &FixedHeader,
    signals: &[Described],
    notes: &mut Notes,
) -> Result<Layout, EdfError> {
    let width = fixed.variant.width();
    let data = PART * (fixed.signals + 1);
    let record_bytes: usize = signals.iter().map(|s| s.samples_per_record * width.bytes()).sum();
    let body = size - data;
    let whole = body.checked_div(record_bytes).unwrap_or(0) as u64;
    let layout = |records| Layout { data, record_bytes, records, width };
    if record_bytes == 0 {
        notes.odd("a file without samples", || format!("{} signals", fixed.signals));
        return if body == 0 || notes.lenient() {
            Ok(layout(0))
        } else {
            Err(misfit(size, 0, fixed, layout(0)))
        };
    }
    let Ok(stated) = u64::try_from(fixed.records) else {
        notes.odd(
            "the number of data records is -1, as while recording; counted from the file's size",
            || format!("{whole} records"),
        );
        if body as u64 != whole * record_bytes as u64 {
            notes.repair(
                "a last record cut short left out",
                || format!("record {}", whole + 1),
                || misfit(size, whole, fixed, layout(whole)),
            )?;
        }
        return Ok(layout(whole));
    };
    if stated.checked_mul(record_bytes as u64) == Some(body as u64) {
        return Ok(layout(stated));
    }
    let place = || format!("{stated} records stated, {whole} whole ones present");
    let refuse = || misfit(size, stated, fixed, layout(stated));
    if whole < stated {
        notes.repair(
            "a file shorter than its header says, read as far as its whole records go",
            place,
            refuse,
        )?;
        Ok(layout(whole))
    } else {
        if whole > stated {
            notes.repair("more whole records than the header states, all of them read", place, refuse)?;
        }
        if body as u64 != whole * record_bytes as u64 {
            notes.repair("a last record cut short left out", || format!("record {}", whole + 1), refuse)?;
        }
        Ok(layout(whole))
    }
}

fn misfit(size: usize, records: u64, fixed: &FixedHeader, layout: Layout) -> EdfError {
    let expected = records.saturating_mul(layout.record_bytes as u64).saturating_add(layout.data as u64);
    let size = size as u64;
    let (difference, remedy) = if fixed.records < 0 {
        (
            format!("{} bytes of an unfinished record follow", size - expected),
            "open the file leniently to read the whole records",
        )
    } else if size < expected {
        (
            format!("{} bytes are missing", expected - size),
            "it was cut off: copy or download it again, or open it leniently to read the whole records present",
        )
    } else {
        let more = (size - expected) / (layout.record_bytes as u64).max(1);
        let whole = if more > 0 { format!(", {more} whole records more than stated") } else { String::new() };
        (
            format!("{} bytes too many{whole}", size - expected),
            "check where the file comes from, or open it leniently to read every whole record",
        )
    };
    EdfError::Size {
        size,
        expected,
        records,
        record_bytes: layout.record_bytes as u64,
        header_bytes: layout.data as u64,
        difference,
        remedy,
    }
}
