//! Which column of a table is what: as a device's header says, or as the layout states.

use super::head::Head;
use super::layout::TextLayout;
use crate::ReadError;
use crate::lines::{Between, number};

/// A table of numbers, its columns told apart.
pub(super) struct Table {
    pub(super) format: &'static str,
    pub(super) between: Between,
    /// The line of the head at which the rows begin.
    pub(super) first_row: usize,
    /// The columns' names.
    pub(super) columns: Vec<String>,
    pub(super) channels: Vec<ChannelColumn>,
    pub(super) unit: String,
    pub(super) rate: Rate,
    /// The column of time stamps.
    pub(super) clock: Option<usize>,
    pub(super) counter: Option<usize>,
    /// Whether two samples of a packet share a number, as the OpenBCI Ganglion has it.
    pub(super) pairs: bool,
    /// The column that is not 0 where a sample is an estimate in the place of a lost one.
    pub(super) estimated: Option<usize>,
    pub(super) events: Vec<usize>,
}

/// A column that is a channel.
pub(super) struct ChannelColumn {
    pub(super) column: usize,
    pub(super) label: String,
    /// The type, where it is no EEG.
    pub(super) kind: Option<String>,
}

/// Where the rate comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rate {
    /// The header or the layout states it.
    Stated(f64),
    /// The device has one of these; the time stamps tell which.
    OneOf(&'static [f64]),
}

/// Muse headbands: 256 Hz since 2016, 220 Hz before.
const MUSE: [f64; 2] = [256.0, 220.0];
const KNOWN: &str =
    "a header of the OpenBCI GUI, Mind Monitor, muselsl or EmotivPRO, or a layout that states them";
const STATE: &str =
    "write rate, unit and columns in dataset.layout.text of the plan, or as options of `twinprint convert`";

type Reading = fn(&Head) -> Option<Table>;
const DEVICES: [Reading; 4] = [open_bci, mind_monitor, muselsl, emotiv];

/// Whether a device's header stands at the top.
pub(super) fn is_known(head: &Head) -> bool {
    DEVICES.iter().any(|device| device(head).is_some())
}

/// The columns of a file.
pub(super) fn table_of(head: &Head, layout: &TextLayout) -> Result<Table, ReadError> {
    let known = DEVICES.iter().find_map(|device| device(head));
    let mut table = match known {
        Some(table) => table,
        None => stated(head, layout)?,
    };
    apply(&mut table, layout)?;
    if table.channels.is_empty() {
        return Err(ReadError::field("its channels", "none", KNOWN, STATE));
    }
    Ok(table)
}

/// A table that no device's header explains.
fn stated(head: &Head, layout: &TextLayout) -> Result<Table, ReadError> {
    let Some(first) = head.lines.first() else {
        return Err(ReadError::field("the file", "empty", "rows of numbers", "record or export it again"));
    };
    let between = Between::of(first);
    let has_header = !head.is_row(0, between);
    let columns = match (has_header, layout.columns.is_empty()) {
        (_, false) => layout.columns.clone(),
        (true, true) => between.names(first),
        (false, true) => {
            return Err(ReadError::field("the line of column names", "absent", KNOWN, STATE));
        }
    };
    let found = between.names(first).len();
    if found != columns.len() {
        return Err(ReadError::field(
            "the number of columns stated",
            columns.len().to_string(),
            format!("{found}, as the first line has"),
            STATE,
        ));
    }
    let Some(rate) = layout.rate else {
        return Err(ReadError::field("the rate", "stated nowhere", KNOWN, STATE));
    };
    let first_row = usize::from(has_header);
    let cells = head.lines.get(first_row).map(|line| between.names(line)).unwrap_or_default();
    let serves = [&layout.time, &layout.counter, &layout.events];
    let is_channel = |at: &usize| {
        let serves = serves.iter().any(|name| name.as_deref() == Some(columns[*at].as_str()));
        !serves && cells.get(*at).is_some_and(|cell| number(cell).is_some())
    };
    let channels =
        (0..columns.len()).filter(is_channel).map(|column| eeg(column, &columns[column])).collect();
    Ok(Table {
        format: "text",
        between,
        first_row,
        channels,
        columns,
        unit: "uV".to_owned(),
        rate: Rate::Stated(rate),
        clock: None,
        counter: None,
        pairs: false,
        estimated: None,
        events: Vec::new(),
    })
}

/// What the layout states holds before what the header says.
fn apply(table: &mut Table, layout: &TextLayout) -> Result<(), ReadError> {
    let place = |table: &Table, name: &String| {
        table.columns.iter().position(|column| column == name).ok_or_else(|| {
            let limit = format!("one of {}", table.columns.join(", "));
            ReadError::field(
                "a column of the layout",
                format!("{name:?}"),
                limit,
                "correct dataset.layout.text",
            )
        })
    };
    if let Some(rate) = layout.rate {
        table.rate = Rate::Stated(rate);
    }
    if let Some(unit) = &layout.unit {
        table.unit.clone_from(unit);
    }
    if let Some(name) = &layout.time {
        table.clock = Some(place(table, name)?);
    }
    if let Some(name) = &layout.counter {
        table.counter = Some(place(table, name)?);
    }
    if let Some(name) = &layout.events {
        table.events = vec![place(table, name)?];
    }
    if !layout.channels.is_empty() {
        let chosen = layout.channels.iter().map(|name| Ok(eeg(place(table, name)?, name)));
        table.channels = chosen.collect::<Result<_, ReadError>>()?;
    }
    if !layout.names.is_empty() {
        if layout.names.len() != table.channels.len() {
            let (found, limit) =
                (layout.names.len().to_string(), format!("{}, one a channel", table.channels.len()));
            return Err(ReadError::field(
                "the number of names in the layout",
                found,
                limit,
                "correct dataset.layout.text.names",
            ));
        }
        table
            .channels
            .iter_mut()
            .zip(&layout.names)
            .for_each(|(channel, name)| channel.label.clone_from(name));
    }
    Ok(())
}

