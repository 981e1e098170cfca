//! Files of Emotiv's programs.

use super::head::Head;
use super::table::{ChannelColumn, Rate, Table, eeg, number_in, position};
use crate::lines::Between;

/// Columns of EmotivPRO below `EEG.` that are no electrode.
const EMOTIV_OTHERS: [&str; 6] =
    ["counter", "interpolated", "rawcq", "battery", "batterypercent", "markerhardware"];

/// EmotivPRO: a line of facts, a line of names, electrodes as `EEG.AF3`.
pub(super) fn pro(head: &Head) -> Option<Table> {
    let facts = head.lines.first()?.to_lowercase();
    let between = Between::of(head.lines.get(1)?);
    let columns = between.names(head.lines.get(1)?);
    let sampling = facts.split("sampling").nth(1)?;
    let rate = number_in(sampling.split("eeg_").nth(1).unwrap_or(sampling))?;
    let channel = |(at, name): (usize, &String)| {
        let label = name
            .strip_prefix("EEG.")
            .filter(|label| !EMOTIV_OTHERS.contains(&label.to_lowercase().as_str()))?;
        Some(eeg(at, label))
    };
    let channels: Vec<ChannelColumn> = columns.iter().enumerate().filter_map(channel).collect();
    if channels.is_empty() {
        return None;
    }
    Some(Table {
        format: "EmotivPRO",
        between,
        first_row: 2,
        clock: position(&columns, "Timestamp"),
        counter: position(&columns, "EEG.Counter"),
        pairs: false,
        estimated: position(&columns, "EEG.Interpolated"),
        events: ["EEG.MarkerHardware", "MarkerValueInt"]
            .iter()
            .filter_map(|name| position(&columns, name))
            .collect(),
        channels,
        columns,
        unit: "uV".to_owned(),
        rate: Rate::Stated(rate),
    })
}

/// What electrodes of the 10-20 system begin with.
const PLACES: [&str; 12] = ["FP", "AF", "F", "FC", "FT", "C", "CP", "P", "PO", "O", "T", "TP"];

/// TestBench, before EmotivPRO: one line of facts with the columns' names in it, `labels:COUNTER INTERPOLATED AF3 …`.
pub(super) fn test_bench(head: &Head) -> Option<Table> {
    let facts = head.lines.first()?;
    let fact = |name: &str| {
        let at = facts.to_lowercase().find(name)?;
        facts.get(at + name.len()..)?.split(',').next()
    };
    let rate = number_in(fact("sampling:")?)?;
    let columns: Vec<String> = fact("labels:")?.split_ascii_whitespace().map(str::to_owned).collect();
    position(&columns, "COUNTER")?;
    let is_electrode = |label: &str| {
        let label = label.to_uppercase();
        let place = label.trim_end_matches(|end: char| end == 'Z' || end.is_ascii_digit());
        place.len() < label.len() && PLACES.contains(&place)
    };
    let channels = columns.iter().enumerate().filter(|(_, name)| is_electrode(name));
    Some(Table {
        format: "Emotiv TestBench",
        between: Between::of(head.lines.get(1)?),
        first_row: 1,
        clock: None,
        counter: position(&columns, "COUNTER"),
        pairs: false,
        estimated: position(&columns, "INTERPOLATED"),
        events: position(&columns, "MARKER").into_iter().collect(),
        channels: channels.map(|(at, name)| eeg(at, name)).collect(),
        columns,
        unit: "uV".to_owned(),
        rate: Rate::Stated(rate),
    })
}
