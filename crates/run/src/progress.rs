//! How stages tell whoever watches what they are doing.

/// Receives a run's progress; the command draws it, tests ignore it.
pub trait Progress: Sync {
    /// A stage begins; `total` is its number of steps where that is known.
    fn begin(&self, stage: &str, total: Option<u64>);
    /// One step is done; `note` says what came of it, as in `fold 1/3 loss 2.31`.
    fn step(&self, note: &str);
    /// Something the user should read even after the run: what was left out, what was odd.
    fn notice(&self, text: &str);
    /// The stage is done; `summary` says what it made.
    fn end(&self, summary: &str);
}

/// Progress nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn step(&self, _: &str) {}
    fn notice(&self, _: &str) {}
    fn end(&self, _: &str) {}
}
