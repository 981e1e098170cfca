//! Indices that are all whole numbers and must not be mixed.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use ndarray::{Array, ArrayView, Axis, RemoveAxis};
use serde::{Deserialize, Serialize};

/// Which row of a file of epochs, counted from 0. Tables of features have the same rows; what is learnt from and what has a print
/// are some of them, with places of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochRow(pub usize);

impl EpochRow {
    /// Copies of some rows of the file's samples or of a table of features, in the order given.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn select<T: Clone, D: RemoveAxis>(of: ArrayView<'_, T, D>, rows: &[Self]) -> Array<T, D> {
        of.select(Axis(0), &rows.iter().map(|row| row.0).collect::<Vec<_>>())
    }
}

impl fmt::Display for EpochRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which fold, counted from 0, by the number it has in every file of a run. The place in a list of folds may be another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FoldIndex(pub u32);

impl FoldIndex {
    /// The number of the fold at a place in the list of all folds.
    pub fn of_place(place: usize) -> Self {
        Self(place as u32)
    }
}

impl fmt::Display for FoldIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FoldIndex {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_are_copied_in_the_order_given() {
        let table = array![[0.0_f32, 1.0], [2.0, 3.0], [4.0, 5.0]];
        assert_eq!(
            EpochRow::select(table.view(), &[EpochRow(2), EpochRow(0)]),
            array![[4.0, 5.0], [0.0, 1.0]]
        );
    }

    #[test]
    fn a_fold_is_written_as_its_number() {
        assert_eq!(serde_json::to_string(&Some(FoldIndex(3))).unwrap(), "3");
        assert_eq!(serde_json::from_str::<FoldIndex>("3").unwrap(), "3".parse().unwrap());
        assert!("-1".parse::<FoldIndex>().is_err());
    }
}
