//! The arguments of `convert`.

use std::path::PathBuf;

use clap::Args;
use twinprint_dataset::TextTable;

use crate::number::{number, whole};

/// Arguments of `convert`.
#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// One recording of any format, or a pipeline (.toml) whose recordings are all written.
    pub(crate) source: PathBuf,
    /// The folder of the BIDS data set; it may hold other recordings already.
    #[arg(long, value_name = "DIR", required_unless_present = "in_place")]
    pub(crate) to: Option<PathBuf>,
    /// Only take the person out of the header of an EDF or BDF file: patient, recording and date, nothing else changes.
    #[arg(long, conflicts_with_all = ["to", "subject", "session", "task", "run", "lenient", "text"])]
    pub(crate) in_place: bool,
    /// Move dates by so many days, back where negative; without, they are withheld.
    #[arg(value_parser = whole::<i64>, long, value_name = "DAYS", allow_hyphen_values = true)]
    pub(crate) shift_days: Option<i64>,
    /// Whose the recording is; a pipeline says it itself.
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// The visit.
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// What the person was doing; `unknown` where nobody says.
    #[arg(long)]
    pub(crate) task: Option<String>,
    /// Which of several recordings of it.
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// Read what is certain of a damaged file and list what was done.
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) text: TextArguments,
    /// Print what was written as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a recording as text is laid out, where its header does not say.
#[derive(Debug, Args)]
#[group(id = "text", multiple = true)]
pub(crate) struct TextArguments {
    /// Of a recording as text: samples a second.
    #[arg(long, value_parser = number, value_name = "HZ")]
    rate: Option<f64>,
    /// Its unit; uV by default.
    #[arg(long)]
    unit: Option<String>,
    /// The columns' names, where it has no line of them.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    columns: Vec<String>,
    /// The columns that are channels.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    channels: Vec<String>,
    /// The electrodes' names, one a channel.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    names: Vec<String>,
    /// The column of time stamps.
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// The column in which the device counts samples.
    #[arg(long, value_name = "COLUMN")]
    counter: Option<String>,
    /// The column of events.
    #[arg(long, value_name = "COLUMN")]
    events: Option<String>,
}

impl TextArguments {
    /// What was stated; nothing where nothing was.
    pub(crate) fn table(&self) -> Option<TextTable> {
        let Self { rate, unit, columns, channels, names, time, counter, events } = self;
        let table = TextTable {
            rate: *rate,
            unit: unit.clone(),
            columns: columns.clone(),
            channels: channels.clone(),
            names: names.clone(),
            time: time.clone(),
            counter: counter.clone(),
            events: events.clone(),
        };
        (table != TextTable::default()).then_some(table)
    }
}
