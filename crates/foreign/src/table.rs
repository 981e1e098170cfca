//! Tables of features as parquet and CSV hold them: one column for each of identity, labels and numbers.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;
use twinprint_signal::{
    EpochInfo, FoldIndex, RecordingId, RecordingKey, RowInfo, Seconds, SessionId, SubjectId,
};

use crate::ForeignError;
use crate::columns::{ColumnUse, KEYS, LABEL, PRINT, counts_rows, pandas_index};
use crate::csv_file::{CsvFile, parse};
use crate::error::Cause;
use crate::parquet_file::{ColumnKind, ParquetFile};
use crate::parquet_values::Values;

/// A table, its columns told apart.
pub(crate) struct Table {
    /// `[rows, columns]`
    pub(crate) values: Array2<f32>,
    pub(crate) infos: Vec<RowInfo>,
    pub(crate) columns: ColumnUse,
    pub(crate) attributes: BTreeMap<String, String>,
}

type Texts = Vec<Option<String>>;
type Attributes = BTreeMap<String, String>;

/// A column as it was read; text may hold numbers.
enum Cells {
    Numbers(Vec<Option<f32>>),
    Texts(Texts),
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// The numbers of a column that holds some and no other text; the text of any other column.
    fn into_numbers(self) -> Result<Vec<Option<f32>>, Texts> {
        let texts = match self {
            Self::Numbers(numbers) => return Ok(numbers),
            Self::Texts(texts) => texts,
        };
        let number = |text: &Option<String>| match text {
            Some(text) => parse(text).map(|number| Some(number as f32)),
            None => Some(None),
        };
        match texts.iter().map(number).collect::<Option<Vec<_>>>() {
            Some(numbers) if numbers.iter().any(Option::is_some) => Ok(numbers),
            _ => Err(texts),
        }
    }
}

/// Reads a parquet table; its metadata are what the file says of itself.
pub(crate) fn of_parquet(path: &Path) -> Result<Table, ForeignError> {
    let mut file = ParquetFile::open(path)?;
    let (mut columns, mut left_out) = (Vec::new(), Vec::new());
    for (at, name) in file.names().into_iter().enumerate() {
        if matches!(file.kind(at), ColumnKind::Other(_)) && !describes(&name) {
            left_out.push(name);
            continue;
        }
        let is_list = *file.kind(at) == ColumnKind::Numbers;
        let groups = (0..file.groups()).map(|group| Ok((file.rows(group), file.column(group, at)?)));
        let groups: Vec<(usize, Values)> = groups.collect::<Result<_, ForeignError>>()?;
        match is_list {
            true => columns.extend(spread(path, &name, &groups)?),
            false => columns.push((name.clone(), cells(&name, &groups))),
        }
    }
    let mut table = assemble(path, columns, file.attributes())?;
    table.columns.left_out.extend(left_out);
    Ok(table)
}

/// Whether a column says whose a row is or describes it.
fn describes(name: &str) -> bool {
    let name = name.to_lowercase();
    KEYS.contains(&name.as_str()) || name.starts_with(LABEL)
}

/// A column of lists as a column for each place in them: `embedding_0`, `embedding_1`, ….
fn spread(path: &Path, name: &str, groups: &[(usize, Values)]) -> Result<Vec<(String, Cells)>, ForeignError> {
    let mut columns: Vec<Vec<Option<f32>>> = Vec::new();
    let mut row = 0;
    for (_, values) in groups {
        let Values::Lists { places, numbers } = values else { continue };
        for place in places {
            let list = place.map_or(&[][..], |(start, end)| &numbers[start..end]);
            if row == 0 {
                columns = vec![Vec::new(); list.len()];
            }
            if list.len() != columns.len() || list.is_empty() {
                let reason = format!(
                    "row {row} of column {name} has {} numbers where the first has {}: every row must have as many",
                    list.len(),
                    columns.len()
                );
                return Err(ForeignError::file(path, reason));
            }
            columns.iter_mut().zip(list).for_each(|(column, number)| {
                column.push(number.map(|number| number as f32));
            });
            row += 1;
        }
    }
    let named = |(at, column)| (format!("{name}_{at}"), Cells::Numbers(column));
    Ok(columns.into_iter().enumerate().map(named).collect())
}

