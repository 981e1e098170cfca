//! A number with its confidence interval, the same from where it is computed to the file it is written to.

use serde::{Deserialize, Serialize};

/// A confidence interval, both ends included. In files it is the pair `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    /// The lower end, in the unit of the number.
    pub low: f64,
    /// The upper end, not below `low`.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies inside or on an end.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

impl From<[f64; 2]> for Interval {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for [f64; 2] {
    fn from(Interval { low, high }: Interval) -> Self {
        [low, high]
    }
}

/// A number with the 95 % interval it has, if it has one.
///
/// ```
/// use twinprint_signal::{Estimate, Interval};
///
/// let eer = Estimate { value: 0.04, ci95: Some(Interval { low: 0.02, high: 0.08 }) };
/// assert!(eer.ci95.is_some_and(|interval| interval.contains(eer.value)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The number on all the data.
    pub value: f64,
    /// Its interval over subjects; absent where they are too few, or where nothing varies among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci95: Option<Interval>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_an_interval_has_no_key_for_it() {
        let bare = Estimate { value: 0.5, ci95: None };
        let with = Estimate { ci95: Some([0.25, 0.75].into()), ..bare };
        assert_eq!(serde_json::to_string(&bare).unwrap(), r#"{"value":0.5}"#);
        let text = r#"{"value":0.5,"ci95":[0.25,0.75]}"#;
        assert_eq!(serde_json::to_string(&with).unwrap(), text);
        assert_eq!(serde_json::from_str::<Estimate>(text).unwrap(), with);
    }
}
