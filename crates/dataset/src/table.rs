//! Tab- and comma-separated tables as BIDS writes them: a header, text cells, `n/a` for nothing.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use polars::prelude::{CsvReadOptions, SerReader};

use crate::DatasetError;

/// A table of text; a cell is absent where it is empty or `n/a`.
pub(crate) struct Table {
    path: PathBuf,
    columns: Vec<String>,
    /// `[rows][columns]`
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Reads a table separated by tabs, or by commas where the name ends in `.csv`.
    pub(crate) fn read(path: &Path) -> Result<Self, DatasetError> {
        let bytes = std::fs::read(path).map_err(|source| DatasetError::Read { path: path.into(), source })?;
        let is_csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let failed = |reason: String| DatasetError::Table { path: path.into(), reason };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(failed("the table is empty; it needs a line of column names".to_owned()));
        }
        // BIDS tables have no quoting: a quote is a character like any other.
        let frame = CsvReadOptions::default()
            .with_has_header(true)
            .with_infer_schema_length(Some(0))
            .with_n_threads(Some(1))
            .map_parse_options(|options| {
                options
                    .with_separator(if is_csv { b',' } else { b'\t' })
                    .with_quote_char(is_csv.then_some(b'"'))
            })
            .into_reader_with_file_handle(Cursor::new(bytes))
            .finish()
            .map_err(|error| failed(format!("not a table of {}: {error}", kind(is_csv))))?;
        let columns: Vec<String> = frame.get_column_names().iter().map(|c| c.trim().to_owned()).collect();
        let mut rows = vec![Vec::with_capacity(columns.len()); frame.height()];
        for column in frame.columns() {
            let cells = column.str().map_err(|error| failed(error.to_string()))?;
            for (row, cell) in rows.iter_mut().zip(cells.iter()) {
                row.push(cell.map(str::trim).filter(|c| !c.is_empty() && *c != "n/a").map(str::to_owned));
            }
        }
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == column)
    }

    /// The position of a column that must be there.
    pub(crate) fn require(&self, column: &str) -> Result<usize, DatasetError> {
        self.position(column).ok_or_else(|| {
            self.error(format!("there is no column {column:?}; the columns are {}", self.columns.join(", ")))
        })
    }

    pub(crate) fn rows(&self) -> &[Vec<Option<String>>] {
        &self.rows
    }

    pub(crate) fn error(&self, reason: String) -> DatasetError {
        DatasetError::Table { path: self.path.clone(), reason }
    }
}

fn kind(is_csv: bool) -> &'static str {
    if is_csv { "comma-separated columns" } else { "tab-separated columns" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Table, DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Table::read(&path)
    }

    #[test]
    fn cells_are_text_and_na_is_absent() {
        let table = read("t.tsv", "id\tage\tnote\r\nsub-01\t007\tn/a\r\nsub-02\t\tsays \"hi\"\r\n").unwrap();
        assert_eq!(table.columns(), ["id", "age", "note"]);
        assert_eq!(table.rows()[0], [Some("sub-01".to_owned()), Some("007".to_owned()), None]);
        assert_eq!(table.rows()[1], [Some("sub-02".to_owned()), None, Some("says \"hi\"".to_owned())]);
    }

    #[test]
    fn commas_separate_where_the_name_ends_in_csv() {
        let table = read("t.csv", "Subject,Note\nS1,\"a, b\"\n").unwrap();
        assert_eq!(table.rows()[0], [Some("S1".to_owned()), Some("a, b".to_owned())]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_name() {
        let table = read("t.tsv", "\u{feff}name\ttype\nCz\tEEG\n").unwrap();
        assert_eq!(table.columns(), ["name", "type"]);
    }

    #[test]
    fn an_empty_table_and_a_row_too_long_are_refused() {
        assert!(read("t.tsv", "").is_err());
        assert!(read("t.tsv", "a\tb\n1\t2\t3\n").is_err());
    }

    #[test]
    fn a_header_alone_is_a_table_without_rows() {
        let table = read("t.tsv", "onset\tduration\n").unwrap();
        assert!(table.rows().is_empty());
    }

    #[test]
    fn a_missing_column_is_named_beside_those_there_are() {
        let table = read("t.tsv", "a\tb\n").unwrap();
        let message = table.require("name").unwrap_err().to_string();
        assert!(message.contains("no column \"name\"") && message.contains("a, b"), "{message}");
    }
}
