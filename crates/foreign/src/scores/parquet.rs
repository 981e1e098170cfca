//! Scores as parquet, a million rows at a time.

use std::path::Path;

use polars::error::PolarsError;
use polars::prelude::{Column, DataType, ParquetReader, SerReader};

use super::trials::Table;
use super::{Layout, Role, ScoreOptions};
use crate::ForeignError;
use crate::csv_file::open;
use crate::parquet_columns::{kinds, readable};

/// Rows read at a time.
const ROWS: usize = 1 << 20;

pub(super) fn read(path: &Path, options: &ScoreOptions) -> Result<Table, ForeignError> {
    let broken = |error: PolarsError| {
        ForeignError::because(path, "its parquet is damaged or of an unknown kind: write it again")(error)
    };
    let mut reader = ParquetReader::new(open(path)?);
    let kinds = kinds(path)?;
    let header: Vec<String> = kinds.iter().map(|(name, _)| name.clone()).collect();
    let total = reader.num_rows().map_err(broken)?;
    let layout = Layout::of(path, &header, options)?;
    let mut wanted: Vec<usize> = layout.roles.iter().flatten().chain(&layout.by).copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    for &at in &wanted {
        readable(path, &header[at], &kinds[at].1)?;
    }
    let names: Vec<String> = wanted.iter().map(|&at| header[at].clone()).collect();
    let mut table = Table::of(&layout, options);
    let mut start = 0;
    while start < total {
        let count = ROWS.min(total - start);
        let rows = ParquetReader::new(open(path)?)
            .with_columns(Some(names.clone()))
            .with_slice(Some((start, count)))
            .finish()
            .map_err(broken)?;
        let column = |at: usize, kind: DataType| -> Result<Column, ForeignError> {
            let name = &header[at];
            let found = rows.column(name).and_then(|column| column.cast(&kind));
            let wanted = if kind == DataType::String { "text" } else { "numbers" };
            found.map_err(ForeignError::because(
                path,
                format_args!("column {name:?} cannot be read as {wanted}"),
            ))
        };
        let text = |at: usize| column(at, DataType::String);
        let texts: Vec<Option<Column>> =
            layout.roles.iter().map(|at| at.map(text).transpose()).collect::<Result<_, _>>()?;
        let by: Vec<Column> = layout.by.iter().map(|&at| text(at)).collect::<Result<_, _>>()?;
        let score = layout.place(Role::Score).map(|at| column(at, DataType::Float64)).transpose()?;
        let texts = texts
            .iter()
            .map(|column| column.as_ref().map(|column| column.str()).transpose())
            .collect::<Result<Vec<_>, _>>()
            .map_err(broken)?;
        let by = by.iter().map(|column| column.str()).collect::<Result<Vec<_>, _>>().map_err(broken)?;
        let score = score.as_ref().map(|column| column.f64()).transpose().map_err(broken)?;
        for at in 0..rows.height() {
            let mut fields = [None; 5];
            for (field, column) in fields.iter_mut().zip(&texts) {
                *field = column.and_then(|column| column.get(at));
            }
            let row = (start + at + 1) as u64;
            let score = score
                .and_then(|column| column.get(at))
                .ok_or_else(|| ForeignError::file(path, format!("row {row} has no score")))?;
            let by: Vec<&str> = by.iter().map(|column| column.get(at).unwrap_or_default()).collect();
            table.add(path, row, fields, score, &by)?;
        }
        start += count;
    }
    Ok(table)
}
