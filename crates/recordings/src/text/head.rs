//! The first lines of a file: what it says of itself, and enough rows to learn its rhythm from.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::ReadError;
use crate::lines::{Between, next_line, number, text};

/// Rows that are looked at before the whole file is.
const ROWS: usize = 8192;
/// What begins a line that is no row.
const COMMENTS: [char; 2] = ['%', '#'];

/// The first lines of a file.
pub(super) struct Head {
    /// Lines of comment at the top, without the sign.
    pub(super) comments: Vec<String>,
    /// The lines after them: headers and rows.
    pub(super) lines: Vec<String>,
}

impl Head {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(ReadError::io(path))?;
        let mut reader = BufReader::new(file);
        let (mut comments, mut lines) = (Vec::new(), Vec::new());
        let mut offset = 0;
        let mut bytes = Vec::new();
        while lines.len() < ROWS {
            let count = next_line(&mut reader, &mut bytes).map_err(ReadError::io(path))?;
            if count == 0 {
                break;
            }
            if offset == 0 && (bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])) {
                let remedy = "save it as UTF-8";
                return Err(ReadError::field("the text", "UTF-16", "UTF-8", remedy));
            }
            if bytes.iter().filter(|byte| **byte == b'\r').count() > 1 {
                let remedy = "save it with the line ends of Windows or Linux";
                return Err(ReadError::field(
                    "the end of its lines",
                    "a carriage return alone",
                    "a line feed",
                    remedy,
                ));
            }
            let line = text(&bytes);
            let line = line.trim_start_matches('\u{feff}').trim_end();
            match line.strip_prefix(COMMENTS) {
                Some(comment) if lines.is_empty() => comments.push(comment.trim().to_owned()),
                _ if line.is_empty() => {}
                _ => lines.push(line.to_owned()),
            }
            offset += count;
        }
        Ok(Self { comments, lines })
    }

    /// What a comment states: `Sample Rate = 250 Hz`.
    pub(super) fn stated(&self, key: &str) -> Option<&str> {
        let pairs = self.comments.iter().filter_map(|comment| comment.split_once('='));
        pairs
            .map(|(name, value)| (name.trim(), value.trim()))
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    }

    /// Whether a line holds numbers alone, so that it is a row and no header.
    pub(super) fn is_row(&self, line: usize, between: Between) -> bool {
        let cells = self.lines.get(line).map(|line| between.names(line)).unwrap_or_default();
        let filled = cells.iter().filter(|cell| !cell.is_empty());
        let numbers = filled.clone().filter(|cell| number(cell).is_some()).count();
        // A time of day may stand beside the numbers.
        numbers > 0 && 2 * numbers >= filled.count()
    }
}
