//! What a page is made from.

use crate::Results;

/// Everything one page shows.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The numbers.
    pub results: &'a Results,
    /// Where they come from.
    pub run: &'a RunFacts,
    /// The curves behind them.
    pub curves: &'a Curves,
}

/// Where the numbers come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFacts {
    /// The run's name.
    pub name: String,
    /// The version of twinprint.
    pub version: String,
    /// The git commit it was built from, where known.
    pub git_commit: Option<String>,
    /// The hash of the plan.
    pub plan_hash: String,
    /// The plan as the user wrote it.
    pub plan_toml: String,
    /// Seeds by what they decide.
    pub seeds: Vec<(String, u64)>,
    /// What computed: `cpu (flex)`.
    pub device: String,
    /// The machine: processor, cores, operating system.
    pub host: String,
    /// When the run began, as text.
    pub started: String,
    /// When it ended, as text.
    pub ended: String,
    /// Input files read.
    pub inputs: usize,
}

/// The curves behind the numbers; any list may be empty, and its plot is then left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// Error trade-offs.
    pub det: Vec<DetCurve>,
    /// Score distributions.
    pub scores: Vec<ScoreHistogram>,
    /// The course of training.
    pub training: Vec<TrainingCurve>,
    /// Where the prints lie.
    pub map: PrintMap,
}

/// The error trade-off of one system at one probe length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DetCurve {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// False match rate and false non-match rate, both 0 to 1, along the threshold.
    pub points: Vec<(f64, f64)>,
}

/// How the scores of one system at one probe length are distributed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreHistogram {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// Bin borders in ascending order, one more than there are bins.
    pub edges: Vec<f64>,
    /// Share of the mated scores in each bin.
    pub mated: Vec<f64>,
    /// Share of the non-mated scores in each bin.
    pub non_mated: Vec<f64>,
    /// The score at the equal error rate, where there is one.
    pub threshold: Option<f64>,
}

/// The course of training in one fold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainingCurve {
    /// The fold.
    pub fold: usize,
    /// Step and loss.
    pub loss: Vec<(f64, f64)>,
    /// Step and equal error rate on the dev subjects, 0 to 1.
    pub dev_eer: Vec<(f64, f64)>,
}

/// Prints on their first two principal components.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrintMap {
    /// One point a print.
    pub points: Vec<MapPoint>,
    /// The share of the variance on each of the two components, 0 to 1.
    pub explained: [f64; 2],
    /// The fold whose encoder made the prints.
    pub fold: usize,
}

/// One print on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPoint {
    /// The person.
    pub subject: String,
    /// The recording.
    pub recording: String,
    /// Whether the encoder learnt from this person.
    pub seen: bool,
    /// Along the first component.
    pub x: f64,
    /// Along the second.
    pub y: f64,
}
