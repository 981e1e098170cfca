//! `report`: report.html again, from what the run wrote.

use std::path::Path;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::say::{self, say};

/// Writes the page and prints the table.
pub(crate) fn write(run: &Path, json: bool, markdown: bool) -> Result<ExitCode, Failure> {
    let results = twinprint_run::write_report(run)?;
    if json {
        say!("{}", serde_json::to_string_pretty(&results)?);
    } else if markdown {
        say::results(format_args!("{}", twinprint_report::markdown(&results)));
    } else {
        say!("{}", twinprint_report::table(&results));
        say!("report      {}", run.join("report.html").display());
    }
    Ok(ExitCode::SUCCESS)
}
