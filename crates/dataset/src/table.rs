//! Tab- and comma-separated tables as BIDS writes them: a header, text cells, `n/a` for nothing.

use std::fs::File;
use std::path::{Path, PathBuf};

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
        let file = File::open(path).map_err(|source| DatasetError::Read { path: path.into(), source })?;
        let is_csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        // BIDS tables have no quoting: a quote in them is a character like any other.
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if is_csv { b',' } else { b'\t' })
            .quoting(is_csv)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(file);
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|source| DatasetError::Encoding { path: path.into(), source })?;
            if row == 0 {
                columns = record.iter().map(str::to_owned).collect();
            } else if record.len() > columns.len() {
                let reason = format!(
                    "row {row} below the header has {} cells where the header has {}: is the table separated by {}?",
                    record.len(),
                    columns.len(),
                    if is_csv { "commas" } else { "tabs" }
                );
                return Err(DatasetError::Table { path: path.into(), reason });
            } else {
                let cell =
                    |text: &str| Some(text.to_owned()).filter(|cell| !cell.is_empty() && cell != "n/a");
                let mut row: Vec<Option<String>> = record.iter().map(cell).collect();
                row.resize(columns.len(), None);
                rows.push(row);
            }
        }
        if columns.iter().all(String::is_empty) {
            let reason = "the table is empty; it needs a line of column names".to_owned();
            return Err(DatasetError::Table { path: path.into(), reason });
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
