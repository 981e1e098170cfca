//! Recordings as text: a line of numbers for each sample of all channels.
//!
//! Known by their headers are files of the OpenBCI GUI, of Mind Monitor and muselsl (Muse headbands) and of Emotiv (EmotivPRO, TestBench); of any other
//! table of numbers, rate, unit and columns are stated in a [`TextLayout`]. Samples that were lost, as the device's counter or the
//! time stamps show, are gaps: the stretches on both sides are segments of their own. An index of where every so many lines
//! begin makes any window readable without the lines before it.

mod clock;
mod counter;
mod device;
mod emotiv;
mod gaps;
mod head;
mod layout;
mod scan;
mod table;

use std::path::Path;

use crate::flat::{Described, FlatFile};
use crate::lines::TextRows;
use crate::notice::Notes;
use crate::samples::Samples;
use crate::{ReadError, Strictness};

pub use layout::TextLayout;

/// What the names of recordings as text end in.
pub(crate) const ENDINGS: [&str; 3] = [".csv", ".txt", ".tsv"];

/// Opens a recording as text; what `layout` states holds before what the header says.
pub(crate) fn open(path: &Path, strictness: Strictness, layout: &TextLayout) -> Result<FlatFile, ReadError> {
    let mut notes = Notes::new(strictness);
    let head = head::Head::read(path)?;
    let table = device::table_of(&head, layout)?;
    let rules = gaps::Rules::of(&head, &table)?;
    let found = scan::scan(path, &table, &rules, &mut notes)?;
    let rate = ReadError::rate("the rate", rules.rate)?;
    let described: Vec<Described> = table
        .channels
        .iter()
        .map(|channel| Described {
            label: channel.label.clone(),
            unit: table.unit.clone(),
            kind: channel.kind.clone(),
            stored: None,
            gain: 1.0,
        })
        .collect();
    let segments = found.segments(rate);
    let columns = table.channels.iter().map(|channel| channel.column).collect();
    Ok(FlatFile {
        format: table.format,
        files: vec![path.to_owned()],
        rate,
        len: found.len,
        start: rules.start.clone(),
        channels: described.iter().map(|channel| channel.channel(rate, found.len)).collect(),
        gains: vec![1.0; described.len()],
        annotations: found.annotations,
        segments,
        samples: Samples::Text(TextRows::new(path, table.between, columns, found.index, found.passed_over)?),
        notices: notes.finish(),
    })
}

/// Whether a file is a recording as text that is known by its header.
pub(crate) fn is_known(path: &Path) -> bool {
    head::Head::read(path).is_ok_and(|head| device::is_known(&head))
}
