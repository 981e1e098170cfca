//! Which recordings of which people train, enrol and probe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which recordings of which people train, enrol and probe.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Test subjects are unknown to everything fitted; enrolment and probes come from different recordings, and from
    /// different sessions where every subject has several or the plan names sessions.
    #[default]
    UnseenSubjects,
    /// Training also uses the enrolment recordings of the test subjects. Optimistic; common in the literature.
    SeenSubjects,
    /// Enrolment and probes come from one recording, a guard gap apart. Optimistic: nothing moved in between.
    WithinRecording,
    /// As `unseen-subjects`, and the session does not matter.
    CrossRecording,
    /// As `unseen-subjects`, and enrolment and probes must come from different sessions.
    CrossSession,
}

impl Variant {
    /// The name written in a plan: `unseen-subjects`.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnseenSubjects => "unseen-subjects",
            Self::SeenSubjects => "seen-subjects",
            Self::WithinRecording => "within-recording",
            Self::CrossRecording => "cross-recording",
            Self::CrossSession => "cross-session",
        }
    }

    /// Why a number under this variant flatters, to be shown wherever the number is; nothing for the honest ones.
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            Self::SeenSubjects => Some(
                "optimistic protocol (seen-subjects): the people who are tested were also trained on, so the error rates say little about new people",
            ),
            Self::WithinRecording => Some(
                "optimistic protocol (within-recording): enrolment and probes come from one recording, so traits of that hour pass for traits of the person",
            ),
            Self::UnseenSubjects | Self::CrossRecording | Self::CrossSession => None,
        }
    }
}

impl std::fmt::Display for Variant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
