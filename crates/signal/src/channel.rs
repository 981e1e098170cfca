//! Channel names that compare equal when they name the same electrode.

use std::fmt;
use std::hash::{Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a channel, compared by electrode rather than by spelling.
///
/// Two names are equal when their keys are: dots and white space stripped, a leading `EEG ` and a trailing reference
/// (`-REF`, `-LE`, `-A1`, …) removed, case folded, and the four renamed positions of the 10-20 system mapped to their
/// 10-10 names (T3 = T7, T4 = T8, T5 = P7, T6 = P8; American Clinical Neurophysiology Society, guideline 2, 2016).
/// The spelling kept for display is the usual one where it is known (`Fp1`, `AFz`), else the one given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(inline)]
pub struct ChannelName {
    shown: String,
    key: String,
}

/// References that recorders append to a scalp electrode's label after a hyphen; removing one does not rename the
/// electrode. Between two of them (`A2-A1`), or two scalp electrodes (`Fpz-Cz`), the hyphen makes another channel.
const REFERENCES: [&str; 7] = ["ref", "le", "a1", "a2", "m1", "m2", "avg"];
const RENAMED: [(&str, &str); 4] = [("t3", "t7"), ("t4", "t8"), ("t5", "p7"), ("t6", "p8")];

impl ChannelName {
    /// Takes a label as the file or the user spells it.
    pub fn new(label: impl AsRef<str>) -> Self {
        let label = label.as_ref().trim().trim_matches('.');
        let bare = strip_kind(label);
        let electrode = strip_reference(bare);
        let folded: String = electrode
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '.')
            .flat_map(char::to_lowercase)
            .collect();
        let key = RENAMED
            .iter()
            .find(|(old, _)| *old == folded)
            .map_or_else(|| folded.clone(), |(_, new)| (*new).to_owned());
        let shown = usual_spelling(&key).unwrap_or_else(|| bare.to_owned());
        Self { shown, key }
    }

    /// The spelling to show: `Fp1`, `T7`.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The folded name that equality and order go by: `fp1`, `t7`.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn strip_kind(label: &str) -> &str {
    match label.get(..4) {
        Some(kind) if kind.eq_ignore_ascii_case("eeg ") || kind.eq_ignore_ascii_case("eeg-") => {
            label[4..].trim()
        }
        _ => label,
    }
}

fn strip_reference(label: &str) -> &str {
    let Some((electrode, reference)) = label.rsplit_once('-') else { return label };
    let (folded, reference) = (electrode.to_lowercase(), reference.to_lowercase());
    let is_reference = |name: &String| REFERENCES.contains(&name.as_str());
    if is_position(&folded) && !is_reference(&folded) && is_reference(&reference) { electrode } else { label }
}

/// Whether a folded name reads as a 10-10 position or one of its old aliases: letters of a region, then z or a number.
fn is_position(folded: &str) -> bool {
    let letters = folded.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &folded[letters.len()..];
    let region = if digits.is_empty() { letters.strip_suffix('z') } else { Some(letters) };
    let numbered = digits.is_empty() || digits.parse::<u8>().is_ok_and(|n| (1..=10).contains(&n));
    numbered && region.is_some_and(|r| REGIONS.contains(&r))
}

const REGIONS: [&str; 18] =
    ["fp", "af", "f", "ft", "fc", "t", "c", "tp", "cp", "p", "po", "o", "i", "n", "m", "a", "aff", "ppo"];

fn usual_spelling(key: &str) -> Option<String> {
    if !is_position(key) {
        return None;
    }
    let (region, rest) = match key.strip_suffix('z') {
        Some(region) => (region, "z"),
        None => key.split_at(key.find(|c: char| c.is_ascii_digit())?),
    };
    let region = if region == "fp" { "Fp".to_owned() } else { region.to_uppercase() };
    Some(region + rest)
}

impl PartialEq for ChannelName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for ChannelName {}

impl Hash for ChannelName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialOrd for ChannelName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ChannelName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl From<String> for ChannelName {
    fn from(label: String) -> Self {
        Self::new(label)
    }
}

impl From<ChannelName> for String {
    fn from(name: ChannelName) -> String {
        name.shown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_electrode_are_equal() {
        for (left, right) in [
            ("Fc5.", "FC5"),
            ("EEG T3", "T7"),
            ("eeg p7", "T5"),
            ("C3-REF", "c3"),
            ("Fp1-A2", "FP1"),
            ("Iz..", "IZ"),
        ] {
            assert_eq!(ChannelName::new(left), ChannelName::new(right), "{left} and {right}");
        }
        assert_eq!(ChannelName::new("EEG T3").as_str(), "T7");
        assert_eq!(ChannelName::new("Fc5.").as_str(), "FC5");
        assert_eq!(ChannelName::new("AFZ").as_str(), "AFz");
    }

    #[test]
    fn a_bipolar_channel_is_not_an_electrode() {
        assert_eq!(ChannelName::new("EEG A2-A1").as_str(), "A2-A1");
        assert_ne!(ChannelName::new("EEG A2-A1"), ChannelName::new("A2"));
        assert_eq!(ChannelName::new("EEG Fpz-Cz").as_str(), "Fpz-Cz");
        assert_eq!(ChannelName::new("Fp1-F7").as_str(), "Fp1-F7");
        assert_ne!(ChannelName::new("ECG ECG"), ChannelName::new("EEG"));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(label in "\\PC{0,12}") {
            let once = ChannelName::new(&label);
            let twice = ChannelName::new(once.as_str());
            prop_assert_eq!(twice.key(), once.key());
        }
    }
}
