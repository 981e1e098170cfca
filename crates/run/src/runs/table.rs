//! A row a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, CsvWriter, DataFrame, SerWriter};
use serde_json::{Map, Value};
use twinprint_report::results::{ENCODER, Results};

use crate::RunError;
use crate::error::InTable;
use crate::folder::{RESULTS, RunFolder};
use crate::outputs::walk;
use crate::record::RunRecord;

/// How deep run folders lie below the folder that is looked through: a sweep has a folder of its own.
const DEPTH: usize = 2;
/// What errors say the table is.
const TABLE: &str = "the table of runs";

/// A value of a column.
#[derive(Debug, Clone)]
enum Cell {
    Text(String),
    Number(f64),
    Count(u64),
    Flag(bool),
}

/// What is known of one run, by the name of its column.
type Row = BTreeMap<String, Cell>;

/// The runs below a folder, a row each, in the order of their names; `keys` are keys of the plan that become columns too.
///
/// Columns: `run` (its folder), `name`, `complete`, `leaky`, `started`, `seconds`, `device`, `version`, `commit`, `recordings`,
/// `test_subjects`, `train_subjects`, `folds`, `enrol_seconds`, `bytes`; and of the encoder at each probe length, `2s` say,
/// `eer_2s` with `eer_2s_low` and `eer_2s_high`, `rank1_2s`, and `hardest_2s`, the lowest error rate of a baseline. What a run
/// does not have is absent.
///
/// # Errors
/// When the folder cannot be read, or a plan has no such key in any run.
pub fn table(folder: &Path, keys: &[String]) -> Result<DataFrame, RunError> {
    let mut found = Vec::new();
    look(folder, DEPTH, &mut found)?;
    found.sort();
    let rows = found.iter().map(|run| row(run, keys)).collect::<Result<Vec<_>, _>>()?;
    if let Some(key) =
        keys.iter().find(|key| !rows.is_empty() && !rows.iter().any(|row| row.contains_key(*key)))
    {
        let reason = "no run here has this key in its plan: see the keys in plan.json of a run";
        return Err(RunError::option(format!("--with {key}"), reason));
    }
    frame(&rows).in_table(TABLE)
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), RunError> {
    if folder.join("run.json").is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let failed = |source| RunError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            look(&path, depth - 1, found)?;
        }
    }
    Ok(())
}

fn row(run: &Path, keys: &[String]) -> Result<Row, RunError> {
    let folder = RunFolder::at(run);
    let record: RunRecord = folder.read_json("run.json")?;
    let mut row = Row::new();
    let mut put = |name: &str, cell: Cell| {
        row.insert(name.to_owned(), cell);
    };
    put("run", Cell::Text(run.display().to_string()));
    put("name", Cell::Text(record.name));
    put("complete", Cell::Flag(record.finished.is_some()));
    put("started", Cell::Text(record.started));
    put("seconds", Cell::Number(record.stages.values().sum()));
    put("device", Cell::Text(record.device));
    put("version", Cell::Text(record.host.version));
    if let Some(commit) = record.host.git_commit {
        put("commit", Cell::Text(commit));
    }
    put("recordings", Cell::Count(record.inputs.len() as u64));
    put("bytes", Cell::Count(size(run)?));
    let plan: Value = folder.read_json("plan.json")?;
    for key in keys {
        let pointer = format!("/{}", key.replace('.', "/"));
        if let Some(cell) = plan.pointer(&pointer).and_then(of_value) {
            put(key, cell);
        }
    }
    if folder.path(RESULTS).is_file() {
        of_results(&folder.read_json(RESULTS)?, &mut row);
    }
    Ok(row)
}

fn of_value(value: &Value) -> Option<Cell> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Cell::Flag(*flag)),
        Value::Number(number) => number.as_f64().map(Cell::Number),
        Value::String(text) => Some(Cell::Text(text.clone())),
        other => Some(Cell::Text(other.to_string())),
    }
}

fn of_results(results: &Results, row: &mut Row) {
    let mut put = |name: String, cell: Cell| {
        row.insert(name, cell);
    };
    let protocol = &results.protocol;
    put("leaky".to_owned(), Cell::Flag(!results.leaks.is_empty()));
    put("test_subjects".to_owned(), Cell::Count(protocol.test_subjects as u64));
    put("train_subjects".to_owned(), Cell::Count(protocol.train_subjects as u64));
    put("folds".to_owned(), Cell::Count(protocol.folds as u64));
    put("enrol_seconds".to_owned(), Cell::Number(protocol.enroll_seconds));
    for &seconds in &protocol.probe_seconds {
        let at = format!("{seconds}s");
        let verified = results.verification.iter().filter(|row| row.probe_seconds == seconds);
        let mut hardest: Option<f64> = None;
        for verified in verified {
            let Some(eer) = verified.eer else { continue };
            if verified.system == ENCODER {
                put(format!("eer_{at}"), Cell::Number(eer.value));
                if let Some(interval) = eer.ci95 {
                    put(format!("eer_{at}_low"), Cell::Number(interval.low));
                    put(format!("eer_{at}_high"), Cell::Number(interval.high));
                }
            } else if crate::System::BASELINES.iter().any(|system| system.name() == verified.system) {
                hardest = Some(hardest.map_or(eer.value, |least| least.min(eer.value)));
            }
        }
        if let Some(eer) = hardest {
            put(format!("hardest_{at}"), Cell::Number(eer));
        }
        let mut identified = results.identification.iter();
        let identified = identified.find(|row| row.system == ENCODER && row.probe_seconds == seconds);
        if let Some(rank1) = identified.and_then(|row| row.rank1) {
            put(format!("rank1_{at}"), Cell::Number(rank1.value));
        }
    }
}

