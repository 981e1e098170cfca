//! One pass over a file: where its samples stand, what is missing between them, and its events.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use twinprint_signal::{Annotation, Hertz, SampleIndex, Seconds, Segment};

use super::clock::stamp;
use super::gaps::{Gap, Rules};
use super::table::Table;
use crate::ReadError;
use crate::lines::{STRIDE, next_line, number, text};
use crate::notice::Notes;

const AGAIN: &str = "copy or export the file again";
const LENIENTLY: &str = "copy or export the file again, or open it leniently to leave the line out";

/// What a file holds.
pub(super) struct Scanned {
    pub(super) len: u64,
    pub(super) index: Vec<u64>,
    pub(super) passed_over: HashSet<u64>,
    pub(super) annotations: Vec<Annotation>,
    gaps: Vec<Gap>,
}

impl Scanned {
    /// The stretches without a gap; the onset of one counts the samples that are missing before it.
    pub(super) fn segments(&self, rate: Hertz) -> Vec<Segment> {
        let cuts: Vec<&Gap> = self.gaps.iter().filter(|gap| (1..self.len).contains(&gap.before)).collect();
        let starts = std::iter::once((0, 0)).chain(cuts.iter().map(|gap| (gap.before, gap.lost)));
        let ends = cuts.iter().map(|gap| gap.before).chain([self.len]);
        let mut missing = 0u64;
        let segment = |((start, lost), end): ((u64, u64), u64)| {
            missing = lost.saturating_add(missing);
            Segment {
                first: SampleIndex(start),
                len: (end - start) as usize,
                onset: rate.time_of(SampleIndex(missing.saturating_add(start))),
            }
        };
        if self.len == 0 { Vec::new() } else { starts.zip(ends).map(segment).collect() }
    }
}

/// What a line is.
enum Line {
    Sample,
    /// An event alone.
    Event,
    /// A sample is missing: no number in at least one channel, or an estimate in its place.
    Missing,
}

/// Something that happened before a sample.
struct Happened {
    sample: u64,
    label: String,
}

/// Reads every line once.
pub(super) fn scan(
    path: &Path,
    table: &Table,
    rules: &Rules,
    notes: &mut Notes,
) -> Result<Scanned, ReadError> {
    let mut file = File::open(path).map_err(ReadError::io(path))?;
    let (mut offset, mut line_number) = skip_head(&mut file, table).map_err(ReadError::io(path))?;
    file.seek(SeekFrom::Start(offset)).map_err(ReadError::io(path))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut bytes = Vec::new();
    let mut found = Scanned {
        len: 0,
        index: Vec::new(),
        passed_over: HashSet::new(),
        annotations: Vec::new(),
        gaps: Vec::new(),
    };
    let (mut watch, mut happened, mut event_values) =
        (rules.watch(), Vec::new(), vec![0.0; table.events.len()]);
    let (mut without, mut estimated, mut pending) = (0u64, 0u64, 0u64);
    let needed = table.channels.iter().map(|channel| channel.column).max().map_or(0, |last| last + 1);
    loop {
        let count = next_line(&mut reader, &mut bytes).map_err(ReadError::io(path))?;
        if count == 0 {
            break;
        }
        let begin = offset;
        offset += count;
        line_number += 1;
        let line = text(&bytes);
        if line.trim().is_empty() {
            continue;
        }
        let mut cells = Vec::new();
        table.between.cells(&line, &mut cells);
        let whole = bytes.ends_with(b"\n");
        if cells.len() < needed {
            let refusal = ReadError::field(
                format!("line {line_number}"),
                format!("of {} columns", cells.len()),
                format!("of {needed} or more, as the header has"),
                LENIENTLY,
            );
            let what =
                if whole { "a line with too few columns" } else { "the last line, which is cut short," };
            notes.repair(format!("{what} left out: line {line_number}"), refusal)?;
            pending += u64::from(whole);
            found.passed_over.insert(begin);
            continue;
        }
        let named = table.columns.len();
        if table.first_row > 0 && cells.iter().skip(named).any(|cell| !cell.is_empty()) {
            let limit = format!(
                "of {named}, as the header has; a decimal comma cannot be told from one between columns"
            );
            let refusal = ReadError::field(
                format!("line {line_number}"),
                format!("of {} columns", cells.len()),
                limit,
                LENIENTLY,
            );
            notes.repair(format!("a line with too many columns left out: line {line_number}"), refusal)?;
            pending += 1;
            found.passed_over.insert(begin);
            continue;
        }
        events_of(table, &cells, found.len, &mut event_values, &mut happened);
        let kind = kind_of(table, &cells, line_number)?;
        if !matches!(kind, Line::Sample) {
            if let Line::Missing = kind {
                pending += 1;
                let is_estimate = table.estimated.is_some_and(|at| is_set(&cells, at));
                *(if is_estimate { &mut estimated } else { &mut without }) += 1;
            }
            found.passed_over.insert(begin);
            continue;
        }
        let column = |at: Option<usize>| at.and_then(|at| cells.get(at).copied());
        let gap = watch.next(column(table.counter).and_then(number), column(table.clock).and_then(stamp));
        // What the lines in between say is missing holds where counter and clock say less.
        if pending > 0 && gap.is_none_or(|gap| gap.before != found.len) {
            found.gaps.push(Gap { before: found.len, lost: pending });
        }
        pending = 0;
        found.gaps.extend(gap);
        if found.len.is_multiple_of(STRIDE) {
            found.index.push(begin);
        }
        found.len += 1;
    }
    found.gaps.sort_by_key(|gap| gap.before);
    found.gaps.dedup_by(|later, earlier| {
        let same = later.before == earlier.before;
        earlier.lost = if same { earlier.lost.max(later.lost) } else { earlier.lost };
        same
    });
    found.passed_over.shrink_to_fit();
    tell(&found, without, estimated, notes);
    found.annotations = placed(&found, rules.rate, happened);
    if found.len == 0 {
        return Err(ReadError::field("the number of samples", "0", "1 or more", AGAIN));
    }
    Ok(found)
}

