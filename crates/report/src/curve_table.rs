//! A sweep as a table: a row for each point and system, a column for each probe length.

use crate::format;
use crate::plots::sweep::SweepPoint;
use crate::table::{columns, markdown_rows};

/// As columns for a terminal. Ends in a line break.
pub fn curve_table(points: &[SweepPoint]) -> String {
    columns(&cells(points, str::to_owned)).join("\n") + "\n"
}

/// As a Markdown table. Ends in a line break.
pub fn curve_markdown(points: &[SweepPoint]) -> String {
    markdown_rows(&cells(points, |system| format!("`{system}`")), 3) + "\n"
}

fn cells(points: &[SweepPoint], name: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let lengths = format::lengths(points.iter().map(|point| point.probe_seconds));
    let mut head = vec!["axis".to_owned(), "value".to_owned(), "system".to_owned()];
    head.extend(lengths.iter().map(|&length| format!("EER % at {}", format::seconds(length))));
    let mut lines = vec![head];
    let mut seen: Vec<[&str; 3]> = Vec::new();
    for point in points {
        let row = [point.axis.as_str(), point.label.as_str(), point.system.as_str()];
        if seen.contains(&row) {
            continue;
        }
        seen.push(row);
        let mut line = vec![row[0].to_owned(), row[1].to_owned(), name(row[2])];
        line.extend(lengths.iter().map(|&length| {
            let same = |other: &&SweepPoint| {
                [other.axis.as_str(), &other.label, &other.system] == row && other.probe_seconds == length
            };
            format::estimate(points.iter().find(same).and_then(|point| point.eer))
        }));
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use twinprint_signal::Estimate;

    use super::*;

    #[test]
    fn every_point_and_system_has_one_row_with_a_column_a_length() {
        let point = |label: &str, probe_seconds, system: &str, value: Option<f64>| SweepPoint {
            axis: "channels".to_owned(),
            label: label.to_owned(),
            at: 0.0,
            probe_seconds,
            system: system.to_owned(),
            eer: value.map(|value| Estimate { value, ci95: Some([value / 2.0, value * 2.0].into()) }),
        };
        let points = [
            point("4", 2.0, "encoder", Some(0.2)),
            point("4", 10.0, "encoder", Some(0.1)),
            point("4", 2.0, "tangent_wccn", Some(0.25)),
            point("4", 10.0, "tangent_wccn", None),
            point("19", 2.0, "encoder", Some(0.04)),
        ];
        insta::assert_snapshot!(curve_table(&points));
        insta::assert_snapshot!(curve_markdown(&points));
    }
}
