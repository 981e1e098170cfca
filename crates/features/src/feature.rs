//! Features by value, so that a table and its column names come from one description.

use std::fmt::Display;

use ndarray::Array2;

use crate::power::plan;
use crate::{FeatureError, View, band_powers, log_psd};

/// A feature that is exported as a table, with its settings; frequencies in hertz.
#[derive(Debug, Clone, PartialEq)]
pub enum Feature {
    /// The table of [`log_psd`].
    LogPsd {
        /// The lowest frequency, included.
        l_freq: f64,
        /// The highest frequency, included.
        h_freq: f64,
    },
    /// The table of [`band_powers`].
    BandPowers {
        /// Lower and upper edges.
        bands: Vec<(f64, f64)>,
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
        }
    }
}

/// The column names of `feature` for epochs like `view`, in the order of its columns.
///
/// Examples: `log_psd:Fp1:10Hz`, `band_power:Fp1:8-13Hz`.
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
    let columns: Vec<String> = match feature {
        Feature::LogPsd { l_freq, h_freq } => {
            let welch = plan(view)?;
            let hertz = |bin| (welch.frequency(bin) * 1e6).round() / 1e6;
            welch.bins(*l_freq, *h_freq)?.map(|bin| format!("{}Hz", hertz(bin))).collect()
        }
        Feature::BandPowers { bands } => bands.iter().map(|(low, high)| format!("{low}-{high}Hz")).collect(),
    };
    let prefix = match feature {
        Feature::LogPsd { .. } => "log_psd",
        Feature::BandPowers { .. } => "band_power",
    };
    let of_channel = |c| columns.iter().map(move |column| format!("{prefix}:{c}:{column}"));
    Ok(channels.iter().flat_map(of_channel).collect())
}
