//! How a plan is to be run.

use std::path::PathBuf;

use crate::record::Host;
use crate::stage::Stage;

/// How a plan is to be run.
pub struct Options<'a> {
    /// The folder that holds run folders.
    pub out: PathBuf,
    /// Start again from this stage; nothing is taken from the cache then.
    pub from: Option<Stage>,
    /// Make what this stage leaves again; the stages after it go on from what it leaves.
    pub again: Option<Stage>,
    /// Go no further than this stage.
    pub until: Option<Stage>,
    /// Run this stage only; the ones before it must be done.
    pub only: Option<Stage>,
    /// Run everything again, even where the run folder is complete; nothing is taken from the cache.
    pub everything: bool,
    /// The program and the machine, for the record.
    pub host: Host,
    /// The time, RFC 3339 in UTC.
    pub clock: &'a dyn Fn() -> String,
}

impl<'a> Options<'a> {
    /// To bring a plan to completion below `out`, whatever is there already.
    pub fn complete(out: PathBuf, host: Host, clock: &'a dyn Fn() -> String) -> Self {
        Self { out, from: None, again: None, until: None, only: None, everything: false, host, clock }
    }

    /// The first stage that is asked for.
    pub(crate) fn start(&self) -> Option<Stage> {
        self.from.into_iter().chain(self.again).chain(self.only).min()
    }

    /// Whether a stage is to be made even where the cache has what it would make.
    pub(crate) fn anew(&self, stage: Stage) -> bool {
        self.everything || self.again == Some(stage) || self.from.is_some_and(|from| from <= stage)
    }
}
