//! What tells one recording's content from another's.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

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
    /// BLAKE3 of what the dataset says of the recording: labels, bad channels, events. Empty in runs of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub described: String,
}

impl InputFile {
    /// Whether two records are of the same content, as far as both say.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let described =
            self.described == other.described || self.described.is_empty() || other.described.is_empty();
        self.blake3 == other.blake3 && self.bytes == other.bytes && described
    }
}

/// The hashes of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashes {
    /// Size of its files in bytes.
    pub(crate) bytes: u64,
    /// As in [`InputFile::blake3`].
    pub(crate) files: String,
    /// As [`samples_hash`] gives it.
    pub(crate) samples: String,
}

/// The hashes of a recording's files for the record, and of its samples for comparisons.
///
/// Two copies of a recording under two people's names differ in nothing but the header, so only the rest is compared.
pub(crate) fn hashes(reader: &RecordingReader) -> Result<Hashes, RunError> {
    let (bytes, files) = files_hash(reader)?;
    Ok(Hashes { bytes, files, samples: samples_hash(reader)? })
}

/// The size of a recording's files and their BLAKE3.
///
/// The patient and recording identification of an EDF header is read as spaces: no key that a run keeps depends on who a file
/// says it is of, and a file whose header is made anonymous later is still the same file. A recording of several files
/// (BrainVision, EEGLAB) is hashed as one after the other.
pub(crate) fn files_hash(reader: &RecordingReader) -> Result<(u64, String), RunError> {
    let mut whole = blake3::Hasher::new();
    for path in reader.files() {
        let failed = |source| RunError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mut head = Vec::new();
        (&mut file).take(IDENTIFICATION.end as u64).read_to_end(&mut head).map_err(failed)?;
        if reader.as_edf().is_some() {
            head.iter_mut().skip(IDENTIFICATION.start).for_each(|byte| *byte = b' ');
        }
        whole.update(&head);
        whole.update_reader(file).map_err(failed)?;
    }
    Ok((whole.count(), whole.finalize().to_hex().to_string()))
}

/// BLAKE3 of a recording's samples, in hexadecimal: of an EDF file what follows its header, of others the samples as read,
/// so that one recording in two of those formats is one.
///
/// # Errors
/// When a file cannot be read.
pub fn samples_hash(reader: &RecordingReader) -> Result<String, RunError> {
    if let (Some(edf), [path]) = (reader.as_edf(), reader.files().as_slice()) {
        let failed = |source| RunError::Read { path: (*path).to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mut hash = blake3::Hasher::new();
        file.seek(SeekFrom::Start(edf.header().header_bytes())).map_err(failed)?;
        hash.update_reader(file).map_err(failed)?;
        return Ok(hash.finalize().to_hex().to_string());
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
