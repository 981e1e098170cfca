//! Two files that one plan made twice: identical, equal within the tolerance, or different, and in what first.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use polars::prelude::{Column, DataType};
use serde::Serialize;
use serde_json::Value;
use twinprint_signal::EpochInfo;
use twinprint_store::epochs::EpochFile;
use twinprint_store::prints::{ENCODER_HASH, PrintFile};

use crate::error::Placed;
use crate::outputs::FileHash;
use crate::{RunError, tables};

/// How far two numbers may be apart, as a share of the greater, to pass for one: processors add float32 in different orders.
pub const RELATIVE: f64 = 1e-4;
/// How far they may be apart near 0.
pub const ABSOLUTE: f64 = 1e-6;
/// What files say of the time they took and of the bytes of other files, whose own difference is told where they are compared.
const UNCOMPARED: [&str; 2] = ["timing", "weights"];

/// What came of comparing two files.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The same bytes, or the same but for the seconds that were spent.
    Identical,
    /// Numbers that are apart by no more than the tolerance.
    Equal {
        /// The greatest difference of two numbers at one place, above 0 and within the tolerance.
        largest: f64,
    },
    /// Something that differs by more.
    Different {
        /// The first such thing: the key, the row or the place, and both values.
        cause: String,
    },
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Comparison {
    largest: f64,
    cause: Option<String>,
}

impl Comparison {
    /// Whether two numbers pass for one.
    fn close(one: f64, other: f64) -> bool {
        let near = (one - other).abs() <= ABSOLUTE + RELATIVE * one.abs().max(other.abs());
        one == other || (one.is_nan() && other.is_nan()) || near
    }

    fn number(&mut self, one: f64, other: f64, place: impl FnOnce() -> String) {
        if Self::close(one, other) {
            let apart = (one - other).abs();
            self.largest = self.largest.max(if apart.is_nan() { 0.0 } else { apart });
        } else {
            self.differ(|| format!("{}: {one} against {other}", place()));
        }
    }

    fn differ(&mut self, cause: impl FnOnce() -> String) {
        if self.cause.is_none() {
            self.cause = Some(cause());
        }
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, one: &T, other: &T, what: &str) -> bool {
        if one != other {
            self.differ(|| format!("{what}: {one:?} against {other:?}"));
        }
        one == other
    }

    fn verdict(self) -> Verdict {
        match self.cause {
            Some(cause) => Verdict::Different { cause },
            None if self.largest == 0.0 => Verdict::Identical,
            None => Verdict::Equal { largest: self.largest },
        }
    }
}

/// Compares two files of the same name.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn compare(one: &Path, other: &Path) -> Result<Verdict, RunError> {
    if FileHash::of(one)? == FileHash::of(other)? {
        return Ok(Verdict::Identical);
    }
    let mut found = Comparison::default();
    let name = one.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "json" => values(&mut found, &json(one)?, &json(other)?, ""),
        "parquet" => rows(&mut found, one, other)?,
        "csv" => cells(&mut found, &text(one)?, &text(other)?),
        "h5" if name == crate::folder::EPOCHS
            || one.parent().is_some_and(|folder| folder.ends_with("cohorts")) =>
        {
            epochs(&mut found, &opened(EpochFile::open, one)?, &opened(EpochFile::open, other)?);
        }
        "h5" => prints(&mut found, &opened(PrintFile::open, one)?, &opened(PrintFile::open, other)?),
        "safetensors" => tensors(&mut found, one, other)?,
        _ => found.differ(|| "its bytes".to_owned()),
    }
    Ok(found.verdict())
}

fn opened<T>(open: fn(&Path) -> Result<T, twinprint_store::StoreError>, path: &Path) -> Result<T, RunError> {
    open(path).in_folder(path, "run `twinprint run` again with --force")
}

fn text(path: &Path) -> Result<String, RunError> {
    fs::read_to_string(path).map_err(|source| RunError::Read { path: path.to_owned(), source })
}

fn json(path: &Path) -> Result<Value, RunError> {
    serde_json::from_str(&text(path)?)
        .map_err(|error| RunError::run_folder(path, format!("it is no JSON file: {error}")))
}

