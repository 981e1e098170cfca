//! Which runs of a table, and in which order: `eer_2s < 0.05 and complete = true`.

use polars::prelude::{
    BooleanChunked, ChunkCompareEq, ChunkCompareIneq, Column, DataFrame, DataType, SortMultipleOptions,
};

use crate::RunError;
use crate::error::InTable;

/// The comparisons, the longer ones first.
const COMPARISONS: [&str; 7] = ["<=", ">=", "!=", "==", "<", ">", "="];

/// The rows for which all conditions hold; a condition is a column, a comparison and a value, several are joined by `and`. A row
/// without the value holds nothing.
///
/// # Errors
/// When a condition cannot be read or names no column.
pub fn choose(table: &DataFrame, conditions: &str) -> Result<DataFrame, RunError> {
    let refuse = |reason: String| RunError::option(format!("--where {conditions:?}"), reason);
    let mut chosen = table.clone();
    for condition in conditions.split(" and ") {
        let found = COMPARISONS.iter().find_map(|sign| Some((*sign, condition.split_once(sign)?)));
        let Some((sign, (name, value))) = found else {
            return Err(refuse(format!(
                "{condition:?} is no condition: write a column, one of < <= > >= = != and a value, as in \"eer_2s < 0.05 and complete = true\""
            )));
        };
        let column = column(&chosen, name.trim()).map_err(&refuse)?;
        let value = value.trim().trim_matches(['"', '\'']);
        let mask = holds(&column, sign, value).map_err(&refuse)?;
        chosen = chosen.filter(&mask).in_table("the table of runs")?;
    }
    Ok(chosen)
}

/// The rows in the order of a column, the least first; the greatest first where the name begins with `-`. Rows without a value
/// come last.
///
/// # Errors
/// When there is no such column.
pub fn sorted(table: &DataFrame, by: &str) -> Result<DataFrame, RunError> {
    let (name, descending) = by.strip_prefix('-').map_or((by, false), |name| (name, true));
    column(table, name).map_err(|reason| RunError::option(format!("--sort {by}"), reason))?;
    let order = SortMultipleOptions::default().with_order_descending(descending).with_nulls_last(true);
    table.sort([name], order).in_table("the table of runs")
}

fn column(table: &DataFrame, name: &str) -> Result<Column, String> {
    let names: Vec<String> = table.get_column_names().iter().map(ToString::to_string).collect();
    table.column(name).cloned().map_err(|_| {
        format!(
            "there is no column {name:?}: choose from {}, or add a key of the plan with --with KEY",
            names.join(", ")
        )
    })
}

fn holds(column: &Column, sign: &str, value: &str) -> Result<BooleanChunked, String> {
    let wants = |what: &str| format!("{} is {what}, and {value:?} is not", column.name());
    let answer = if column.dtype().is_bool() {
        let wanted: bool = value.parse().map_err(|_| wants("true or false"))?;
        let flags = column.bool().map_err(|error| error.to_string())?;
        let same: BooleanChunked = flags.iter().map(|flag| flag.map(|flag| flag == wanted)).collect();
        match sign {
            "=" | "==" => same,
            "!=" => !same,
            _ => return Err(format!("{} is true or false: compare it with = or !=", column.name())),
        }
    } else if column.dtype().is_primitive_numeric() {
        let number: f64 = value.parse().map_err(|_| wants("a number"))?;
        let numbers = column.cast(&DataType::Float64).map_err(|error| error.to_string())?;
        let series = numbers.as_materialized_series();
        match sign {
            "<" => series.lt(number),
            "<=" => series.lt_eq(number),
            ">" => series.gt(number),
            ">=" => series.gt_eq(number),
            "!=" => series.not_equal(number),
            _ => series.equal(number),
        }
        .map_err(|error| error.to_string())?
    } else {
        let series = column.as_materialized_series();
        match sign {
            "<" => series.lt(value),
            "<=" => series.lt_eq(value),
            ">" => series.gt(value),
            ">=" => series.gt_eq(value),
            "!=" => series.not_equal(value),
            _ => series.equal(value),
        }
        .map_err(|error| error.to_string())?
    };
    Ok(answer.iter().map(|holds| Some(holds == Some(true))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> DataFrame {
        DataFrame::new(
            3,
            vec![
                Column::new("run".into(), ["a", "b", "c"]),
                Column::new("eer_2s".into(), [Some(0.04), None, Some(0.2)]),
                Column::new("complete".into(), [true, false, true]),
                Column::new("folds".into(), [3u64, 3, 2]),
            ],
        )
        .unwrap()
    }

    fn runs(table: &DataFrame) -> Vec<String> {
        table.column("run").unwrap().str().unwrap().iter().map(|run| run.unwrap().to_owned()).collect()
    }

    #[test]
    fn conditions_choose_rows_and_a_value_that_is_absent_holds_none() {
        let chosen = |conditions: &str| runs(&choose(&table(), conditions).unwrap());
        assert_eq!(chosen("eer_2s < 0.05"), ["a"]);
        assert_eq!(chosen("eer_2s >= 0.04"), ["a", "c"]);
        assert_eq!(chosen("eer_2s != 0.2"), ["a"]);
        assert_eq!(chosen("complete = true and folds = 2"), ["c"]);
        assert_eq!(chosen("run = \"b\""), ["b"]);
        for (wrong, says) in [
            ("eer < 1", "eer_2s"),
            ("eer_2s", "no condition"),
            ("folds < few", "a number"),
            ("complete < true", "="),
        ] {
            let said = choose(&table(), wrong).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
    }

    #[test]
    fn rows_are_sorted_either_way_with_absent_values_last() {
        assert_eq!(runs(&sorted(&table(), "eer_2s").unwrap()), ["a", "c", "b"]);
        assert_eq!(runs(&sorted(&table(), "-eer_2s").unwrap()), ["c", "a", "b"]);
        assert!(sorted(&table(), "eer").is_err());
    }
}
