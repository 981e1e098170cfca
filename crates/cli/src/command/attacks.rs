//! `evaluate RUN --attacks`.

use std::path::Path;
use std::process::ExitCode;

use twinprint_desk::AttackOptions;

use crate::evaluate_arguments::EvaluateArguments;
use crate::failure::Failure;
use crate::progress::Terminal;
use crate::say::{readable, say};

/// Attacks the encoders of a run and prints how often each attack succeeds.
pub(crate) fn attack(
    run: &Path,
    given: &EvaluateArguments,
    progress: &Terminal,
) -> Result<ExitCode, Failure> {
    let found = twinprint_desk::attack(&AttackOptions { run, queries: given.queries }, progress)?;
    if given.json {
        say!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        say!("{}", readable(&found.text()));
        say!("written to  {}", run.join("attacks.json").display());
    }
    Ok(ExitCode::SUCCESS)
}
