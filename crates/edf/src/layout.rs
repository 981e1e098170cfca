//! How many whole records there are, and where.

use std::ops::Range;

use crate::bytes::Bytes;
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

/// Bytes read at a time: small enough to stay in the processor's cache.
const BLOCK_BYTES: usize = 64 * 1024;
/// Of records up to this size all is read, whatever is wanted of them: a call for each costs more.
const SMALL_RECORD: usize = 8 * 1024;

impl Layout {
    /// Where sample `from` of a signal lies within a record.
    pub(crate) fn place(&self, record: u64, signal: &Described, from: usize) -> usize {
        self.data + record as usize * self.record_bytes + signal.offset + from * self.width.bytes()
    }

    /// Whether the bytes `within` each record are best read together with those between them.
    pub(crate) fn in_blocks(&self, within: &Range<usize>) -> bool {
        self.record_bytes <= BLOCK_BYTES
            && (self.record_bytes <= SMALL_RECORD || within.len() * 2 >= self.record_bytes)
    }

    /// Reads whole records, as many at a time as make a block: `each` gets the first record's number and the bytes.
    pub(crate) fn each_block(
        &self,
        bytes: &Bytes,
        records: Range<u64>,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), EdfError>,
    ) -> Result<(), EdfError> {
        let at_once = (BLOCK_BYTES / self.record_bytes.max(1)).max(1) as u64;
        let mut block = Vec::new();
        let mut begin = records.start;
        while begin < records.end {
            let end = records.end.min(begin + at_once);
            block.resize((end - begin) as usize * self.record_bytes, 0);
            bytes.read_at(self.data + begin as usize * self.record_bytes, &mut block)?;
            each(begin, &block)?;
            begin = end;
        }
        Ok(())
    }

    /// Reads the bytes `within` each of some records: `each` gets the record's number and those bytes.
    pub(crate) fn each_record(
        &self,
        bytes: &Bytes,
        records: Range<u64>,
        within: Range<usize>,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), EdfError>,
    ) -> Result<(), EdfError> {
        if self.in_blocks(&within) {
            return self.each_block(bytes, records, |first, block| {
                let whole = block.chunks_exact(self.record_bytes.max(1));
                (first..).zip(whole).try_for_each(|(record, whole)| each(record, &whole[within.clone()]))
            });
        }
        let mut part = vec![0; within.len()];
        for record in records {
            bytes.read_at(self.data + record as usize * self.record_bytes + within.start, &mut part)?;
            each(record, &part)?;
        }
        Ok(())
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
