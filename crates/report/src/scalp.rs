//! Where on the head each frequency band tells people apart.

use serde::{Deserialize, Serialize};
use twinprint_signal::Estimate;

/// The error rate of one channel in one frequency band alone, on the trials of the run.
///
/// The scores are minus the distances between the mean log power spectra of template and probe at the frequencies of the band, in
/// standard deviations of the training people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalpRow {
    /// The channel, as the epochs name it.
    pub channel: String,
    /// Lower end of the band in hertz, included.
    pub low_hz: f64,
    /// Upper end of the band in hertz, included.
    pub high_hz: f64,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// Equal error rate with one threshold for all, 0 to 1.
    pub eer: Estimate,
}

impl ScalpRow {
    /// The band as it is written: `8–13 Hz`.
    pub fn band(&self) -> String {
        format!("{}–{} Hz", self.low_hz, self.high_hz)
    }
}

/// Invented rows for the tests: alpha best at the back, the rest anywhere.
#[cfg(test)]
pub(crate) fn example() -> Vec<ScalpRow> {
    let channels = [
        "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4", "T5", "P3", "Pz", "P4",
        "T6", "O1", "O2",
    ];
    let bands = [(1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 20.0), (20.0, 30.0), (30.0, 40.0)];
    let row = |(low_hz, high_hz): (f64, f64), (place, channel): (usize, &str)| {
        let front = 0.43 - 0.004 * ((place * 7) % 11) as f64;
        let value = front - if low_hz == 8.0 { 0.008 * place as f64 } else { 0.0 };
        let eer = Estimate { value, ci95: Some([value - 0.06, value + 0.06].into()) };
        ScalpRow { channel: channel.to_owned(), low_hz, high_hz, probe_seconds: 2.0, eer }
    };
    bands.into_iter().flat_map(|band| channels.into_iter().enumerate().map(move |of| row(band, of))).collect()
}
