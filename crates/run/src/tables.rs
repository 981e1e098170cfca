//! Tables of the run folder, as parquet through polars.

use std::fs::File;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{DataFrame, ParquetReader, ParquetWriter, PolarsResult, SerReader};

use crate::RunError;
use crate::error::InTable;
use crate::folder::write_atomically;

/// Writes a table as parquet: a temporary file first, then the final name.
pub(crate) fn write_parquet(path: &Path, table: &mut DataFrame) -> Result<(), RunError> {
    write_atomically(path, |file| ParquetWriter::new(file).finish(table).map(|_| ()).in_table(path))
}

/// Reads a parquet table.
pub(crate) fn read_parquet(path: &Path) -> Result<DataFrame, RunError> {
    read(path, || open(path)?.finish().in_table(path))
}

/// The number of rows of a parquet table.
pub(crate) fn height(path: &Path) -> Result<usize, RunError> {
    read(path, || open(path)?.num_rows().in_table(path))
}

/// The names of the columns of a parquet table.
pub(crate) fn columns(path: &Path) -> Result<Vec<String>, RunError> {
    let schema = open(path)?.schema().in_table(path)?;
    Ok(schema.iter_names().map(ToString::to_string).collect())
}

/// Reads some columns of some rows of a parquet table.
pub(crate) fn read_slice(path: &Path, columns: &[&str], rows: Range<usize>) -> Result<DataFrame, RunError> {
    let columns = columns.iter().map(|&name| name.to_owned()).collect();
    let reader = open(path)?.with_columns(Some(columns)).with_slice(Some((rows.start, rows.len())));
    read(path, || reader.finish().in_table(path))
}

fn read<T>(path: &Path, read: impl FnOnce() -> Result<T, RunError>) -> Result<T, RunError> {
    let damaged = "is damaged: make the run again from the stage that wrote it";
    guarded(read).unwrap_or_else(|| Err(RunError::run_folder(path, damaged)))
}

/// Runs something that reads a table; nothing where polars ends in a panic, as it does for some damaged files: a run of
/// booleans that is longer than its page, columns of unequal length.
pub fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

fn open(path: &Path) -> Result<ParquetReader<File>, RunError> {
    let file = File::open(path).map_err(|source| RunError::Read { path: path.to_owned(), source })?;
    Ok(ParquetReader::new(file))
}

/// Rows that are gathered before they are written, a row group: enough for a reader, few enough to be held.
pub(crate) const ROW_GROUP: usize = 1 << 17;

/// A parquet table written part by part, so that it need never be whole in memory.
pub(crate) struct TableWriter<'a> {
    writer: BatchedWriter<&'a mut File>,
    /// Rows that are not yet a row group.
    pending: DataFrame,
}

impl<'a> TableWriter<'a> {
    /// A table of the columns of `empty`, which has no rows.
    pub(crate) fn new(file: &'a mut File, empty: DataFrame) -> PolarsResult<Self> {
        let writer = ParquetWriter::new(file).batched(empty.schema())?;
        Ok(Self { writer, pending: empty })
    }

    /// Adds rows.
    pub(crate) fn push(&mut self, rows: DataFrame) -> PolarsResult<()> {
        self.pending.vstack_mut_owned(rows)?;
        if self.pending.height() >= ROW_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> PolarsResult<()> {
        self.pending.rechunk_mut_par();
        self.writer.write_batch(&self.pending)?;
        self.pending = self.pending.clear();
        Ok(())
    }

    /// Writes what is left and completes the file.
    pub(crate) fn finish(mut self) -> PolarsResult<()> {
        if self.pending.height() > 0 {
            self.flush()?;
        }
        self.writer.finish().map(|_| ())
    }
}

/// The column of the table of quality that holds the power at a frequency.
pub(crate) fn spectrum_column(hertz: usize) -> String {
    format!("power_{hertz}_hz_db")
}
