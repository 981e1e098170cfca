//! Files to take elsewhere: any number of tables with one row an epoch, the epochs themselves where wanted, and `/meta`.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::{Dataset, Extent};
use ndarray::{ArrayView2, ArrayView3, s};
use twinprint_signal::{ChannelName, Hertz, RowInfo};
use twinprint_staged::{Readers, Staged};

use crate::prints::check_rows;
use crate::{StoreError, attributes, meta, scales};

/// The attribute `schema` of such a file.
pub const SCHEMA: &str = "twinprint-export/1";

const README: &str = "\
One row an epoch, the same rows in the same order in every dataset. Tables are float32 [row, column]; the dimension scale of a
table's second axis, /NAME_column, names its columns, and its attribute `units` gives their unit. /epochs, where it is there, is
float32 [row, channel, sample] in the unit of its attribute `units`, with attributes `sfreq` (Hz) and `ch_names` and the dimension
scales /channel and /time (seconds from the epoch's start). /meta says whose the rows are: subject, session, recording,
start_second (seconds from the recording's start), fold (the fold whose encoder made the print, -1 for none), role (that of the
person in that fold: train, dev or test), and under /meta/labels one column a label, where empty text means no value. Prints of
different folds come from different encoders and cannot be compared. Chunked; compressed with shuffle and deflate. In h5py read
text with f['/meta/subject'].asstr()[:]. In MATLAB and Octave the axes are reversed: [column, row].";

/// Bytes of a chunk, about.
const CHUNK_BYTES: usize = 1 << 19;

/// A table of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name: letters, digits and `_`.
    pub name: String,
    /// The names of its columns, each with another name.
    pub columns: Vec<String>,
    /// The unit of its numbers; `1` for none.
    pub units: String,
}

/// What the epochs of the file look like.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochShape {
    /// The channels, in order.
    pub channels: Vec<ChannelName>,
    /// Samples an epoch.
    pub samples: usize,
    /// Samples a second.
    pub rate: Hertz,
}

/// Writes rows as they come; the file appears at [`ExportWriter::finish`].
///
/// Dropping the writer before that leaves nothing behind. Memory: a chunk a dataset, and the description of each row.
pub struct ExportWriter {
    file: hdf5::File,
    tables: Vec<(Dataset, usize)>,
    epochs: Option<(Dataset, usize, usize)>,
    staged: Staged,
    infos: Vec<RowInfo>,
}

