//! Scores as text: with a header, or in four or five bare columns.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::trials::Table;
use super::{Layout, Role, ScoreOptions, open, refuse, unreadable};
use crate::ForeignError;

/// Positions of claimed subject, real subject, label and score among the columns of a file without a header.
pub(super) type Bare = [usize; 4];

/// The columns of a file without a header, as its first line shows: three or four names and a number, parted by white space.
pub(super) fn bare_columns(line: &str) -> Option<Bare> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let numeric = fields.last().is_some_and(|field| field.parse::<f64>().is_ok());
    match fields.len() {
        4 if numeric => Some([0, 1, 2, 3]),
        5 if numeric => Some([0, 2, 3, 4]),
        _ => None,
    }
}

pub(super) fn read_bare(path: &Path, columns: Bare, options: &ScoreOptions) -> Result<Table, ForeignError> {
    for (given, option) in [(options.columns.is_empty(), "--column"), (options.by.is_empty(), "--by")] {
        if !given {
            let reason = format!("{} has no header that names columns", path.display());
            return Err(ForeignError::Option { option, reason });
        }
    }
    let mut table = Table::new(&[], true, options);
    let mut reader = BufReader::with_capacity(1 << 18, open(path)?);
    let (mut line, mut row) = (String::new(), 0);
    let expected = columns[3] + 1;
    loop {
        line.clear();
        if reader.read_line(&mut line).map_err(|error| unreadable(path, error))? == 0 {
            return Ok(table);
        }
        row += 1;
        let mut fields = [""; 5];
        let mut count = 0;
        for field in line.split_whitespace() {
            if let Some(slot) = fields.get_mut(count) {
                *slot = field;
            }
            count += 1;
        }
        if count == 0 {
            continue;
        }
        if count != expected {
            return Err(refuse(
                path,
                format!(
                    "line {row} has {count} columns where the first has {expected}: claimed subject, real subject, label, score"
                ),
            ));
        }
        let [claimed, real, label, score] = columns.map(|column| fields[column]);
        let score = number(path, row, score)?;
        table.add(path, row, [None, Some(claimed), Some(real), Some(label), None], score, &[])?;
    }
}

pub(super) fn read_with_header(
    path: &Path,
    first: &str,
    options: &ScoreOptions,
) -> Result<Table, ForeignError> {
    let count = |mark: char| first.matches(mark).count();
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|mark| count(char::from(*mark))).unwrap_or(b',');
    let mut records = Records::new(path, delimiter)?;
    let header = match records.next()? {
        Some(fields) => fields.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect(),
        None => Vec::new(),
    };
    let layout = Layout::of(path, &header, options)?;
    let mut table = Table::of(&layout, options);
    let mut row = 0;
    while let Some(record) = records.next()? {
        row += 1;
        if record.len() != header.len() {
            let (found, expected) = (record.len(), header.len());
            let line = row + 1;
            return Err(refuse(
                path,
                format!("line {line} has {found} columns where the header has {expected}"),
            ));
        }
        let fields = layout.roles.map(|at| at.map(|at| record[at]));
        let by: Vec<&str> = layout.by.iter().map(|&at| record[at]).collect();
        let score = number(path, row, fields[Role::Score as usize].unwrap_or_default())?;
        table.add(path, row, fields, score, &by)?;
    }
    Ok(table)
}

/// The records of a file with separators and perhaps quotation marks, one at a time.
struct Records<'a> {
    path: &'a Path,
    parser: csv_core::Reader,
    input: BufReader<std::fs::File>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    fn new(path: &'a Path, delimiter: u8) -> Result<Self, ForeignError> {
        Ok(Self {
            path,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            input: BufReader::with_capacity(1 << 18, open(path)?),
            text: vec![0; 1024],
            ends: vec![0; 32],
        })
    }

    /// The fields of the next record, white space around them taken off; nothing at the end.
    fn next(&mut self) -> Result<Option<Vec<&str>>, ForeignError> {
        use csv_core::ReadRecordResult::{End, InputEmpty, OutputEndsFull, OutputFull, Record};
        let (mut written, mut fields) = (0, 0);
        loop {
            let input = self.input.fill_buf().map_err(|error| unreadable(self.path, error))?;
            let (found, read, wrote, ended) =
                self.parser.read_record(input, &mut self.text[written..], &mut self.ends[fields..]);
            self.input.consume(read);
            written += wrote;
            fields += ended;
            match found {
                InputEmpty => {}
                OutputFull => self.text.resize(2 * self.text.len(), 0),
                OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                Record => break,
                End => return Ok(None),
            }
        }
        let text = std::str::from_utf8(&self.text[..written]).map_err(|_| {
            refuse(self.path, "it is neither parquet nor text: write CSV with a header, or parquet")
        })?;
        let mut start = 0;
        let fields = self.ends[..fields].iter().map(|&end| {
            let field = text.get(start..end).unwrap_or_default().trim();
            start = end;
            field
        });
        Ok(Some(fields.collect()))
    }
}

fn number(path: &Path, row: u64, text: &str) -> Result<f64, ForeignError> {
    text.parse().map_err(|_| refuse(path, format!("row {row}: the score {text:?} is not a number")))
}
