//! `report`: report.html again, from what the run wrote.

use std::process::ExitCode;

use crate::arguments::ReportArguments;
use crate::failure::Failure;
use crate::say::{self, say};

/// Writes the page, figures and tables where a folder is given for them, and prints the table.
pub(crate) fn write(given: &ReportArguments) -> Result<ExitCode, Failure> {
    let ReportArguments { run, json, markdown, figures, tables } = given;
    let results = twinprint_run::write_report(run)?;
    let drawn = figures.as_deref().map(|folder| twinprint_run::write_figures(run, folder)).transpose()?;
    let written = tables.as_deref().map(|folder| twinprint_run::write_tables(run, folder)).transpose()?;
    if *json {
        say!("{}", serde_json::to_string_pretty(&results)?);
    } else if *markdown {
        say::results(format_args!("{}", twinprint_report::markdown(&results)));
    } else {
        say!("{}", say::readable(&twinprint_report::table(&results)));
        say!("report      {}", run.join("report.html").display());
        if let Some((number, folder)) = drawn.zip(figures.as_deref()) {
            say!("figures     {number} as SVG and PNG in {}", folder.display());
        }
        if let Some((number, folder)) = written.zip(tables.as_deref()) {
            say!("tables      {number} as CSV and LaTeX in {}", folder.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
