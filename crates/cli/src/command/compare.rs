//! `compare`: finished runs side by side.

use std::process::ExitCode;

use crate::arguments::CompareArguments;
use crate::failure::Failure;

/// Prints the table.
pub(crate) fn show(given: &CompareArguments) -> Result<ExitCode, Failure> {
    let side = twinprint_run::compare(&given.runs, &given.against)?;
    if given.json {
        println!("{}", serde_json::to_string_pretty(&side)?);
    } else if given.markdown {
        print!("{}", side.markdown());
    } else {
        print!("{}", side.text());
    }
    Ok(ExitCode::SUCCESS)
}
