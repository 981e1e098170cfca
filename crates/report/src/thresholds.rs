//! Thresholds that were carried to other people, and those of the encoder that was fitted to everybody, as `results.json` and
//! `model/thresholds.json` have them.

use serde::{Deserialize, Serialize};
use twinprint_signal::Interval;

/// A threshold chosen on some people at a target false match rate, and the error rates then observed on others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportedThreshold {
    /// The false match rate aimed at where it was chosen: on dev, or on the other folds.
    pub target_fmr: f64,
    /// The similarity at and above which a trial matches; absent when every fold has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// False match rate observed on the others.
    pub fmr: f64,
    /// Its 95 % interval over subjects, the thresholds held fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fmr_ci95: Option<Interval>,
    /// False non-match rate observed on the others.
    pub fnmr: f64,
    /// Its 95 % interval over subjects, the thresholds held fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fnmr_ci95: Option<Interval>,
}

/// The encoder that was fitted to everybody who may be learnt from, and from which score on its prints match.
///
/// Nobody is left whom this encoder has not seen. Its thresholds come from the scores of everybody who was tested, each by the
/// encoder of their own fold, which had not seen them either.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalModel {
    /// People it learnt from.
    pub people: usize,
    /// Their recordings.
    pub recordings: usize,
    /// Its thresholds, an entry for each probe length.
    pub thresholds: Vec<ThresholdsAt>,
}

/// The thresholds for one length of probe, and what stands behind them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdsAt {
    /// Seconds of EEG without rejected epochs that a template is made from.
    pub enroll_seconds: f64,
    /// Seconds of EEG without rejected epochs that a probe is made from.
    pub probe_seconds: f64,
    /// People tested.
    pub people: usize,
    /// Comparisons of a person with themselves.
    pub mated: usize,
    /// Comparisons of two people.
    pub non_mated: usize,
    /// The least false match rate that so many comparisons resolve, 30 errors expected: 30 / `non_mated`. 1 where they
    /// resolve none.
    pub strictest_fmr: f64,
    /// A threshold for each false match rate aimed at that they resolve, the laxest first. `threshold` is set on the scores of
    /// all folds; the error rates are those of thresholds set on all folds but one, observed on the one left out, added up.
    pub points: Vec<TransportedThreshold>,
}
