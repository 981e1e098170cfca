//! The texts around the recordings of a synthetic BIDS dataset.

use std::fmt::Write as _;

use serde_json::json;

use super::cohort::Cohort;
use super::montage::NAMES;
use super::traits::Traits;

/// The warning that every part of the dataset carries.
pub(crate) const WARNING: &str =
    "SYNTHETIC: made by a program from random numbers, for learning and testing. No person was recorded.";

pub(crate) fn description(cohort: &Cohort) -> serde_json::Value {
    json!({
        "Name": "Synthetic EEG cohort (no person was recorded)",
        "BIDSVersion": "1.9.0",
        "DatasetType": "raw",
        "License": "CC0-1.0",
        "Acknowledgements": WARNING,
        "GeneratedBy": [{
            "Name": "twinprint synth",
            "Version": env!("CARGO_PKG_VERSION"),
            "Description": WARNING,
            "Parameters": cohort,
        }],
    })
}

pub(crate) fn readme(cohort: &Cohort) -> String {
    format!(
        "# {WARNING}\n\n\
         Nothing measured on this dataset says anything about people or about how well EEG tells them apart.\n\n\
         {} subjects x {} sessions x {} s, {} EEG channels, {} Hz, EDF+, EEG-BIDS layout.\n\n\
         Each subject has an alpha peak and strength, a 1/f exponent, band strengths and places of the sources on the\n\
         scalp; each session shifts them. `sourcedata/causes.json` holds the true values of every recording, and\n\
         `events.tsv` the true blinks (no table: no blink). The same parameters and seed give the same files:\n\n\
         - seed {}\n- identity_strength {} (0: all subjects are alike)\n- session_drift {}\n- blinks_per_minute {}\n\
         - line_noise {} microvolts at {} Hz\n",
        cohort.subjects,
        cohort.sessions,
        cohort.seconds,
        cohort.channels,
        cohort.rate,
        cohort.seed,
        cohort.identity_strength,
        cohort.session_drift,
        cohort.blinks_per_minute,
        cohort.line_noise,
        cohort.line_frequency,
    )
}

pub(crate) fn participants(cohort: &Cohort) -> String {
    let mut table = "participant_id\n".to_owned();
    for subject in 0..cohort.subjects {
        let _ = writeln!(table, "{}", subject_name(cohort, subject));
    }
    table
}

/// `sub-01`, with as many digits as the last subject needs, at least two.
pub(crate) fn subject_name(cohort: &Cohort, subject: usize) -> String {
    let width = cohort.subjects.to_string().len().max(2);
    format!("sub-{:0width$}", subject + 1)
}

pub(crate) fn session_name(cohort: &Cohort, session: usize) -> String {
    let width = cohort.sessions.to_string().len();
    format!("ses-{:0width$}", session + 1)
}

pub(crate) fn eeg_json(cohort: &Cohort) -> serde_json::Value {
    json!({
        "TaskName": "rest",
        "TaskDescription": WARNING,
        "Manufacturer": "none (synthetic)",
        "EEGReference": "none (synthetic)",
        "SamplingFrequency": cohort.rate,
        "PowerLineFrequency": cohort.line_frequency,
        "SoftwareFilters": "n/a",
        "EEGChannelCount": cohort.channels,
        "RecordingDuration": cohort.seconds,
        "RecordingType": "continuous",
    })
}

pub(crate) fn channels(cohort: &Cohort) -> String {
    let mut table = "name\ttype\tunits\tsampling_frequency\tstatus\n".to_owned();
    for name in &NAMES[..cohort.channels] {
        let _ = writeln!(table, "{name}\tEEG\tuV\t{}\tgood", cohort.rate);
    }
    table
}

pub(crate) fn events(blinks: &[(f64, f64)]) -> String {
    let mut table = "onset\tduration\ttrial_type\n".to_owned();
    for (onset, duration) in blinks {
        let _ = writeln!(table, "{onset:.4}\t{duration:.4}\tblink");
    }
    table
}

pub(crate) fn causes(recordings: &[(String, Traits)]) -> serde_json::Value {
    let named = recordings.iter().map(|(name, traits)| (name.clone(), json!(traits)));
    serde_json::Value::Object(named.collect())
}
