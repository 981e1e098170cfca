//! What is done along time: band filter, notch, resampling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_signal::Hertz;

use crate::switch::{self, Switch};

/// The band filter, on the continuous signal of each segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The design. Default: `"fir"`.
    pub method: FilterMethod,
    /// Lower pass-band edge. Range: above 0, below `h_freq`. Default: 1 Hz. `false` lets low frequencies pass.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Hertz>", extend("minimum" = 0.001, "maximum" = 100000))]
    pub l_freq: Option<Hertz>,
    /// Upper pass-band edge. Range: below Nyquist. Default: 40 Hz. `false` lets high frequencies pass.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Hertz>", extend("minimum" = 0.001, "maximum" = 100000))]
    pub h_freq: Option<Hertz>,
    /// FIR: width of the lower transition, at most `l_freq`. Default: `false`, which is min(max(l_freq / 4, 2), l_freq) Hz.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Hertz>", extend("minimum" = 0.001, "maximum" = 100000))]
    pub l_trans_bandwidth: Option<Hertz>,
    /// FIR: width of the upper transition. Default: `false`, which is min(max(h_freq / 4, 2), Nyquist − h_freq) Hz.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Hertz>", extend("minimum" = 0.001, "maximum" = 100000))]
    pub h_trans_bandwidth: Option<Hertz>,
    /// Butterworth: the order before the backward pass doubles it. Range: 1 to 12. Default: `false`, which is 4.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<usize>", extend("minimum" = 1, "maximum" = 12))]
    pub order: Option<usize>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            method: FilterMethod::Fir,
            l_freq: hertz(1.0),
            h_freq: hertz(40.0),
            l_trans_bandwidth: None,
            h_trans_bandwidth: None,
            order: None,
        }
    }
}

/// The design of a band filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterMethod {
    /// Zero-phase finite impulse response: windowed sinc, Hamming, as MNE-Python designs by default.
    Fir,
    /// Butterworth in second-order sections, forward and backward, as SciPy's `sosfiltfilt`.
    Butterworth,
}

/// Removal of mains hum and its harmonics by zero-phase FIR band-stops, as MNE-Python's `notch_filter` designs by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notch {
    /// The mains frequency. Range: above 0, below Nyquist. Default: 50 Hz.
    #[schemars(extend("minimum" = 0.001, "maximum" = 100000))]
    pub freq: Hertz,
    /// Whether to remove its multiples too, as far as their stop-band fits below Nyquist. Default: true.
    pub harmonics: bool,
    /// Width of each stop-band. Default: `false`, which is a 200th of the frequency removed.
    #[serde(with = "switch")]
    #[schemars(with = "Switch<Hertz>")]
    pub notch_width: Option<Hertz>,
    /// Both transitions of a stop-band together. Default: 1 Hz.
    #[schemars(extend("minimum" = 0.001, "maximum" = 100000))]
    pub trans_bandwidth: Hertz,
}

/// The rate all recordings are brought to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resample {
    /// The new rate. Default: 128 Hz.
    #[schemars(range(min = 1, max = 100000))]
    pub sfreq: Hertz,
    /// How. Default: `"fft"`.
    pub method: ResampleMethod,
}

/// How a signal is brought to another rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResampleMethod {
    /// Through the Fourier transform of the whole segment, padded to a power of two, as MNE-Python's `raw.resample`.
    /// That rounds the padded length to whole samples, so that time drifts by up to half a new sample over it.
    Fft,
    /// Upsample, windowed-sinc low-pass (Kaiser 5.0), downsample, as MNE-Python's `method="polyphase"`.
    Polyphase,
}

impl Default for Notch {
    fn default() -> Self {
        Self { freq: known(50.0), harmonics: true, notch_width: None, trans_bandwidth: known(1.0) }
    }
}

impl Default for Resample {
    fn default() -> Self {
        Self { sfreq: known(128.0), method: ResampleMethod::Fft }
    }
}

impl Notch {
    /// The outer edges in hertz of the stop-band around `freq`, transitions included.
    pub(crate) fn stop_band(&self, freq: f64) -> (f64, f64) {
        let width = self.notch_width.map_or(freq / 200.0, Hertz::get);
        let half = width / 2.0 + self.trans_bandwidth.get() / 2.0;
        (freq - half, freq + half)
    }
}

fn hertz(value: f64) -> Option<Hertz> {
    Hertz::new(value).ok()
}

#[expect(clippy::expect_used, reason = "only ever called with the constants of this file")]
fn known(value: f64) -> Hertz {
    Hertz::new(value).expect("a constant above 0")
}
