//! What a page is made from.

use serde::{Deserialize, Serialize};

use crate::{Attacks, Results};

/// Everything one page shows: numbers, their origin, and the curves behind them.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The contents of `results.json`.
    pub results: &'a Results,
    /// The program, the machine and the plan they come from.
    pub run: &'a RunFacts,
    /// The curves the plots are drawn from.
    pub curves: &'a Curves,
    /// The contents of `attacks.json`, where attacks were tried.
    pub attacks: Option<&'a Attacks>,
}

/// Where the numbers come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFacts {
    /// The name that the plan gives the run.
    pub name: String,
    /// The version of twinprint that ran.
    pub version: String,
    /// The git commit it was built from, where known.
    pub git_commit: Option<String>,
    /// The hash of the plan.
    pub plan_hash: String,
    /// The plan as the user wrote it.
    pub plan_toml: String,
    /// Seeds by what they decide.
    pub seeds: Vec<(String, u64)>,
    /// Where the encoder was trained, with its backend: `cpu (flex)`.
    pub device: String,
    /// The machine: processor, cores, operating system.
    pub host: String,
    /// When the run began, as text.
    pub started: String,
    /// When it ended, as text.
    pub ended: String,
    /// How many recordings were read.
    pub inputs: usize,
    /// Seconds of every stage, in the order they ran.
    pub stages: Vec<(String, f64)>,
    /// Whose data it is, where manifests say.
    pub data: Vec<DataSource>,
}

/// Where published recordings come from, and on what terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DataSource {
    /// The full title of the dataset.
    pub title: String,
    /// The page that describes it.
    pub homepage: String,
    /// Its licence, as an SPDX identifier.
    pub licence: String,
    /// The works to cite.
    pub citation: Vec<String>,
}

/// The curves behind the numbers; any list may be empty, and its plot is then left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// Error trade-off of each system and probe length.
    pub det: Vec<DetCurve>,
    /// Distribution of the scores of each system and probe length.
    pub scores: Vec<ScoreHistogram>,
    /// Loss and dev error rate by step, one entry a fold.
    pub training: Vec<TrainingCurve>,
    /// The prints of one fold on a plane.
    pub map: PrintMap,
    /// Whose claims the encoder refuses, one entry a probe length.
    pub people: Vec<ErrorsByPerson>,
    /// What preprocessing found in each recording.
    pub quality: Vec<RecordingQuality>,
}

/// The error trade-off of one system at one probe length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DetCurve {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// False match rate and false non-match rate, both 0 to 1, along the threshold.
    pub points: Vec<(f64, f64)>,
    /// The interval along the curve, by ascending false match rate; absent in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub band: Vec<BandPlace>,
}

/// The 95 % interval of the false non-match rate at one false match rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct BandPlace {
    /// False match rate, 0 to 1.
    pub fmr: f64,
    /// Lower bound of the false non-match rate.
    pub low: f64,
    /// Upper bound of the false non-match rate.
    pub high: f64,
}

/// How often each person's own probes are refused at the threshold of equal errors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorsByPerson {
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// One entry a person with mated comparisons, in any order.
    pub people: Vec<PersonErrors>,
}

/// The errors of one person's probes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonErrors {
    /// The person.
    pub subject: String,
    /// Comparisons of the person with themselves.
    pub mated: usize,
    /// How many of these are refused.
    pub refused: usize,
}

/// What preprocessing found in one recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordingQuality {
    /// Whose it is.
    pub subject: String,
    /// Session and recording.
    pub recording: String,
    /// Epochs cut before rejection.
    pub cut: usize,
    /// Epochs kept.
    pub kept: usize,
    /// Power at the mains frequency over the power beside it, where the rate shows it.
    pub line_noise: Option<f64>,
    /// Median over epochs and channels of maximum minus minimum, microvolts.
    pub peak_to_peak: Option<f64>,
    /// Power density at 1, 2, … Hz in decibels over 1 µV²/Hz, mean over channels; none where there is no power.
    pub spectrum: Vec<Option<f64>>,
    /// Channels that were estimated from the others or left out.
    pub mended: Vec<String>,
}

/// How the scores of one system at one probe length are distributed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreHistogram {
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// Seconds of EEG without rejected epochs that each probe is made from.
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
    /// The fold, counted from 0.
    pub fold: usize,
    /// Whether it is the attention over epochs that was trained, and not the encoder.
    pub attention: bool,
    /// Training step and the loss there.
    pub loss: Vec<(f64, f64)>,
    /// Step and equal error rate on the dev subjects, 0 to 1.
    pub dev_eer: Vec<(f64, f64)>,
}

/// Prints on a plane, in two ways: by their first two principal components, and so that neighbours stay together (t-SNE).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrintMap {
    /// One point for each print drawn.
    pub points: Vec<MapPoint>,
    /// The share of the variance on each of the two components, 0 to 1.
    pub explained: [f64; 2],
    /// The fold whose encoder made the prints.
    pub fold: usize,
}

/// One print on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPoint {
    /// The person whose print it is.
    pub subject: String,
    /// The person's recording that the print was made from.
    pub recording: String,
    /// Whether the encoder learnt from this person.
    pub seen: bool,
    /// Seconds from the recording's start to the epoch the print was made from.
    pub start: f64,
    /// Coordinates on the first two principal components.
    pub components: [f64; 2],
    /// Coordinates on the map of neighbours, without unit.
    pub neighbours: [f64; 2],
}
