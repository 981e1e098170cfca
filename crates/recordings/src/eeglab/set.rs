//! What a set says, whichever version of MATLAB wrote it.

use std::io::Read;
use std::path::Path;

use twinprint_store::matlab::{MatlabFile, Value as Hdf5Value};

use crate::ReadError;
use crate::flat::Event;
use crate::matlab::{Fields, MatFile, Value};
use crate::samples::{Order, Samples, Stored};

/// The names that are read; everything else in a set is stepped over.
const WANTED: [&str; 13] = [
    "EEG", "ALLEEG", "nbchan", "trials", "pnts", "srate", "data", "chanlocs", "event", "labels", "type",
    "latency", "duration",
];
const AGAIN: &str = "save one data set again from EEGLAB";

/// A set.
pub(super) struct Set {
    pub(super) srate: f64,
    /// Samples of an epoch; of the whole, where it is not cut.
    pub(super) pnts: u64,
    pub(super) trials: usize,
    /// Label and type of each channel.
    pub(super) channels: Vec<(String, Option<String>)>,
    pub(super) events: Vec<Event>,
    pub(super) data: Data,
}

/// Where the samples are.
pub(super) enum Data {
    /// In the set, so many of each channel.
    Here(Samples, u64),
    /// In a file of this name.
    Named(String),
}

/// A value of one number or text.
enum Simple {
    Nothing,
    Number(f64, bool),
    Text(String),
}

impl Set {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let mut head = [0; 128];
        let start = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
        match start {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                let limit = "a MATLAB file, which begins with a header of 128 bytes";
                return Err(ReadError::field("the file", "too short", limit, AGAIN));
            }
            start => start.map_err(ReadError::io(path))?,
        }
        match head.starts_with(b"MATLAB 7.3") || head.starts_with(b"\x89HDF") {
            true => of_hdf5(&MatlabFile::open(path)?),
            false => of_matlab5(MatFile::read(path, &WANTED)?),
        }
    }
}

fn of_hdf5(file: &MatlabFile) -> Result<Set, ReadError> {
    let root = if file.has("/EEG") { "/EEG" } else { "" };
    let simple = |value: Hdf5Value| match value {
        Hdf5Value::Nothing => Simple::Nothing,
        Hdf5Value::Number(number) => Simple::Number(number, number.fract() == 0.0),
        Hdf5Value::Text(text) => Simple::Text(text),
    };
    let number = |name: &'static str| match file.value(&format!("{root}/{name}"))? {
        Hdf5Value::Number(number) => Ok(Some(number)),
        _ => Ok::<_, ReadError>(None),
    };
    let column = |name: &str| -> Result<Vec<Simple>, ReadError> {
        Ok(file.values(&format!("{root}/{name}"))?.into_iter().map(simple).collect())
    };
    let columns = |group: &str, names: &[&str]| -> Result<Vec<Vec<Simple>>, ReadError> {
        names.iter().map(|name| column(&format!("{group}/{name}"))).collect()
    };
    let data = match file.value(&format!("{root}/data"))? {
        Hdf5Value::Text(name) => Data::Named(name),
        _ => {
            let matrix = file.matrix(&format!("{root}/data"))?;
            let len = matrix.width() as u64;
            Data::Here(Samples::Hdf5(matrix), len)
        }
    };
    let rows = if let Data::Here(Samples::Hdf5(matrix), _) = &data { Some(matrix.rows()) } else { None };
    let count = needed("nbchan", number("nbchan")?)? as usize;
    agree(rows, count)?;
    let located = |names: &[&str]| {
        if file.has(&format!("{root}/chanlocs/labels")) { columns("chanlocs", names) } else { Ok(Vec::new()) }
    };
    let [labels, kinds] = two(located(&["labels", "type"])?);
    let noted = file.has(&format!("{root}/event/latency"));
    let listed = if noted { columns("event", &["type", "latency", "duration"])? } else { Vec::new() };
    let srate = needed("srate", number("srate")?)?;
    let rows = (0..listed.get(1).map_or(0, Vec::len)).map(|row| {
        [0, 1, 2]
            .map(|column| listed.get(column).and_then(|column| column.get(row)).unwrap_or(&Simple::Nothing))
    });
    Ok(Set {
        srate,
        pnts: needed("pnts", number("pnts")?)? as u64,
        trials: number("trials")?.unwrap_or(1.0) as usize,
        channels: channels(count, &labels, &kinds)?,
        events: rows.filter_map(|row| event(row, srate)).collect(),
        data,
    })
}

fn two(columns: Vec<Vec<Simple>>) -> [Vec<Simple>; 2] {
    let mut columns = columns.into_iter();
    [columns.next().unwrap_or_default(), columns.next().unwrap_or_default()]
}

