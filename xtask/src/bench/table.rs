//! Rows for people.

use super::row::{Measured, Row, median};
use super::short;

/// The names and what they time.
pub(crate) fn list(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    rows.iter().map(|row| format!("{:width$}  {}\n", row.name, row.what)).collect()
}

/// Medians, ratios and goals.
pub(crate) fn results(results: &[Measured]) -> String {
    let mut lines =
        vec![["row", "ours", "peer's", "ratio", "goal", "peak memory", "peer"].map(str::to_owned)];
    lines.extend(results.iter().map(|result| {
        [
            result.row.name.to_owned(),
            short(median(&result.ours_s)),
            short(median(&result.peer_s)),
            result.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            result.row.goal.map_or_else(String::new, |goal| format!("{goal}")),
            result.memory_mib.map_or_else(String::new, |[ours, peer]| format!("{ours:.0} / {peer:.0} MiB")),
            result.peer.clone(),
        ]
    }));
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    lines
        .iter()
        .map(|line| {
            let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        })
        .collect()
}
