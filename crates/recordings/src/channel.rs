//! What a file says of one of its channels.

use twinprint_signal::{ChannelName, Hertz};

/// One channel of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// The label as written.
    pub label: String,
    /// The label as an electrode's name.
    pub name: ChannelName,
    /// The unit as written.
    pub unit: String,
    /// Microvolts in one of that unit; nothing where it is no voltage.
    pub microvolts_per_unit: Option<f64>,
    /// Samples a second.
    pub rate: Hertz,
    /// Samples in the file.
    pub total_samples: u64,
    /// The least and greatest value that the file's numbers can stand for, in its unit, where whole numbers are stored.
    pub range: Option<[f64; 2]>,
    /// What the file, the unit or the name says the channel measures.
    pub kind: Kind,
}

/// What a channel measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A scalp electrode, as far as anything in the file says.
    Eeg,
    /// Something else; the text says what tells so: `its type is EOG`.
    Other(String),
}

/// Words in a channel's name that say it is no scalp electrode. A name is such a word alone, or has it as its first or last
/// part: `ECG`, `EOG left`, `ACC_X`, `STI 014`.
const NOT_EEG: [&str; 32] = [
    "status",
    "trigger",
    "trig",
    "trg",
    "sti",
    "stim",
    "marker",
    "event",
    "events",
    "counter",
    "sample",
    "timestamp",
    "ecg",
    "ekg",
    "eog",
    "heog",
    "veog",
    "emg",
    "acc",
    "accel",
    "accelerometer",
    "gyro",
    "mag",
    "ppg",
    "gsr",
    "eda",
    "resp",
    "spo2",
    "temp",
    "temperature",
    "battery",
    "dc",
];

impl Kind {
    /// What a channel's own type (where the format has one), its unit and its name say, in this order.
    pub(crate) fn of(declared: Option<&str>, unit: &str, is_voltage: bool, label: &str) -> Self {
        if let Some(declared) = declared.filter(|declared| !declared.is_empty()) {
            return match declared.eq_ignore_ascii_case("eeg") {
                true => Self::Eeg,
                false => Self::Other(format!("its type is {declared}")),
            };
        }
        if let Some(word) = word_of(label) {
            return Self::Other(format!("its name says {word}"));
        }
        // An empty unit says nothing.
        if !is_voltage && !unit.trim().is_empty() {
            return Self::Other(format!("its unit is {unit}"));
        }
        Self::Eeg
    }
}

/// The word in a name that says what is measured, where it is no scalp electrode.
fn word_of(label: &str) -> Option<String> {
    let folded = label.to_lowercase();
    let parts: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric())
        .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|part| !part.is_empty())
        .collect();
    let ends = [parts.first(), parts.last()];
    let word = ends.into_iter().flatten().find(|part| NOT_EEG.contains(part))?;
    Some(word.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_name_and_unit_say_what_is_no_eeg() {
        let other = |declared, unit: &str, label: &str| {
            matches!(Kind::of(declared, unit, unit == "uV", label), Kind::Other(_))
        };
        for label in ["Status", "ECG ECG", "EOG left", "ACC_X", "STI 014", "EMG1", "Resp nasal", "TRIGGER"] {
            assert!(other(None, "uV", label), "{label}");
        }
        for label in ["Fp1", "EEG A2-A1", "Cz", "E1", "EEG Fpz-Cz", "Hc", "T8"] {
            assert!(!other(None, "uV", label), "{label}");
        }
        assert!(other(None, "degC", "T8") && other(Some("EOG"), "uV", "E1"));
        assert!(!other(Some("EEG"), "uV", "Resp") && !other(None, "", "Cz"));
    }
}
