//! The columns of a table of features: which say whose a row is, which describe it, and which are its numbers.

use std::fmt;

use serde::Serialize;

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

/// Whether a column counts the rows: the index that pandas writes along, with or without a name.
pub(crate) fn counts_rows(name: &str) -> bool {
    name.is_empty() || name.starts_with("__index_level_") || name.starts_with("Unnamed: ")
}
