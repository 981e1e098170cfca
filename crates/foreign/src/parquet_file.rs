//! The one reader of parquet: what each column holds, told from the schema, then the values of a column, a row group at a time.
//!
//! Values are taken from the decoded pages: the table type of polars carries fewer types than its decoder, in the build used here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use polars::error::PolarsError;
use polars_arrow::array::Array;
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_parquet::read::{
    BasicDecompressor, FileMetadata, PageReader, column_iter_to_arrays, infer_schema, read_metadata,
};
use twinprint_run::tables::guarded;
use twinprint_signal::Whole;
use twinprint_store::isolation::survive;

use crate::ForeignError;
use crate::csv_file::open;
use crate::parquet_values::{Values, values_of};

/// What a column can be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Numbers, text or true and false.
    Simple,
    /// A list of numbers in each row: an embedding.
    Numbers,
    /// Neither numbers nor text: times, bytes, structs.
    Other(&'static str),
}

/// A parquet file open for reading; memory holds what was asked for.
pub(crate) struct ParquetFile {
    path: PathBuf,
    file: File,
    metadata: FileMetadata,
    columns: Vec<(Field, ColumnKind)>,
}

impl ParquetFile {
    /// Opens a file and looks at its schema. See [`twinprint_store::isolation`] for how the process outlives it.
    ///
    /// # Errors
    /// When it is no parquet file or cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, ForeignError> {
        let mut file = open(path)?;
        let mut start = [0; 4];
        let marked = file.read_exact(&mut start).is_ok() && &start == b"PAR1";
        if !marked {
            let what =
                "not a parquet table, which begins with the letters PAR1: write it again, or as CSV or HDF5";
            return Err(ForeignError::file(path, what));
        }
        survive(path)?;
        let described = guarded(|| {
            let metadata = read_metadata(&mut file)?;
            let schema = infer_schema(&metadata)?;
            Ok((metadata, schema))
        });
        let (metadata, schema) = described.unwrap_or_else(|| Err(panicked())).map_err(damaged(path))?;
        let column = |field: &Field| {
            let kind = kind(&field.dtype);
            (Field { dtype: plain(&field.dtype), ..field.clone() }, kind)
        };
        let columns = schema.iter().map(|(_, field)| column(field)).collect();
        Ok(Self { path: path.to_owned(), file, metadata, columns })
    }

    /// The columns' names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(field, _)| field.name.to_string()).collect()
    }

    /// What a column holds, by its place.
    pub(crate) fn kind(&self, at: usize) -> &ColumnKind {
        &self.columns[at].1
    }

    /// The number of row groups.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.row_groups.len()
    }

    /// The rows of a row group.
    pub(crate) fn rows(&self, group: usize) -> usize {
        self.metadata.row_groups[group].num_rows()
    }

    /// What the file says of itself.
    pub(crate) fn attributes(&self) -> BTreeMap<String, String> {
        let pairs = self.metadata.key_value_metadata.iter().flatten();
        pairs.filter_map(|pair| Some((pair.key.to_string(), pair.value.as_ref()?.to_string()))).collect()
    }

    /// Refuses a column that is needed and holds neither numbers nor text.
    pub(crate) fn needs(&self, at: usize) -> Result<(), ForeignError> {
        let (field, ColumnKind::Other(found)) = &self.columns[at] else { return Ok(()) };
        let name = &field.name;
        let reason = format!("column {name} holds {found}, which is not read: write it as text or numbers");
        Err(ForeignError::file(&self.path, reason))
    }

    /// The values of a column in a row group.
    ///
    /// # Errors
    /// When it holds neither numbers nor text, or the file is damaged.
    pub(crate) fn column(&mut self, group: usize, at: usize) -> Result<Values, ForeignError> {
        self.needs(at)?;
        let path = self.path.clone();
        guarded(|| self.decoded(group, at)).unwrap_or_else(|| Err(damaged(&path)(panicked())))
    }

    fn decoded(&mut self, group: usize, at: usize) -> Result<Values, ForeignError> {
        let (field, _) = &self.columns[at];
        let length = self.file.metadata().map_err(ForeignError::read(&self.path))?.len();
        let (mut pages, mut types) = (Vec::new(), Vec::new());
        let group = &self.metadata.row_groups[group];
        for chunk in group.columns_under_root_iter(&field.name).into_iter().flatten() {
            let range = chunk.byte_range();
            if range.end > length {
                return Err(ForeignError::file(&self.path, "it is cut short: copy or download it again"));
            }
            let mut bytes = vec![0; (range.end - range.start) as usize];
            let read =
                self.file.seek(SeekFrom::Start(range.start)).and_then(|_| self.file.read_exact(&mut bytes));
            read.map_err(ForeignError::read(&self.path))?;
            let reader = PageReader::new(Cursor::new(bytes.into()), chunk, Vec::new(), usize::MAX);
            pages.push(BasicDecompressor::new(reader, Vec::new()));
            types.push(&chunk.descriptor().descriptor.primitive_type);
        }
        let name = &field.name;
        let unread =
            || ForeignError::file(&self.path, format!("column {name} cannot be read as numbers or text"));
        if pages.is_empty() {
            return Err(unread());
        }
        let (arrays, _): (Vec<Box<dyn Array>>, _) =
            column_iter_to_arrays(pages, types, field.clone(), None).map_err(damaged(&self.path))?;
        values_of(&field.dtype, &arrays).ok_or_else(unread)
    }
}

