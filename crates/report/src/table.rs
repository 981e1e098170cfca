//! The small table a run ends with on a terminal.

use twinprint_signal::Estimate;

use crate::days_table::days_rows;
use crate::format;
use crate::results::{ENCODER, Outcome, Results};
use crate::verdict::verdicts;

/// Seconds of the probes for which NeuroShield and others state the mean over people of their own equal error rates.
const PUBLISHED_SECONDS: f64 = 1.0;

/// The results as plain text: leaks first, then systems by probe length, classifiers and few-shot of the encoder, the
/// verdict, failed audits, absent numbers and caveats. Ends in a line break.
pub fn table(results: &Results) -> String {
    let mut lines = vec![results.name.clone(), format::protocol_line(results), String::new()];
    lines.extend(leaks(results));
    lines.extend(eer_rows(results, str::to_owned).map(|rows| with_break(columns(&rows))).unwrap_or_default());
    lines
        .extend(days_rows(results, str::to_owned).map(|rows| with_break(columns(&rows))).unwrap_or_default());
    lines.extend(accuracies(results));
    lines.extend(final_model(results).map(|rows| with_break(columns(&rows))).unwrap_or_default());
    for verdict in verdicts(results) {
        lines.push(verdict.text());
    }
    for other in results.of_other_cohorts() {
        lines.extend([String::new(), format::protocol_line(&other), String::new()]);
        lines.extend(eer_rows(&other, str::to_owned).map(|rows| columns(&rows)).unwrap_or_default());
    }
    lines.extend(failed_audits(results));
    lines.extend(absent_numbers(results));
    if !results.caveats.is_empty() {
        lines.push(String::new());
    }
    lines.extend(results.caveats.iter().map(|caveat| format!("Note: {caveat}")));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

/// The checks that failed, under a title; nothing where all passed.
fn failed_audits(results: &Results) -> Vec<String> {
    let mut lines: Vec<String> =
        results.audits(Outcome::Failed).map(|row| format!("  {}: {}", row.check, row.detail)).collect();
    if !lines.is_empty() {
        lines.splice(0..0, [String::new(), "Audits that failed".to_owned()]);
    }
    lines
}

/// How many numbers are absent and where the reasons stand: most are the same in every run of few people.
fn absent_numbers(results: &Results) -> Vec<String> {
    match results.audits(Outcome::Absent).count() {
        0 => Vec::new(),
        1 => vec![String::new(), "1 number is absent; results.json and the report say why".to_owned()],
        count => {
            vec![String::new(), format!("{count} numbers are absent; results.json and the report say why")]
        }
    }
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

/// Equal error rates with a row for each system and a column for each probe length, the head first; nothing without
/// systems. `name` writes a system's name.
pub(crate) fn eer_rows(results: &Results, name: impl Fn(&str) -> String) -> Option<Vec<Vec<String>>> {
    let lengths = format::lengths(results.verification.iter().map(|row| row.probe_seconds));
    let systems = format::systems(results.verification.iter().map(|row| row.system.as_str()));
    let mut rows = vec![
        std::iter::once("EER % [95 % interval]".to_owned())
            .chain(lengths.iter().map(|probe| format!("{} probes", format::seconds(*probe))))
            .collect::<Vec<_>>(),
    ];
    for system in &systems {
        let cell = |probe: &f64| {
            format::estimate(format::verification(results, system, *probe).and_then(|row| row.eer))
        };
        rows.push(std::iter::once(name(system)).chain(lengths.iter().map(cell)).collect());
    }
    rows.extend(as_published(results, &lengths));
    (!systems.is_empty()).then_some(rows)
}

/// The encoder's error rate as other tools report it, where it is measured at the length of probe they report it at.
fn as_published(results: &Results, lengths: &[f64]) -> Option<Vec<String>> {
    let row = |probe: f64| format::verification(results, ENCODER, probe);
    row(PUBLISHED_SECONDS).and_then(|row| row.eer_per_subject_mean)?;
    let cell = |probe: &f64| {
        let found = row(*probe)?;
        Some(Estimate {
            value: found.eer_per_subject_mean?,
            ci95: found.ci95.get("eer_per_subject_mean").copied(),
        })
    };
    let name = format!("{ENCODER}, own thresholds (flatters)");
    Some(std::iter::once(name).chain(lengths.iter().map(|probe| format::estimate(cell(probe)))).collect())
}

/// One task that the encoder answers right in a share of cases.
pub(crate) struct AccuracyRow {
    /// The task.
    pub what: String,
    /// The share that is right.
    pub accuracy: Option<Estimate>,
    /// What guessing gives in per cent, or a dash; nothing where guessing is not shown.
    pub chance: Option<String>,
}

/// Identification, classifiers and few-shot of the encoder.
pub(crate) fn accuracy_rows(results: &Results) -> Vec<AccuracyRow> {
    let row = |what, accuracy, chance| AccuracyRow { what, accuracy, chance };
    let identification = results.identification.iter().filter(|row| row.system == ENCODER).map(|found| {
        let what = format!("rank-1 identification, {}", format::seconds(found.probe_seconds));
        row(what, found.rank1, None)
    });
    let classifiers = results.classifiers.iter().filter(|row| row.system == ENCODER).map(|found| {
        let what = format!("{}, {}", format::classifier(&found.classifier), found.label);
        row(what, found.accuracy, Some(format::optional_percent(found.chance)))
    });
    let few_shot = results.few_shot.iter().filter(|row| row.system == ENCODER).map(|found| {
        let what = format::episode(found.ways, found.shots);
        row(what, found.accuracy, Some(format::percent(found.chance)))
    });
    identification.chain(classifiers).chain(few_shot).collect()
}

/// The final model's thresholds at the strictest rate that each probe length resolves, the head first.
pub(crate) fn final_model(results: &Results) -> Option<Vec<Vec<String>>> {
    let model = results.final_model.as_ref()?;
    let head = format!("final model of {} people", format::count(model.people));
    let mut rows =
        vec![[head.as_str(), "FMR aimed at", "FMR %, fold left out", "FNMR %"].map(str::to_owned).to_vec()];
    for at in &model.thresholds {
        let Some(t) = at.points.last() else { continue };
        let rate = |value, ci95| format::estimate(Some(Estimate { value, ci95 }));
        rows.push(vec![
            format!("{} probes", format::seconds(at.probe_seconds)),
            format!("{} %", format::percent(t.target_fmr)),
            rate(t.fmr, t.fmr_ci95),
            rate(t.fnmr, t.fnmr_ci95),
        ]);
    }
    Some(rows)
}

fn accuracies(results: &Results) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = accuracy_rows(results)
        .into_iter()
        .map(|row| {
            let chance = row.chance.map(|chance| format!("chance {chance}"));
            vec![row.what, format::estimate(row.accuracy), chance.unwrap_or_default()]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    rows.insert(0, vec![format!("{ENCODER}: accuracy %"), String::new(), String::new()]);
    with_break(columns(&rows))
}

fn with_break(mut lines: Vec<String>) -> Vec<String> {
    lines.push(String::new());
    lines
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
