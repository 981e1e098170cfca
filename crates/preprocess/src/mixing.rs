//! Interpolation and reference: each channel handed out is a weighted sum of channels recorded.

use ndarray::{Array2, s};
use twinprint_closed::spherical_spline;
use twinprint_signal::{ChannelName, Position, position};

use crate::bad::Found;
use crate::channels::Selection;
use crate::error::PreprocessError;
use crate::operation::Operation;
use crate::plan::{BadAction, Plan, Reference};
use crate::quality::Quality;

/// Fewest channels to interpolate from: a constant and three directions.
const FEWEST: usize = 4;

/// What becomes of the rows of a selection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixing {
    channels: Vec<ChannelName>,
    /// Where each channel handed out comes from.
    sources: Vec<Source>,
    /// Rows that channels are estimated from.
    from: Vec<usize>,
    /// How much each row counts for each estimated channel, `[estimated, from]`.
    weights: Array2<f64>,
    reference: Rows,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    Recorded(usize),
    Estimated(usize),
}

#[derive(Debug, Clone, PartialEq)]
enum Rows {
    None,
    /// The mean of all recorded good channels handed out.
    Handed(Vec<usize>),
    /// The mean of these rows of the selection.
    Named(Vec<usize>),
}

/// Decides what becomes of each channel and notes it in `quality`.
pub(crate) fn plan(
    plan: &Plan,
    selection: &Selection,
    known_bad: &[ChannelName],
    found: &Found,
    quality: &mut Quality,
) -> Result<Mixing, PreprocessError> {
    let names: Vec<&ChannelName> = selection.rows.iter().map(|(_, name)| name).collect();
    let known: &[ChannelName] = if plan.bad_channels.from_dataset { known_bad } else { &[] };
    let named = |rows: &[usize]| -> Vec<ChannelName> {
        rows.iter().map(|&row| names[row].clone()).filter(|name| !known.contains(name)).collect()
    };
    quality.bad_from_dataset = names.iter().filter(|n| known.contains(n)).map(|&n| n.clone()).collect();
    quality.bad_flat = named(&found.flat);
    quality.bad_noisy = named(&found.noisy);
    quality.bad_uncorrelated = named(&found.uncorrelated);
    let bad: Vec<ChannelName> =
        [&quality.bad_from_dataset, &quality.bad_flat, &quality.bad_noisy, &quality.bad_uncorrelated]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
    if let Reference::Channels(reference) = &plan.reference
        && let Some(name) = reference.iter().find(|name| bad.contains(name))
    {
        return Err(PreprocessError::BadReference(name.clone()));
    }
    let row_of = |name: &ChannelName| names.iter().position(|n| *n == name);
    let (mut channels, mut sources, mut estimated) = (Vec::new(), Vec::new(), Vec::new());
    for name in &selection.wanted {
        match row_of(name).filter(|_| !bad.contains(name)) {
            Some(row) => sources.push(Source::Recorded(row)),
            None if row_of(name).is_some() && plan.bad_channels.action == BadAction::Drop => {
                quality.dropped.push(name.clone());
                continue;
            }
            None => {
                sources.push(Source::Estimated(estimated.len()));
                estimated.push(name.clone());
            }
        }
        channels.push(name.clone());
    }
    let good: Vec<usize> = (0..names.len()).filter(|&row| !bad.contains(names[row])).collect();
    if channels.is_empty() || good.is_empty() {
        return Err(PreprocessError::NoChannels(names.len()));
    }
    let (from, weights) = estimate(&names, &good, &estimated)?;
    quality.interpolated = estimated;
    let reference = match &plan.reference {
        Reference::None => Rows::None,
        Reference::Average => Rows::Handed((0..channels.len()).collect()),
        Reference::Channels(reference) => Rows::Named(reference.iter().filter_map(row_of).collect()),
    };
    Ok(Mixing { channels, sources, from, weights, reference })
}

/// Good rows with a position, and the weights `[wanted, rows]`.
fn estimate(
    names: &[&ChannelName],
    good: &[usize],
    wanted: &[ChannelName],
) -> Result<(Vec<usize>, Array2<f64>), PreprocessError> {
    if wanted.is_empty() {
        return Ok((Vec::new(), Array2::zeros((0, 0))));
    }
    let to: Vec<Position> = wanted.iter().filter_map(position).collect();
    if to.len() < wanted.len() {
        let unplaced = wanted.iter().filter(|name| position(name).is_none()).cloned().collect();
        return Err(PreprocessError::NoPosition { unplaced, wanted: wanted.to_vec() });
    }
    let (from, places): (Vec<usize>, Vec<Position>) =
        good.iter().filter_map(|&row| Some((row, position(names[row])?))).unzip();
    if from.len() < FEWEST {
        return Err(PreprocessError::TooFewToInterpolate {
            good: from.len(),
            needed: FEWEST,
            wanted: wanted.to_vec(),
        });
    }
    let weights = spherical_spline(&places, &to);
    Ok((from, weights))
}

impl Mixing {
    /// The rows that the channels handed out are made of, the reference aside; some may come twice.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        let recorded = self.sources.iter().filter_map(|source| match *source {
            Source::Recorded(row) => Some(row),
            Source::Estimated(_) => None,
        });
        recorded.chain(self.from.iter().copied())
    }

    /// The channels handed out.
    pub fn into_channels(self) -> Vec<ChannelName> {
        self.channels
    }

    /// Turns `[rows, samples]` into `[channels, samples]`.
    ///
    /// Notes what it does in `done`.
    pub fn apply(&self, mut signal: Array2<f32>, done: &mut Vec<Operation>) -> Array2<f32> {
        let reference = match &self.reference {
            Rows::Named(rows) => Some(mean_of(&signal, rows)),
            _ => None,
        };
        let in_order = self.sources.iter().enumerate().all(|(i, source)| *source == Source::Recorded(i));
        if !in_order || self.sources.len() < signal.nrows() {
            signal = self.rearrange(&signal);
            done.extend((!self.from.is_empty()).then_some(Operation::Pointwise("interpolation")));
        }
        let reference = match &self.reference {
            Rows::Handed(rows) => Some(mean_of(&signal, rows)),
            _ => reference,
        };
        if let Some(mean) = reference {
            done.push(Operation::Pointwise("reference"));
            for mut row in signal.outer_iter_mut() {
                for (value, mean) in row.iter_mut().zip(&mean) {
                    *value -= mean;
                }
            }
        }
        signal
    }

    fn rearrange(&self, signal: &Array2<f32>) -> Array2<f32> {
        let mut output = Array2::zeros((self.sources.len(), signal.ncols()));
        for (mut row, source) in output.outer_iter_mut().zip(&self.sources) {
            match *source {
                Source::Recorded(from) => row.assign(&signal.row(from)),
                Source::Estimated(index) => {
                    for (&from, &weight) in self.from.iter().zip(self.weights.slice(s![index, ..])) {
                        row.scaled_add(weight as f32, &signal.row(from));
                    }
                }
            }
        }
        output
    }
}

fn mean_of(signal: &Array2<f32>, rows: &[usize]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; signal.ncols()];
    for &row in rows {
        for (total, value) in sum.iter_mut().zip(signal.row(row)) {
            *total += value;
        }
    }
    let count = rows.len().max(1) as f32;
    sum.iter_mut().for_each(|total| *total /= count);
    sum
}