/// Compares two JSON values key by key.
fn values(found: &mut Comparison, one: &Value, other: &Value, at: &str) {
    let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one.iter().filter(|(key, _)| !UNCOMPARED.contains(&key.as_str())) {
                match other.get(key) {
                    Some(second) => values(found, value, second, &below(key)),
                    None => found.differ(|| format!("{}: only in the first", below(key))),
                }
            }
            if let Some(key) = other.keys().find(|key| !one.contains_key(*key)) {
                found.differ(|| format!("{}: only in the second", below(key)));
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            found.same(&one.len(), &other.len(), &format!("{at}: number of entries"));
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                values(found, one, other, &below(&index.to_string()));
            }
        }
        (Value::Number(first), Value::Number(second)) => {
            let of = |number: &serde_json::Number| number.as_f64().unwrap_or(f64::NAN);
            found.number(of(first), of(second), || at.to_owned());
        }
        _ if one == other => {}
        _ => found.differ(|| format!("{at}: {one} against {other}")),
    }
}

/// Compares two tables some rows at a time, so that neither is ever whole in memory.
fn rows(found: &mut Comparison, one: &Path, other: &Path) -> Result<(), RunError> {
    let (names, count) = (tables::columns(one)?, tables::height(one)?);
    if !found.same(&names, &tables::columns(other)?, "columns")
        || !found.same(&count, &tables::height(other)?, "rows")
    {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for start in (0..count).step_by(tables::ROW_GROUP) {
        let part = start..count.min(start + tables::ROW_GROUP);
        let (first, second) =
            (tables::read_slice(one, &names, part.clone())?, tables::read_slice(other, &names, part)?);
        for (first, second) in first.columns().iter().zip(second.columns()) {
            column(found, first, second, start);
        }
    }
    Ok(())
}

/// Compares a column of two tables, of the rows from `start` on.
fn column(found: &mut Comparison, one: &Column, other: &Column, start: usize) {
    if one.equals_missing(other) {
        return;
    }
    let place = |row: usize| format!("column {}, row {}", one.name(), start + row);
    let numbers =
        |column: &Column| column.cast(&DataType::Float64).ok().and_then(|cast| cast.f64().ok().cloned());
    if let (true, Some(first), Some(second)) = (one.dtype().is_float(), numbers(one), numbers(other)) {
        for (row, (first, second)) in first.iter().zip(second.iter()).enumerate() {
            match (first, second) {
                (Some(first), Some(second)) => found.number(first, second, || place(row)),
                (first, second) => {
                    found.same(&first, &second, &place(row));
                }
            }
        }
        return;
    }
    for row in 0..one.len() {
        let of = |column: &Column| column.get(row).map(|value| value.to_string()).unwrap_or_default();
        if !found.same(&of(one), &of(other), &place(row)) {
            return;
        }
    }
    found.same(one.dtype(), other.dtype(), &format!("type of column {}", one.name()));
}

fn cells(found: &mut Comparison, one: &str, other: &str) {
    found.same(&one.lines().count(), &other.lines().count(), "lines");
    for (line, (first, second)) in one.lines().zip(other.lines()).enumerate() {
        for (one, other) in first.split(',').zip(second.split(',')) {
            let place = || format!("line {}", line + 1);
            match (one.parse::<f64>(), other.parse::<f64>()) {
                (Ok(one), Ok(other)) => found.number(one, other, place),
                _ => {
                    found.same(&one, &other, &place());
                }
            }
        }
    }
}

fn epochs(found: &mut Comparison, one: &EpochFile, other: &EpochFile) {
    found.same(&one.rate(), &other.rate(), "sampling rate");
    found.same(&one.channels(), &other.channels(), "channels");
    if !found.same(&one.samples().dim(), &other.samples().dim(), "shape of /epochs") {
        return;
    }
    for (first, second) in one.infos().iter().zip(other.infos()) {
        found.same(first, second, "/meta");
    }
    for ((at, &first), &second) in one.samples().indexed_iter().zip(other.samples().iter()) {
        let whose = |info: &EpochInfo| info.key.to_string();
        found.number(f64::from(first), f64::from(second), || {
            format!("/epochs[{}, {}, {}] of {}", at.0, at.1, at.2, whose(&one.infos()[at.0]))
        });
    }
}

fn prints(found: &mut Comparison, one: &PrintFile, other: &PrintFile) {
    let kept = |file: &PrintFile| -> BTreeMap<String, String> {
        let told = file.attributes().iter().filter(|(name, _)| !name.starts_with(ENCODER_HASH));
        told.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    found.same(&kept(one), &kept(other), "attributes");
    if !found.same(&one.prints().dim(), &other.prints().dim(), "shape of /prints") {
        return;
    }
    for (first, second) in one.infos().iter().zip(other.infos()) {
        found.same(first, second, "/meta");
    }
    for ((at, &first), &second) in one.prints().indexed_iter().zip(other.prints().iter()) {
        found.number(f64::from(first), f64::from(second), || {
            format!("/prints[{}, {}] of {}", at.0, at.1, one.infos()[at.0].epoch.key)
        });
    }
}

fn tensors(found: &mut Comparison, one: &Path, other: &Path) -> Result<(), RunError> {
    let read =
        |path: &Path| fs::read(path).map_err(|source| RunError::Read { path: path.to_owned(), source });
    let (first, second) = (read(one)?, read(other)?);
    let parse = |bytes| safetensors::SafeTensors::deserialize(bytes);
    let (first, second) =
        (parse(&first).in_folder(one, "train again")?, parse(&second).in_folder(other, "train again")?);
    let names = |file: &safetensors::SafeTensors| {
        let mut names: Vec<String> = file.names().into_iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    if !found.same(&names(&first), &names(&second), "tensors") {
        return Ok(());
    }
    for name in names(&first) {
        let (Ok(one), Ok(other)) = (first.tensor(&name), second.tensor(&name)) else { continue };
        if !found.same(&one.shape(), &other.shape(), &format!("shape of {name}")) {
            continue;
        }
        let number = |four: &[u8]| f64::from(f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        if one.dtype() != safetensors::Dtype::F32 || other.dtype() != safetensors::Dtype::F32 {
            if one.data() != other.data() {
                found.differ(|| name.clone());
            }
            continue;
        }
        for (at, (one, other)) in one.data().chunks_exact(4).zip(other.data().chunks_exact(4)).enumerate() {
            found.number(number(one), number(other), || format!("{name}, value {at}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, one: &str, other: &str) -> Verdict {
        let place = tempfile::tempdir().unwrap();
        let write = |folder: &str, text: &str| {
            fs::create_dir(place.path().join(folder)).unwrap();
            let path = place.path().join(folder).join(name);
            fs::write(&path, text).unwrap();
            path
        };
        compare(&write("one", one), &write("other", other)).unwrap()
    }

    #[test]
    fn files_are_identical_equal_or_different_with_the_first_cause() {
        let results = r#"{"eer":0.25,"rows":[{"name":"a","x":1.0}],"timing":{"train":3.0}}"#;
        assert_eq!(of("results.json", results, &results.replace("3.0", "4.0")), Verdict::Identical);
        let near = of("results.json", results, &results.replace("0.25", "0.2500001"));
        assert!(matches!(near, Verdict::Equal { largest } if (largest - 1e-7).abs() < 1e-9), "{near:?}");
        let cause = |verdict| match verdict {
            Verdict::Different { cause } => cause,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            cause(of("results.json", results, &results.replace("1.0", "1.5"))),
            "rows.0.x: 1 against 1.5"
        );
        assert_eq!(
            cause(of("results.json", results, &results.replace("\"a\"", "\"b\""))),
            "rows.0.name: \"a\" against \"b\""
        );
        assert_eq!(cause(of("training.csv", "a,b\n1,2\n", "a,b\n1,3\n")), "line 2: 2 against 3");
        assert!(matches!(of("training.csv", "a\n1.00000\n", "a\n1.00001\n"), Verdict::Equal { .. }));
    }

    #[test]
    fn tables_are_compared_to_their_last_row_some_rows_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let count = 2 * tables::ROW_GROUP + 3;
        let write = |name: &str, last: f64, people: &str| {
            let mut numbers: Vec<f64> = (0..count).map(|row| row as f64).collect();
            numbers[count - 1] = last;
            let columns =
                vec![Column::new("score".into(), numbers), Column::new(people.into(), vec!["a"; count])];
            let path = place.path().join(name);
            let mut table = polars::prelude::DataFrame::new(count, columns).unwrap();
            tables::write_parquet(&path, &mut table).unwrap();
            path
        };
        let one = write("one.parquet", 7.0, "who");
        let of = |last: f64, people: &str| compare(&one, &write("other.parquet", last, people)).unwrap();
        assert_eq!(of(7.0, "who"), Verdict::Identical);
        assert!(matches!(of(7.0 + 1e-7, "who"), Verdict::Equal { .. }));
        let cause = format!("column score, row {}: 7 against 8", count - 1);
        assert_eq!(of(8.0, "who"), Verdict::Different { cause });
        assert!(matches!(of(7.0, "whom"), Verdict::Different { cause } if cause.starts_with("columns")));
    }
}