/// Bytes of all files of a folder.
fn size(run: &Path) -> Result<u64, RunError> {
    let mut names = Vec::new();
    walk(run, "", &mut names)?;
    Ok(names.iter().filter_map(|name| fs::metadata(run.join(name)).ok()).map(|file| file.len()).sum())
}

/// The columns every table begins with.
const FIRST: [&str; 5] = ["run", "name", "complete", "leaky", "started"];

fn frame(rows: &[Row]) -> Result<DataFrame, polars::error::PolarsError> {
    let mut names: Vec<&String> = rows.iter().flat_map(Row::keys).collect();
    names.sort_by_key(|name| (FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()), *name));
    names.dedup();
    let column = |name: &String| {
        let cells: Vec<Option<&Cell>> = rows.iter().map(|row| row.get(name)).collect();
        let is = |of: fn(&Cell) -> bool| cells.iter().flatten().all(|cell| of(cell));
        if is(|cell| matches!(cell, Cell::Flag(_))) {
            let values = cells.iter().map(|cell| cell.map(|cell| matches!(cell, Cell::Flag(true))));
            return Column::new(name.as_str().into(), values.collect::<Vec<Option<bool>>>());
        }
        if is(|cell| matches!(cell, Cell::Count(_))) {
            let value = |cell: &Cell| if let Cell::Count(count) = cell { *count } else { 0 };
            return Column::new(
                name.as_str().into(),
                cells.iter().map(|cell| cell.map(value)).collect::<Vec<_>>(),
            );
        }
        if is(|cell| matches!(cell, Cell::Number(_))) {
            let value = |cell: &Cell| if let Cell::Number(number) = cell { *number } else { f64::NAN };
            return Column::new(
                name.as_str().into(),
                cells.iter().map(|cell| cell.map(value)).collect::<Vec<_>>(),
            );
        }
        let text = |cell: &Cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
            Cell::Count(count) => count.to_string(),
            Cell::Flag(flag) => flag.to_string(),
        };
        Column::new(
            name.as_str().into(),
            cells.iter().map(|cell| cell.map(text)).collect::<Vec<Option<String>>>(),
        )
    };
    DataFrame::new(rows.len(), names.into_iter().map(column).collect())
}

/// The table as comma-separated values.
///
/// # Errors
/// When polars refuses.
pub fn csv(table: &DataFrame) -> Result<String, RunError> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut table.clone()).in_table(TABLE)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The table as a list of objects; what is absent has no key.
pub fn json(table: &DataFrame) -> Value {
    let row = |row: usize| -> Value {
        let cell = |column: &Column| -> Option<(String, Value)> {
            let name = column.name().to_string();
            let value = match () {
                () if column.is_null().get(row) == Some(true) => return None,
                () if column.dtype().is_bool() => Value::from(column.bool().ok()?.get(row)?),
                () if column.dtype().is_float() => Value::from(column.f64().ok()?.get(row)?),
                () if column.dtype().is_integer() => Value::from(column.u64().ok()?.get(row)?),
                () => Value::from(column.str().ok()?.get(row)?),
            };
            Some((name, value))
        };
        Value::Object(table.columns().iter().filter_map(cell).collect::<Map<String, Value>>())
    };
    Value::Array((0..table.height()).map(row).collect())
}

/// The table as text, its columns' names first: those that 80 columns have room for, or all. Columns that `--with` asked for come
/// before those that go.
pub fn cells(table: &DataFrame, keys: &[String], all: bool) -> Vec<Vec<String>> {
    let shown = |name: &str| {
        let interval = name.ends_with("_low") || name.ends_with("_high");
        all || !(interval || ["name", "version", "commit", "device", "recordings"].contains(&name))
    };
    let text = |column: &Column, row: usize| -> String {
        if column.dtype().is_float() {
            let number = column.f64().ok().and_then(|numbers| numbers.get(row));
            return number.map(|number| format!("{number:.4}")).unwrap_or_default();
        }
        if column.is_null().get(row) == Some(true) {
            return String::new();
        }
        column.get(row).map(|value| value.str_value().to_string()).unwrap_or_default()
    };
    let mut columns: Vec<Vec<String>> = Vec::new();
    for column in table.columns().iter().filter(|column| shown(column.name())) {
        let rows = (0..table.height()).map(|row| text(column, row));
        columns.push(std::iter::once(column.name().to_string()).chain(rows).collect());
    }
    while !all && width(&columns) > WIDTH {
        let Some(at) = dispensable(&columns, keys) else { break };
        columns.remove(at);
    }
    (0..=table.height()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

/// The columns of a usual terminal.
const WIDTH: usize = 80;
/// What says least of a run comes first.
const DISPENSABLE: [&str; 9] = [
    "complete",
    "folds",
    "enrol_seconds",
    "bytes",
    "train_subjects",
    "started",
    "test_subjects",
    "seconds",
    "leaky",
];

/// How wide a table with two spaces between its columns is.
fn width(columns: &[Vec<String>]) -> usize {
    let widest = |column: &Vec<String>| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
    columns.iter().map(|column| widest(column) + 2).sum::<usize>().saturating_sub(2)
}

/// The column that can go first; the run, its error rates and what was asked for stay longest.
fn dispensable(columns: &[Vec<String>], keys: &[String]) -> Option<usize> {
    let named = |name: &str| columns.iter().position(|column| column[0] == name);
    let last = || {
        let rate = |name: &String| name.starts_with("rank1_") || name.starts_with("hardest_");
        columns.iter().rposition(|column| rate(&column[0]))
    };
    DISPENSABLE
        .iter()
        .filter(|name| !keys.iter().any(|key| key == *name))
        .find_map(|name| named(name))
        .or_else(last)
}
