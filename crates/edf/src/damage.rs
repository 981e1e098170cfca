//! Recognises files that a tool treated as text.

use crate::error::EdfError;
use crate::samples::Width;

/// Fewer line feeds than this prove nothing.
const ENOUGH: usize = 16;
/// U+FFFD in UTF-8; by chance once in 16 million bytes.
const REPLACEMENT: [u8; 3] = [0xef, 0xbf, 0xbd];
/// Bytes looked at in each of a few places when nothing else is suspicious.
const GLANCE: usize = 64 * 1024;

/// Looks at a little of every file: three stretches of the data.
pub(crate) fn glance(bytes: &[u8], data: usize, width: Width) -> Result<(), EdfError> {
    let body = bytes.get(data..).unwrap_or_default();
    let mut seen = LineFeeds::default();
    if body.len() <= 3 * GLANCE {
        return if seen.count(body, 0..body.len(), width) { seen.verdict(data) } else { Ok(()) };
    }
    let last = body.len() - GLANCE;
    for start in [0, last / 2, last] {
        if !seen.count(body, start..start + GLANCE, width) {
            return Ok(());
        }
    }
    seen.verdict(data)
}

/// Looks at all of a file that is known to be inconsistent.
pub(crate) fn examine(bytes: &[u8], data: usize, width: Width) -> Result<(), EdfError> {
    let body = bytes.get(data..).unwrap_or_default();
    let mut seen = LineFeeds::default();
    if seen.count(body, 0..body.len(), width) {
        seen.verdict(data)?;
    }
    replaced(body)
}

/// Finds the mark of a file decoded as UTF-8 and written back: replacement characters instead of negative samples.
fn replaced(body: &[u8]) -> Result<(), EdfError> {
    let replacements = body.windows(3).filter(|three| *three == REPLACEMENT).count();
    if replacements >= ENOUGH && replacements.saturating_mul(4096) >= body.len() {
        return Err(EdfError::TextDecoded { replacements });
    }
    Ok(())
}

/// Line feeds after carriage returns, by their position within a sample: a constant sample that happens to hold
/// CR LF shows them at one position, an inserted CR at all.
#[derive(Default)]
struct LineFeeds([usize; 3]);

impl LineFeeds {
    /// Counts; `false` at the first line feed that does not follow a carriage return.
    fn count(&mut self, body: &[u8], range: std::ops::Range<usize>, width: Width) -> bool {
        for at in range {
            if body[at] == b'\n' {
                if at == 0 || body[at - 1] != b'\r' {
                    return false;
                }
                self.0[at % width.bytes()] += 1;
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
