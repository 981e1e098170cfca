//! Tab- and comma-separated tables as BIDS writes them: a header, text cells, `n/a` for nothing.

use std::path::{Path, PathBuf};

use crate::DatasetError;

/// A table of text; a cell is absent where it is empty or `n/a`.
pub(crate) struct Table {
    path: PathBuf,
    columns: Vec<String>,
    /// `[rows][columns]`
    rows: Vec<Vec<Option<String>>>,
    /// The line of each row in the file.
    lines: Vec<usize>,
}

impl Table {
    /// Reads a table separated by tabs, or by commas where the name ends in `.csv`, in UTF-8 or else Latin-1, with any line
    /// ends. Blank lines and empty cells beyond the header's are passed over.
    pub(crate) fn read(path: &Path) -> Result<Self, DatasetError> {
        let bytes = std::fs::read(path).map_err(|source| DatasetError::Read { path: path.into(), source })?;
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            let reason = "the table is UTF-16: save it as UTF-8".to_owned();
            return Err(DatasetError::Table { path: path.to_owned(), reason });
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().iter().map(|byte| char::from(*byte)).collect());
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        // The reader counts no blank lines, so that a space keeps the numbers of the lines behind them.
        let text: Vec<&str> = text.split('\n').map(|line| if line.is_empty() { " " } else { line }).collect();
        let text = text.join("\n");
        let is_csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        // BIDS tables have no quoting: a quote in them is a character like any other.
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if is_csv { b',' } else { b'\t' })
            .quoting(is_csv)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut table =
            Self { path: path.to_owned(), columns: Vec::new(), rows: Vec::new(), lines: Vec::new() };
        for record in reader.records() {
            let record = record.map_err(|source| DatasetError::Encoding { path: path.into(), source })?;
            let line = record.position().map_or(0, |position| position.line() as usize);
            let mut cells: Vec<&str> = record.iter().collect();
            let least = if table.columns.is_empty() { 0 } else { table.columns.len() };
            while cells.len() > least && cells.last().is_some_and(|cell| cell.is_empty()) {
                cells.pop();
            }
            if cells.iter().all(|cell| cell.is_empty()) {
                continue;
            }
            if table.columns.is_empty() {
                table.columns = cells.into_iter().map(str::to_owned).collect();
            } else {
                table.add(line, &cells, if is_csv { "commas" } else { "tabs" })?;
            }
        }
        if table.columns.is_empty() {
            return Err(table.error("the table is empty; it needs a line of column names".to_owned()));
        }
        Ok(table)
    }

    fn add(&mut self, line: usize, cells: &[&str], separator: &str) -> Result<(), DatasetError> {
        let columns = self.columns.len();
        if cells.len() > columns {
            return Err(self.error(format!(
                "line {line} has {} cells where the header has {columns}: is the table separated by {separator}?",
                cells.len()
            )));
        }
        let cell = |text: &&str| Some((*text).to_owned()).filter(|cell| !cell.is_empty() && cell != "n/a");
        let mut row: Vec<Option<String>> = cells.iter().map(cell).collect();
        row.resize(columns, None);
        self.rows.push(row);
        self.lines.push(line);
        Ok(())
    }

    /// The line of a row in the file, counted from 1.
    pub(crate) fn line(&self, row: usize) -> usize {
        self.lines.get(row).copied().unwrap_or(0)
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == column)
    }

    /// The position of a column that must be there.
    pub(crate) fn require(&self, column: &str) -> Result<usize, DatasetError> {
        self.position(column).ok_or_else(|| match self.columns.as_slice() {
            [only] if only.contains(column) => self.error(format!(
                "its one column is called {only:?}: separate the columns by tabs, or by commas where the name ends in .csv"
            )),
            columns => {
                self.error(format!("there is no column {column:?}; the columns are {}", columns.join(", ")))
            }
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
    fn blank_lines_trailing_tabs_carriage_returns_and_latin_1_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.tsv");
        std::fs::write(&path, b"name\ttype\t\r\rCz\tEEG\t\r \t\rK\xf6pfchen\tMISC\r").unwrap();
        let table = Table::read(&path).unwrap();
        assert_eq!(table.columns(), ["name", "type"]);
        assert_eq!((table.rows().len(), table.line(0), table.line(1)), (2, 3, 5));
        assert_eq!(table.rows()[1], [Some("Köpfchen".to_owned()), Some("MISC".to_owned())]);
        let said = read("t.tsv", "a\tb\n\n1\t2\n1\t2\t3\n").err().unwrap().to_string();
        assert!(said.contains("line 4 has 3 cells"), "{said}");
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
        let message = read("t.tsv", "name  type\n").unwrap().require("name").unwrap_err().to_string();
        assert!(message.contains("by tabs"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.tsv");
        std::fs::write(&path, "\u{feff}name".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
            .unwrap();
        let message = Table::read(&path).err().unwrap().to_string();
        assert!(message.contains("UTF-16"), "{message}");
    }
}
