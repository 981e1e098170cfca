//! Features by value, so that a table and its column names come from one description.

use std::fmt::Display;

use ndarray::Array2;

use crate::power::plan;
use crate::{FeatureError, Taper, View, band_powers, log_psd, shortcut, tangent_with};

/// One of this crate's features with its settings; frequencies in hertz.
#[derive(Debug, Clone, PartialEq)]
pub enum Feature {
    /// [`log_psd`].
    LogPsd {
        /// Lowest frequency.
        l_freq: f64,
        /// Highest frequency.
        h_freq: f64,
    },
    /// [`band_powers`].
    BandPowers {
        /// Lower and upper edges.
        bands: Vec<(f64, f64)>,
    },
    /// [`tangent_with`].
    Tangent {
        /// Lower and upper edges.
        bands: Vec<(f64, f64)>,
        /// Towards the identity, in (0, 1].
        shrinkage: f64,
    },
    /// [`shortcut::amplitude_scale`].
    AmplitudeScale,
    /// [`shortcut::line_noise_bin`].
    LineNoiseBin {
        /// 50 or 60.
        line_freq: f64,
    },
    /// [`shortcut::per_channel_gain`].
    PerChannelGain {
        /// Lowest frequency.
        l_freq: f64,
        /// Highest frequency.
        h_freq: f64,
    },
    /// [`shortcut::spectral_shape`].
    SpectralShape {
        /// Lowest frequency.
        l_freq: f64,
        /// Highest frequency.
        h_freq: f64,
    },
}

impl Feature {
    /// The table `[epochs, columns]`.
    ///
    /// # Errors
    /// As the function that the variant names.
    pub fn compute(&self, view: View<'_>) -> Result<Array2<f32>, FeatureError> {
        match self {
            Self::LogPsd { l_freq, h_freq } => log_psd(view, *l_freq, *h_freq),
            Self::BandPowers { bands } => band_powers(view, bands),
            Self::Tangent { bands, shrinkage } => tangent_with(view, bands, *shrinkage, Taper::Hann),
            Self::AmplitudeScale => shortcut::amplitude_scale(view),
            Self::LineNoiseBin { line_freq } => shortcut::line_noise_bin(view, *line_freq),
            Self::PerChannelGain { l_freq, h_freq } => shortcut::per_channel_gain(view, *l_freq, *h_freq),
            Self::SpectralShape { l_freq, h_freq } => shortcut::spectral_shape(view, *l_freq, *h_freq),
        }
    }
}

/// The column names of `feature` for epochs like `view`, in the order of its columns.
///
/// Examples: `log_psd:Fp1:10Hz`, `band_power:Fp1:8-13Hz`, `log_covariance:8-13Hz:Fp1*Cz`, `log_rms:Fp1`.
///
/// # Errors
/// When there is not one name a channel, or a frequency range does not fit the spectrum.
pub fn names<C: Display>(
    feature: &Feature,
    view: View<'_>,
    channels: &[C],
) -> Result<Vec<String>, FeatureError> {
    if channels.len() != view.channels() {
        return Err(FeatureError::ChannelNames { names: channels.len(), channels: view.channels() });
    }
    let each = |prefix: &str| channels.iter().map(|c| format!("{prefix}:{c}")).collect();
    match feature {
        Feature::LogPsd { l_freq, h_freq } => spectral("log_psd", view, channels, (*l_freq, *h_freq)),
        Feature::SpectralShape { l_freq, h_freq } => {
            spectral("spectral_shape", view, channels, (*l_freq, *h_freq))
        }
        Feature::BandPowers { bands } => Ok(channels
            .iter()
            .flat_map(|c| bands.iter().map(move |(low, high)| format!("band_power:{c}:{low}-{high}Hz")))
            .collect()),
        Feature::Tangent { bands, .. } => Ok(bands.iter().flat_map(|band| pairs(*band, channels)).collect()),
        Feature::AmplitudeScale => Ok(each("log_rms")),
        Feature::LineNoiseBin { line_freq } => Ok(each(&format!("line_noise_{line_freq}Hz"))),
        Feature::PerChannelGain { .. } => Ok(each("mean_log_psd")),
    }
}

fn spectral<C: Display>(
    prefix: &str,
    view: View<'_>,
    channels: &[C],
    (l_freq, h_freq): (f64, f64),
) -> Result<Vec<String>, FeatureError> {
    let welch = plan(view)?;
    let bins = welch.bins(l_freq, h_freq)?;
    let name = |c, bin| format!("{prefix}:{c}:{}Hz", (welch.frequency(bin) * 1e6).round() / 1e6);
    Ok(channels.iter().flat_map(|c| bins.clone().map(move |bin| (c, bin))).map(|(c, k)| name(c, k)).collect())
}

fn pairs<C: Display>((low, high): (f64, f64), channels: &[C]) -> Vec<String> {
    let mut names = Vec::new();
    for (row, first) in channels.iter().enumerate() {
        for second in &channels[row..] {
            names.push(format!("log_covariance:{low}-{high}Hz:{first}*{second}"));
        }
    }
    names
}
