//! Where a plan's run folder is while it is filled and when it is complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::RunFolder;
use crate::{Plan, RunError};

/// Where a plan's run folder is, complete and on the way there.
pub(crate) struct Places {
    pub(crate) complete: RunFolder,
    pub(crate) partial: RunFolder,
    /// The file that is locked by whoever fills it.
    pub(crate) lock: PathBuf,
}

impl Places {
    pub(crate) fn of(plan: &Plan, out: &Path) -> Self {
        let name = plan.run_name();
        Self {
            complete: RunFolder::at(out.join(&name)),
            lock: out.join(format!("{name}.lock")),
            partial: RunFolder::at(out.join(name + ".partial")),
        }
    }

    /// Gives the complete folder its name, in place of one of the same name.
    pub(crate) fn publish(&self) -> Result<(), RunError> {
        let (complete, partial) = (self.complete.root(), self.partial.root());
        let failed = |source| RunError::Write { path: complete.to_owned(), source };
        let aside = complete.with_extension("replaced");
        if complete.exists() {
            fs::rename(complete, &aside).map_err(failed)?;
        }
        fs::rename(partial, complete).map_err(failed)?;
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(failed)?;
        }
        Ok(())
    }
}
