//! What tells one recording's content from another's.

use std::path::Path;

use serde::{Deserialize, Serialize};
use twinprint_recordings::RecordingReader;

use crate::RunError;

/// Where a header of the EDF family says whose recording it is, by whom and of what.
const IDENTIFICATION: std::ops::Range<usize> = 8..168;
/// Samples hashed at a time.
const BLOCK: u64 = 1 << 16;

/// An input file as `run.json` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The path below the dataset's folder; of several, behind the cohort's name.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of the file with the patient and recording fields of its header (bytes 8 to 167) read as spaces, in
    /// hexadecimal.
    pub blake3: String,
}

/// The recording's files for the record, and the hash of its samples for comparisons.
///
/// Two copies of a recording under two people's names differ in nothing but the header, so only the rest is compared.
/// The patient and recording identification of an EDF header is read as spaces for the first: no key that a run keeps depends
/// on who a file says it is of, and a file whose header is made anonymous later is still the same file. A recording of
/// several files (BrainVision, EEGLAB) is hashed as one after the other.
pub(crate) fn hashes(root: &Path, reader: &RecordingReader) -> Result<(InputFile, String), RunError> {
    let (mut whole, mut size) = (blake3::Hasher::new(), 0);
    for path in reader.files() {
        let mut bytes = read(path)?;
        if reader.as_edf().is_some() {
            bytes
                .iter_mut()
                .take(IDENTIFICATION.end)
                .skip(IDENTIFICATION.start)
                .for_each(|byte| *byte = b' ');
        }
        whole.update(&bytes);
        size += bytes.len() as u64;
    }
    let path = reader.files().first().copied().unwrap_or(root);
    let input = InputFile {
        path: path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/"),
        bytes: size,
        blake3: whole.finalize().to_hex().to_string(),
    };
    Ok((input, samples_hash(reader)?))
}

/// BLAKE3 of a recording's samples, in hexadecimal: of an EDF file what follows its header, of others the samples as read,
/// so that one recording in two of those formats is one.
///
/// # Errors
/// When a file cannot be read.
pub fn samples_hash(reader: &RecordingReader) -> Result<String, RunError> {
    if let (Some(edf), [path]) = (reader.as_edf(), reader.files().as_slice()) {
        let bytes = read(path)?;
        let samples = bytes.get(edf.header().header_bytes() as usize..).unwrap_or_default();
        return Ok(blake3::hash(samples).to_hex().to_string());
    }
    let mut hash = blake3::Hasher::new();
    let mut block = vec![0.0f32; BLOCK as usize];
    for (index, channel) in reader.channels().iter().enumerate() {
        let mut start = 0;
        while start < channel.total_samples {
            let end = channel.total_samples.min(start + BLOCK);
            let part = &mut block[..(end - start) as usize];
            let failed = |error| RunError::unreadable(reader.files()[0], error, true, "");
            reader.read(index, start..end, part).map_err(failed)?;
            for sample in part.iter() {
                hash.update(&sample.to_le_bytes());
            }
            start = end;
        }
    }
    Ok(hash.finalize().to_hex().to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    std::fs::read(path).map_err(|source| RunError::Read { path: path.to_owned(), source })
}
