//! Files of features with named columns: `/features` float32 `[rows, columns]`, chunked and compressed, and `/meta`.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::{Dataset, Extent};
use ndarray::{ArrayView2, s};

use crate::mapped::Numbers;
use crate::prints::check_rows;
use crate::reader::Reader;
use crate::staged::Staged;
use crate::{RowInfo, StoreError, attributes, meta, scales, strings};

const KIND: &str = "features";
const SCHEMA: &str = "twinprint-features/1";
const README: &str = "\
Features of EEG epochs. /features: float32 [row, column], chunked and compressed with deflate; /column names the columns. /meta
holds one entry a row: subject, session, recording, start_second (seconds from the recording's start), fold (-1 for none), role
(empty for none), and under /meta/labels one column a label, where empty text means no value. In h5py read text with
f['/meta/subject'].asstr()[:].";

/// Bytes of a chunk, about: large enough to compress well, small enough to read a few rows.
const CHUNK_BYTES: usize = 1 << 19;

/// Writes features as they come; the file appears at [`FeatureWriter::finish`].
///
/// Dropping the writer before that leaves nothing behind. Memory: a chunk, and the description of each row.
pub struct FeatureWriter {
    file: hdf5::File,
    dataset: Dataset,
    staged: Staged,
    columns: usize,
    infos: Vec<RowInfo>,
}

impl FeatureWriter {
    /// Begins a file at `path` with the named columns; `attributes` become text attributes at the top of the file.
    ///
    /// # Errors
    /// When the folder cannot be written, there is no column, two columns share a name, or an attribute is named `README` or
    /// `schema`.
    pub fn create(
        path: &Path,
        columns: &[String],
        attributes: &BTreeMap<String, String>,
    ) -> Result<Self, StoreError> {
        attributes::check(path, attributes)?;
        check_columns(path, columns)?;
        let staged = Staged::new(path)?;
        let file = hdf5::File::create(staged.path()).map_err(StoreError::hdf5(path, "create it"))?;
        let rows = (CHUNK_BYTES / 4 / columns.len()).clamp(1, 4096);
        let builder = file.new_dataset_builder().chunk((rows, columns.len()));
        let builder = if hdf5::filters::deflate_available() { builder.shuffle().deflate(4) } else { builder };
        let dataset = builder
            .empty::<f32>()
            .shape((Extent::resizable(0), Extent::fixed(columns.len())))
            .create("features")
            .map_err(StoreError::hdf5(path, "create dataset /features"))?;
        attributes::write_top(path, &file, SCHEMA, README, attributes)?;
        scales::label(path, &dataset, &["row", "column"])?;
        scales::names(path, &file, "column", columns)?;
        scales::attach(path, &file, &dataset, &[None, Some("column")])?;
        Ok(Self { file, dataset, staged, columns: columns.len(), infos: Vec::new() })
    }

    /// Appends rows `[rows, columns]`, one description each.
    ///
    /// # Errors
    /// When the number of columns is not that of the file, descriptions and rows differ in number, a label or role cannot be
    /// written, or the disk is full.
    pub fn append(&mut self, values: ArrayView2<'_, f32>, infos: &[RowInfo]) -> Result<(), StoreError> {
        let path = self.staged.target();
        check_rows(path, values, self.columns, infos)?;
        let (start, end) = (self.infos.len(), self.infos.len() + values.nrows());
        let values = values.as_standard_layout();
        self.dataset
            .resize((end, self.columns))
            .and_then(|()| self.dataset.write_slice(&values, s![start..end, ..]))
            .map_err(StoreError::hdf5(path, "write dataset /features"))?;
        self.infos.extend_from_slice(infos);
        Ok(())
    }

    /// Rows appended so far.
    pub fn len(&self) -> usize {
        self.infos.len()
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// Completes the file, flushes it to disk and gives it its name, replacing a file that was there.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be renamed; nothing then lies at the path but what was there before.
    pub fn finish(self) -> Result<(), StoreError> {
        let Self { file, dataset, staged, infos, .. } = self;
        let path = staged.target();
        let group = file.create_group("meta").map_err(StoreError::hdf5(path, "create /meta"))?;
        meta::write_epochs(path, &group, &infos)?;
        meta::write_roles(path, &group, &infos)?;
        drop((dataset, group));
        file.flush().map_err(StoreError::hdf5(path, "flush it"))?;
        file.close().map_err(StoreError::hdf5(path, "close it"))?;
        staged.publish()
    }
}

pub(crate) fn check_columns(path: &Path, columns: &[String]) -> Result<(), StoreError> {
    if columns.is_empty() {
        return Err(StoreError::Append {
            path: path.to_owned(),
            what: "the number of columns",
            found: "0".to_owned(),
            expected: "at least 1".to_owned(),
        });
    }
    let mut sorted: Vec<&String> = columns.iter().collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(StoreError::text(path, "column name", pair[0], "two columns have it: rename one")),
        None => Ok(()),
    }
}

/// Writes a whole table of features at once; see [`FeatureWriter`].
///
/// # Errors
/// As [`FeatureWriter::create`], [`FeatureWriter::append`] and [`FeatureWriter::finish`].
pub fn write_features(
    path: &Path,
    columns: &[String],
    values: ArrayView2<'_, f32>,
    infos: &[RowInfo],
    attributes: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    let mut writer = FeatureWriter::create(path, columns, attributes)?;
    writer.append(values, infos)?;
    writer.finish()
}

/// A file of features, read into memory.
pub struct FeatureFile {
    numbers: Numbers,
    columns: Vec<String>,
    infos: Vec<RowInfo>,
    attributes: BTreeMap<String, String>,
}

impl FeatureFile {
    /// Reads a file of features, written by [`FeatureWriter`] or by anybody who follows its layout.
    ///
    /// # Errors
    /// When the file is not HDF5, is damaged, or lacks a part: the error names it. Columns `fold` and `role` may be absent.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(path, KIND)?;
        reader.check_schema(SCHEMA)?;
        let numbers = Numbers::open(&reader, "/features", &["rows", "columns"])?;
        let columns = strings::read(path, &reader.dataset("/column")?, "/column")?;
        if columns.len() != numbers.shape()[1] {
            let found = format!("{} names", columns.len());
            let expected = format!("{} names, one a column", numbers.shape()[1]);
            return Err(StoreError::form(path, "/column", found, expected));
        }
        let infos = meta::read_rows(&reader, numbers.shape()[0])?;
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

    /// The text attributes at the top of the file: those given when it was written, `README` and `schema`.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }
}
