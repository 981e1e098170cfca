//! Files of lines: cells and numbers of a line, and any window of lines by an index.

mod cells;
mod rows;

use std::io::{BufRead, Read};

pub(crate) use cells::{Between, number};
pub(crate) use rows::{STRIDE, TextRows};

/// The longest line that is read, in bytes: thousands of channels are far below.
const LONGEST_LINE: u64 = 1 << 20;

/// Reads a line with its end into `bytes`; how many bytes it takes, 0 at the end.
pub(crate) fn next_line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<u64> {
    bytes.clear();
    let count = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', bytes)?;
    if count as u64 == LONGEST_LINE {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "a line of more than 1 MiB: this is no recording as text",
        ));
    }
    Ok(count as u64)
}

/// A line as text; bytes that are no UTF-8 are read as Latin-1.
pub(crate) fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
    }
}
