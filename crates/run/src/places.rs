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
        let (complete, partial, aside) = (self.complete.root(), self.partial.root(), self.aside());
        let failed = |source| RunError::Write { path: complete.to_owned(), source };
        self.remove_replaced()?;
        if complete.exists() {
            fs::rename(complete, &aside).map_err(failed)?;
        }
        fs::rename(partial, complete).map_err(failed)?;
        self.remove_replaced()
    }

    /// Removes the folder that a complete one has taken the place of, which a killed process may have left. Where no complete one
    /// has, it stays.
    pub(crate) fn remove_replaced(&self) -> Result<(), RunError> {
        let aside = self.aside();
        if aside.exists() && self.complete.root().exists() {
            fs::remove_dir_all(&aside).map_err(|source| RunError::Write { path: aside, source })?;
        }
        Ok(())
    }

    /// Whether a process is at work in the folder, or was killed at it: there is something to be cleared away.
    pub(crate) fn is_in_use(&self) -> bool {
        self.lock.exists() || self.aside().exists()
    }

    /// Where the folder is that is about to be replaced.
    fn aside(&self) -> PathBuf {
        self.complete.root().with_extension("replaced")
    }
}
