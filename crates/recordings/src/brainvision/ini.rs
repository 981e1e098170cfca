//! The text of header and marker files: sections in brackets, `key=value`, comments after `;`.

use std::path::Path;

use crate::ReadError;

/// The largest text that is read, in bytes: thousands of channels or millions of markers are far below.
const LARGEST: u64 = 1 << 28;

/// A file as text: in the code page that it states, UTF-8 where it states none, and where that fails in Latin-1, which older
/// recorders wrote. `ANSI` is Windows-1252, whose printable letters beyond ASCII are those of Latin-1.
pub(super) fn text(path: &Path) -> Result<String, ReadError> {
    let read = || {
        if std::fs::metadata(path)?.len() > LARGEST {
            return Err(std::io::Error::new(
                std::io::ErrorKind::FileTooLarge,
                "a header or marker file has at most 256 MiB",
            ));
        }
        std::fs::read(path)
    };
    let bytes = read().map_err(ReadError::io(path))?;
    let latin = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = match String::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(error) => latin(error.as_bytes()),
    };
    // Lines of old Macintosh programs end in a carriage return alone.
    Ok(if text.contains('\n') { text } else { text.replace('\r', "\n") })
}

/// The lines of a section, in small letters compared; nothing where there is no such section.
pub(super) fn section<'a>(text: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let mut lines = text.lines().map(str::trim_end);
    lines.find(|line| is_header(line).is_some_and(|found| found.eq_ignore_ascii_case(name)))?;
    Some(lines.take_while(|line| is_header(line).is_none()).filter(|line| !line.starts_with(';')).collect())
}

fn is_header(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

/// The value of a key of a section.
pub(super) fn value<'a>(lines: &[&'a str], key: &str) -> Option<&'a str> {
    pairs(lines).find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// The keys of a section with their values.
pub(super) fn pairs<'l, 'a: 'l>(lines: &'l [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> + 'l {
    lines.iter().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}

/// The number in a key like `Ch12`.
pub(super) fn number(key: &str, start: &str) -> Option<usize> {
    let start = key.get(..start.len()).filter(|found| found.eq_ignore_ascii_case(start))?;
    key[start.len()..].parse().ok()
}

/// Commas within a text are written `\1`.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("\\1", ",")
}
