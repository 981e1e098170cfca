//! `evaluate --scores`: anybody's score file.

use std::path::Path;
use std::process::ExitCode;

use twinprint_pipeline::ScoreOptions;

use crate::arguments::EvaluateArguments;
use crate::failure::Failure;

/// Prints every number of a score file.
pub(crate) fn show(file: &Path, given: &EvaluateArguments) -> Result<ExitCode, Failure> {
    let options = ScoreOptions {
        columns: given.columns.clone(),
        by: given.by.clone(),
        distance: given.distance,
        dev: given.dev.clone(),
        bootstrap: given.bootstrap,
        ..ScoreOptions::default()
    };
    let report = twinprint_pipeline::evaluate_scores(file, &options)?;
    if given.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", twinprint_pipeline::score_table(&report));
    }
    Ok(ExitCode::SUCCESS)
}