/// Where the first row begins, and how many lines stand before it.
fn skip_head(file: &mut File, table: &Table) -> std::io::Result<(u64, usize)> {
    let (mut offset, mut lines, mut seen) = (0, 0, 0);
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    loop {
        let count = next_line(&mut reader, &mut bytes)?;
        let line = text(&bytes);
        let line = line.trim_start_matches('\u{feff}').trim();
        let is_comment = seen == 0 && line.starts_with(['%', '#']);
        if count == 0 || (!line.is_empty() && !is_comment && seen == table.first_row) {
            return Ok((offset, lines));
        }
        seen += usize::from(!line.is_empty() && !is_comment);
        offset += count;
        lines += 1;
    }
}

fn is_set(cells: &[&str], at: usize) -> bool {
    cells.get(at).and_then(|cell| number(cell)).is_some_and(|value| value != 0.0)
}

fn kind_of(table: &Table, cells: &[&str], line: usize) -> Result<Line, ReadError> {
    let (mut empty, mut missing) = (0, 0);
    for channel in &table.channels {
        let cell = cells[channel.column];
        match number(cell) {
            Some(value) if value.is_finite() => {}
            Some(_) => missing += 1,
            None if cell.is_empty() || cell.eq_ignore_ascii_case("null") || cell == "n/a" => empty += 1,
            None => {
                let what = format!("{} in line {line}", channel.label);
                return Err(ReadError::field(what, format!("{cell:?}"), "a number", AGAIN));
            }
        }
    }
    let has_event = table.events.iter().any(|at| cells.get(*at).is_some_and(|cell| !cell.is_empty()));
    Ok(match (empty, missing) {
        _ if table.estimated.is_some_and(|at| is_set(cells, at)) => Line::Missing,
        (0, 0) => Line::Sample,
        (empty, 0) if empty == table.channels.len() && has_event => Line::Event,
        _ => Line::Missing,
    })
}

/// Texts that begin, and numbers other than 0 and than the one before.
fn events_of(table: &Table, cells: &[&str], sample: u64, before: &mut [f64], happened: &mut Vec<Happened>) {
    for (&at, before) in table.events.iter().zip(before) {
        let Some(cell) = cells.get(at).filter(|cell| !cell.is_empty()) else { continue };
        let label = match number(cell) {
            Some(value) => {
                let began = value != 0.0 && value.is_finite() && value != *before;
                *before = value;
                if !began {
                    continue;
                }
                value.to_string()
            }
            None => (*cell).to_owned(),
        };
        happened.push(Happened { sample, label });
    }
}

fn tell(found: &Scanned, without: u64, estimated: u64, notes: &mut Notes) {
    if without > 0 {
        notes.odd(format!(
            "{without} lines without a number in every channel left out; a gap stands in their place"
        ));
    }
    if estimated > 0 {
        notes.odd(format!(
            "{estimated} samples that the device estimated left out; a gap stands in their place"
        ));
    }
    let gaps = found.gaps.iter().filter(|gap| (1..found.len).contains(&gap.before));
    let (count, lost) = gaps.fold((0, 0u64), |(count, lost), gap| (count + 1, gap.lost.saturating_add(lost)));
    if count > 0 {
        notes.odd(format!(
            "{count} gaps where {lost} samples are missing, as counter, time stamps and lines show"
        ));
    }
}

/// Events in seconds from the first sample.
fn placed(found: &Scanned, rate: f64, happened: Vec<Happened>) -> Vec<Annotation> {
    let mut gaps = found.gaps.iter().peekable();
    let mut missing = 0u64;
    let place = |event: Happened| {
        let sample = event.sample.min(found.len.saturating_sub(1));
        while let Some(gap) = gaps.next_if(|gap| gap.before <= sample) {
            missing = gap.lost.saturating_add(missing);
        }
        let onset = Seconds::new(sample.saturating_add(missing) as f64 / rate).ok()?;
        Some(Annotation { onset, duration: None, label: event.label })
    };
    happened.into_iter().filter_map(place).collect()
}
