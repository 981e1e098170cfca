//! Tables of the run folder, as parquet through polars.

use std::fs::File;
use std::path::Path;

use polars::prelude::{DataFrame, ParquetReader, ParquetWriter, SerReader};

use crate::RunError;
use crate::error::Placed;
use crate::folder::write_atomically;

/// Writes a table as parquet: a temporary file first, then the final name.
pub(crate) fn write_parquet(path: &Path, table: &mut DataFrame) -> Result<(), RunError> {
    write_atomically(path, |file| ParquetWriter::new(file).finish(table).map(|_| ()).in_table(path))
}

/// Reads a parquet table.
pub(crate) fn read_parquet(path: &Path) -> Result<DataFrame, RunError> {
    let file = File::open(path).map_err(|source| RunError::Read { path: path.to_owned(), source })?;
    ParquetReader::new(file).finish().in_table(path)
}
