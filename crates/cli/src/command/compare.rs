//! `compare`: finished runs side by side.

use std::process::ExitCode;

use crate::arguments::CompareArguments;
use crate::failure::Failure;
use crate::say::{results, say};

/// Prints the table.
pub(crate) fn show(given: &CompareArguments) -> Result<ExitCode, Failure> {
    let compare = if given.pooled { twinprint_run::compare_pooled } else { twinprint_run::compare };
    let side = compare(&given.runs, &given.against)?;
    if given.json {
        say!("{}", serde_json::to_string_pretty(&side)?);
    } else if given.markdown {
        results(format_args!("{}", side.markdown()));
    } else {
        say!("{}", side.text().trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
