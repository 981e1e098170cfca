//! `export`: features and weights for other programs.

use std::process::ExitCode;

use twinprint_foreign::ExportOptions;
use twinprint_signal::counted;

use crate::failure::Failure;
use crate::gallery_arguments::ExportArguments;
use crate::say::say;

/// Writes the file and says what is in it.
pub(crate) fn write(given: &ExportArguments) -> Result<ExitCode, Failure> {
    let to = given.to.display();
    if given.to.extension().is_some_and(|ending| ending == "safetensors") {
        if given.weights.is_some() {
            return Err(Failure::message(
                "--weights makes prints, and a .safetensors file holds none: write --to prints.h5, .parquet or .csv",
            ));
        }
        if given.run.is_file() && given.fold.is_some() {
            return Err(Failure::message("--fold: a packed model holds one encoder; leave --fold out"));
        }
        let fold = given.fold.unwrap_or_default();
        let dim = twinprint_foreign::export_weights(&given.run, fold, &given.to, given.force)?;
        let which =
            if given.run.is_file() { "packed encoder".to_owned() } else { format!("encoder of fold {fold}") };
        say!("{to}: the {which}, prints of {dim} numbers");
        return Ok(ExitCode::SUCCESS);
    }
    let options = ExportOptions {
        run: given.run.clone(),
        to: given.to.clone(),
        format: given.format.as_deref().map(str::parse).transpose()?,
        with: given.with.iter().map(|what| what.parse()).collect::<Result<_, _>>()?,
        roles: given.roles.clone(),
        fold: given.fold,
        weights: given.weights.clone(),
        force: given.force,
    };
    let exported = twinprint_foreign::export(&options)?;
    say!(
        "{to}: {}, {} of numbers, {}",
        counted(exported.rows, "row"),
        counted(exported.columns, "column"),
        exported.format
    );
    if let (Some(weights), Some(hash)) = (&given.weights, &exported.weights) {
        say!("prints of the weights in {} (BLAKE3 {hash}), not the run's own", weights.display());
    }
    Ok(ExitCode::SUCCESS)
}