/// Decodes every column of a parquet table and forgets it, damaged or not: what a second process does to see whether a file can be
/// lived through.
///
/// # Errors
/// When it is no parquet file.
pub fn read_parquet(path: &Path) -> Result<(), ForeignError> {
    let mut file = ParquetFile::open(path)?;
    for at in 0..file.columns.len() {
        for group in 0..file.groups() {
            // What is wrong with it, the first process says.
            let _ = file.column(group, at);
        }
    }
    Ok(())
}

/// What stands for a panic inside the decoder, which ends so for some damaged files.
fn panicked() -> PolarsError {
    PolarsError::ComputeError("its pages contradict themselves".into())
}

fn damaged(path: &Path) -> impl FnOnce(PolarsError) -> ForeignError {
    let what = "its parquet is damaged or of a kind that is not read: write it again, or as CSV or HDF5";
    move |error| ForeignError::because(path, what)(Whole(error))
}

impl Values {
    /// A text as a key, a label or a group has it; nothing where there is none.
    pub(crate) fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Texts(chunks) => chunks
                .iter()
                .find(|(start, chunk)| row < start + chunk.len())
                .and_then(|(start, chunk)| chunk.get(row - start).map(Cow::Borrowed)),
            Self::Whole(numbers) => (*numbers.get(row)?).map(|number| number.to_string().into()),
            Self::Truth(values) => {
                (*values.get(row)?).map(|value| if value { "true" } else { "false" }.into())
            }
            Self::Real(numbers) => (*numbers.get(row)?).map(|number| shortest(number).into()),
            Self::Lists { .. } => None,
        }
    }

    /// A number; nothing where there is none, or text that is none.
    pub(crate) fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Whole(numbers) => numbers.get(row)?.map(|number| number as f64),
            Self::Real(numbers) => *numbers.get(row)?,
            Self::Truth(values) => values.get(row)?.map(|value| f64::from(u8::from(value))),
            Self::Texts(_) => crate::csv_file::parse(self.text(row)?.trim()),
            Self::Lists { .. } => None,
        }
    }
}

/// A number as short as it can be written; one of single precision without the digits that double precision adds.
fn shortest(number: f64) -> String {
    let single = number as f32;
    if f64::from(single) == number { format!("{single:?}") } else { format!("{number:?}") }
}

/// What a column of a type can be used for.
fn kind(dtype: &ArrowDataType) -> ColumnKind {
    use ArrowDataType as T;
    match dtype {
        T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View => ColumnKind::Simple,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => {
            ColumnKind::Simple
        }
        T::Float16 | T::Float32 | T::Float64 | T::Decimal(..) | T::Decimal32(..) | T::Decimal64(..) => {
            ColumnKind::Simple
        }
        T::Decimal256(..) => ColumnKind::Other("decimal numbers of more than 38 digits"),
        T::Dictionary(_, value, _) => kind(value),
        T::List(inner) | T::LargeList(inner) | T::FixedSizeList(inner, _) => match kind(&inner.dtype) {
            ColumnKind::Simple if !matches!(plain(&inner.dtype), T::Boolean | T::Utf8View) => {
                ColumnKind::Numbers
            }
            ColumnKind::Numbers => ColumnKind::Other("lists of lists"),
            _ => ColumnKind::Other("lists of something else than numbers"),
        },
        T::Timestamp(..)
        | T::Date32
        | T::Date64
        | T::Time32(_)
        | T::Time64(_)
        | T::Duration(_)
        | T::Interval(_) => ColumnKind::Other("times"),
        T::Struct(_) | T::Map(..) | T::Union(_) => ColumnKind::Other("structs"),
        T::Null => ColumnKind::Other("no values"),
        _ => ColumnKind::Other("bytes"),
    }
}

/// The type that a column is decoded as: one for text, one for lists; half precision as its two bytes.
fn plain(dtype: &ArrowDataType) -> ArrowDataType {
    use ArrowDataType as T;
    match dtype {
        T::Dictionary(_, value, _) => plain(value),
        T::Utf8 | T::LargeUtf8 => T::Utf8View,
        T::Float16 => T::FixedSizeBinary(2),
        T::List(inner) | T::LargeList(inner) | T::FixedSizeList(inner, _) => {
            T::LargeList(Box::new(Field { dtype: plain(&inner.dtype), ..(**inner).clone() }))
        }
        other => other.clone(),
    }
}
