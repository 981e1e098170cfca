//! Which column of a table is what: as a device's header says, or as the layout states.

use super::emotiv;
use super::head::Head;
use super::layout::TextLayout;
use super::table::{ChannelColumn, Rate, Table, eeg, number_in, position};
use crate::ReadError;
use crate::lines::{Between, number};

/// Muse headbands: 256 Hz since 2016, 220 Hz before.
const MUSE: [f64; 2] = [256.0, 220.0];
const KNOWN: &str = "a header of the OpenBCI GUI, Mind Monitor, muselsl, EmotivPRO or TestBench, or a layout that states them";
const STATE: &str =
    "write rate, unit and columns in dataset.layout.text of the plan, or as options of `twinprint convert`";

type Reading = fn(&Head) -> Option<Table>;
const DEVICES: [Reading; 5] = [open_bci, mind_monitor, muselsl, emotiv::pro, emotiv::test_bench];

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
    let between = Between::of_table(first, head.lines.get(1).map(String::as_str));
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

/// The OpenBCI GUI: comments that begin with %, then names of columns since version 5.
fn open_bci(head: &Head) -> Option<Table> {
    head.comments.first().filter(|line| line.to_lowercase().starts_with("openbci raw"))?;
    let rate = number_in(head.stated("Sample Rate")?)?;
    let count = number_in(head.stated("Number of channels")?)? as usize;
    let line = head.lines.first()?;
    let has_names = line.to_lowercase().contains("sample index");
    let between = if has_names {
        Between::of_table(line, head.lines.get(1).map(String::as_str))
    } else {
        unnamed(line, count)
    };
    let first = between.names(line);
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

/// What stands between the columns of rows without names: a comma and a space where commas alone give a column for each part of
/// decimal numbers, so that the counter of whole numbers, the channels and the rest are fewer than half as many.
fn unnamed(row: &str, channels: usize) -> Between {
    let (commas, pairs) = (row.matches(',').count(), row.matches(", ").count());
    match Between::of(row) {
        Between::Sign(b',') if pairs > channels && commas >= pairs + channels => Between::CommaSpace,
        between => between,
    }
}

/// Mind Monitor: raw microvolts beside band powers and motion; rows of events alone between them.
fn mind_monitor(head: &Head) -> Option<Table> {
    let between = Between::of(head.lines.first()?);
    let columns = between.names(head.lines.first()?);
    position(&columns, "RAW_TP9")?;
    let channel = |(at, name): (usize, &String)| {
        let label = name.strip_prefix("RAW_").or_else(|| name.starts_with("AUX").then_some(name.as_str()))?;
        let kind = label.starts_with("AUX").then(|| "MISC".to_owned());
        Some(ChannelColumn { column: at, label: label.to_owned(), kind })
    };
    let channels = columns.iter().enumerate().filter_map(channel).collect();
    Some(muse("Mind Monitor", between, "TimeStamp", &["Elements"], columns.clone(), channels))
}

/// muselsl: time stamps in seconds, the electrodes, an auxiliary channel, perhaps markers.
fn muselsl(head: &Head) -> Option<Table> {
    let between = Between::of(head.lines.first()?);
    let columns = between.names(head.lines.first()?);
    // pandas may have written its index in front.
    let index = usize::from(["", "Unnamed: 0", "index"].contains(&columns.first()?.as_str()));
    if columns.get(index)? != "timestamps" || !columns.iter().any(|name| name == "TP9") {
        return None;
    }
    let is_marker = |name: &str| name.to_lowercase().starts_with("marker") || name == "stim";
    let channels = columns.iter().enumerate().skip(index + 1).filter(|(_, name)| !is_marker(name));
    let channels = channels.map(|(at, name)| {
        let kind = name.to_lowercase().contains("aux").then(|| "MISC".to_owned());
        ChannelColumn { column: at, label: name.clone(), kind }
    });
    let channels = channels.collect();
    let events = ["Marker0", "Markers", "Marker", "stim"];
    Some(muse("muselsl", between, "timestamps", &events, columns.clone(), channels))
}

fn muse(
    format: &'static str,
    between: Between,
    clock: &str,
    events: &[&str],
    columns: Vec<String>,
    channels: Vec<ChannelColumn>,
) -> Table {
    Table {
        format,
        between,
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
