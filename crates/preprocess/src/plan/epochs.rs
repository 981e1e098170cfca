//! How epochs are cut.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_signal::{Hertz, Seconds};

/// How epochs are cut. Both kinds stay inside a segment: no epoch spans a gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "EpochKeys", into = "EpochKeys")]
#[schemars(rename = "Epochs")]
pub enum EpochPlan {
    /// Equal windows from the start of each segment.
    Fixed {
        /// Length. Default: 2 s.
        duration: Seconds,
        /// How much of it the next one shares. Range: 0 to below `duration`. Default: 0 s.
        overlap: Seconds,
    },
    /// Windows around annotations.
    Events {
        /// Labels, compared exactly.
        events: Vec<String>,
        /// Start from the event. Default: −0.2 s.
        tmin: Seconds,
        /// Last sample from the event, included as MNE-Python does. Default: 0.8 s.
        tmax: Seconds,
        /// Stretch around the event whose mean is taken from each channel of the epoch. Default: none.
        baseline: Option<[Seconds; 2]>,
    },
}

impl Default for EpochPlan {
    fn default() -> Self {
        Self::Fixed { duration: seconds(2.0), overlap: Seconds::default() }
    }
}

/// How epochs are cut: `duration` and `overlap`, or around annotations `events`, `tmin`, `tmax` and `baseline`. No epoch spans a gap.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct EpochKeys {
    /// The length of an epoch in seconds, above 0. Default: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    duration: Option<Seconds>,
    /// How many seconds of it the next one shares: 0 to below `duration`. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 0))]
    overlap: Option<Seconds>,
    /// Labels of annotations, compared exactly: epochs are then cut around these, and `duration` and `overlap` are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<String>>,
    /// With `events`: where an epoch starts, in seconds from the event. Default: −0.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    tmin: Option<Seconds>,
    /// With `events`: the last sample of an epoch, in seconds from the event. Default: 0.8.
    #[serde(skip_serializing_if = "Option::is_none")]
    tmax: Option<Seconds>,
    /// With `events`: the stretch, in seconds from the event, whose mean is taken from each channel of the epoch. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<[Seconds; 2]>,
}

impl TryFrom<EpochKeys> for EpochPlan {
    type Error = String;

    fn try_from(keys: EpochKeys) -> Result<Self, String> {
        let EpochKeys { duration, overlap, events, tmin, tmax, baseline } = keys;
        match events {
            Some(_) if duration.is_some() || overlap.is_some() => {
                Err("epochs.events cuts from tmin to tmax: leave out duration and overlap, or leave out events".into())
            }
            Some(events) => Ok(Self::Events {
                events,
                tmin: tmin.unwrap_or(seconds(-0.2)),
                tmax: tmax.unwrap_or(seconds(0.8)),
                baseline,
            }),
            None if tmin.is_some() || tmax.is_some() || baseline.is_some() => {
                Err("epochs.tmin, tmax and baseline belong to epochs around events: add events = [\"label\"], or use duration and overlap"
                    .into())
            }
            None => Ok(Self::Fixed {
                duration: duration.unwrap_or(seconds(2.0)),
                overlap: overlap.unwrap_or_default(),
            }),
        }
    }
}

impl From<EpochPlan> for EpochKeys {
    fn from(plan: EpochPlan) -> Self {
        match plan {
            EpochPlan::Fixed { duration, overlap } => {
                Self { duration: Some(duration), overlap: Some(overlap), ..Self::default() }
            }
            EpochPlan::Events { events, tmin, tmax, baseline } => {
                Self { events: Some(events), tmin: Some(tmin), tmax: Some(tmax), baseline, ..Self::default() }
            }
        }
    }
}

impl EpochPlan {
    /// Samples of an epoch, and from one epoch's start to the next's (1 for epochs around events).
    pub fn samples(&self, rate: Hertz) -> (usize, usize) {
        match self {
            Self::Fixed { duration, overlap } => {
                let length = rate.samples_in(*duration);
                (length, length.saturating_sub(rate.samples_in(*overlap)))
            }
            Self::Events { tmin, tmax, .. } => {
                ((nearest(rate, *tmax) - nearest(rate, *tmin) + 1).max(0) as usize, 1)
            }
        }
    }
}

/// The sample nearest to a time that may be negative.
pub(crate) fn nearest(rate: Hertz, time: Seconds) -> i64 {
    (time.get() * rate.get()).round() as i64
}

fn seconds(value: f64) -> Seconds {
    Seconds::new(value).unwrap_or_default()
}
