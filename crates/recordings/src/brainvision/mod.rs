//! BrainVision: a header as text (`.vhdr`), markers as text (`.vmrk`), samples as numbers (`.eeg`).
//!
//! The format is Brain Products' "BrainVision Core Data Format 1.0" (2018); what real files do beyond it is read as MNE-Python
//! reads it: so a header named `.ahdr` comes with a channel of samples that it does not name.

mod header;
mod ini;
mod markers;

use std::path::{Path, PathBuf};

use crate::flat::{Described, FlatFile, segments, within};
use crate::notice::Notes;
use crate::samples::{Number, Samples, Source, Stored};
use crate::{ReadError, Strictness};

use header::Header;

const LENIENTLY: &str = "copy the file again, or open it leniently to read the whole samples there are";

/// Opens a recording by its header file.
pub(crate) fn open(path: &Path, strictness: Strictness) -> Result<FlatFile, ReadError> {
    let mut notes = Notes::new(strictness);
    let header = Header::read(path)?;
    let data = data_file(path, &header, &mut notes)?;
    let source = Source::open(&data)?;
    let len = length(&header, &data, source.len(), &mut notes)?;
    let markers = marker_file(path, &header, &mut notes);
    let found = markers.as_deref().map(markers::read).transpose()?.unwrap_or_default();
    let rate = header.rate;
    let stored = match header.number {
        Number::I16 => Some([f64::from(i16::MIN), f64::from(i16::MAX)]),
        Number::I32 => Some([f64::from(i32::MIN), f64::from(i32::MAX)]),
        _ => None,
    };
    let described: Vec<Described> =
        header.channels.into_iter().map(|channel| Described { stored, ..channel }).collect();
    let files = [Some(path.to_owned()), markers, Some(data)].into_iter().flatten().collect();
    Ok(FlatFile {
        format: "BrainVision",
        files,
        rate,
        len,
        start: found.start.clone(),
        channels: described.iter().map(|channel| channel.channel(rate, len)).collect(),
        gains: described.iter().map(|channel| channel.gain).collect(),
        segments: segments(len, rate, found.new_segments.iter().copied().chain(cuts(header.segment, len))),
        annotations: within(found.events(rate), rate, len, &mut notes),
        samples: Samples::Stored(Stored {
            source,
            begin: 0,
            number: header.number,
            big_endian: header.big_endian,
            order: header.order,
            channels: described.len() + header.unnamed,
            len,
        }),
        notices: notes.finish(),
    })
}

/// The samples at which segments of equal length begin.
fn cuts(segment: Option<u64>, len: u64) -> impl Iterator<Item = u64> {
    let segment = segment.filter(|segment| *segment < len);
    segment.into_iter().flat_map(move |segment| (segment..len).step_by(segment as usize))
}

/// The file of samples: where the header says, or leniently one of the header's own name.
fn data_file(path: &Path, header: &Header, notes: &mut Notes) -> Result<PathBuf, ReadError> {
    let named = path.with_file_name(&header.data_file);
    if named.is_file() {
        return Ok(named);
    }
    let missing = ReadError::Missing { what: "DataFile", path: named };
    let siblings = ["eeg", "dat"].map(|ending| path.with_extension(ending));
    let Some(sibling) = siblings.into_iter().find(|path| path.is_file()) else { return Err(missing) };
    let shown = sibling.file_name().unwrap_or_default().to_string_lossy().into_owned();
    notes.repair(
        format!("DataFile {:?} is not there; {shown} read in its place", header.data_file),
        missing,
    )?;
    Ok(sibling)
}

/// The file of markers, where there is one; one of the header's own name stands in for a missing one, as in MNE-Python.
fn marker_file(path: &Path, header: &Header, notes: &mut Notes) -> Option<PathBuf> {
    let named = path.with_file_name(header.marker_file.as_ref()?);
    if named.is_file() {
        return Some(named);
    }
    let sibling = Some(path.with_extension("vmrk")).filter(|path| path.is_file());
    let instead = match &sibling {
        Some(path) => format!("{} is read", path.file_name().unwrap_or_default().to_string_lossy()),
        None => "there are no events".to_owned(),
    };
    notes.odd(format!("MarkerFile {} is not there: {instead}", named.display()));
    sibling
}

/// Samples of each channel; a file with a part of one, or with other than the header states, breaks the format.
fn length(header: &Header, data: &Path, size: u64, notes: &mut Notes) -> Result<u64, ReadError> {
    let frame = ((header.channels.len() + header.unnamed) * header.number.bytes()) as u64;
    let whole = size / frame.max(1);
    let stated = header.points.unwrap_or(whole);
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
