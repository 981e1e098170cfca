//! Recognises files that a tool treated as text.

use crate::bytes::Bytes;
use crate::error::EdfError;
use crate::samples::Width;

/// Fewer line feeds than this prove nothing.
const ENOUGH: usize = 16;
/// U+FFFD in UTF-8; by chance once in 16 million bytes.
const REPLACEMENT: [u8; 3] = [0xef, 0xbf, 0xbd];
/// Bytes looked at in each of a few places when nothing else is suspicious, and at a time when something is.
const GLANCE: usize = 64 * 1024;

/// Looks at a little of every file: three stretches of the data.
pub(crate) fn glance(bytes: &Bytes, data: usize, width: Width) -> Result<(), EdfError> {
    let length = bytes.len().saturating_sub(data);
    let mut seen = LineFeeds::default();
    let last = length.saturating_sub(GLANCE);
    let starts =
        if length <= 3 * GLANCE { (0..length).step_by(GLANCE).collect() } else { vec![0, last / 2, last] };
    for start in starts {
        let piece = Piece::read(bytes, data, start, GLANCE.min(length - start))?;
        if !seen.count(&piece, width) {
            return Ok(());
        }
    }
    seen.verdict(data)
}

/// Looks at all of a file that is known to be inconsistent.
pub(crate) fn examine(bytes: &Bytes, data: usize, width: Width) -> Result<(), EdfError> {
    let length = bytes.len().saturating_sub(data);
    let mut seen = Some(LineFeeds::default());
    let mut replacements = 0;
    for start in (0..length).step_by(GLANCE) {
        let piece = Piece::read(bytes, data, start, GLANCE.min(length - start))?;
        seen = seen.take().and_then(|mut seen| seen.count(&piece, width).then_some(seen));
        replacements += piece.replacements();
    }
    if let Some(seen) = seen {
        seen.verdict(data)?;
    }
    // The mark of a file decoded as UTF-8 and written back: replacement characters instead of negative samples.
    if replacements >= ENOUGH && replacements.saturating_mul(4096) >= length {
        return Err(EdfError::TextDecoded { replacements });
    }
    Ok(())
}

/// A stretch of what follows the header, with up to two bytes from before it.
struct Piece {
    bytes: Vec<u8>,
    before: usize,
    /// Where the stretch begins, from the end of the header.
    start: usize,
}

impl Piece {
    fn read(bytes: &Bytes, data: usize, start: usize, length: usize) -> Result<Self, EdfError> {
        let before = start.min(2);
        let mut piece = vec![0; before + length];
        bytes.read_at(data + start - before, &mut piece)?;
        Ok(Self { bytes: piece, before, start })
    }

    /// Replacement characters that end in the stretch.
    fn replacements(&self) -> usize {
        self.bytes.windows(3).filter(|three| *three == REPLACEMENT).count()
    }
}

/// Line feeds after carriage returns, by their position within a sample: a constant sample that happens to hold
/// CR LF shows them at one position, an inserted CR at all.
#[derive(Default)]
struct LineFeeds([usize; 3]);

impl LineFeeds {
    /// Counts; `false` at the first line feed that does not follow a carriage return.
    fn count(&mut self, piece: &Piece, width: Width) -> bool {
        for (at, byte) in piece.bytes.iter().enumerate().skip(piece.before) {
            if *byte == b'\n' {
                if at == 0 || piece.bytes[at - 1] != b'\r' {
                    return false;
                }
                self.0[(piece.start + at - piece.before) % width.bytes()] += 1;
            }
        }
        true
    }

    fn verdict(&self, data: usize) -> Result<(), EdfError> {
        let total: usize = self.0.iter().sum();
        // A third position exists only in 24-bit samples; positions are compared over the first two in either case,
        // because a shift by one byte moves line feeds between them.
        let spread = self.0[0] * 8 >= total && self.0[1] * 8 >= total;
        if total >= ENOUGH && spread {
            return Err(EdfError::TextMode { line_feeds: total, offset: data as u64 });
        }
        Ok(())
    }
}
