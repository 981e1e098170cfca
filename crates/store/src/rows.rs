//! Prints or features of any file that follows the layout, whoever wrote it.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayView2;

use crate::mapped::Numbers;
use crate::reader::Reader;
use crate::{RowInfo, StoreError, attributes, meta, strings};

const KIND: &str = "prints or features";
/// Where the numbers may be, in the order in which they are looked for, and where their columns' names are.
const PLACES: [(&str, &[&str]); 2] =
    [("/prints", &["/prints_column"]), ("/features", &["/features_column", "/column"])];

/// The rows of a file.
pub struct RowFile {
    numbers: Numbers,
    columns: Vec<String>,
    infos: Vec<RowInfo>,
    attributes: BTreeMap<String, String>,
}

impl RowFile {
    /// Reads `/prints`, or else `/features`: numbers `[rows, columns]` of a float type, with `/meta` of one entry a row.
    /// Only `/meta/subject` must be there; names of columns, the rest of `/meta` and every attribute may be absent.
    ///
    /// # Errors
    /// When the file is not HDF5, is damaged, or lacks a part: the error names it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(path, KIND)?;
        let Some((place, names)) = PLACES.into_iter().find(|(place, _)| reader.has(place)) else {
            return Err(reader.missing("dataset /prints or /features"));
        };
        let numbers = Numbers::open(&reader, place, &["rows", "columns"])?;
        let (rows, count) = (numbers.shape()[0], numbers.shape()[1]);
        let columns = match names.iter().find(|name| reader.has(name)) {
            Some(name) => strings::read(path, &reader.dataset(name)?, name)?,
            None => (0..count).map(|column| format!("{}{column}", &place[1..2])).collect(),
        };
        if columns.len() != count {
            let expected = format!("{count} names, one a column");
            return Err(StoreError::form(
                path,
                "the list of columns",
                format!("{} names", columns.len()),
                expected,
            ));
        }
        let infos = meta::read_lenient(&reader, rows)?;
        let attributes = attributes::read_top(path, reader.file())?;
        Ok(Self { numbers, columns, infos, attributes })
    }

    /// `[rows, columns]`.
    pub fn values(&self) -> ArrayView2<'_, f32> {
        self.numbers.view((self.numbers.shape()[0], self.numbers.shape()[1]))
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whose each row is.
    pub fn infos(&self) -> &[RowInfo] {
        &self.infos
    }

    /// The text attributes at the top of the file.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }
}
