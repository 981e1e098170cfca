//! The small table a run ends with on a terminal.

use crate::format::{self, ABSENT};
use crate::results::{ENCODER, Results};
use crate::verdict::verdicts;

/// The results as plain text: leaks first, then systems by probe length, classifiers and few-shot of the encoder, the
/// verdict, failed audits and caveats. Ends in a line break.
pub fn table(results: &Results) -> String {
    let mut lines = vec![results.name.clone(), format::protocol_line(results), String::new()];
    lines.extend(leaks(results));
    lines.extend(verification(results));
    lines.extend(identification_and_classifiers(results));
    for verdict in verdicts(results) {
        lines.push(verdict.text());
    }
    let failed: Vec<_> = results.audit.iter().filter(|row| !row.passed).collect();
    if !failed.is_empty() {
        lines.push(String::new());
        lines.push("Audits that failed".to_owned());
        lines.extend(failed.iter().map(|row| format!("  {}: {}", row.check, row.detail)));
    }
    if !results.caveats.is_empty() {
        lines.push(String::new());
    }
    lines.extend(results.caveats.iter().map(|caveat| format!("Note: {caveat}")));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

/// What leaks on purpose and what that gained.
fn leaks(results: &Results) -> Vec<String> {
    let mut lines = Vec::new();
    for leak in &results.leaks {
        lines.push(format!("LEAKY ({}): {}", leak.leak, leak.detail));
        for gained in &leak.optimism {
            lines.push(format!(
                "  {} at {}: EER {} % with the leak, {} % without: {} points of optimism",
                gained.system,
                format::seconds(gained.probe_seconds),
                format::percent(gained.leaky_eer),
                format::percent(gained.honest_eer),
                format::points(gained.difference()),
            ));
        }
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

fn verification(results: &Results) -> Vec<String> {
    let lengths = format::lengths(results.verification.iter().map(|row| row.probe_seconds));
    let systems = format::systems(results.verification.iter().map(|row| row.system.as_str()));
    if systems.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![
        std::iter::once("EER % [95 % interval]".to_owned())
            .chain(lengths.iter().map(|probe| format!("{} probes", format::seconds(*probe))))
            .collect::<Vec<_>>(),
    ];
    for system in systems {
        let cell = |probe: &f64| {
            let row = format::verification(results, system, *probe);
            format::measured(row.and_then(|row| row.eer.as_ref()))
        };
        rows.push(std::iter::once(system.to_owned()).chain(lengths.iter().map(cell)).collect());
    }
    let mut lines = columns(&rows);
    lines.push(String::new());
    lines
}

fn identification_and_classifiers(results: &Results) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in results.identification.iter().filter(|row| row.system == ENCODER) {
        let what = format!("rank-1 identification, {}", format::seconds(row.probe_seconds));
        rows.push(vec![what, format::measured(row.rank1.as_ref()), String::new()]);
    }
    for row in results.classifiers.iter().filter(|row| row.system == ENCODER) {
        let what = format!("{}, {}", format::classifier(&row.classifier), row.label);
        rows.push(vec![what, format::measured(row.accuracy.as_ref()), chance(row.chance)]);
    }
    for row in results.few_shot.iter().filter(|row| row.system == ENCODER) {
        let what = format::episode(row.ways, row.shots);
        rows.push(vec![what, format::measured(row.accuracy.as_ref()), chance(Some(row.chance))]);
    }
    if rows.is_empty() {
        return Vec::new();
    }
    rows.insert(0, vec![format!("{ENCODER}: accuracy %"), String::new(), String::new()]);
    let mut lines = columns(&rows);
    lines.push(String::new());
    lines
}

fn chance(chance: Option<f64>) -> String {
    chance.map_or_else(|| format!("chance {ABSENT}"), |chance| format!("chance {}", format::percent(chance)))
}

/// Rows of cells, the head first, as a Markdown table whose first `left` columns are text. Ends without a line break.
pub(crate) fn markdown_rows(rows: &[Vec<String>], left: usize) -> String {
    let mut lines: Vec<String> = rows.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
    let numbers = rows.first().map_or(0, Vec::len).saturating_sub(left);
    lines.insert(1.min(lines.len()), format!("|{}{}", " --- |".repeat(left), " ---: |".repeat(numbers)));
    lines.join("\n")
}

/// Left-aligned columns, two spaces apart, nothing after the last character of a line.
pub(crate) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    rows.iter()
        .map(|row| {
            let padded = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column).unwrap_or(0);
                format!("{cell:width$}")
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn the_table_of_a_run() {
        insta::assert_snapshot!(table(&example::results()));
    }

    #[test]
    fn the_table_of_a_leaky_run_says_so() {
        insta::assert_snapshot!(table(&example::leaky()));
    }

    #[test]
    fn results_without_numbers_still_make_a_table() {
        let shown = table(&Results { name: "empty".to_owned(), ..Default::default() });
        assert!(shown.starts_with("empty\n") && shown.ends_with('\n'));
    }
}
