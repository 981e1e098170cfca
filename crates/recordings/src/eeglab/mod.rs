//! EEGLAB: a set of MATLAB 5 to 7.3 (`.set`), its samples in it or in a file of floats beside it (`.fdt`).
//!
//! Samples are microvolts, as EEGLAB has them. A set that is cut into epochs is read with each epoch as a stretch of its own.

mod set;

use std::path::{Path, PathBuf};

use crate::flat::{Described, Event, FlatFile, segments, within};
use crate::notice::Notes;
use crate::samples::{Number, Order, Samples, Source, Stored};
use crate::{ReadError, Strictness};

use set::{Data, Set};

/// What the text of events begins with that stand where samples were cut out.
const BOUNDARY: &str = "boundary";
/// Their type where types are numbers, whole or not.
const NUMBERED_BOUNDARY: [&str; 2] = ["-99", "-99.0"];
const LENIENTLY: &str = "copy the file again, or open it leniently to read the whole samples there are";

/// The types that MNE-Python knows; any other text says nothing.
const TYPES: [&str; 29] = [
    "mag",
    "grad",
    "eeg",
    "ref_meg",
    "stim",
    "eog",
    "ecg",
    "emg",
    "misc",
    "resp",
    "chpi",
    "exci",
    "ias",
    "syst",
    "seeg",
    "dipole",
    "gof",
    "bio",
    "ecog",
    "hbo",
    "hbr",
    "dbs",
    "fnirs_cw_amplitude",
    "csd",
    "temperature",
    "gsr",
    "eyegaze",
    "pupil",
    "meg",
];

/// Opens a recording by its `.set` file.
pub(crate) fn open(path: &Path, strictness: Strictness) -> Result<FlatFile, ReadError> {
    let mut notes = Notes::new(strictness);
    let set = Set::read(path)?;
    let rate = ReadError::rate("srate", set.srate)?;
    let epochs = set.trials.max(1);
    let stated = set.pnts.saturating_mul(epochs as u64);
    let (samples, len, data) = match set.data {
        Data::Here(samples, len) => (samples, len, None),
        Data::Named(name) => {
            let data = data_file(path, &name, &mut notes)?;
            let source = Source::open(&data)?;
            // Before its version 4.5 EEGLAB wrote one channel after the other.
            let old = data.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dat"));
            let len = length(&data, source.len(), set.channels.len(), stated, &mut notes)?;
            let stored = Stored {
                source,
                begin: 0,
                number: Number::F32,
                big_endian: false,
                order: if old { Order::Vectorised } else { Order::Multiplexed },
                channels: set.channels.len(),
                len,
            };
            (Samples::Stored(stored), len, Some(data))
        }
    };
    if len != stated && data.is_none() {
        let limit = format!("{len}, the samples there are");
        let refusal = ReadError::field("pnts × trials", stated.to_string(), limit, LENIENTLY);
        notes.repair(format!("{stated} samples of every channel stated, {len} there and read"), refusal)?;
    }
    let described: Vec<Described> = set.channels.into_iter().map(described).collect();
    let cuts = cuts(&set.events, rate.get(), set.pnts, epochs as u64);
    Ok(FlatFile {
        format: "EEGLAB",
        files: std::iter::once(path.to_owned()).chain(data).collect(),
        rate,
        len,
        start: None,
        channels: described.iter().map(|channel| channel.channel(rate, len)).collect(),
        gains: vec![1.0; described.len()],
        segments: segments(len, rate, cuts),
        annotations: within(set.events, rate, len, &mut notes),
        samples,
        notices: notes.finish(),
    })
}

fn described((label, kind): (String, Option<String>)) -> Described {
    let kind = kind.map(|kind| kind.trim().to_lowercase()).filter(|kind| TYPES.contains(&kind.as_str()));
    Described {
        label,
        unit: "µV".to_owned(),
        kind: kind.map(|kind| kind.to_uppercase()),
        stored: None,
        gain: 1.0,
    }
}

/// The samples before which something is missing: at boundaries, and where each epoch begins.
fn cuts(events: &[Event], rate: f64, pnts: u64, epochs: u64) -> Vec<u64> {
    let is_boundary = |label: &str| {
        let start = label.get(..BOUNDARY.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(BOUNDARY)) || NUMBERED_BOUNDARY.contains(&label)
    };
    let boundaries = events.iter().filter(|event| is_boundary(&event.label));
    let boundaries = boundaries.map(|event| (event.onset * rate - 1e-6).ceil().max(0.0) as u64);
    boundaries.chain((1..epochs).map(|epoch| epoch * pnts)).collect()
}

/// The file of samples; one of the set's own name stands in for a missing one, as in MNE-Python: sets are often renamed.
fn data_file(path: &Path, name: &str, notes: &mut Notes) -> Result<PathBuf, ReadError> {
    // A path of another machine may stand before the name.
    let bare = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let named = path.with_file_name(bare);
    if !bare.is_empty() && named.is_file() {
        return Ok(named);
    }
    let sibling = path.with_extension("fdt");
    if !sibling.is_file() {
        return Err(ReadError::Missing { what: "file of samples", path: named });
    }
    notes.odd(format!(
        "the set names its samples {bare:?}, which is not there: the .fdt file of the set's own name is read"
    ));
    Ok(sibling)
}

fn length(data: &Path, size: u64, channels: usize, stated: u64, notes: &mut Notes) -> Result<u64, ReadError> {
    let frame = (channels * Number::F32.bytes()) as u64;
    let whole = size / frame.max(1);
    let bytes = stated.saturating_mul(frame);
    if size != bytes {
        let refusal =
            ReadError::Size { path: data.to_owned(), found: size, stated: bytes, remedy: LENIENTLY };
        notes.repair(
            format!("a file of {size} bytes read as {whole} whole samples of every channel"),
            refusal,
        )?;
    }
    Ok(whole)
}