fn cells(name: &str, groups: &[(usize, Values)]) -> Cells {
    let rows = || groups.iter().flat_map(|(count, values)| (0..*count).map(move |row| (values, row)));
    let is_number = |(_, values): &(usize, Values)| matches!(values, Values::Whole(_) | Values::Real(_));
    if groups.iter().all(is_number) && !describes(name) {
        return Cells::Numbers(
            rows().map(|(values, row)| values.number(row).map(|number| number as f32)).collect(),
        );
    }
    let text = |(values, row): (&Values, usize)| {
        Some(values.text(row)?.into_owned()).filter(|text| !text.is_empty())
    };
    Cells::Texts(rows().map(text).collect())
}

/// Reads a table as text, and what the file beside it says of it, as an export leaves it.
pub(crate) fn of_csv(path: &Path) -> Result<Table, ForeignError> {
    let mut file = CsvFile::open(path)?;
    let mut columns = vec![Texts::new(); file.header().len()];
    while file.advance()? {
        for (at, column) in columns.iter_mut().enumerate() {
            column.push(Some(file.field(at)).filter(|text| !text.is_empty()).map(str::to_owned));
        }
    }
    let columns = file.header().iter().cloned().zip(columns.into_iter().map(Cells::Texts)).collect();
    assemble(path, columns, beside(path)?)
}

fn beside(path: &Path) -> Result<Attributes, ForeignError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    let name = PathBuf::from(name);
    let text = match std::fs::read(&name) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Attributes::new()),
        Err(error) => return Err(ForeignError::read(&name)(error)),
    };
    let what =
        "it is no table of names and texts, which an export leaves beside a CSV: export again, or delete it";
    serde_json::from_slice(&text).map_err(ForeignError::because(&name, what))
}

/// Tells the columns apart and puts the rows together.
fn assemble(
    path: &Path,
    mut all: Vec<(String, Cells)>,
    attributes: Attributes,
) -> Result<Table, ForeignError> {
    for key in KEYS {
        // `Subject` says whose a row is where no column is called `subject`.
        if !all.iter().any(|(name, _)| name == key)
            && let Some((name, _)) = all.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(key))
        {
            key.clone_into(name);
        }
    }
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    if !names.contains(&"subject") {
        let shown = names[..names.len().min(8)].join(", ");
        let reason = format!("it has no column subject, which names the person of each row; it has {shown}");
        return Err(ForeignError::file(path, reason));
    }
    let lengths: Vec<usize> = all.iter().map(|(_, cells)| cells.len()).collect();
    if let Some(at) = lengths.iter().position(|length| *length != lengths[0]) {
        let reason = format!(
            "column {} has {} rows where {} has {}: it is damaged, write it again",
            names[at], lengths[at], names[0], lengths[0]
        );
        return Err(ForeignError::file(path, reason));
    }
    let index = pandas_index(&attributes);
    let prints_only = names.iter().any(|name| name.starts_with(PRINT));
    let mut columns = ColumnUse::default();
    let (mut numbers, mut keys, mut labels) = (Vec::new(), HashMap::new(), Vec::new());
    for (name, cells) in all {
        let label = name.strip_prefix(LABEL).map(str::to_owned);
        if let Some(key) = KEYS.into_iter().find(|key| *key == name) {
            keys.insert(key, texts(cells));
        } else if let Some(label) = label {
            labels.push((label, texts(cells)));
        } else if counts_rows(&name) || index.contains(&name) || (prints_only && !name.starts_with(PRINT)) {
            columns.left_out.push(name);
        } else {
            match cells.into_numbers() {
                Ok(column) => {
                    columns.features.push(name);
                    numbers.push(column);
                }
                Err(texts) => match not_quite_numbers(&texts) {
                    Some((row, text)) => {
                        let reason = format!(
                            "column {name} holds numbers, but row {row} has {text:?}: write a number there or leave the row out; a column that only describes rows is called {LABEL}{name}"
                        );
                        return Err(ForeignError::file(path, reason));
                    }
                    None => labels.push((name, texts)),
                },
            }
        }
    }
    columns.labels = labels.iter().map(|(name, _)| name.clone()).collect();
    let infos = infos(path, &keys, &labels)?;
    let mut values = Array2::zeros((infos.len(), columns.features.len()));
    for ((name, numbers), mut column) in columns.features.iter().zip(numbers).zip(values.columns_mut()) {
        for (row, (slot, number)) in column.iter_mut().zip(numbers).enumerate() {
            let empty =
                || ForeignError::file(path, format!("row {row} of column {name} is empty or no number"));
            *slot = number.ok_or_else(empty)?;
        }
    }
    Ok(Table { values, infos, columns, attributes })
}

