//! Physical units as types, so that seconds are never added to samples.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number that is not a possible value of its unit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{value} is not a possible {unit}: it must be {limit}")]
pub struct UnitError {
    /// The refused number.
    pub value: f64,
    /// The unit's name, as in `sampling rate in hertz`.
    pub unit: &'static str,
    /// What the number must be, as in `finite and above 0`.
    pub limit: &'static str,
}

/// A frequency or a sampling rate in hertz: finite and above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(inline, extend("exclusiveMinimum" = 0))]
pub struct Hertz(f64);

/// A duration or a point in time in seconds: finite, and negative where a point lies before its origin.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(inline)]
pub struct Seconds(f64);

/// An electric potential in microvolts: finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(inline)]
pub struct Microvolts(f64);

/// The position of a sample, counted from the first sample of its recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleIndex(pub u64);

impl Hertz {
    /// Takes a rate in hertz.
    ///
    /// # Errors
    /// When `value` is not finite or not above 0.
    pub fn new(value: f64) -> Result<Self, UnitError> {
        if value.is_finite() && value > 0.0 {
            Ok(Self(value))
        } else {
            Err(UnitError { value, unit: "frequency in hertz", limit: "finite and above 0" })
        }
    }

    /// Takes the sampling rate that a recording states: at most 1 MHz and at least one sample in about three hours. Nothing that
    /// measures people lies outside, and filters and buffers for such a rate would be longer than memory.
    ///
    /// # Errors
    /// When `value` is not between 0.0001 and 1,000,000.
    pub fn sampling(value: f64) -> Result<Self, UnitError> {
        if (1e-4..=1e6).contains(&value) {
            Ok(Self(value))
        } else {
            Err(UnitError { value, unit: "sampling rate in hertz", limit: "between 0.0001 and 1000000" })
        }
    }

    /// The number of hertz.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Half the rate: the highest frequency that samples at this rate can carry.
    #[must_use]
    pub fn nyquist(self) -> Self {
        Self(self.0 / 2.0)
    }

    /// The number of samples nearest to `duration` at this rate; 0 for a negative duration.
    pub fn samples_in(self, duration: Seconds) -> usize {
        (duration.0 * self.0).round().max(0.0) as usize
    }

    /// The time of sample `index` when sample 0 lies at 0 s.
    pub fn time_of(self, index: SampleIndex) -> Seconds {
        Seconds(index.0 as f64 / self.0)
    }
}

impl Seconds {
    /// Takes a duration or point in time in seconds.
    ///
    /// # Errors
    /// When `value` is not finite.
    pub fn new(value: f64) -> Result<Self, UnitError> {
        finite(value, "time in seconds").map(Self)
    }

    /// The number of seconds.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Microvolts {
    /// Takes a potential in microvolts.
    ///
    /// # Errors
    /// When `value` is not finite.
    pub fn new(value: f64) -> Result<Self, UnitError> {
        finite(value, "potential in microvolts").map(Self)
    }

    /// The number of microvolts.
    pub fn get(self) -> f64 {
        self.0
    }
}

fn finite(value: f64, unit: &'static str) -> Result<f64, UnitError> {
    if value.is_finite() { Ok(value) } else { Err(UnitError { value, unit, limit: "finite" }) }
}

macro_rules! number_of {
    ($type:ident, $suffix:literal) => {
        impl TryFrom<f64> for $type {
            type Error = UnitError;

            fn try_from(value: f64) -> Result<Self, UnitError> {
                Self::new(value)
            }
        }

        impl From<$type> for f64 {
            fn from(value: $type) -> f64 {
                value.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                f.write_str($suffix)
            }
        }
    };
}

number_of!(Hertz, " Hz");
number_of!(Seconds, " s");
number_of!(Microvolts, " µV");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_zero_or_infinity_is_refused_with_its_limit() {
        for bad in [0.0, -1.0, f64::INFINITY, f64::NAN] {
            let message = Hertz::new(bad).unwrap_err().to_string();
            assert!(message.contains("finite and above 0"), "{message}");
        }
    }

    #[test]
    fn a_sampling_rate_that_no_device_has_is_refused_with_its_limits() {
        for bad in [1e-300, 9e-5, 1.1e6, 1e18, f64::NAN] {
            let message = Hertz::sampling(bad).unwrap_err().to_string();
            assert!(message.contains("between 0.0001 and 1000000"), "{message}");
        }
        assert_eq!(Hertz::sampling(30_000.0).unwrap().get(), 30_000.0);
    }

    #[test]
    fn samples_round_to_the_nearest() {
        let rate = Hertz::new(128.0).unwrap();
        assert_eq!(rate.samples_in(Seconds::new(2.0).unwrap()), 256);
        assert_eq!(rate.samples_in(Seconds::new(0.0117).unwrap()), 1);
        assert_eq!(rate.samples_in(Seconds::new(-3.0).unwrap()), 0);
    }

    #[test]
    fn numbers_outside_a_unit_do_not_deserialise() {
        assert!(serde_json::from_str::<Hertz>("-5.0").is_err());
        assert_eq!(serde_json::from_str::<Hertz>("5.0").unwrap().to_string(), "5 Hz");
    }
}
