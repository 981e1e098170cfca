//! The columns of a table of features: which say whose a row is, which describe it, and which are its numbers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::Serialize;
use twinprint_signal::{RecordingKey, RowInfo};

/// What a column of labels begins with.
pub(crate) const LABEL: &str = "label_";
/// What the columns of an exported print begin with.
pub(crate) const PRINT: &str = "print_";
/// The columns that say whose a row is.
pub(crate) const KEYS: [&str; 6] = ["subject", "session", "recording", "start_second", "fold", "role"];
/// Names shown of each kind of column.
const SHOWN: usize = 8;

/// What was made of the columns of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ColumnUse {
    /// Columns of numbers that are features, in the order of the file.
    pub features: Vec<String>,
    /// Columns that describe rows, so that rows can be chosen by them; without `label_`.
    pub labels: Vec<String>,
    /// Columns that are neither: counters of rows, and everything but prints where there are prints.
    pub left_out: Vec<String>,
}

impl fmt::Display for ColumnUse {
    /// A line for each use that has columns, shortened where there are many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, names) in
            [("features", &self.features), ("labels", &self.labels), ("left out", &self.left_out)]
        {
            let shown =
                |name: &String| if name.is_empty() { "(without a name)".to_owned() } else { name.clone() };
            match names.iter().map(shown).collect::<Vec<_>>().as_slice() {
                [] => {}
                [first @ .., last] if first.len() >= SHOWN => {
                    let first = first[..SHOWN - 1].join(", ");
                    writeln!(f, "  {what}: {first}, … {last} ({} columns)", names.len())?;
                }
                names => writeln!(f, "  {what}: {}", names.join(", "))?,
            }
        }
        Ok(())
    }
}

/// Names that libraries give to a column of row numbers (pandas `reset_index`, polars `with_row_index`, R `write.csv` read again).
const ROW_NUMBERS: [&str; 7] = ["index", "level_0", "row", "row_nr", "row_id", "rownames", "x.1"];

/// Whether a column's name says that it counts the rows: the index that pandas writes along, with or without a name.
pub(crate) fn counts_rows(name: &str) -> bool {
    name.is_empty() || name.starts_with("__index_level_") || name.starts_with("Unnamed: ")
}

/// Whether a column's values say that it counts rows: whole numbers, each once, under the name of an index; or whole numbers
/// that go up by one from row to row within every recording, some of three rows or more. Of a column that numbers the rows
/// of the whole file the check for leaks speaks.
pub(crate) fn holds_row_numbers(name: &str, values: &[f32], infos: &[RowInfo]) -> bool {
    if values.iter().any(|value| value.fract() != 0.0 || !value.is_finite()) {
        return false;
    }
    if ROW_NUMBERS.contains(&name.to_lowercase().as_str()) {
        let distinct: HashSet<u32> = values.iter().map(|value| value.to_bits()).collect();
        return values.len() > 1 && distinct.len() == values.len();
    }
    let mut recordings: HashMap<&RecordingKey, Vec<f32>> = HashMap::new();
    for (info, &value) in infos.iter().zip(values) {
        recordings.entry(&info.epoch.key).or_default().push(value);
    }
    recordings.len() > 1
        && recordings.values().any(|counted| counted.len() >= 3)
        && recordings.values().flat_map(|counted| counted.windows(2)).all(|pair| pair[1] - pair[0] == 1.0)
        && !values.windows(2).all(|pair| pair[0] < pair[1])
}

/// The columns that pandas says were the index of the table, where it wrote the file: never features.
pub(crate) fn pandas_index(attributes: &BTreeMap<String, String>) -> Vec<String> {
    let described = attributes.get("pandas").and_then(|text| serde_json::from_str(text).ok());
    let described: serde_json::Value = described.unwrap_or_default();
    let columns = described["index_columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    columns.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
