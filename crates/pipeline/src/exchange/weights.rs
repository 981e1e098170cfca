//! An encoder's weights for other programs.

use std::path::Path;

use crate::PipelineError;
use crate::gallery::lent;

/// Writes the encoder of a run's fold as one safetensors file; gives back how many numbers a print of it has.
///
/// # Errors
/// When there is no such run or fold, a file is there and `force` is not given, or it cannot be written.
pub fn export_weights(run: &Path, fold: usize, to: &Path, force: bool) -> Result<usize, PipelineError> {
    if to.exists() && !force {
        return Err(PipelineError::Request(format!(
            "--to {}: a file is there already: choose another name, or replace it with --force",
            to.display()
        )));
    }
    let lent = lent(run, fold)?;
    lent.model.export_weights(to).map_err(|error| PipelineError::stage("export", error))?;
    Ok(lent.model.dim())
}