fn of_matlab5(file: MatFile) -> Result<Set, ReadError> {
    if get(&file.variables, "ALLEEG").is_some() {
        return Err(ReadError::field("the file", "several data sets (ALLEEG)", "one", AGAIN));
    }
    // EEGLAB wrote one struct EEG up to 2021, and its fields as variables since.
    let fields = match get(&file.variables, "EEG") {
        Some(Value::Struct(sets)) if sets.len() > 1 => {
            return Err(ReadError::field("EEG", format!("{} data sets", sets.len()), "one", AGAIN));
        }
        Some(Value::Struct(sets)) => sets.first().cloned().unwrap_or_default(),
        _ => file.variables.clone(),
    };
    let number = |name: &str| match get(&fields, name) {
        Some(Value::Numbers(numbers)) => file.first(numbers),
        _ => Ok(None),
    };
    let rows = |name: &str, columns: &[&str]| -> Result<Vec<Vec<Simple>>, ReadError> {
        let Some(Value::Struct(rows)) = get(&fields, name) else { return Ok(Vec::new()) };
        let row = |row: &Fields| columns.iter().map(|column| simple(&file, get(row, column))).collect();
        rows.iter().map(row).collect()
    };
    if ["nbchan", "srate", "data"].iter().all(|name| get(&fields, name).is_none()) {
        let limit = "the struct EEG or its fields, as EEGLAB saves a data set";
        return Err(ReadError::field("the file", "no data set of EEGLAB", limit, AGAIN));
    }
    let count = needed("nbchan", number("nbchan")?)? as usize;
    let srate = needed("srate", number("srate")?)?;
    let located = rows("chanlocs", &["labels", "type"])?;
    let (mut labels, mut kinds) = (Vec::new(), Vec::new());
    for mut row in located {
        kinds.extend(row.pop());
        labels.extend(row.pop());
    }
    let events = rows("event", &["type", "latency", "duration"])?;
    let events = events.iter().filter_map(|row| event([&row[0], &row[1], &row[2]], srate)).collect();
    let (pnts, trials) = (needed("pnts", number("pnts")?)? as u64, number("trials")?.unwrap_or(1.0) as usize);
    let channels = channels(count, &labels, &kinds)?;
    let data = match get(&fields, "data") {
        Some(Value::Text(name)) => Data::Named(name.clone()),
        Some(Value::Numbers(numbers)) => {
            agree(numbers.dims.first().copied(), count)?;
            let (big_endian, len) = (file.big_endian, (numbers.count() / count.max(1)) as u64);
            let (begin, number, numbers) = (numbers.begin, numbers.number, numbers.clone());
            let source = file.into_source(&numbers);
            let stored =
                Stored { source, begin, number, big_endian, order: Order::Multiplexed, channels: count, len };
            Data::Here(Samples::Stored(stored), len)
        }
        _ => return Err(ReadError::field("data", "absent", "samples, or the name of a .fdt file", AGAIN)),
    };
    Ok(Set { srate, pnts, trials, channels, events, data })
}

fn get<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn simple(file: &MatFile, value: Option<&Value>) -> Result<Simple, ReadError> {
    Ok(match value {
        Some(Value::Text(text)) => Simple::Text(text.clone()),
        Some(Value::Numbers(numbers)) => file
            .first(numbers)?
            .map_or(Simple::Nothing, |number| Simple::Number(number, numbers.number.is_whole())),
        _ => Simple::Nothing,
    })
}

fn needed(name: &'static str, found: Option<f64>) -> Result<f64, ReadError> {
    let limit = "a number from 0 to 9 007 199 254 740 992";
    match found.filter(|number| (0.0..=9_007_199_254_740_992.0).contains(number)) {
        Some(number) => Ok(number),
        None => {
            let found = found.map_or_else(|| "absent".to_owned(), |number| number.to_string());
            Err(ReadError::field(name, found, limit, AGAIN))
        }
    }
}

/// The matrix must have a row for each channel.
fn agree(rows: Option<usize>, channels: usize) -> Result<(), ReadError> {
    match rows.filter(|rows| *rows != channels) {
        Some(rows) => Err(ReadError::field(
            "data",
            format!("{rows} rows"),
            format!("{channels} rows, one a channel"),
            AGAIN,
        )),
        None => Ok(()),
    }
}

/// Names and types; without locations the channels are numbered as MNE-Python numbers them.
fn channels(
    count: usize,
    labels: &[Simple],
    kinds: &[Simple],
) -> Result<Vec<(String, Option<String>)>, ReadError> {
    if !(1..=9999).contains(&count) {
        return Err(ReadError::field("nbchan", count.to_string(), "from 1 to 9999", AGAIN));
    }
    if labels.is_empty() {
        return Ok((0..count).map(|at| (format!("EEG {at:03}"), None)).collect());
    }
    if labels.len() != count {
        return Err(ReadError::field(
            "chanlocs",
            format!("{} channels", labels.len()),
            format!("{count}, as nbchan says"),
            AGAIN,
        ));
    }
    let label = |(at, label): (usize, &Simple)| match label {
        Simple::Text(text) => text.clone(),
        Simple::Number(number, _) => number.to_string(),
        Simple::Nothing => format!("EEG {at:03}"),
    };
    let kind = |at: usize| match kinds.get(at) {
        Some(Simple::Text(kind)) => Some(kind.clone()),
        _ => None,
    };
    Ok(labels.iter().enumerate().map(|(at, text)| (label((at, text)), kind(at))).collect())
}

/// An event in seconds; one without a latency is none. A number for a type is written as MNE-Python writes it.
fn event([kind, latency, duration]: [&Simple; 3], srate: f64) -> Option<Event> {
    let number = |value: &Simple| match value {
        Simple::Number(number, _) if number.is_finite() => Some(*number),
        Simple::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    };
    let label = match kind {
        Simple::Text(text) => text.clone(),
        Simple::Number(number, true) => format!("{number}"),
        Simple::Number(number, false) => format!("{number:?}"),
        Simple::Nothing => String::new(),
    };
    let onset = (number(latency)? - 1.0) / srate;
    Some(Event { onset, duration: number(duration).unwrap_or(0.0) / srate, label })
}
