//! How many people, for how long, and how much of them is theirs.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::montage;

/// A synthetic cohort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cohort {
    /// The number of people. Range: 1 to 9999. Default: 20.
    pub subjects: usize,
    /// Sessions of each. Range: 1 to 99. Default: 2.
    pub sessions: usize,
    /// Length of a session's recording in seconds, a whole number of data records. Range: 1 to 86 400. Default: 60.
    pub seconds: f64,
    /// The number of electrodes, in the order of a usual cap. Range: 1 to 64. Default: 16.
    pub channels: usize,
    /// Samples a second. Range: 32 to 16 384 Hz. Default: 160 Hz.
    pub rate: f64,
    /// The same seed gives the same files. Default: 1.
    pub seed: u64,
    /// How far a person's traits lie from the population's mean, in usual deviations; at 0 everybody is the same. Range: 0 to 5.
    /// Default: 1.
    pub identity_strength: f64,
    /// How far a session's traits lie from the person's, in the same unit. Range: 0 to 5. Default: 0.4.
    pub session_drift: f64,
    /// Mean rate of eye blinks. Range: 0 to 60. Default: 12.
    pub blinks_per_minute: f64,
    /// The frequency of the mains, 50 or 60 Hz; no hum is added at or above half the rate. Default: 50 Hz.
    pub line_frequency: f64,
    /// Amplitude of the mains hum. Range: 0 to 100 µV. Default: 1.5 µV.
    pub line_noise: f64,
}

impl Default for Cohort {
    fn default() -> Self {
        Self {
            subjects: 20,
            sessions: 2,
            seconds: 60.0,
            channels: 16,
            rate: 160.0,
            seed: 1,
            identity_strength: 1.0,
            session_drift: 0.4,
            blinks_per_minute: 12.0,
            line_frequency: 50.0,
            line_noise: 1.5,
        }
    }
}

/// A setting of a cohort outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{key} = {value}: {limit}")]
pub struct CohortError {
    /// The field of [`Cohort`].
    pub key: &'static str,
    /// The value that was given.
    pub value: String,
    /// What it must be.
    pub limit: String,
}

/// Refuses a setting that does not lie from `low` to `high`.
fn within<T: PartialOrd + Display>(key: &'static str, value: T, low: T, high: T) -> Result<(), CohortError> {
    if (&low..=&high).contains(&&value) {
        return Ok(());
    }
    Err(CohortError { key, value: value.to_string(), limit: format!("it must be from {low} to {high}") })
}

impl Cohort {
    /// The EDF data records of a recording: how many, and seconds and samples of each.
    ///
    /// # Errors
    /// For the first setting outside its range, and when no record of 1 to 10 seconds holds a whole number of samples, or the recording is no whole number of records.
    pub(crate) fn records(&self) -> Result<Records, CohortError> {
        within("subjects", self.subjects, 1, 9999)?;
        within("sessions", self.sessions, 1, 99)?;
        within("seconds", self.seconds, 1.0, 86_400.0)?;
        within("channels", self.channels, 1, montage::NAMES.len())?;
        within("rate", self.rate, 32.0, 16_384.0)?;
        within("identity_strength", self.identity_strength, 0.0, 5.0)?;
        within("session_drift", self.session_drift, 0.0, 5.0)?;
        within("blinks_per_minute", self.blinks_per_minute, 0.0, 60.0)?;
        within("line_noise", self.line_noise, 0.0, 100.0)?;
        if ![50.0, 60.0].contains(&self.line_frequency) {
            let limit = "mains have 50 or 60 Hz".to_owned();
            return Err(CohortError { key: "line_frequency", value: self.line_frequency.to_string(), limit });
        }
        let whole = |value: f64| (value - value.round()).abs() < 1e-9;
        let Some(length) = (1..=10).map(f64::from).find(|length| whole(self.rate * length)) else {
            let limit = "EDF needs a whole number of samples in a data record of 1 to 10 s: take a rate with at most one decimal".to_owned();
            return Err(CohortError { key: "rate", value: self.rate.to_string(), limit });
        };
        if !whole(self.seconds / length) {
            let limit = format!(
                "at {} Hz it must be a multiple of {length} s, the length of an EDF data record",
                self.rate
            );
            return Err(CohortError { key: "seconds", value: self.seconds.to_string(), limit });
        }
        Ok(Records {
            count: (self.seconds / length).round() as usize,
            seconds: length,
            samples: (self.rate * length).round() as usize,
        })
    }
}

/// How a recording is cut into EDF data records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Records {
    pub(crate) count: usize,
    pub(crate) seconds: f64,
    pub(crate) samples: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_cohort_is_valid() {
        assert_eq!(Cohort::default().records().unwrap(), Records { count: 60, seconds: 1.0, samples: 160 });
    }

    #[test]
    fn a_fractional_rate_takes_longer_records() {
        let cohort = Cohort { rate: 128.5, seconds: 60.0, ..Cohort::default() };
        assert_eq!(cohort.records().unwrap(), Records { count: 30, seconds: 2.0, samples: 257 });
    }

    #[test]
    fn settings_outside_their_range_are_named_with_their_limit() {
        let base = Cohort::default;
        for (cohort, key) in [
            (Cohort { subjects: 0, ..base() }, "subjects"),
            (Cohort { sessions: 100, ..base() }, "sessions"),
            (Cohort { seconds: 0.5, ..base() }, "seconds"),
            (Cohort { seconds: 60.5, ..base() }, "seconds"),
            (Cohort { seconds: f64::NAN, ..base() }, "seconds"),
            (Cohort { channels: 65, ..base() }, "channels"),
            (Cohort { rate: 10.0, ..base() }, "rate"),
            (Cohort { rate: 100.123, ..base() }, "rate"),
            (Cohort { identity_strength: -1.0, ..base() }, "identity_strength"),
            (Cohort { session_drift: f64::INFINITY, ..base() }, "session_drift"),
            (Cohort { blinks_per_minute: 61.0, ..base() }, "blinks_per_minute"),
            (Cohort { line_frequency: 55.0, ..base() }, "line_frequency"),
            (Cohort { line_noise: -1.0, ..base() }, "line_noise"),
        ] {
            let error = cohort.records().unwrap_err();
            assert_eq!(error.key, key, "{error}");
            assert!(
                error.to_string().contains("must") || key == "line_frequency" || key == "rate",
                "{error}"
            );
        }
    }
}
