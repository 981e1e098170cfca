//! The header fields that may name a person.

use std::fmt;

/// The patient and recording identification of a header.
///
/// `Debug` shows neither, so that logging a file by accident reveals no one. There is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientFields {
    patient: String,
    recording: String,
}

impl PatientFields {
    pub(crate) fn new(patient: String, recording: String) -> Self {
        Self { patient, recording }
    }

    /// The local patient identification: in EDF+ code, sex, birth date and name. Never log or export it.
    pub fn reveal_patient(&self) -> &str {
        &self.patient
    }

    /// The local recording identification: in EDF+ start date, administration code, technician and equipment.
    /// Never log or export it.
    pub fn reveal_recording(&self) -> &str {
        &self.recording
    }
}

impl fmt::Debug for PatientFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientFields(redacted)")
    }
}
