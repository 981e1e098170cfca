//! What the protocol is told about a recording.

use std::collections::BTreeMap;

use twinprint_signal::RecordingKey;

/// One recording of the cohort, as far as the protocol may know it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingMetadata {
    /// The person, the visit and the file.
    pub key: RecordingKey,
    /// Metadata by column: task, group, sex.
    pub labels: BTreeMap<String, String>,
    /// A hash of the file's bytes, in hexadecimal: equal hashes are equal files.
    pub content_hash: String,
    /// Seconds from the first to the last sample, gaps not counted.
    pub seconds: f64,
}
