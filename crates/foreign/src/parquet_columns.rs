//! Which columns of a parquet file can be read, told from its schema before a value is: the reader carries the common types,
//! and would not survive some of the others.

use std::path::Path;

use polars::error::PolarsError;
use polars::prelude::{ArrowDataType, ParquetReader, SerReader};

use crate::ForeignError;
use crate::csv_file::open;

/// What a column can be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Numbers, text or true and false.
    Simple,
    /// A list of numbers in each row: an embedding.
    Numbers,
    /// Numbers of a type that is not read; the type, and one to write instead.
    Unread(&'static str, &'static str),
    /// Neither numbers nor text: times, bytes, structs.
    Other(&'static str),
}

/// The columns of a file with what they hold, in order.
///
/// # Errors
/// When it is no parquet file or cannot be read.
pub(crate) fn kinds(path: &Path) -> Result<Vec<(String, ColumnKind)>, ForeignError> {
    let broken = |error: PolarsError| {
        ForeignError::because(path, "not a parquet table: write it again, or as CSV or HDF5")(error)
    };
    let mut reader = ParquetReader::new(open(path)?);
    let schema = reader.schema().map_err(broken)?;
    Ok(schema.iter().map(|(name, field)| (name.to_string(), kind(field.dtype()))).collect())
}

/// Refuses a column that is needed and cannot be read.
pub(crate) fn readable(path: &Path, name: &str, kind: &ColumnKind) -> Result<(), ForeignError> {
    let (found, instead) = match kind {
        ColumnKind::Simple | ColumnKind::Numbers => return Ok(()),
        ColumnKind::Unread(found, instead) => (found, instead),
        ColumnKind::Other(found) => (found, &"text or numbers"),
    };
    Err(ForeignError::file(
        path,
        format!("column {name} holds {found}, which is not read: write it as {instead}"),
    ))
}

fn kind(dtype: &ArrowDataType) -> ColumnKind {
    use ArrowDataType as T;
    match dtype {
        T::Boolean | T::Int32 | T::Int64 | T::UInt32 | T::UInt64 | T::Float32 | T::Float64 => {
            ColumnKind::Simple
        }
        T::Utf8 | T::LargeUtf8 | T::Utf8View => ColumnKind::Simple,
        T::Dictionary(_, value, _) if matches!(**value, T::Utf8 | T::LargeUtf8 | T::Utf8View) => {
            ColumnKind::Simple
        }
        T::List(inner) | T::LargeList(inner) => match kind(inner.dtype()) {
            ColumnKind::Simple if !matches!(inner.dtype(), T::Utf8 | T::LargeUtf8 | T::Utf8View) => {
                ColumnKind::Numbers
            }
            ColumnKind::Unread(..) => ColumnKind::Unread("lists of short numbers", "lists of float32"),
            _ => ColumnKind::Other("lists"),
        },
        T::FixedSizeList(..) => {
            ColumnKind::Unread("lists of a fixed size", "plain lists, or a column for each number")
        }
        T::Int8 => ColumnKind::Unread("int8", "int32"),
        T::Int16 => ColumnKind::Unread("int16", "int32"),
        T::UInt8 => ColumnKind::Unread("uint8", "int32"),
        T::UInt16 => ColumnKind::Unread("uint16", "int32"),
        T::Float16 => ColumnKind::Unread("float16", "float32"),
        T::Decimal(..) | T::Decimal32(..) | T::Decimal64(..) | T::Decimal256(..) => {
            ColumnKind::Unread("decimal numbers", "float64")
        }
        T::Dictionary(..) => ColumnKind::Unread("categories of numbers", "the numbers themselves"),
        T::Timestamp(..)
        | T::Date32
        | T::Date64
        | T::Time32(_)
        | T::Time64(_)
        | T::Duration(_)
        | T::Interval(_) => ColumnKind::Other("times"),
        T::Struct(_) | T::Map(..) | T::Union(_) => ColumnKind::Other("structs"),
        _ => ColumnKind::Other("bytes"),
    }
}
