//! What was done to a signal, in the order in which it was done.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// An operation that was carried out on a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// One by which a sample depends on its neighbours in time, by name: `notch`, `band filter`, `resampling`.
    Filter(&'static str),
    /// Cutting into epochs.
    Epoching,
    /// One that carries nothing from sample to sample, by name: `reference`, `rejection`, `scale`.
    Pointwise(&'static str),
}

/// The names under [`Operation::Filter`].
const FILTERS: [&str; 4] = ["notch", "band filter", "resampling", "resampling to one rate"];
/// The names under [`Operation::Pointwise`].
const POINTWISE: [&str; 5] = ["interpolation", "reference", "baseline", "rejection", "scale"];

impl<'de> Deserialize<'de> for Operation {
    /// Reads an operation back; one that this version does not carry out is refused.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Named {
            Filter(String),
            Epoching,
            Pointwise(String),
        }
        let known = |names: &[&'static str], name: &str| {
            let found = names.iter().find(|known| **known == name).copied();
            found.ok_or_else(|| D::Error::custom(format!("no operation is named {name:?}")))
        };
        Ok(match Named::deserialize(deserializer)? {
            Named::Filter(name) => Self::Filter(known(&FILTERS, &name)?),
            Named::Epoching => Self::Epoching,
            Named::Pointwise(name) => Self::Pointwise(known(&POINTWISE, &name)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_read_back_and_unknown_ones_refused() {
        let named = FILTERS.map(Operation::Filter).into_iter().chain(POINTWISE.map(Operation::Pointwise));
        let all: Vec<Operation> = named.chain([Operation::Epoching]).collect();
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Operation>>(&text).unwrap(), all);
        assert!(serde_json::from_str::<Operation>(r#"{"filter":"reference"}"#).is_err());
    }
}
