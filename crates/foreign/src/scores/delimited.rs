//! Scores as text: with a header, or in two to five bare columns.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::trials::{Table, is_mated};
use super::{Layout, Role, ScoreOptions};
use crate::ForeignError;
use crate::csv_file::{CsvFile, parse, unpacked, unreadable};

/// Where things stand among the columns of a file without a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bare {
    /// Claimed and real subject; absent where a label says whether both are one.
    subjects: Option<[usize; 2]>,
    /// What names the probe.
    probe: Option<usize>,
    score: usize,
    /// Whether both are one person: `target`, `nontarget`.
    mated: Option<usize>,
    /// Columns of a row.
    count: usize,
}

/// What a file without a header may hold.
const KINDS: &str = "claimed subject, real subject, score; the same with a label before the score or target/nontarget behind it; or a label and a score";

/// The fields of a line: between tabs, commas or semicolons where it has some, or else white space.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    let sign = ['\t', ',', ';'].into_iter().find(|sign| line.trim_end().contains(*sign));
    let by_sign = sign.map(|sign| line.trim_end_matches(['\r', '\n']).split(sign).map(str::trim));
    let by_space = sign.is_none().then(|| line.split_whitespace());
    by_sign.into_iter().flatten().chain(by_space.into_iter().flatten())
}

/// The columns of a file without a header, as its first line shows; nothing where that line is a header.
pub(super) fn bare_columns(path: &Path, line: &str) -> Result<Option<Bare>, ForeignError> {
    let fields: Vec<&str> = fields(line).collect();
    let numeric = |at: usize| parse(fields[at]).is_some();
    let label = |at: usize| is_mated(fields[at]).is_some();
    let word = |at: usize| label(at) && !numeric(at);
    let named = |probe: Option<usize>, subjects, score, mated| Bare {
        subjects: Some(subjects),
        probe,
        score,
        mated,
        count: fields.len(),
    };
    Ok(match fields.len() {
        2 if label(0) && numeric(1) => {
            Some(Bare { subjects: None, probe: None, score: 1, mated: Some(0), count: 2 })
        }
        2 if numeric(0) && label(1) => {
            Some(Bare { subjects: None, probe: None, score: 0, mated: Some(1), count: 2 })
        }
        3 if word(2) || (label(0) && numeric(0) && !numeric(1) && !numeric(2)) => {
            let reason = "it is a list of trials without scores: add the score of each as a column, behind the names or before target or nontarget";
            return Err(ForeignError::file(path, reason));
        }
        3 if numeric(2) => Some(named(None, [0, 1], 2, None)),
        4 if word(3) && numeric(2) => Some(named(None, [0, 1], 2, Some(3))),
        4 if numeric(3) => Some(named(Some(2), [0, 1], 3, None)),
        5 if numeric(4) => Some(named(Some(3), [0, 2], 4, None)),
        _ => None,
    })
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
    let mut table = Table::new(&[], columns.probe.is_some(), options);
    let mut reader = BufReader::with_capacity(1 << 18, unpacked(path)?);
    let (mut line, mut row) = (String::new(), 0);
    loop {
        line.clear();
        if reader.read_line(&mut line).map_err(|error| unreadable(path, error))? == 0 {
            return Ok(table);
        }
        row += 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut found = [""; 5];
        let mut count = 0;
        for field in fields(&line) {
            if let Some(slot) = found.get_mut(count) {
                *slot = field;
            }
            count += 1;
        }
        if count != columns.count {
            let expected = columns.count;
            let reason =
                format!("line {row} has {count} columns where the first has {expected}; it may hold {KINDS}");
            return Err(ForeignError::file(path, reason));
        }
        let score = number(path, row, found[columns.score])?;
        let of = |at: usize| found[at];
        let subject = |side: usize| columns.subjects.map(|places| of(places[side]));
        let fields = [None, subject(0), subject(1), columns.probe.map(of), columns.mated.map(of)];
        table.add_labelled(path, row, fields, score)?;
    }
}

pub(super) fn read_with_header(path: &Path, options: &ScoreOptions) -> Result<Table, ForeignError> {
    let mut file = CsvFile::open(path)?;
    let is_score = |name: &String| name.eq_ignore_ascii_case(Role::Score.name());
    if options.columns.is_empty()
        && !file.header().iter().any(is_score)
        && file.header().iter().any(|name| parse(name).is_some())
    {
        let shown = file.header().join(", ");
        let reason = format!("its first line, {shown}, names no columns; without names it may hold {KINDS}");
        return Err(ForeignError::file(path, reason));
    }
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
    parse(text)
        .ok_or_else(|| ForeignError::file(path, format!("row {row}: the score {text:?} is not a number")))
}
