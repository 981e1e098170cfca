//! The tables and texts that EEG-BIDS has beside a recording.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use twinprint_recordings::Kind;
use twinprint_signal::Annotation;

use super::Job;
use super::names::Names;
use super::records::Layout;
use crate::RunError;
use crate::folder::write_text;

/// Types of BIDS by a word in why a channel is no EEG.
const TYPES: [(&str, &str); 10] = [
    ("ECG", "ECG"),
    ("EKG", "ECG"),
    ("EOG", "EOG"),
    ("EMG", "EMG"),
    ("STATUS", "TRIG"),
    ("TRIG", "TRIG"),
    ("STI", "TRIG"),
    ("RESP", "RESP"),
    ("GSR", "GSR"),
    ("TEMP", "TEMP"),
];

/// Writes `eeg.json`, `channels.tsv` and, where there are events, `events.tsv`.
pub(super) fn of_recording(
    folder: &Path,
    job: &Job,
    layout: &Layout,
    events: &[Annotation],
) -> Result<(), RunError> {
    let place = |suffix: &str| folder.join(format!("{}_{suffix}", job.named.stem()));
    let all = job.reader.channels();
    let mut table = "name\ttype\tunits\tsampling_frequency\tstatus\n".to_owned();
    let (mut eeg, mut others) = (0, 0);
    for ((label, unit), &at) in layout.written().zip(layout.channels()) {
        let channel = &all[at];
        let kind = match &channel.kind {
            _ if job.other.contains(&channel.name) => "MISC",
            Kind::Eeg => "EEG",
            Kind::Other(why) => {
                TYPES.iter().find(|(word, _)| why.contains(word)).map_or("MISC", |(_, kind)| kind)
            }
        };
        *(if kind == "EEG" { &mut eeg } else { &mut others }) += 1;
        let status = if job.bad.contains(&channel.name) { "bad" } else { "good" };
        let unit = if unit.is_empty() { "n/a" } else { unit };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{label}\t{kind}\t{unit}\t{}\t{status}", channel.rate.get());
    }
    write_text(&place("channels.tsv"), &table)?;
    let facts = json!({
        "TaskName": job.named.task,
        "SamplingFrequency": all[layout.channels()[0]].rate.get(),
        "PowerLineFrequency": job.line_frequency.map_or(json!("n/a"), |line| json!(line.get())),
        "EEGReference": "n/a",
        "SoftwareFilters": "n/a",
        "EEGChannelCount": eeg,
        "MiscChannelCount": others,
        "RecordingDuration": layout.seconds(),
        "RecordingType": if layout.segments() > 1 { "discontinuous" } else { "continuous" },
    });
    write_text(&place("eeg.json"), &format!("{facts:#}\n"))?;
    if events.is_empty() {
        // Other tools take a table without a row for a mistake.
        return Ok(());
    }
    let mut table = "onset\tduration\ttrial_type\n".to_owned();
    for event in events {
        let label = event.label.replace(char::is_control, " ");
        let label = if label.trim().is_empty() { "n/a" } else { label.trim() };
        // Nanoseconds are finer than any recorder's clock.
        let rounded = |seconds: f64| (seconds * 1e9).round() / 1e9;
        let duration = rounded(event.duration.map_or(0.0, |duration| duration.get()));
        let _ = writeln!(table, "{}\t{duration}\t{label}", rounded(event.onset.get()));
    }
    write_text(&place("events.tsv"), &table)
}

/// Writes what every data set has, where it is missing, and adds people to the table of people.
pub(super) fn data_set(root: &Path, names: &Names) -> Result<(), RunError> {
    let description = root.join("dataset_description.json");
    if !description.exists() {
        let text = json!({
            "Name": "converted recordings",
            "BIDSVersion": "1.9.0",
            "DatasetType": "raw",
            "GeneratedBy": [{ "Name": "twinprint convert", "Version": env!("CARGO_PKG_VERSION") }],
        });
        write_text(&description, &format!("{text:#}\n"))?;
    }
    let readme = root.join("README");
    if !readme.exists() {
        write_text(
            &readme,
            "Recordings converted to EDF+ by `twinprint convert`; the headers name no person.\n",
        )?;
    }
    let path = root.join("participants.tsv");
    let mut table = match std::fs::read_to_string(&path) {
        Ok(table) => table,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "participant_id\n".to_owned(),
        Err(source) => return Err(RunError::Read { path, source }),
    };
    let known: Vec<String> =
        table.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect();
    let more = table.lines().next().map_or(0, |header| header.matches('\t').count());
    for person in names.people().map(|label| format!("sub-{label}")).filter(|person| !known.contains(person))
    {
        let _ = writeln!(table, "{person}{}", "\tn/a".repeat(more));
    }
    write_text(&path, &table)
}
