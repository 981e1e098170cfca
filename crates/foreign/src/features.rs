//! Anybody's features: HDF5, parquet or CSV with one row an epoch and a column that says whose it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;
use polars::prelude::{Column, CsvReadOptions, DataFrame, DataType, ParquetReader, SerReader};
use twinprint_signal::{EpochInfo, RecordingId, RecordingKey, Seconds, SessionId, SubjectId};
use twinprint_store::prints::LENGTHS;
use twinprint_store::{RowFile, RowInfo};

use super::columns::{KEYS, LABEL};
use crate::ForeignError;

/// Features with names and owners.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    /// The columns' names.
    pub columns: Vec<String>,
    /// `[rows, columns]`, finite.
    pub values: Array2<f32>,
    /// Whose each row is.
    pub infos: Vec<RowInfo>,
    /// What the file says of itself.
    pub attributes: BTreeMap<String, String>,
}

impl FeatureTable {
    /// Whether the length of a row is how much it counts where several are averaged, as the file says of itself.
    pub fn is_weighted(&self) -> bool {
        self.attributes.get(LENGTHS.0).is_some_and(|meaning| meaning == LENGTHS.1)
    }
}

/// What the columns of an exported print are called.
const PRINT: &str = "print_";

/// Reads a file of features by the ending of its name.
///
/// HDF5 holds `/prints` or `/features` `[rows, columns]` and `/meta/subject`. Parquet and CSV hold a column `subject`, and
/// optionally `session`, `recording`, `start_second`, `fold` and `role`; columns `label_NAME` and other columns of text are
/// labels, all other columns are features, unless some are called `print_*`, which are then the only ones.
///
/// # Errors
/// When the file cannot be read, has no column `subject` or no feature, or a number is missing or not finite; the error
/// names row and column.
pub fn read_features(path: &Path) -> Result<FeatureTable, ForeignError> {
    let refuse = |reason: String| ForeignError::File { path: path.to_owned(), reason };
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let table = match ending.as_str() {
        "h5" | "hdf5" => {
            let file = RowFile::open(path)
                .map_err(|error| refuse(without(&twinprint_run::error::chain(&error), path)))?;
            FeatureTable {
                columns: file.columns().to_vec(),
                values: file.values().to_owned(),
                infos: file.infos().to_vec(),
                attributes: file.attributes().clone(),
            }
        }
        "parquet" => {
            let file =
                File::open(path).map_err(|source| ForeignError::Read { path: path.to_owned(), source })?;
            let mut reader = ParquetReader::new(file);
            let attributes = reader
                .get_metadata()
                .map(|metadata| metadata.key_value_metadata().clone().unwrap_or_default())
                .unwrap_or_default()
                .into_iter()
                .filter_map(|pair| Some((pair.key.to_string(), pair.value?.to_string())))
                .collect();
            let frame = reader.finish().map_err(|error| refuse(format!("not a parquet table ({error})")))?;
            of_frame(&frame, attributes).map_err(refuse)?
        }
        "csv" => {
            let frame = CsvReadOptions::default()
                .with_infer_schema_length(Some(0))
                .try_into_reader_with_file_path(Some(path.to_owned()))
                .and_then(|reader| reader.finish())
                .map_err(|error| refuse(format!("not a table of comma-separated values ({error})")))?;
            of_frame(&frame, beside(path)?).map_err(refuse)?
        }
        _ => {
            return Err(refuse(
                "features are read from .h5, .parquet and .csv: convert it to one of them".to_owned(),
            ));
        }
    };
    check(table).map_err(refuse)
}

/// What the file beside a table of comma-separated values says of it, as an export leaves it; nothing where there is none.
fn beside(path: &Path) -> Result<BTreeMap<String, String>, ForeignError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    let name = PathBuf::from(name);
    let text = match std::fs::read(&name) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(ForeignError::Read { path: name, source }),
    };
    serde_json::from_slice(&text).map_err(|error| ForeignError::File {
        path: name,
        reason: format!(
            "it is no table of names and texts ({error}), which an export leaves beside a CSV: export again, or delete it"
        ),
    })
}

/// The message without the path at its beginning, which the caller adds.
fn without(message: &str, path: &Path) -> String {
    message.strip_prefix(&format!("{}: ", path.display())).unwrap_or(message).to_owned()
}

fn check(table: FeatureTable) -> Result<FeatureTable, String> {
    if table.infos.is_empty() {
        return Err("it has no row".to_owned());
    }
    if table.columns.is_empty() {
        return Err("it has no column of numbers".to_owned());
    }
    if let Some(meaning) = table.attributes.get(LENGTHS.0).filter(|meaning| *meaning != LENGTHS.1) {
        return Err(format!(
            "it says {} = {meaning:?}, and this program knows {:?} alone: correct it, or take it out where lengths mean nothing",
            LENGTHS.0, LENGTHS.1
        ));
    }
    match table.values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), value)) => {
            Err(format!("row {row} of column {} is {value}: features must be finite", table.columns[column]))
        }
        None => Ok(table),
    }
}

