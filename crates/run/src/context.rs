//! What every stage of a run is given.

use twinprint_encoder::Compute;
use twinprint_protocol::{Notice, Split};

use crate::cohort::Cohort;
use crate::folder::RunFolder;
use crate::{Plan, Progress};

/// What every stage is given.
pub(crate) struct Context<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) split: &'a Split,
    pub(crate) device: &'a Compute,
    pub(crate) folder: &'a RunFolder,
    pub(crate) progress: &'a dyn Progress,
    /// The recordings, for the one stage that reads them.
    pub(crate) survey: Option<&'a Survey>,
}

/// The recordings of a plan as their headers describe them, and what the protocol says of them.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// Every recording.
    pub(crate) cohort: Cohort,
    /// What the leak checks allowed, and what a reader must know.
    pub(crate) notices: Vec<Notice>,
}
