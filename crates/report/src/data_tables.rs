//! The tables of the results as data: CSV for programs, LaTeX for papers.

use std::fmt::Write as _;

use twinprint_signal::{Estimate, Interval};

use crate::format;
use crate::results::Results;

/// One table: rows of cells under named columns.
#[derive(Debug, Clone, PartialEq)]
pub struct DataTable {
    /// The name of a file without its ending: `verification`.
    pub name: &'static str,
    caption: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Text(String),
    /// A whole number.
    Count(usize),
    /// A number that is no rate, with the digits it is read at.
    Number(Option<f64>, usize),
    /// A rate from 0 to 1, or a difference of rates, with its interval.
    Rate(Option<Estimate>),
}

/// The tables of a run that have a row.
///
/// ```
/// let results = twinprint_report::Results::default();
/// assert!(twinprint_report::data_tables(&results).is_empty());
/// ```
pub fn data_tables(results: &Results) -> Vec<DataTable> {
    let tables = [
        verification(results),
        comparisons(results),
        identification(results),
        few_shot(results),
        classifiers(results),
        scalp(results),
        audit(results),
    ];
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn table<const N: usize>(
    name: &'static str,
    caption: &'static str,
    columns: [&str; N],
    rows: Vec<Vec<Cell>>,
) -> DataTable {
    DataTable { name, caption, columns: columns.map(str::to_owned).into(), rows }
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn rate(value: Option<f64>, ci95: Option<Interval>) -> Cell {
    Cell::Rate(value.map(|value| Estimate { value, ci95 }))
}

fn verification(results: &Results) -> DataTable {
    let mut operating: Vec<&String> = Vec::new();
    for key in results.verification.iter().flat_map(|row| row.fnmr_at_fmr.keys()) {
        if !operating.contains(&key) {
            operating.push(key);
        }
    }
    operating.sort_by(|a, b| b.cmp(a));
    let mut columns = vec!["system".to_owned(), "probe_seconds".to_owned(), "eer".to_owned()];
    columns.extend(operating.iter().map(|fmr| format!("fnmr_at_fmr_{fmr}")));
    columns
        .extend(["auc", "d_prime", "min_dcf", "cllr", "min_cllr", "mated", "non_mated"].map(str::to_owned));
    let rows = results.verification.iter().map(|row| {
        let mut cells =
            vec![text(&row.system), Cell::Number(Some(row.probe_seconds), 1), Cell::Rate(row.eer)];
        cells.extend(operating.iter().map(|fmr| {
            rate(row.fnmr_at_fmr.get(*fmr).copied(), row.ci95.get(&format!("fnmr_at_fmr.{fmr}")).copied())
        }));
        cells.extend(
            [row.auc, row.d_prime, row.min_dcf, row.cllr, row.min_cllr].map(|value| Cell::Number(value, 3)),
        );
        cells.extend([Cell::Count(row.mated), Cell::Count(row.non_mated)]);
        cells
    });
    let rows = rows.collect();
    DataTable {
        name: "verification",
        caption: "Verification with one threshold for everybody",
        columns,
        rows,
    }
}

fn comparisons(results: &Results) -> DataTable {
    let rows = results.comparisons.iter().map(|row| {
        let pair = [text(&row.system), text(&row.baseline), Cell::Number(Some(row.probe_seconds), 1)];
        pair.into_iter().chain([Cell::Rate(Some(row.estimate()))]).collect()
    });
    let columns = ["system", "baseline", "probe_seconds", "eer_difference"];
    table("differences", "Differences of the equal error rate on the same trials", columns, rows.collect())
}

fn identification(results: &Results) -> DataTable {
    let rows = results
        .identification
        .iter()
        .map(|row| vec![text(&row.system), Cell::Number(Some(row.probe_seconds), 1), Cell::Rate(row.rank1)]);
    table("identification", "Identification", ["system", "probe_seconds", "rank1"], rows.collect())
}

fn few_shot(results: &Results) -> DataTable {
    let rows = results.few_shot.iter().map(|row| {
        let episode = [text(&row.system), Cell::Count(row.ways), Cell::Count(row.shots)];
        episode.into_iter().chain([Cell::Rate(row.accuracy), rate(Some(row.chance), None)]).collect()
    });
    table("few-shot", "Few-shot episodes", ["system", "ways", "shots", "accuracy", "chance"], rows.collect())
}

fn scalp(results: &Results) -> DataTable {
    let rows = results.scalp.iter().map(|row| {
        let band = [row.low_hz, row.high_hz, row.probe_seconds].map(|value| Cell::Number(Some(value), 1));
        [text(&row.channel)].into_iter().chain(band).chain([Cell::Rate(Some(row.eer))]).collect()
    });
    let columns = ["channel", "low_hz", "high_hz", "probe_seconds", "eer"];
    table("scalp", "One channel and one frequency band alone", columns, rows.collect())
}

fn classifiers(results: &Results) -> DataTable {
    let rows = results.classifiers.iter().map(|row| {
        let name = [text(&row.system), Cell::Text(format::classifier(&row.classifier)), text(&row.label)];
        let numbers = [
            Cell::Rate(row.accuracy),
            rate(row.balanced_accuracy, row.balanced_ci95),
            rate(row.chance, None),
        ];
        name.into_iter().chain(numbers).collect()
    });
    let columns = ["system", "classifier", "label", "accuracy", "balanced_accuracy", "chance"];
    table("classifiers", "Classifiers on prints", columns, rows.collect())
}

fn audit(results: &Results) -> DataTable {
    let rows = results.audit.iter().map(|row| {
        vec![
            text(&row.check),
            Cell::Text(format!("{:?}", row.outcome).to_lowercase()),
            Cell::Number(row.probe_seconds, 1),
            Cell::Rate(row.eer),
            text(&row.detail),
        ]
    });
    table("audits", "Audits", ["check", "outcome", "probe_seconds", "eer", "finding"], rows.collect())
}

impl DataTable {
    /// As CSV with a head. Rates lie between 0 and 1, as in `results.json`; one with an interval has two columns more, `_low` and
    /// `_high`. What is absent is an empty cell.
    pub fn csv(&self) -> String {
        let rates: Vec<bool> = (0..self.columns.len()).map(|column| self.has_interval(column)).collect();
        let mut head: Vec<String> = Vec::new();
        for (name, rate) in self.columns.iter().zip(&rates) {
            head.push(quoted(name));
            if *rate {
                head.extend([quoted(&format!("{name}_low")), quoted(&format!("{name}_high"))]);
            }
        }
        let mut lines = vec![head.join(",")];
        for row in &self.rows {
            let mut cells: Vec<String> = Vec::new();
            for (cell, rate) in row.iter().zip(&rates) {
                let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
                match cell {
                    Cell::Text(text) => cells.push(quoted(text)),
                    Cell::Count(count) => cells.push(count.to_string()),
                    Cell::Number(value, _) => cells.push(number(*value)),
                    Cell::Rate(estimate) => {
                        let ends = estimate.and_then(|estimate| estimate.ci95);
                        cells.push(number(estimate.map(|estimate| estimate.value)));
                        if *rate {
                            cells.extend([
                                number(ends.map(|ends| ends.low)),
                                number(ends.map(|ends| ends.high)),
                            ]);
                        }
                    }
                }
            }
            lines.push(cells.join(","));
        }
        lines.join("\n") + "\n"
    }

    /// As a LaTeX table for the package booktabs, rates in per cent with their 95 % intervals.
    pub fn latex(&self) -> String {
        let columns: String =
            self.columns.iter().enumerate().map(|(column, _)| self.alignment(column)).collect();
        let mut text = format!(
            "% Needs \\usepackage{{booktabs}}. Rates in per cent, 95 % intervals in brackets.\n\
             \\begin{{table}}\n\\centering\n\\caption{{{}}}\n\\label{{tab:{}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n",
            self.caption, self.name
        );
        let head: Vec<String> = self.columns.iter().map(|name| escaped(&name.replace('_', " "))).collect();
        let _ = writeln!(text, "{} \\\\\n\\midrule", head.join(" & "));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(latex_cell).collect();
            let _ = writeln!(text, "{} \\\\", cells.join(" & "));
        }
        text += "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
        text
    }

    fn has_interval(&self, column: usize) -> bool {
        let interval = |row: &Vec<Cell>| {
            matches!(row.get(column), Some(Cell::Rate(Some(Estimate { ci95: Some(_), .. }))))
        };
        self.rows.iter().any(interval)
    }

    fn alignment(&self, column: usize) -> char {
        let text = self.rows.first().and_then(|row| row.get(column));
        if matches!(text, Some(Cell::Text(_))) { 'l' } else { 'r' }
    }
}

/// A cell that a comma, a quotation mark or a line break cannot break.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn latex_cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escaped(text),
        Cell::Count(count) => count.to_string(),
        Cell::Number(None, _) | Cell::Rate(None) => "--".to_owned(),
        Cell::Number(Some(value), digits) => format!("{value:.digits$}").replace('-', "$-$"),
        Cell::Rate(estimate) => escaped(&format::estimate(*estimate)),
    }
}

