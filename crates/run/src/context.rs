//! What every stage of a run is given.

use twinprint_encoder::Compute;
use twinprint_protocol::{Notice, Split};

use crate::cache::Cache;
use crate::cohort::Cohort;
use crate::error::chain;
use crate::folder::RunFolder;
use crate::{Plan, Progress, RunError};

/// What every stage is given.
pub(crate) struct Context<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) split: &'a Split,
    pub(crate) device: &'a Compute,
    pub(crate) folder: &'a RunFolder,
    pub(crate) progress: &'a dyn Progress,
    /// The recordings, for the one stage that reads them.
    pub(crate) survey: Option<&'a Survey>,
    /// What earlier runs made.
    pub(crate) cache: Option<&'a Cache>,
    /// Whether the stage is to be made even where the cache has what it would make.
    pub(crate) anew: bool,
    /// The hash of everything that decides what the stage makes; empty for the stages that the cache keeps nothing of.
    pub(crate) key: &'a str,
}

impl Context<'_> {
    /// Keeps something in the cache, where there is one. A cache that cannot be written costs time later and nothing now.
    pub(crate) fn keep(&self, put: impl FnOnce(&Cache) -> Result<(), RunError>) {
        let Some(cache) = self.cache else { return };
        if let Err(error) = put(cache) {
            let (root, why) = (cache.root().display(), chain(&error));
            self.progress.notice(&format!("nothing is kept in the cache {root}: {why}"));
        }
    }
}

/// The recordings of a plan as their headers describe them, and what the protocol says of them.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// Every recording.
    pub(crate) cohort: Cohort,
    /// What the leak checks allowed, and what a reader must know.
    pub(crate) notices: Vec<Notice>,
}
