//! The results of a run as Markdown.

use crate::days_table::days_rows;
use crate::format;
use crate::results::{ENCODER, Outcome, Results};
use crate::table::{accuracy_rows, eer_rows, final_model, markdown_rows};
use crate::verdict::verdicts;

/// The results as Markdown: systems by probe length, then classifiers and few-shot of the encoder, then what to know and
/// which numbers are absent. Ends in a line break.
pub fn markdown(results: &Results) -> String {
    let mut blocks =
        vec![format!("### {}\n\n{}", escape(&results.name), escape(&format::protocol_line(results)))];
    for leak in &results.leaks {
        blocks.push(format!("> **Leaky** ({}): {}", escape(&leak.leak), escape(&leak.detail)));
    }
    blocks.extend(eer_rows(results, name).map(|rows| markdown_rows(&rows, 1)));
    blocks.extend(days_rows(results, name).map(|rows| markdown_rows(&rows, 2)));
    blocks.extend(accuracies(results));
    blocks.extend(final_model(results).map(|rows| markdown_rows(&rows, 1)));
    for other in results.of_other_cohorts() {
        blocks.push(escape(&format::protocol_line(&other)));
        blocks.extend(eer_rows(&other, name).map(|rows| markdown_rows(&rows, 1)));
        blocks.extend(days_rows(&other, name).map(|rows| markdown_rows(&rows, 2)));
    }
    let mut notes: Vec<String> = verdicts(results).iter().map(|verdict| verdict.text()).collect();
    let failed = results.audits(Outcome::Failed);
    notes.extend(failed.map(|row| format!("audit failed, {}: {}", row.check, row.detail)));
    notes.extend(results.caveats.iter().cloned());
    blocks.extend(list(notes));
    let absent = results.audits(Outcome::Absent).map(|row| format!("{}: {}", row.check, row.detail));
    blocks.extend(list(absent.collect()).map(|list| format!("Absent numbers, and why:\n\n{list}")));
    blocks.join("\n\n") + "\n"
}

/// A list of these texts; nothing where there are none.
fn list(texts: Vec<String>) -> Option<String> {
    let lines: Vec<String> = texts.iter().map(|text| format!("- {}", escape(text))).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn accuracies(results: &Results) -> Option<String> {
    let head = ["encoder", "accuracy % [95 % interval]", "chance %"].map(str::to_owned);
    let body = accuracy_rows(results)
        .into_iter()
        .map(|row| vec![escape(&row.what), format::estimate(row.accuracy), row.chance.unwrap_or_default()]);
    let rows: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(body).collect();
    (rows.len() > 1).then(|| markdown_rows(&rows, 1))
}

fn name(system: &str) -> String {
    if system == ENCODER {
        format!("**{system}**")
    } else {
        format!("`{}`", system.replace(['`', '|', '\n'], " "))
    }
}

/// Keeps text from a dataset or a plan from being read as Markdown or HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '|' | '`' | '*' | '<' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn the_markdown_of_a_run() {
        insta::assert_snapshot!(markdown(&example::results()));
    }

    #[test]
    fn the_markdown_of_a_leaky_run_says_so() {
        insta::assert_snapshot!(markdown(&example::leaky()));
    }

    #[test]
    fn names_cannot_break_out_of_a_cell() {
        let mut results = example::results();
        results.name = "a | b <script>\n# c".to_owned();
        results.verification[0].system = "x`|y".to_owned();
        let shown = markdown(&results);
        assert!(shown.starts_with("### a \\| b \\<script> # c\n") && shown.contains("`x  y`"), "{shown}");
    }
}