fn eeg(column: usize, label: &str) -> ChannelColumn {
    ChannelColumn { column, label: label.to_owned(), kind: None }
}

fn position(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.eq_ignore_ascii_case(name))
}

/// The first number in a text.
fn number_in(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    number(text[..end].trim_end_matches([',', '.'])).filter(|number| *number > 0.0)
}

/// The OpenBCI GUI: comments that begin with %, then names of columns since version 5.
fn open_bci(head: &Head) -> Option<Table> {
    head.comments.first().filter(|line| line.to_lowercase().starts_with("openbci raw"))?;
    let rate = number_in(head.stated("Sample Rate")?)?;
    let count = number_in(head.stated("Number of channels")?)? as usize;
    let between = Between::of(head.lines.first()?);
    let first = between.names(head.lines.first()?);
    let has_names = first.iter().any(|name| name.eq_ignore_ascii_case("Sample Index"));
    let (columns, channels) = match has_names {
        true => {
            let is_channel = |name: &&String| {
                let name = name.to_lowercase();
                name.starts_with("exg channel") || name.starts_with("eeg channel")
            };
            let channels = first.iter().enumerate().filter(|(_, name)| is_channel(name));
            (first.clone(), channels.map(|(at, name)| eeg(at, name)).collect())
        }
        false => {
            let named = |at: usize| match at {
                0 => "Sample Index".to_owned(),
                at if at <= count => format!("EXG Channel {}", at - 1),
                at => format!("Column {at}"),
            };
            let columns: Vec<String> = (0..first.len()).map(named).collect();
            (columns.clone(), (1..=count).map(|at| eeg(at, &columns[at.min(columns.len() - 1)])).collect())
        }
    };
    // Versions 3 and 4 end in milliseconds since 1970.
    let last = first.len() - 1;
    let milliseconds = !has_names && number(&first[last]).is_some_and(|number| number > 1e11);
    Some(Table {
        format: "OpenBCI",
        between,
        first_row: usize::from(has_names),
        clock: position(&columns, "Timestamp").or(milliseconds.then_some(last)),
        counter: Some(0),
        pairs: head.stated("Board").is_some_and(|board| board.to_lowercase().contains("ganglion")),
        estimated: None,
        events: position(&columns, "Marker Channel").into_iter().collect(),
        channels,
        columns,
        unit: "uV".to_owned(),
        rate: Rate::Stated(rate),
    })
}

/// Mind Monitor: raw microvolts beside band powers and motion; rows of events alone between them.
fn mind_monitor(head: &Head) -> Option<Table> {
    let columns = Between::Sign(b',').names(head.lines.first()?);
    position(&columns, "RAW_TP9")?;
    let channel = |(at, name): (usize, &String)| {
        let label = name.strip_prefix("RAW_").or_else(|| name.starts_with("AUX").then_some(name.as_str()))?;
        let kind = label.starts_with("AUX").then(|| "MISC".to_owned());
        Some(ChannelColumn { column: at, label: label.to_owned(), kind })
    };
    let channels = columns.iter().enumerate().filter_map(channel).collect();
    Some(muse("Mind Monitor", "TimeStamp", &["Elements"], columns.clone(), channels))
}

/// muselsl: time stamps in seconds, the electrodes, an auxiliary channel, perhaps markers.
fn muselsl(head: &Head) -> Option<Table> {
    let columns = Between::Sign(b',').names(head.lines.first()?);
    if columns.first()? != "timestamps" || !columns.iter().any(|name| name == "TP9") {
        return None;
    }
    let is_marker = |name: &str| name.to_lowercase().starts_with("marker") || name == "stim";
    let channels = columns.iter().enumerate().skip(1).filter(|(_, name)| !is_marker(name));
    let channels = channels.map(|(at, name)| {
        let kind = name.to_lowercase().contains("aux").then(|| "MISC".to_owned());
        ChannelColumn { column: at, label: name.clone(), kind }
    });
    let channels = channels.collect();
    Some(muse("muselsl", "timestamps", &["Marker0", "Markers", "Marker", "stim"], columns.clone(), channels))
}

fn muse(
    format: &'static str,
    clock: &str,
    events: &[&str],
    columns: Vec<String>,
    channels: Vec<ChannelColumn>,
) -> Table {
    Table {
        format,
        between: Between::Sign(b','),
        first_row: 1,
        clock: position(&columns, clock),
        counter: None,
        pairs: false,
        estimated: None,
        events: events.iter().filter_map(|name| position(&columns, name)).collect(),
        channels,
        columns,
        unit: "uV".to_owned(),
        rate: Rate::OneOf(&MUSE),
    }
}

/// Columns of EmotivPRO below `EEG.` that are no electrode.
const EMOTIV_OTHERS: [&str; 6] =
    ["counter", "interpolated", "rawcq", "battery", "batterypercent", "markerhardware"];

/// EmotivPRO: a line of facts, a line of names, electrodes as `EEG.AF3`.
fn emotiv(head: &Head) -> Option<Table> {
    let facts = head.lines.first()?.to_lowercase();
    let columns = Between::Sign(b',').names(head.lines.get(1)?);
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
        between: Between::Sign(b','),
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
