//! A sweep as text for a terminal.

use std::fmt::Write as _;

use super::SweepOutcome;
use super::status::{PointState, SweepPointState};
use super::table::{MEANS, PAGE, TABLE, points};

/// The EER in percent of every system at every point, as a table for a terminal with the points that are missing from it and
/// the folder's files below it, or as Markdown.
pub fn sweep_table(outcome: &SweepOutcome, markdown: bool) -> String {
    let shown = points(&outcome.rows);
    if markdown {
        return twinprint_report::curve_markdown(&shown);
    }
    let mut text = String::new();
    if !shown.is_empty() {
        text = twinprint_report::curve_table(&shown) + "\n";
    }
    // Writing to a string cannot fail.
    if !outcome.means.is_empty() {
        let _ = writeln!(
            text,
            "A mean over seeds has the 95 % interval of that mean (Student's t): how far seeds move it, for the same people.\n"
        );
    }
    for state in [PointState::Running, PointState::Waiting, PointState::Open, PointState::Failed] {
        let of: Vec<&SweepPointState> = outcome.points.iter().filter(|point| point.state == state).collect();
        if of.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{} of {} points {}:", of.len(), outcome.points.len(), word(state));
        for (detail, titles) in grouped(&of) {
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            let _ = writeln!(text, "  {titles}{detail}");
        }
        text.push('\n');
    }
    if !outcome.jobs.is_empty() {
        let _ = writeln!(text, "{:<12}  {}", "Slurm jobs", outcome.jobs.join(" "));
    }
    let mut files = vec![("sweep folder", "")];
    if !shown.is_empty() {
        files.extend([("table", TABLE), ("plot", PAGE)]);
    }
    if !outcome.means.is_empty() {
        files.push(("means", MEANS));
    }
    for (what, name) in files {
        let _ = writeln!(text, "{what:<12}  {}", outcome.folder.join(name).display());
    }
    text
}

fn word(state: PointState) -> &'static str {
    match state {
        PointState::Complete => "complete",
        PointState::Failed => "failed",
        PointState::Running => "are being computed",
        PointState::Waiting => "wait for their turn",
        PointState::Open => {
            "are not begun or were stopped; the same command without --status goes on with them"
        }
    }
}

/// Points with the same detail together, each group in the order of its first.
fn grouped<'a>(points: &[&'a SweepPointState]) -> Vec<(&'a str, String)> {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for point in points {
        let seed = point.seed.map(|seed| format!(" (seed {seed})")).unwrap_or_default();
        let title = format!("{} = {}{seed}", point.axis, point.value);
        let detail = point.detail.as_deref().unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| *known == detail) {
            Some((_, titles)) => titles.push(title),
            None => groups.push((detail, vec![title])),
        }
    }
    groups.into_iter().map(|(detail, titles)| (detail, titles.join("; "))).collect()
}
