//! A model in one file that is carried elsewhere: safetensors with `model.json` and a text of whoever packs it in the metadata,
//! all of it under a checksum. Any reader of safetensors opens it.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::SafeTensors;

use super::Model;
use super::save::{assemble, decode};
use crate::compute::Compute;
use crate::error::{EncoderError, FormatError};
use crate::files::{layout, parse, read_file, write_atomically};

/// The metadata entry with what `model.json` says.
const ENCODER: &str = "encoder";
/// That with the text of whoever packed the model.
const ABOUT: &str = "twinprint";
/// That with the checksum: BLAKE3 of the file in which its own 64 digits are zeros.
const CHECKSUM: &str = "blake3";
/// How the checksum begins in the file. Quotes within texts have a backslash before them, so that no text holds it.
const MARK: &[u8] = b"\"blake3\":\"";
const DIGITS: usize = 64;

/// No encoder has a setting of its architecture, a channel count or an epoch of more: a file that says so asks for memory.
const MOST: f64 = 1e5;

impl Model {
    /// Writes the model and `about`, a text about it, to one file, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pack(&self, path: &Path, about: &str) -> Result<(), EncoderError> {
        write_atomically(path, &self.packed(about)?)
    }

    /// Reads a packed model and the text about it.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged by as much as a byte, or holds no model; the error says which.
    pub fn unpack(path: &Path, device: &Compute) -> Result<(Self, String), EncoderError> {
        let bytes = read_file(path)?;
        unpacked(&bytes, device).map_err(|error| EncoderError::format(path, error))
    }

    fn packed(&self, about: &str) -> Result<Vec<u8>, EncoderError> {
        let description = self.description(&self.weights_bytes()?)?;
        let metadata = HashMap::from([
            (ENCODER.to_owned(), String::from_utf8_lossy(&description).into_owned()),
            (ABOUT.to_owned(), about.to_owned()),
            (CHECKSUM.to_owned(), "0".repeat(DIGITS)),
        ]);
        let mut bytes = layout(&self.tensors(), Some(metadata))?;
        let sum = blake3::hash(&bytes).to_hex();
        if let Some(place) = checksum_place(&bytes) {
            bytes[place].copy_from_slice(sum.as_bytes());
        }
        Ok(bytes)
    }
}

/// Where the digits of the checksum stand.
fn checksum_place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = bytes.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    (start + DIGITS <= bytes.len()).then_some(start..start + DIGITS)
}

fn unpacked(bytes: &[u8], device: &Compute) -> Result<(Model, String), FormatError> {
    let place = checksum_place(bytes).ok_or(FormatError::Unpacked)?;
    let mut blank = bytes.to_vec();
    blank[place.clone()].fill(b'0');
    if blake3::hash(&blank).to_hex().as_bytes() != &bytes[place] {
        return Err(FormatError::Checksum);
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let text =
        |key: &str| metadata.metadata().as_ref().and_then(|all| all.get(key)).ok_or(FormatError::Unpacked);
    let description = decode(text(ENCODER)?.as_bytes())?;
    let sizes = [
        ("channels", description.channels.len() as f64),
        ("samples", description.samples as f64),
        ("rate", description.rate),
    ];
    sizes.into_iter().try_for_each(|(what, size)| within(what, size))?;
    modest("architecture", &serde_json::to_value(&description.plan.architecture)?)?;
    let model = assemble(description, &parse(bytes)?, device)?;
    Ok((model, text(ABOUT)?.clone()))
}

fn within(what: &str, size: f64) -> Result<(), FormatError> {
    if (0.0..=MOST).contains(&size) { Ok(()) } else { Err(FormatError::Size(what.to_owned(), size)) }
}

/// Refuses numbers that no architecture has, wherever they stand in it.
fn modest(what: &str, value: &serde_json::Value) -> Result<(), FormatError> {
    match value {
        serde_json::Value::Number(number) => within(what, number.as_f64().unwrap_or(f64::INFINITY).abs()),
        serde_json::Value::Array(list) => list.iter().try_for_each(|part| modest(what, part)),
        serde_json::Value::Object(table) => table.iter().try_for_each(|(key, part)| modest(key, part)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_that_asks_for_memory_is_refused_by_name() {
        let said = |value: serde_json::Value| modest("architecture", &value).unwrap_err().to_string();
        let conv = serde_json::json!({ "name": "conv", "widths": [64, 4_000_000_000_u64] });
        assert!(said(conv).contains("its widths is 4000000000"));
        assert!(within("samples", f64::NAN).is_err() && within("samples", -1.0).is_err());
        let usual = serde_json::to_value(crate::Plan::default().architecture).unwrap();
        assert!(modest("architecture", &usual).is_ok());
    }
}
