//! The same table as Markdown.

use crate::format;
use crate::results::{ENCODER, Results};
use crate::verdict::verdicts;

/// The results as Markdown: systems by probe length, then classifiers and few-shot of the encoder, then what to know.
/// Ends in a line break.
pub fn markdown(results: &Results) -> String {
    let mut blocks =
        vec![format!("### {}\n\n{}", escape(&results.name), escape(&format::protocol_line(results)))];
    for leak in &results.leaks {
        blocks.push(format!("> **Leaky** ({}): {}", escape(&leak.leak), escape(&leak.detail)));
    }
    blocks.extend(verification(results));
    blocks.extend(accuracies(results));
    let mut notes: Vec<String> = verdicts(results).iter().map(|verdict| verdict.text()).collect();
    notes.extend(
        results
            .audit
            .iter()
            .filter(|row| !row.passed)
            .map(|row| format!("audit failed, {}: {}", row.check, row.detail)),
    );
    notes.extend(results.caveats.iter().cloned());
    if !notes.is_empty() {
        blocks.push(notes.iter().map(|note| format!("- {}", escape(note))).collect::<Vec<_>>().join("\n"));
    }
    blocks.join("\n\n") + "\n"
}

fn verification(results: &Results) -> Option<String> {
    let lengths = format::lengths(results.verification.iter().map(|row| row.probe_seconds));
    let systems = format::systems(results.verification.iter().map(|row| row.system.as_str()));
    if systems.is_empty() {
        return None;
    }
    let mut head = vec!["EER % [95 % interval]".to_owned()];
    head.extend(lengths.iter().map(|probe| format!("{} probes", format::seconds(*probe))));
    let body = systems.into_iter().map(|system| {
        let mut cells = vec![name(system)];
        cells.extend(lengths.iter().map(|probe| {
            format::measured(format::verification(results, system, *probe).and_then(|row| row.eer.as_ref()))
        }));
        cells
    });
    Some(rows(&head, body))
}

fn accuracies(results: &Results) -> Option<String> {
    let mut body: Vec<Vec<String>> = Vec::new();
    for row in results.identification.iter().filter(|row| row.system == ENCODER) {
        let what = format!("rank-1 identification, {}", format::seconds(row.probe_seconds));
        body.push(vec![what, format::measured(row.rank1.as_ref()), String::new()]);
    }
    for row in results.classifiers.iter().filter(|row| row.system == ENCODER) {
        let what = format!("{}, {}", format::classifier(&row.classifier), row.label);
        body.push(vec![
            escape(&what),
            format::measured(row.accuracy.as_ref()),
            format::optional_percent(row.chance),
        ]);
    }
    for row in results.few_shot.iter().filter(|row| row.system == ENCODER) {
        let what = format::episode(row.ways, row.shots);
        body.push(vec![what, format::measured(row.accuracy.as_ref()), format::percent(row.chance)]);
    }
    let head = ["encoder", "accuracy % [95 % interval]", "chance %"].map(str::to_owned);
    (!body.is_empty()).then(|| rows(&head, body.into_iter()))
}

fn rows(head: &[String], body: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let rule = format!("| --- |{}", " ---: |".repeat(head.len().saturating_sub(1)));
    let mut lines = vec![line(head), rule];
    lines.extend(body.map(|cells| line(&cells)));
    lines.join("\n")
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
