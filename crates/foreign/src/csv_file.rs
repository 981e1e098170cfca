//! The one reader of tables as text: a header, then rows; commas, semicolons, tabs or spaces between, quotation marks where
//! needed, lines of comment after `#`, packed by gzip or not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::ForeignError;

/// The longest first line that is looked at, in bytes.
const FIRST_LINE: u64 = 1 << 20;
/// What a line of comment begins with.
const COMMENT: char = '#';
/// What some programs write in front of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// What stands in front of UTF-16.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// A table open for reading; memory holds one row.
pub(crate) struct CsvFile {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    record: csv::StringRecord,
    header: Vec<String>,
}

impl CsvFile {
    /// Opens a table; the sign that its first line holds most of parts its columns, a space where it holds no other.
    ///
    /// # Errors
    /// When it cannot be read, is empty or no text.
    pub(crate) fn open(path: &Path) -> Result<Self, ForeignError> {
        let first = first_line(path)?;
        let count = |sign: &u8| first.matches(char::from(*sign)).count();
        let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).filter(|sign| count(sign) > 0);
        let delimiter = delimiter.unwrap_or(if first.trim().contains(' ') { b' ' } else { b',' });
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .comment(Some(COMMENT as u8))
            .from_reader(unpacked(path)?);
        let header = reader.headers().map_err(|error| refused(path, error))?;
        let header = header.iter().map(|name| name.trim().to_owned()).collect();
        Ok(Self { path: path.to_owned(), reader, record: csv::StringRecord::new(), header })
    }

    /// The columns' names.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Goes on to the next row; `false` where there is none.
    ///
    /// # Errors
    /// When the row has more or fewer columns than the header, or is no text.
    pub(crate) fn advance(&mut self) -> Result<bool, ForeignError> {
        self.reader.read_record(&mut self.record).map_err(|error| refused(&self.path, error))
    }

    /// A field of the row, without the white space around it.
    pub(crate) fn field(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default().trim()
    }
}

/// A number as a cell has it, with a point or a decimal comma.
pub(crate) fn parse(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| text.replacen(',', ".", 1).parse().ok())
}

/// The first line that is neither blank nor a comment.
///
/// # Errors
/// When there is none, or the file cannot be read or is no text.
pub(crate) fn first_line(path: &Path) -> Result<String, ForeignError> {
    let mut reader = BufReader::new(unpacked(path)?).take(FIRST_LINE);
    let mut line = String::new();
    while line.trim().is_empty() || line.starts_with(COMMENT) {
        line.clear();
        if reader.read_line(&mut line).map_err(|source| unreadable(path, source))? == 0 {
            return Err(ForeignError::file(path, "it is empty: it needs a line of column names, and rows"));
        }
    }
    Ok(line)
}

/// A file's bytes, unpacked where gzip packed them, without a mark of UTF-8 in front.
pub(crate) fn unpacked(path: &Path) -> Result<Box<dyn Read>, ForeignError> {
    let mut file = open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(ForeignError::read(path))?;
    file.rewind().map_err(ForeignError::read(path))?;
    let bytes: Box<dyn Read> =
        if start == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut bytes = BufReader::new(bytes);
    let first = bytes.fill_buf().map_err(ForeignError::read(path))?;
    if UTF_16.iter().any(|mark| first.starts_with(mark)) {
        return Err(not_text(path));
    }
    let marked = first.starts_with(MARK);
    bytes.consume(if marked { MARK.len() } else { 0 });
    Ok(Box::new(bytes))
}

/// Opens a file; a pipe is none, since tables are read twice, and one that nobody writes to would not even open.
pub(crate) fn open(path: &Path) -> Result<File, ForeignError> {
    let metadata = std::fs::metadata(path).map_err(ForeignError::read(path))?;
    if !metadata.is_file() {
        return Err(ForeignError::file(path, "it is not a regular file: write what it holds to one"));
    }
    File::open(path).map_err(ForeignError::read(path))
}

/// A failure to read a line of text.
pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> ForeignError {
    match source.kind() {
        std::io::ErrorKind::InvalidData => not_text(path),
        _ => ForeignError::read(path)(source),
    }
}

fn not_text(path: &Path) -> ForeignError {
    ForeignError::file(
        path,
        "it is neither parquet nor text in UTF-8: write CSV with a header in UTF-8, or parquet",
    )
}

fn refused(path: &Path, error: csv::Error) -> ForeignError {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            let reason = format!("line {line} has {len} columns where the header has {expected_len}");
            ForeignError::file(path, reason)
        }
        csv::ErrorKind::Utf8 { .. } => not_text(path),
        _ => ForeignError::because(path, "it cannot be read as a table of comma-separated values")(error),
    }
}