impl ExportWriter {
    /// Begins a file at `path`; `attributes` become text attributes at the top of the file.
    ///
    /// # Errors
    /// When the folder cannot be written, a table has no column or a name that cannot be one, or an attribute is named
    /// `README` or `schema`.
    pub fn create(
        path: &Path,
        tables: &[Table],
        epochs: Option<&EpochShape>,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Self, StoreError> {
        attributes::check(path, attributes)?;
        let staged = Staged::new(path, Readers::AsUsual)?;
        let file = hdf5::File::create(staged.path()).map_err(StoreError::hdf5(path, "create it"))?;
        attributes::write_top(path, &file, SCHEMA, README, attributes)?;
        let tables = tables.iter().map(|table| create_table(path, &file, table)).collect::<Result<_, _>>()?;
        let epochs = epochs.map(|shape| create_epochs(path, &file, shape)).transpose()?;
        Ok(Self { file, tables, epochs, staged, infos: Vec::new() })
    }

    /// Appends rows: one array `[rows, columns]` a table in the order of [`ExportWriter::create`], epochs
    /// `[rows, channels, samples]` where the file has them, and one description a row.
    ///
    /// # Errors
    /// When shapes differ from the file's or from one another, a label cannot be written, or the disk is full.
    pub fn append(
        &mut self,
        tables: &[ArrayView2<'_, f32>],
        epochs: Option<ArrayView3<'_, f32>>,
        infos: &[RowInfo],
    ) -> Result<(), StoreError> {
        let path = self.staged.target();
        let refuse = |what, found: String, expected: String| {
            Err(StoreError::Append { path: path.to_owned(), what, found, expected })
        };
        if tables.len() != self.tables.len() {
            return refuse("the number of tables", tables.len().to_string(), self.tables.len().to_string());
        }
        for (values, (_, columns)) in tables.iter().zip(&self.tables) {
            check_rows(path, *values, *columns, infos)?;
        }
        let (start, end) = (self.infos.len(), self.infos.len() + infos.len());
        match (&self.epochs, epochs) {
            (None, None) => {}
            (Some((dataset, channels, samples)), Some(values))
                if values.dim() == (infos.len(), *channels, *samples) =>
            {
                let values = values.as_standard_layout();
                dataset
                    .resize((end, *channels, *samples))
                    .and_then(|()| dataset.write_slice(&values, s![start..end, .., ..]))
                    .map_err(StoreError::hdf5(path, "write dataset /epochs"))?;
            }
            (own, given) => {
                let shown = |shape: Option<(usize, usize, usize)>| format!("{shape:?}");
                let expected = own.as_ref().map(|(_, channels, samples)| (infos.len(), *channels, *samples));
                return refuse(
                    "the shape of the epochs",
                    shown(given.map(|values| values.dim())),
                    shown(expected),
                );
            }
        }
        for (values, (dataset, columns)) in tables.iter().zip(&self.tables) {
            let values = values.as_standard_layout();
            dataset
                .resize((end, *columns))
                .and_then(|()| dataset.write_slice(&values, s![start..end, ..]))
                .map_err(StoreError::hdf5(path, format!("write dataset {}", dataset.name())))?;
        }
        self.infos.extend_from_slice(infos);
        Ok(())
    }

    /// Completes the file, flushes it to disk and gives it its name, replacing a file that was there.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be renamed; nothing then lies at the path but what was there before.
    pub fn finish(self) -> Result<(), StoreError> {
        let Self { file, tables, epochs, staged, infos } = self;
        let path = staged.target();
        let group = file.create_group("meta").map_err(StoreError::hdf5(path, "create /meta"))?;
        meta::write_epochs(path, &group, &infos)?;
        meta::write_roles(path, &group, &infos)?;
        drop((tables, epochs, group));
        file.flush().map_err(StoreError::hdf5(path, "flush it"))?;
        file.close().map_err(StoreError::hdf5(path, "close it"))?;
        Ok(staged.publish()?)
    }
}

fn create_table(path: &Path, file: &hdf5::File, table: &Table) -> Result<(Dataset, usize), StoreError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if table.name.is_empty()
        || !table.name.chars().all(plain)
        || ["meta", "epochs", "channel", "time"].contains(&table.name.as_str())
    {
        let limit = "it must be letters, digits and _, and none of meta, epochs, channel and time";
        return Err(StoreError::text(path, "name of a table", &table.name, limit));
    }
    check_columns(path, &table.columns)?;
    let columns = table.columns.len();
    let rows = (CHUNK_BYTES / 4 / columns).clamp(1, 4096);
    let dataset = chunked(file, (rows, columns))
        .empty::<f32>()
        .shape((Extent::resizable(0), Extent::fixed(columns)))
        .create(table.name.as_str())
        .map_err(StoreError::hdf5(path, format!("create dataset /{}", table.name)))?;
    attributes::write_text(path, &dataset, "units", &table.units)?;
    scales::label(path, &dataset, &["row", "column"])?;
    let scale = format!("{}_column", table.name);
    scales::names(path, file, &scale, &table.columns)?;
    scales::attach(path, file, &dataset, &[None, Some(&scale)])?;
    Ok((dataset, columns))
}

fn check_columns(path: &Path, columns: &[String]) -> Result<(), StoreError> {
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

fn create_epochs(
    path: &Path,
    file: &hdf5::File,
    shape: &EpochShape,
) -> Result<(Dataset, usize, usize), StoreError> {
    let (channels, samples) = (shape.channels.len(), shape.samples);
    if channels == 0 || samples == 0 {
        return Err(StoreError::Append {
            path: path.to_owned(),
            what: "the shape of an epoch",
            found: format!("[{channels} channels, {samples} samples]"),
            expected: "at least one channel and one sample".to_owned(),
        });
    }
    let rows = (CHUNK_BYTES / 4 / (channels * samples)).max(1);
    let dataset = chunked(file, (rows, channels, samples))
        .empty::<f32>()
        .shape((Extent::resizable(0), Extent::fixed(channels), Extent::fixed(samples)))
        .create("epochs")
        .map_err(StoreError::hdf5(path, "create dataset /epochs"))?;
    attributes::write_text(path, &dataset, "units", "µV")?;
    attributes::write_number(path, &dataset, "sfreq", shape.rate.get())?;
    let names: Vec<&str> = shape.channels.iter().map(ChannelName::as_str).collect();
    attributes::write_texts(path, &dataset, "ch_names", &names)?;
    scales::label(path, &dataset, &["row", "channel", "time"])?;
    scales::names(path, file, "channel", &names)?;
    let times: Vec<f64> = (0..samples).map(|sample| sample as f64 / shape.rate.get()).collect();
    scales::numbers(path, file, ("time", "s"), &times)?;
    scales::attach(path, file, &dataset, &[None, Some("channel"), Some("time")])?;
    Ok((dataset, channels, samples))
}

fn chunked(file: &hdf5::File, chunk: impl hdf5::Dimension) -> hdf5::DatasetBuilder {
    let builder = file.new_dataset_builder().chunk(chunk);
    if hdf5::filters::deflate_available() { builder.shuffle().deflate(4) } else { builder }
}
