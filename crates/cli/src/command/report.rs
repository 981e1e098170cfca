//! `report`: report.html again, from what the run wrote.

use std::path::Path;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::say::{self, say};

/// Writes the page, the figures where a folder is given, and prints the table.
pub(crate) fn write(
    run: &Path,
    json: bool,
    markdown: bool,
    figures: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let results = twinprint_run::write_report(run)?;
    let drawn = figures.map(|folder| Ok::<_, Failure>((twinprint_run::write_figures(run, folder)?, folder)));
    let drawn = drawn.transpose()?;
    if json {
        say!("{}", serde_json::to_string_pretty(&results)?);
    } else if markdown {
        say::results(format_args!("{}", twinprint_report::markdown(&results)));
    } else {
        say!("{}", twinprint_report::table(&results));
        say!("report      {}", run.join("report.html").display());
        if let Some((number, folder)) = drawn {
            say!("figures     {number} SVG files in {}", folder.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
