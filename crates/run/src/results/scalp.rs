//! Where on the head each frequency band tells people apart: one channel and one band at a time.

use std::ops::Range;

use ndarray::{Array2, s};
use twinprint_evaluation::{Blocks, Comparisons, Sides};
use twinprint_features::{DEFAULT_H_FREQ, DEFAULT_L_FREQ, View, log_psd_frequencies};
use twinprint_protocol::Pool;
use twinprint_report::results::{AuditRow, ScalpRow};
use twinprint_signal::Prints;
use twinprint_store::epochs::EpochFile;

use super::{Evidence, Scored, failed};
use crate::RunError;
use crate::scoring::SystemTrials;
use crate::shortcut::Audit;
use crate::system::System;

/// The bands of the audits, in hertz, both ends included.
const BANDS: [(f64, f64); 6] =
    [(1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 20.0), (20.0, 30.0), (30.0, DEFAULT_H_FREQ)];

/// What each column of the prints of `log_psd_cosine` is: the frequencies of the first channel, of the second, and so on.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpectrumColumns {
    channels: Vec<String>,
    frequencies: Vec<f64>,
}

impl SpectrumColumns {
    /// Of the epochs of a file; none where their rate leaves room for no spectrum.
    pub(crate) fn of(file: &EpochFile) -> Self {
        let samples = file.samples();
        let first =
            View { samples: samples.slice(s![..1.min(samples.dim().0), .., ..]), rate: file.rate().get() };
        Self {
            channels: file.channels().iter().map(ToString::to_string).collect(),
            frequencies: log_psd_frequencies(first, DEFAULT_L_FREQ, DEFAULT_H_FREQ).unwrap_or_default(),
        }
    }

    /// The columns of a channel in a band; none where the spectrum does not hold all of the band.
    fn range(&self, channel: usize, (low, high): (f64, f64)) -> Range<usize> {
        let reaches = self.frequencies.last().is_some_and(|last| *last >= high);
        let first = self.frequencies.partition_point(|frequency| *frequency < low);
        let last = self.frequencies.partition_point(|frequency| *frequency <= high);
        let start = channel * self.frequencies.len();
        if reaches { start + first..start + last } else { start..start }
    }
}

/// The equal error rate of every channel and band alone at the shortest probe length, where the plan asks for it and the system is
/// the one that shows it.
///
/// The scores are minus the distances between the mean log power spectra of template and probe, in standard deviations of the training
/// people: nothing else is fitted.
pub(super) fn rows(evidence: &Evidence, scored: &Scored) -> Result<Vec<ScalpRow>, RunError> {
    let config = evidence.context.plan.config();
    let shortest = config.protocol.probe.seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let asked = config.evaluation.audits.contains(&Audit::Scalp);
    if !asked || scored.system != System::LogPsdCosine || scored.probe_seconds != shortest {
        return Ok(Vec::new());
    }
    let folds = scored.prints.iter().zip(&scored.trials.0);
    let means: Vec<[Array2<f32>; 2]> = folds
        .map(|(prints, fold)| [&fold.trials.templates, &fold.trials.probes].map(|pools| means(prints, pools)))
        .collect();
    let columns = evidence.columns;
    let bootstrap = evidence.bootstrap("scalp");
    let mut rows = Vec::new();
    for (low_hz, high_hz) in BANDS {
        for (channel, name) in columns.channels.iter().enumerate() {
            let columns = columns.range(channel, (low_hz, high_hz));
            if columns.is_empty() {
                continue;
            }
            let alone = Alone { trials: scored.trials, means: &means, columns };
            let found = Comparisons::new(&alone).and_then(|all| all.resampled(&bootstrap));
            let eer = found.map_err(|error| failed("scalp", error))?.estimate(&bootstrap);
            if eer.ci95.is_some() {
                rows.push(ScalpRow {
                    channel: name.clone(),
                    low_hz,
                    high_hz,
                    probe_seconds: scored.probe_seconds,
                    eer,
                });
            }
        }
    }
    Ok(rows)
}

/// Why there is no row although the plan asks for them.
pub(super) fn absent(evidence: &Evidence) -> Option<AuditRow> {
    let evaluation = &evidence.context.plan.config().evaluation;
    let without = !evaluation.baselines.contains(&System::LogPsdCosine);
    let reason = "it is made of the prints of log_psd_cosine, which evaluation.baselines leaves out";
    (without && evaluation.audits.contains(&Audit::Scalp)).then(|| AuditRow::absent("scalp", reason))
}

/// The mean print of each pool, `[pools, columns]`.
fn means(prints: &Prints, pools: &[Pool]) -> Array2<f32> {
    let mut rows = Array2::zeros((pools.len(), prints.dim()));
    for (mut row, pool) in rows.outer_iter_mut().zip(pools) {
        pool.epochs.iter().for_each(|&epoch| row += &prints.values().row(epoch));
        row /= pool.epochs.len() as f32;
    }
    rows
}

/// The trials of a run scored by some columns alone: minus the distance.
struct Alone<'a> {
    trials: &'a SystemTrials,
    /// Of templates and probes, fold by fold.
    means: &'a [[Array2<f32>; 2]],
    columns: Range<usize>,
}

impl Blocks for Alone<'_> {
    fn folds(&self) -> usize {
        self.trials.folds()
    }

    fn sides(&self, fold: usize) -> Sides<'_> {
        self.trials.sides(fold)
    }

    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        let [own, others] = &self.means[fold];
        let own = own.slice(s![templates, self.columns.clone()]);
        let others = others.slice(s![probes, self.columns.clone()]);
        Array2::from_shape_fn((own.nrows(), others.nrows()), |(template, probe)| {
            let pairs = own.row(template).into_iter().zip(others.row(probe));
            let squares: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
            -squares.sqrt()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_taken_of_one_channel_and_only_where_the_spectrum_holds_all_of_it() {
        let columns = SpectrumColumns {
            channels: vec!["Fz".to_owned(), "Oz".to_owned()],
            frequencies: (1..=25).map(f64::from).collect(),
        };
        assert_eq!(columns.range(0, (8.0, 13.0)), 7..13);
        assert_eq!(columns.range(1, (8.0, 13.0)), 32..38);
        assert!(columns.range(1, (20.0, 30.0)).is_empty());
        assert!(SpectrumColumns::default().range(0, (1.0, 4.0)).is_empty());
    }
}
