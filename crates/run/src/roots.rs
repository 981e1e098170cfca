//! Where the recordings of a plan are.

use std::path::{Path, PathBuf};

use twinprint_dataset::Layout;

use crate::cohort_plan::CohortSettings;
use crate::{Plan, RunError};

impl Plan {
    /// The folders the recordings are in, one a cohort.
    ///
    /// # Errors
    /// When one is nowhere; the stages after the first do not need them.
    pub fn roots(&self) -> Result<Vec<PathBuf>, RunError> {
        self.cohorts().iter().map(|cohort| self.root_of(cohort)).collect()
    }

    /// The folder of the pipeline file, at which relative paths in it start.
    fn beside(&self) -> &Path {
        self.source().path.parent().unwrap_or(Path::new("."))
    }

    /// The name of a manifest that comes with the program, or the path of one, wherever the command is given.
    pub(crate) fn manifest(&self, name: &str) -> String {
        if name.ends_with(".toml") { self.beside().join(name).display().to_string() } else { name.to_owned() }
    }

    /// What a cohort says of its recordings, with the places where they and their manifest are.
    pub(crate) fn located(&self, cohort: &CohortSettings) -> Result<twinprint_dataset::Plan, RunError> {
        let mut plan = twinprint_dataset::Plan { root: self.root_of(cohort)?, ..cohort.dataset.clone() };
        if let Layout::Manifest { name } = &mut plan.layout {
            *name = self.manifest(name);
        }
        Ok(plan)
    }

    /// The folder a cohort's recordings are in.
    pub(crate) fn root_of(&self, cohort: &CohortSettings) -> Result<PathBuf, RunError> {
        let (plan, key) = (&cohort.dataset, &cohort.key);
        if let Some(folder) = self.moved(cohort.name.as_deref()) {
            let reason = "it is no folder: name the one that the recordings are in now";
            return if folder.is_dir() {
                Ok(folder.clone())
            } else {
                Err(RunError::option(format!("--data {}", folder.display()), reason))
            };
        }
        let beside = self.beside();
        if !plan.root.as_os_str().is_empty() {
            let root = beside.join(&plan.root);
            return if root.is_dir() {
                Ok(root)
            } else {
                Err(self.invalid(
                    &format!("{key}.root"),
                    format!(
                        "{key}.root = {:?} is not a folder (looked for {}); a relative path starts at the pipeline file",
                        plan.root.display().to_string(),
                        root.display()
                    ),
                ))
            };
        }
        let Layout::Manifest { name } = &plan.layout else {
            return Err(self.invalid(
                key,
                format!("{key}.root is missing: write root = \"path/of/the/dataset\", relative to this file"),
            ));
        };
        let manifest = twinprint_dataset::Manifest::load(&self.manifest(name))
            .map_err(|error| self.invalid(&format!("{key}.layout"), error))?;
        // Some sets can be downloaded from nowhere.
        let fetch = match !manifest.sources.is_empty() {
            true => format!("`twinprint fetch {name}`"),
            false => format!(
                "`twinprint fetch {name} --mirror URL` from a copy you know of (it is published nowhere)"
            ),
        };
        let folder = &manifest.name;
        let tried: Vec<PathBuf> = self.data_folders().iter().map(|data| data.join(folder)).collect();
        tried.iter().find(|folder| folder.is_dir()).cloned().ok_or_else(|| RunError::DatasetMissing {
            name: folder.clone(),
            looked: tried.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
            remedy: format!(
                "Download it with {fetch}, set TWINPRINT_DATA to the folder that holds {folder}/, or write {key}.root"
            ),
        })
    }
}