/// Text in which no character is a command.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '−' => escaped += "$-$",
            '\u{202f}' => escaped += "\\,",
            '\n' | '\r' => escaped.push(' '),
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
    fn a_table_has_as_many_cells_in_every_line_as_in_its_head() {
        for table in data_tables(&example::results()) {
            let csv = table.csv();
            let cells = |line: &str| {
                let mut within = false;
                1 + line
                    .chars()
                    .filter(|c| {
                        within ^= *c == '"';
                        *c == ',' && !within
                    })
                    .count()
            };
            let mut lines = csv.lines();
            let head = cells(lines.next().unwrap());
            assert!(lines.clone().count() > 0 && lines.all(|line| cells(line) == head), "{}", table.name);
            let latex = table.latex();
            let rows: Vec<&str> = latex.lines().filter(|line| line.ends_with("\\\\")).collect();
            let columns = latex.matches(" & ").count() / rows.len() + 1;
            assert_eq!(columns, table.columns.len(), "{latex}");
        }
    }

    #[test]
    fn rates_are_shares_in_csv_and_per_cent_in_latex() {
        let all = data_tables(&example::results());
        let verification = all.iter().find(|table| table.name == "verification").unwrap();
        assert!(verification.csv().starts_with("system,probe_seconds,eer,eer_low,eer_high,fnmr_at_fmr_0.1,"));
        assert!(verification.csv().contains("\nencoder,2,0.037,"), "{}", verification.csv());
        assert!(
            verification.latex().contains("encoder & 2.0 & 3.7 [1.6, 5.8] & "),
            "{}",
            verification.latex()
        );
    }

    #[test]
    fn no_name_breaks_out_of_a_cell() {
        let mut results = example::results();
        results.verification[0].system = "a,\"b\"\n\\end{tabular} 5 % & _".to_owned();
        let table = &data_tables(&results)[0];
        assert!(table.csv().contains("\"a,\"\"b\"\"\n\\end{tabular} 5 % & _\""));
        assert!(
            table.latex().contains("\\textbackslash{}end\\{tabular\\} 5 \\% \\& \\_"),
            "{}",
            table.latex()
        );
    }
}
