//! Scores as text: with a header, or in four or five bare columns.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::trials::Table;
use super::{Layout, Role, ScoreOptions};
use crate::ForeignError;
use crate::csv_file::{CsvFile, open, unreadable};

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
            return Err(ForeignError::option(
                option,
                format!("{} has no header that names columns", path.display()),
            ));
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
            return Err(ForeignError::file(
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

pub(super) fn read_with_header(path: &Path, options: &ScoreOptions) -> Result<Table, ForeignError> {
    let mut file = CsvFile::open(path)?;
    let layout = Layout::of(path, file.header(), options)?;
    let mut table = Table::of(&layout, options);
    let mut row = 0;
    while file.advance()? {
        row += 1;
        let fields = layout.roles.map(|at| at.map(|at| file.field(at)));
        let by: Vec<&str> = layout.by.iter().map(|&at| file.field(at)).collect();
        let score = number(path, row, fields[Role::Score as usize].unwrap_or_default())?;
        table.add(path, row, fields, score, &by)?;
    }
    Ok(table)
}

fn number(path: &Path, row: u64, text: &str) -> Result<f64, ForeignError> {
    text.parse()
        .map_err(|_| ForeignError::file(path, format!("row {row}: the score {text:?} is not a number")))
}