fn of_frame(frame: &DataFrame, attributes: BTreeMap<String, String>) -> Result<FeatureTable, String> {
    let rows = frame.height();
    let names: Vec<String> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
    if !names.iter().any(|name| name == "subject") {
        let shown: Vec<&str> = names.iter().map(String::as_str).take(8).collect();
        return Err(format!(
            "it has no column subject, which says whose a row is; it has {}",
            shown.join(", ")
        ));
    }
    let prints_only = names.iter().any(|name| name.starts_with(PRINT));
    let (mut columns, mut labels) = (Vec::new(), Vec::new());
    for name in names.iter().filter(|name| !KEYS.contains(&name.as_str())) {
        let column = frame.column(name).map_err(|error| error.to_string())?;
        if let Some(label) = name.strip_prefix(LABEL) {
            labels.push((label.to_owned(), texts(column)?));
        } else if prints_only && !name.starts_with(PRINT) {
        } else if is_number(column)? {
            columns.push(name.clone());
        } else {
            labels.push((name.clone(), texts(column)?));
        }
    }
    let mut values = Array2::zeros((rows, columns.len()));
    for (at, name) in columns.iter().enumerate() {
        let column = frame.column(name).map_err(|error| error.to_string())?;
        let cast = column.cast(&DataType::Float32).map_err(|error| error.to_string())?;
        let numbers = cast.f32().map_err(|error| error.to_string())?;
        for (row, value) in numbers.iter().enumerate() {
            values[[row, at]] =
                value.ok_or_else(|| format!("row {row} of column {name} is empty or no number"))?;
        }
    }
    let infos = infos(frame, rows, &labels)?;
    Ok(FeatureTable { columns, values, infos, attributes })
}

/// Numbers by type, or text of which every entry reads as a number.
fn is_number(column: &Column) -> Result<bool, String> {
    if column.dtype().is_primitive_numeric() {
        return Ok(true);
    }
    let texts = texts(column)?;
    Ok(texts.iter().flatten().next().is_some()
        && texts.iter().flatten().all(|text| text.parse::<f32>().is_ok()))
}

fn texts(column: &Column) -> Result<Vec<Option<String>>, String> {
    let cast = column.cast(&DataType::String).map_err(|error| error.to_string())?;
    let texts = cast.str().map_err(|error| error.to_string())?;
    Ok(texts.iter().map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned)).collect())
}

fn infos(
    frame: &DataFrame,
    rows: usize,
    labels: &[(String, Vec<Option<String>>)],
) -> Result<Vec<RowInfo>, String> {
    let optional = |name: &str| match frame.column(name) {
        Ok(column) => texts(column),
        Err(_) => Ok(vec![None; rows]),
    };
    let [subjects, sessions, recordings, starts, folds, roles] = KEYS.map(optional);
    let (subjects, sessions, recordings) = (subjects?, sessions?, recordings?);
    let (starts, folds, roles) = (starts?, folds?, roles?);
    let parsed = |row: usize, name: &str, text: &Option<String>, otherwise: f64| match text {
        None => Ok(otherwise),
        Some(text) => {
            text.parse::<f64>().map_err(|_| format!("row {row} of column {name} is {text:?}, no number"))
        }
    };
    (0..rows)
        .map(|row| {
            let named = |text: &Option<String>| text.clone().unwrap_or_else(|| "1".to_owned());
            let subject =
                subjects[row].as_deref().ok_or_else(|| format!("row {row} of column subject is empty"))?;
            let key = RecordingKey {
                subject: SubjectId::new(subject).map_err(|error| format!("row {row}: {error}"))?,
                session: SessionId::new(named(&sessions[row]))
                    .map_err(|error| format!("row {row}: {error}"))?,
                recording: RecordingId::new(named(&recordings[row]))
                    .map_err(|error| format!("row {row}: {error}"))?,
            };
            let start = parsed(row, "start_second", &starts[row], row as f64)?;
            let labels: BTreeMap<String, String> = labels
                .iter()
                .filter_map(|(name, values)| Some((name.clone(), values[row].clone()?)))
                .collect();
            let fold = parsed(row, "fold", &folds[row], -1.0)?;
            Ok(RowInfo {
                epoch: EpochInfo {
                    key: Arc::new(key),
                    start: Seconds::new(start).map_err(|error| format!("row {row}: {error}"))?,
                    labels: Arc::new(labels),
                },
                fold: (fold >= 0.0).then_some(fold as u32),
                role: roles[row].clone(),
            })
        })
        .collect()
}
