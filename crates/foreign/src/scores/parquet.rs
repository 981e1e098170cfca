//! Scores as parquet, a row group at a time.

use std::borrow::Cow;
use std::path::Path;

use super::trials::Table;
use super::{Layout, Role, ScoreOptions};
use crate::ForeignError;
use crate::parquet_file::ParquetFile;
use crate::parquet_values::Values;

pub(super) fn read(path: &Path, options: &ScoreOptions) -> Result<Table, ForeignError> {
    let mut file = ParquetFile::open(path)?;
    let layout = Layout::of(path, &file.names(), options)?;
    layout.roles.iter().flatten().chain(&layout.by).try_for_each(|&at| file.needs(at))?;
    let mut table = Table::of(&layout, options);
    let mut first = 1;
    for group in 0..file.groups() {
        let mut column = |at: usize| file.column(group, at);
        let columns: Vec<Option<Values>> =
            layout.roles.iter().map(|at| at.map(&mut column).transpose()).collect::<Result<_, _>>()?;
        let by: Vec<Values> = layout.by.iter().map(|&at| column(at)).collect::<Result<_, _>>()?;
        for at in 0..file.rows(group) {
            let row = (first + at) as u64;
            let text = |role: usize| columns[role].as_ref().and_then(|column| column.text(at));
            let scores = columns[Role::Score as usize].as_ref();
            let score = scores.and_then(|column| column.number(at)).ok_or_else(|| {
                let reason = match text(Role::Score as usize) {
                    Some(text) => format!("row {row}: the score {text:?} is not a number"),
                    None => format!("row {row} has no score"),
                };
                ForeignError::file(path, reason)
            })?;
            // A score is no text: writing it as one would take most of the time.
            let texts: [Option<Cow<'_, str>>; 5] =
                std::array::from_fn(|role| if role == Role::Score as usize { None } else { text(role) });
            let fields = texts.each_ref().map(Option::as_deref);
            let by: Vec<Cow<'_, str>> = by.iter().map(|column| column.text(at).unwrap_or_default()).collect();
            let by: Vec<&str> = by.iter().map(AsRef::as_ref).collect();
            table.add(path, row, fields, score, &by)?;
        }
        first += file.rows(group);
    }
    Ok(table)
}