/// The first text of a column in which most entries are numbers: a missing value by a name (`NA`, `#N/A`), or a slip.
fn not_quite_numbers(texts: &Texts) -> Option<(usize, &str)> {
    let filled = || texts.iter().enumerate().filter_map(|(row, text)| Some((row, text.as_deref()?)));
    let numbers = filled().filter(|(_, text)| parse(text).is_some()).count();
    filled().find(|(_, text)| parse(text).is_none()).filter(|_| 2 * numbers > filled().count())
}

fn texts(cells: Cells) -> Texts {
    match cells {
        Cells::Texts(texts) => texts,
        Cells::Numbers(numbers) => {
            numbers.iter().map(|number| number.map(|number| number.to_string())).collect()
        }
    }
}

fn cell<E: Into<Cause>>(path: &Path, row: usize, column: &str) -> impl FnOnce(E) -> ForeignError {
    move |error| ForeignError::because(path, format_args!("row {row} of column {column}"))(error)
}

fn infos(
    path: &Path,
    keys: &HashMap<&'static str, Texts>,
    labels: &[(String, Texts)],
) -> Result<Vec<RowInfo>, ForeignError> {
    let rows = keys.get("subject").map_or(0, Vec::len);
    let text = |row: usize, name: &str| keys.get(name).and_then(|texts| texts[row].as_deref());
    let number = |row: usize, name: &'static str| {
        text(row, name).map(str::parse::<f64>).transpose().map_err(cell(path, row, name))
    };
    (0..rows)
        .map(|row| {
            let named = |name| text(row, name).unwrap_or("1");
            let nobody = || ForeignError::file(path, format!("row {row} of column subject is empty"));
            let subject = text(row, "subject").ok_or_else(nobody)?;
            let key = RecordingKey {
                subject: SubjectId::new(subject).map_err(cell(path, row, "subject"))?,
                session: SessionId::new(named("session")).map_err(cell(path, row, "session"))?,
                recording: RecordingId::new(named("recording")).map_err(cell(path, row, "recording"))?,
            };
            let start = Seconds::new(number(row, "start_second")?.unwrap_or(row as f64)).map_err(cell(
                path,
                row,
                "start_second",
            ))?;
            let labels: BTreeMap<String, String> = labels
                .iter()
                .filter_map(|(name, values)| Some((name.clone(), values[row].clone()?)))
                .collect();
            let fold = number(row, "fold")?.filter(|fold| *fold >= 0.0).map(|fold| FoldIndex(fold as u32));
            let epoch = EpochInfo { key: Arc::new(key), start, labels: Arc::new(labels) };
            Ok(RowInfo { epoch, fold, role: text(row, "role").map(str::to_owned) })
        })
        .collect()
}
