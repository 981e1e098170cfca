//! A table of numbers whose columns are told apart.

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

/// A column that is an electrode.
pub(super) fn eeg(column: usize, label: &str) -> ChannelColumn {
    ChannelColumn { column, label: label.to_owned(), kind: None }
}

/// The column of a name in letters of any case.
pub(super) fn position(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.eq_ignore_ascii_case(name))
}

/// The first number in a text.
pub(super) fn number_in(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    number(text[..end].trim_end_matches([',', '.'])).filter(|number| *number > 0.0)
}
