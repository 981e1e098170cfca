//! The audits: what a run asks about its own numbers, each switched off only by name.

use std::borrow::Cow;
use std::fmt;

use ndarray::Array2;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use twinprint_features::{DEFAULT_H_FREQ, FeatureError, LogSpectra, View, confound};

/// Parts of the signal taken alone, scored on the trials of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shortcut {
    /// Each channel's root mean square.
    Amplitude,
    /// The power at the mains frequency over that beside it.
    LineNoise,
    /// Each channel's mean log power over frequencies: what impedance, gain and skull do to a channel as a whole.
    ChannelGain,
    /// The log spectrum with each channel's mean taken out: all but the gain.
    SpectralShape,
    /// The height and the slope of each channel's 1/f spectrum.
    Aperiodic,
    /// The log spectrum with each channel's 1/f taken out: its peaks.
    WithoutAperiodic,
    /// Log power from 1 to 4 Hz.
    Band1To4,
    /// Log power from 4 to 8 Hz.
    Band4To8,
    /// Log power from 8 to 13 Hz.
    Band8To13,
    /// Log power from 13 to 20 Hz.
    Band13To20,
    /// Log power from 20 to 30 Hz.
    Band20To30,
    /// Log power above 30 Hz, where muscle outweighs brain on most scalps.
    Above30Hz,
}

impl Shortcut {
    /// Every audit, in the order of the report.
    pub const ALL: [Self; 12] = [
        Self::Amplitude,
        Self::LineNoise,
        Self::ChannelGain,
        Self::SpectralShape,
        Self::Aperiodic,
        Self::WithoutAperiodic,
        Self::Band1To4,
        Self::Band4To8,
        Self::Band8To13,
        Self::Band13To20,
        Self::Band20To30,
        Self::Above30Hz,
    ];

    /// The name in plans, scores and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amplitude => "amplitude_only",
            Self::LineNoise => "line_noise_only",
            Self::ChannelGain => "channel_gain_only",
            Self::SpectralShape => "spectral_shape_only",
            Self::Aperiodic => "aperiodic_only",
            Self::WithoutAperiodic => "aperiodic_removed",
            Self::Band1To4 => "band_1_4_hz",
            Self::Band4To8 => "band_4_8_hz",
            Self::Band8To13 => "band_8_13_hz",
            Self::Band13To20 => "band_13_20_hz",
            Self::Band20To30 => "band_20_30_hz",
            Self::Above30Hz => "above_30_hz",
        }
    }

    /// What the audit is called in the results.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Amplitude => "channel amplitude only",
            Self::LineNoise => "line noise only",
            Self::ChannelGain => "channel gain only",
            Self::SpectralShape => "spectral shape only (gain removed)",
            Self::Aperiodic => "1/f alone (height and slope)",
            Self::WithoutAperiodic => "1/f removed",
            Self::Band1To4 => "1–4 Hz alone",
            Self::Band4To8 => "4–8 Hz alone",
            Self::Band8To13 => "8–13 Hz alone",
            Self::Band13To20 => "13–20 Hz alone",
            Self::Band20To30 => "20–30 Hz alone",
            Self::Above30Hz => "above 30 Hz alone",
        }
    }

    /// Whether it says nothing about the brain, so that a system it comes near to is under suspicion. The others show
    /// where identity lies and accuse nobody.
    pub(crate) fn accuses(self) -> bool {
        matches!(self, Self::Amplitude | Self::LineNoise | Self::ChannelGain | Self::Above30Hz)
    }

    /// Whether the features are whitened by the training subjects' within-subject covariance, as `log_psd_wccn` is: the
    /// strongest use that can be made of them. Amplitude and line noise are scored as they are.
    pub(crate) fn whitened(self) -> bool {
        !matches!(self, Self::Amplitude | Self::LineNoise)
    }

    /// How its features are made, `[epochs, columns]`; spectra are those of the average reference.
    pub(crate) fn made(self) -> Made {
        match self {
            Self::Amplitude => Made::OfSamples(|view, _| confound::amplitude_scale(view)),
            Self::LineNoise => Made::OfSamples(confound::line_noise_bin),
            Self::ChannelGain => Made::OfSpectra(|spectra| Ok(spectra.gain())),
            Self::SpectralShape => Made::OfSpectra(|spectra| Ok(spectra.shape())),
            Self::Aperiodic => Made::OfSpectra(LogSpectra::aperiodic),
            Self::WithoutAperiodic => Made::OfSpectra(LogSpectra::without_aperiodic),
            Self::Band1To4 => Made::OfSpectra(|spectra| spectra.band(1.0, 4.0)),
            Self::Band4To8 => Made::OfSpectra(|spectra| spectra.band(4.0, 8.0)),
            Self::Band8To13 => Made::OfSpectra(|spectra| spectra.band(8.0, 13.0)),
            Self::Band13To20 => Made::OfSpectra(|spectra| spectra.band(13.0, 20.0)),
            Self::Band20To30 => Made::OfSpectra(|spectra| spectra.band(20.0, 30.0)),
            Self::Above30Hz => Made::OfSpectra(|spectra| spectra.band(30.0, highest(spectra.nyquist()))),
        }
    }
}

/// How features are made.
pub(crate) enum Made {
    /// From samples and the mains frequency in hertz.
    OfSamples(fn(View<'_>, f64) -> Result<Array2<f32>, FeatureError>),
    /// From log spectra.
    OfSpectra(fn(&LogSpectra) -> Result<Array2<f32>, FeatureError>),
}

/// The highest frequency that is looked at, in hertz.
pub(crate) fn highest(nyquist: f64) -> f64 {
    DEFAULT_H_FREQ.min(nyquist)
}

impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One question a run asks about its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audit {
    /// The encoder's scores with the people behind the probes shuffled: chance must be left.
    ShuffledLabels,
    /// Scores from nothing but how long the recordings are.
    RecordingLength,
    /// One channel and one band at a time: where on the head identity lies.
    Scalp,
    /// A part of the signal alone.
    Shortcut(Shortcut),
}

impl Audit {
    /// Every audit, as a run makes them unless some are left out by name.
    pub fn all() -> Vec<Self> {
        let checks = [Self::ShuffledLabels, Self::RecordingLength, Self::Scalp];
        checks.into_iter().chain(Shortcut::ALL.map(Self::Shortcut)).collect()
    }

    /// The name in plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::ShuffledLabels => "shuffled_labels",
            Self::RecordingLength => "recording_length_only",
            Self::Scalp => "scalp",
            Self::Shortcut(shortcut) => shortcut.name(),
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl JsonSchema for Audit {
    fn schema_name() -> Cow<'static, str> {
        "Audit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::all().into_iter().map(Self::name).collect();
        json_schema!({ "description": "One question a run asks about its own numbers.", "type": "string", "enum": names })
    }
}

impl From<Audit> for String {
    fn from(audit: Audit) -> Self {
        audit.name().to_owned()
    }
}

impl TryFrom<String> for Audit {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let all = Self::all();
        all.iter().copied().find(|audit| audit.name() == name).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|audit| audit.name()).collect();
            format!("{name:?} is not an audit: choose from {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_audit_is_found_by_its_name_and_a_wrong_name_is_answered_with_all() {
        for audit in Audit::all() {
            assert_eq!(Audit::try_from(audit.name().to_owned()), Ok(audit));
        }
        let said = Audit::try_from("bands".to_owned()).unwrap_err();
        assert!(
            said.contains("\"bands\"") && said.contains("band_8_13_hz") && said.contains("shuffled_labels")
        );
    }
}
