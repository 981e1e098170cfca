//! `runs` and `diff`: many runs in one table, two side by side.

use std::process::ExitCode;

use serde_json::Value;
use twinprint_run::Changed;
use twinprint_run::runs;
use twinprint_signal::counted;

use super::cache::bytes;
use crate::failure::Failure;
use crate::repeat_arguments::{DiffArguments, RunsArguments, RunsCommand};
use crate::say::{results, say};

/// `twinprint runs`.
pub(crate) fn list(given: &RunsArguments) -> Result<ExitCode, Failure> {
    if let Some(RunsCommand::Prune { runs, dry_run, json }) = &given.command {
        let pruned = runs.iter().map(|run| runs::prune(run, *dry_run)).collect::<Result<Vec<_>, _>>()?;
        if *json {
            say!("{}", serde_json::to_string_pretty(&pruned)?);
            return Ok(ExitCode::SUCCESS);
        }
        let done = if *dry_run { "would be removed" } else { "removed" };
        for run in &pruned {
            say!(
                "{}: {}, {} {done}: {}",
                run.run.display(),
                counted(run.files.len(), "file"),
                bytes(run.bytes),
                run.files.join(", ")
            );
        }
        let shared: u64 = pruned.iter().map(|run| run.shared_bytes).sum();
        if shared > 0 {
            say!(
                "{} of it take room until the cache or another run gives them up too: see `twinprint cache gc`",
                bytes(shared)
            );
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = runs::table(&given.folder, &given.keys)?;
    if let Some(condition) = &given.condition {
        table = runs::choose(&table, condition)?;
    }
    if let Some(column) = &given.sort {
        table = runs::sorted(&table, column)?;
    }
    if given.csv {
        results(format_args!("{}", runs::csv(&table)?));
    } else if given.json {
        say!("{}", serde_json::to_string_pretty(&runs::json(&table))?);
    } else {
        print(&runs::cells(&table, &given.keys, given.all));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints rows of cells, the columns as wide as their widest.
fn print(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        say!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// `twinprint diff`.
pub(crate) fn diff(given: &DiffArguments) -> Result<ExitCode, Failure> {
    let mut found = runs::differences(&given.first, &given.second)?;
    if given.json {
        say!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    let all = found.numbers.len();
    if !given.all {
        found.numbers.retain(|number| is_headline(&number.key));
    }
    section("plan", &found.plan, Value::to_string);
    section("made by", &found.made_by, Value::to_string);
    if !found.recordings.is_empty() {
        say!("recordings\n  {}", found.recordings.join("\n  "));
    }
    section("numbers", &found.numbers, figure);
    if found.numbers.len() < all {
        say!("{} more numbers differ: --all shows them", all - found.numbers.len());
    }
    if all == 0 && found.plan.is_empty() && found.recordings.is_empty() && found.made_by.is_empty() {
        say!("no difference");
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a number is an error rate or an accuracy, not its interval or one of many beside it.
fn is_headline(key: &str) -> bool {
    ["eer.value", "rank1.value", ".accuracy.value"].iter().any(|ending| key.ends_with(ending))
}

/// A number to four decimals, or to as many figures where it is nearer to 0.
fn rounded(number: f64) -> String {
    if number == 0.0 || number.abs() >= 1e-3 { format!("{number:.4}") } else { format!("{number:.2e}") }
}

/// A number of a result as a person reads it; what is no number as it is.
fn figure(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => rounded(number),
        _ => value.to_string(),
    }
}

fn section(title: &str, changes: &[Changed], written: fn(&Value) -> String) {
    if changes.is_empty() {
        return;
    }
    say!("{title}");
    let width = changes.iter().map(|change| change.key.chars().count()).max().unwrap_or(0);
    for Changed { key, first, second } in changes {
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "(absent)".to_owned(), written);
        let by = match (first.as_ref().and_then(Value::as_f64), second.as_ref().and_then(Value::as_f64)) {
            (Some(first), Some(second)) => {
                format!("  ({}{})", if second < first { "" } else { "+" }, rounded(second - first))
            }
            _ => String::new(),
        };
        say!("  {key:<width$}  {} -> {}{by}", shown(first), shown(second));
    }
}
