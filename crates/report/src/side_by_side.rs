//! Several runs side by side: every system's equal error rate and its paired difference from one of them.

use serde::{Deserialize, Serialize};
use twinprint_signal::Estimate;

use crate::format::{self, ABSENT};

/// Systems of several runs, each against the reference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideBySide {
    /// The run whose system the others are held against.
    pub run: String,
    /// The system the others are held against.
    pub against: String,
    /// One row a system, the reference among them.
    pub rows: Vec<SideBySideRow>,
    /// What to know before reading the rows: leaks, trials that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One system of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideBySideRow {
    /// The run's name; its folder's, where two runs share a name.
    pub run: String,
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// One entry a probe length, ascending.
    pub at: Vec<SideBySideCell>,
}

/// One system at one probe length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideBySideCell {
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// Equal error rate with one threshold for all, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer: Option<Estimate>,
    /// The system's equal error rate minus the reference's, with the paired interval; absent for the reference itself,
    /// on other trials, and where no resampled cohort differs from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Estimate>,
}

impl SideBySide {
    /// As columns for a terminal, one table for each probe length, so that 80 columns hold it. Ends in a line break.
    pub fn text(&self) -> String {
        let cells = self.cells(|system| system.to_owned());
        let mut lines = Vec::new();
        for column in (2..cells.first().map_or(0, Vec::len)).step_by(2) {
            let chosen = |row: &Vec<String>| -> Vec<String> {
                [0, 1, column, column + 1].into_iter().filter_map(|at| row.get(at).cloned()).collect()
            };
            lines.extend(crate::table::columns(&cells.iter().map(chosen).collect::<Vec<_>>()));
            lines.push(String::new());
        }
        lines.push(self.legend());
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        lines.join("\n") + "\n"
    }

    /// As a Markdown table. Ends in a line break.
    pub fn markdown(&self) -> String {
        let cells = self.cells(|system| format!("`{}`", system.replace(['`', '|', '\n'], " ")));
        let mut blocks = vec![crate::table::markdown_rows(&cells, 2), self.legend()];
        let notes = self.notes.iter().map(|note| format!("- {note}"));
        blocks.extend((!self.notes.is_empty()).then(|| notes.collect::<Vec<_>>().join("\n")));
        blocks.join("\n\n") + "\n"
    }

    fn legend(&self) -> String {
        format!(
            "Difference: percentage points of EER against {} of {} on the same trials, 95 % interval of the paired bootstrap over subjects.",
            self.against, self.run
        )
    }

    /// The head and a line for each row.
    fn cells(&self, name: impl Fn(&str) -> String) -> Vec<Vec<String>> {
        let lengths: Vec<f64> = self
            .rows
            .first()
            .map(|row| row.at.iter().map(|cell| cell.probe_seconds).collect())
            .unwrap_or_default();
        let mut head = vec!["run".to_owned(), "system".to_owned()];
        for length in lengths {
            let length = format::seconds(length);
            head.extend([format!("EER % at {length}"), format!("difference at {length}")]);
        }
        let mut lines = vec![head];
        for row in &self.rows {
            let mut line = vec![row.run.replace('|', " "), name(&row.system)];
            for cell in &row.at {
                let difference = cell.difference.map(|difference| format::difference(difference, ""));
                line.extend([format::estimate(cell.eer), difference.unwrap_or_else(|| ABSENT.to_owned())]);
            }
            lines.push(line);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> SideBySide {
        let eer = |value: f64| Some(Estimate { value, ci95: Some([value / 2.0, value * 2.0].into()) });
        let row = |run: &str, system: &str, rates: [f64; 2], difference: Option<Estimate>| SideBySideRow {
            run: run.to_owned(),
            system: system.to_owned(),
            at: vec![
                SideBySideCell { probe_seconds: 2.0, eer: eer(rates[0]), difference },
                SideBySideCell { probe_seconds: 10.0, eer: eer(rates[1]), difference: None },
            ],
        };
        let better = Estimate { value: -0.012, ci95: Some([-0.02, -0.004].into()) };
        SideBySide {
            run: "best".to_owned(),
            against: "tangent_wccn".to_owned(),
            rows: vec![
                row("best", "encoder", [0.03, 0.01], Some(better)),
                row("koch | x", "encoder", [0.06, 0.02], None),
                row("best", "tangent_wccn", [0.042, 0.012], None),
            ],
            notes: vec!["koch | x has other trials than best: no difference".to_owned()],
        }
    }

    #[test]
    fn runs_side_by_side_on_a_terminal() {
        insta::assert_snapshot!(example().text());
    }

    #[test]
    fn runs_side_by_side_as_markdown() {
        insta::assert_snapshot!(example().markdown());
    }

    #[test]
    fn nothing_to_compare_is_a_head_alone() {
        assert!(SideBySide::default().markdown().starts_with("| run | system |\n| --- | --- |\n"));
    }
}
