//! The header file.

use std::path::Path;

use twinprint_signal::Hertz;

use super::ini::{number, pairs, section, text, unescaped, value};
use crate::ReadError;
use crate::flat::Described;
use crate::samples::{Number, Order};

/// More channels than this no amplifier has.
const MOST_CHANNELS: usize = 9999;
const CORRECT: &str = "correct the header file";

/// What the header says.
pub(super) struct Header {
    pub(super) data_file: String,
    pub(super) marker_file: Option<String>,
    pub(super) order: Order,
    pub(super) number: Number,
    pub(super) big_endian: bool,
    pub(super) rate: Hertz,
    /// Samples of each channel, where it is said.
    pub(super) points: Option<u64>,
    /// Samples of each segment, where the recording was cut into segments.
    pub(super) segment: Option<u64>,
    pub(super) channels: Vec<Described>,
    /// Channels of the file of samples that the header does not name, behind the others.
    pub(super) unnamed: usize,
}

impl Header {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let text = text(path)?;
        let first = text.lines().next().unwrap_or_default();
        let known = first.to_lowercase().replace(' ', "").contains("brainvision");
        if !known {
            let found = format!("{:?}", first.chars().take(40).collect::<String>());
            let remedy = "choose the header file of a BrainVision recording";
            return Err(ReadError::field(
                "the first line",
                found,
                "Brain Vision Data Exchange Header File Version 1.0 or 2.0",
                remedy,
            ));
        }
        // The comment is free text and may look like anything.
        let text = text.split("[Comment]").next().unwrap_or_default();
        let common = section(text, "Common Infos").unwrap_or_default();
        let get = |key: &str| value(&common, key).filter(|value| !value.is_empty());
        let need = |key: &str, limit: &str| get(key).ok_or_else(|| field(key, None, limit));
        let order = match need("DataOrientation", "MULTIPLEXED or VECTORIZED")?.to_uppercase().as_str() {
            "MULTIPLEXED" => Order::Multiplexed,
            "VECTORIZED" => Order::Vectorised,
            other => return Err(field("DataOrientation", Some(other), "MULTIPLEXED or VECTORIZED")),
        };
        if let Some(other) = get("DataFormat").filter(|format| !format.eq_ignore_ascii_case("BINARY")) {
            let remedy = "export the recording as binary";
            return Err(ReadError::field(
                "DataFormat in [Common Infos]",
                format!("{other:?}"),
                "BINARY",
                remedy,
            ));
        }
        if let Some(other) = get("DataType").filter(|kind| !kind.eq_ignore_ascii_case("TIMEDOMAIN")) {
            return Err(ReadError::field(
                "DataType in [Common Infos]",
                format!("{other:?}"),
                "TIMEDOMAIN",
                "export the recording as it was before it was turned into spectra",
            ));
        }
        let is_cut = get("SegmentationType").is_some_and(|kind| !kind.eq_ignore_ascii_case("NOTSEGMENTED"));
        let interval: f64 = number_of("SamplingInterval", need("SamplingInterval", "microseconds")?)?;
        let count: usize = number_of("NumberOfChannels", need("NumberOfChannels", "a number of channels")?)?;
        if !(1..=MOST_CHANNELS).contains(&count) {
            return Err(field("NumberOfChannels", Some(&count.to_string()), "from 1 to 9999"));
        }
        let binary = section(text, "Binary Infos").unwrap_or_default();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = |name: &str| name.replace("$b", &stem);
        Ok(Self {
            data_file: file(need("DataFile", "the name of the file of samples")?),
            marker_file: get("MarkerFile").map(file),
            order,
            number: number_kind(&binary)?,
            big_endian: value(&binary, "UseBigEndianOrder")
                .is_some_and(|value| value.eq_ignore_ascii_case("YES")),
            rate: ReadError::rate("SamplingInterval", 1e6 / interval)?,
            points: get("DataPoints").map(|text| number_of("DataPoints", text)).transpose()?,
            segment: get("SegmentDataPoints")
                .filter(|_| is_cut)
                .map(|text| number_of("SegmentDataPoints", text))
                .transpose()?
                .filter(|points| *points > 0),
            channels: channels(text, count)?,
            // As MNE-Python reads them; no document says what it holds.
            unnamed: usize::from(path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ahdr"))),
        })
    }
}

fn number_kind(binary: &[&str]) -> Result<Number, ReadError> {
    match value(binary, "BinaryFormat").map(str::to_uppercase).as_deref() {
        Some("INT_16") => Ok(Number::I16),
        Some("INT_32") => Ok(Number::I32),
        Some("IEEE_FLOAT_32") => Ok(Number::F32),
        other => Err(field("BinaryFormat", other, "INT_16, INT_32 or IEEE_FLOAT_32")),
    }
}

fn field(key: &str, found: Option<&str>, limit: &str) -> ReadError {
    let found = found.map_or_else(|| "absent".to_owned(), |found| format!("{found:?}"));
    ReadError::field(key, found, limit, CORRECT)
}

fn number_of<T: std::str::FromStr>(key: &str, text: &str) -> Result<T, ReadError> {
    text.parse().map_err(|_| field(key, Some(text), "a number"))
}

/// The channels: `Ch1=Fp1,,0.5,µV`, name, reference, resolution and unit; 1 and µV where the last two are not said.
fn channels(text: &str, count: usize) -> Result<Vec<Described>, ReadError> {
    let lines = section(text, "Channel Infos").unwrap_or_default();
    let placeless = placeless(text);
    let mut channels: Vec<Option<Described>> = (0..count).map(|_| None).collect();
    for (key, value) in pairs(&lines) {
        let Some(slot) = number(key, "Ch").and_then(|at| channels.get_mut(at.wrapping_sub(1))) else {
            continue;
        };
        let refusal = || {
            let limit =
                "name,reference,resolution,unit, the resolution a number other than 0 with a decimal point";
            field(&format!("{key} in [Channel Infos]"), Some(value), limit)
        };
        // A decimal comma in the resolution puts its decimals where the unit is.
        if value.split(',').nth(3).is_some_and(|unit| unit.trim().parse::<u64>().is_ok()) {
            return Err(refusal());
        }
        let mut parts = value.split(',').map(str::trim);
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (label, _reference) = (next().unwrap_or_default(), next());
        let gain = next().map_or(Some(1.0), |text| text.parse::<f64>().ok());
        let gain = gain.filter(|gain| gain.is_finite() && *gain != 0.0).ok_or_else(refusal)?;
        // A byte of UTF-8 read as Latin-1 leaves a letter before the micro sign.
        let unit = next().unwrap_or("µV").replace('\u{c2}', "");
        let kind = placeless.contains(&key.to_lowercase()).then(|| "MISC".to_owned());
        *slot = Some(Described { label: unescaped(label), unit, kind, stored: None, gain });
    }
    let absent = |at: usize| {
        field(&format!("Ch{} in [Channel Infos]", at + 1), None, "name,reference,resolution,unit")
    };
    channels.into_iter().enumerate().map(|(at, channel)| channel.ok_or_else(|| absent(at))).collect()
}

/// Channels that the table of coordinates places at the centre of the head: MNE-Python takes them for no EEG.
fn placeless(text: &str) -> Vec<String> {
    let lines = section(text, "Coordinates").unwrap_or_default();
    let radius = |value: &str| value.split(',').next().and_then(|radius| radius.trim().parse::<f64>().ok());
    pairs(&lines).filter(|(_, value)| radius(value) == Some(0.0)).map(|(key, _)| key.to_lowercase()).collect()
}
