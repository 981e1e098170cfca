//! One encoder of an ensemble: a front end fitted to the training subjects, and a network.

use std::ops::Range;

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, ArrayView2, ArrayView3, Axis, Zip, s};
use rayon::prelude::*;
use twinprint_closed::{Labels, Shrinkage, Standardise, Whitening, normalise_rows};

use crate::architecture::{Architecture, Features, InputShape, Pass};
use crate::plan::{Init, Plan};
use crate::seed::stream;
use crate::weights::{Bound, Parameter, matrix, read};
use crate::{EncoderError, TrainingEpochs};

/// Epochs encoded at a time: bounds memory, and is the same everywhere so that results repeat.
pub(crate) const CHUNK: usize = 256;

/// Features of all training epochs are kept up to this many bytes; beyond, they are computed again for every batch.
pub(crate) const KEEP: usize = 1 << 30;

/// What turns an epoch into the rows a network takes.
#[derive(Debug, Clone)]
pub(crate) enum Front {
    /// Standardised log powers.
    Features { features: Features, standardise: Standardise },
    /// The samples, standardised channel by channel.
    Samples { standardise: Standardise, samples: usize },
}

/// Is handed what a network takes of some epochs, and which they are.
pub(crate) type Seen<'a> = dyn FnMut(Range<usize>, ArrayView2<f32>) -> Result<(), EncoderError> + 'a;

/// One encoder.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub front: Front,
    pub parameters: Vec<Parameter>,
}

/// The seed of the `index`-th encoder of an ensemble.
pub(crate) fn member_seed(seed: u64, index: usize) -> u64 {
    use rand::Rng;
    stream(seed, &format!("member/{index}")).next_u64()
}

impl Front {
    /// Fits to the training epochs, a chunk at a time; also returns the rows of all of them where they take at most `keep`
    /// bytes.
    fn fit(
        plan: &Plan,
        data: &TrainingEpochs,
        seed: u64,
        keep: usize,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let (count, channels, samples) = data.shape();
        let Architecture::Filterbank(bank) = &plan.architecture else {
            return Ok((Self::Samples { standardise: fit_channels(data)?, samples }, None));
        };
        let features = bank.features(channels, samples, data.rate, seed)?;
        let width = features.len();
        let mut front = Self::Features { features, standardise: Standardise::identity(width) };
        let fits = count.saturating_mul(width).saturating_mul(size_of::<f32>()) <= keep;
        let mut kept = fits.then(|| Array2::zeros((count, width)));
        if let Some(kept) = &mut kept {
            for (range, epochs) in data.chunks(CHUNK) {
                kept.slice_mut(s![range, ..]).assign(&front.rows(epochs.view()));
            }
        }
        let fitted = Standardise::fit_in_chunks(width, |each| {
            front.each_chunk(data, kept.as_ref(), each);
        })?;
        if let Some(kept) = &mut kept {
            fitted.apply(kept);
        }
        if let Self::Features { standardise, .. } = &mut front {
            *standardise = fitted;
        }
        Ok((front, kept))
    }

    /// Hands the rows of all training epochs to `each`, a chunk at a time: those `kept`, or computed anew.
    fn each_chunk(
        &self,
        data: &TrainingEpochs,
        kept: Option<&Array2<f32>>,
        each: &mut dyn FnMut(ArrayView2<f32>),
    ) {
        match kept {
            Some(rows) => rows.axis_chunks_iter(Axis(0), CHUNK).for_each(each),
            None => data.chunks(CHUNK).for_each(|(_, epochs)| each(self.rows(epochs.view()).view())),
        }
    }

    /// A front end for epochs of a shape, with a standardisation that was fitted before.
    pub fn restore(
        plan: &Plan,
        channels: usize,
        samples: usize,
        rate: f64,
        seed: u64,
        standardise: Standardise,
    ) -> Result<Self, EncoderError> {
        let front = match &plan.architecture {
            Architecture::Filterbank(bank) => {
                Self::Features { features: bank.features(channels, samples, rate, seed)?, standardise }
            }
            _ => Self::Samples { standardise, samples },
        };
        let expected = match &front {
            Self::Features { features, .. } => features.len(),
            Self::Samples { .. } => channels,
        };
        match front.standardise().mean().len() {
            length if length == expected => Ok(front),
            length => Err(EncoderError::data(format!("{length} means for {expected} features"))),
        }
    }

    pub fn standardise(&self) -> &Standardise {
        match self {
            Self::Features { standardise, .. } | Self::Samples { standardise, .. } => standardise,
        }
    }

    /// The shape of what it gives.
    pub fn shape(&self) -> InputShape {
        match self {
            Self::Features { features, .. } => InputShape { channels: 1, samples: features.len() },
            Self::Samples { standardise, samples } => {
                InputShape { channels: standardise.mean().len(), samples: *samples }
            }
        }
    }

    /// Rows of epochs `[epochs, channels, samples]`: `[epochs, channels · samples]` of [`Front::shape`].
    pub fn rows(&self, epochs: ArrayView3<f32>) -> Array2<f32> {
        match self {
            Self::Features { features, standardise } => {
                let mut rows = features.compute(epochs);
                standardise.apply(&mut rows);
                rows
            }
            Self::Samples { standardise, samples } => {
                let width = standardise.mean().len() * samples;
                let mut rows = Array2::zeros((epochs.dim().0, width));
                let both = rows.outer_iter_mut().into_par_iter().zip(epochs.outer_iter());
                both.for_each(|(mut row, epoch)| {
                    let outputs = row.exact_chunks_mut(*samples).into_iter().zip(epoch.outer_iter());
                    let moments = standardise.mean().iter().zip(standardise.deviation());
                    for ((mut out, channel), (mean, deviation)) in outputs.zip(moments) {
                        Zip::from(&mut out).and(&channel).for_each(|out, x| *out = (x - mean) / deviation);
                    }
                });
                rows
            }
        }
    }
}

/// The mean and the deviation of each channel over all epochs, in one pass over them: the moments of each epoch are merged
/// in their order (Chan, Golub and LeVeque, 1983).
fn fit_channels(data: &TrainingEpochs) -> Result<Standardise, EncoderError> {
    let (count, channels, samples) = data.shape();
    let size = samples as f64;
    let of_epoch = |index: usize| -> Vec<(f64, f64)> {
        let moments = |channel: ndarray::ArrayView1<f32>| {
            let mean = channel.iter().map(|&x| f64::from(x)).sum::<f64>() / size;
            (mean, channel.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>())
        };
        data.epoch(index).outer_iter().map(moments).collect()
    };
    let mut merged = vec![(0.0f64, 0.0f64); channels];
    for start in (0..count).step_by(CHUNK) {
        let range = start..(start + CHUNK).min(count);
        let chunk: Vec<Vec<(f64, f64)>> = range.clone().into_par_iter().map(of_epoch).collect();
        for (index, moments) in range.zip(chunk) {
            let (before, after) = (index as f64 * size, (index + 1) as f64 * size);
            for ((mean, square), (new_mean, new_square)) in merged.iter_mut().zip(moments) {
                let step = new_mean - *mean;
                *square += new_square + step * step * before * size / after;
                *mean += step * size / after;
            }
        }
    }
    let n = count as f64 * size;
    let deviation = |square: f64| if square > 0.0 { (square / n).sqrt() as f32 } else { 1.0 };
    let (means, deviations) = merged.into_iter().map(|(m, square)| (m as f32, deviation(square))).unzip();
    Ok(Standardise::from_parts(means, deviations)?)
}

impl Member {
    /// Fits the front end and sets the weights where the plan starts them, or at random where `random`; also returns
    /// the rows of all training epochs where they take at most `keep` bytes.
    pub fn initial(
        plan: &Plan,
        data: &TrainingEpochs,
        seed: u64,
        random: bool,
        keep: usize,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let (front, rows) = Front::fit(plan, data, seed, keep)?;
        let shape = front.shape();
        let mut parameters = plan.architecture.parameters(shape, &mut stream(seed, "weights"));
        if plan.initialise.whitening == Some(true) && !random {
            let Init { shrinkage, across_recordings, .. } = plan.initialise;
            let labels = Labels { subject: data.subject, recording: data.recording };
            let shrinkage = Shrinkage { across_recordings, toward_identity: shrinkage };
            let whitening = Whitening::fit_in_chunks(shape.samples, labels, shrinkage, |each| {
                front.each_chunk(data, rows.as_ref(), &mut |rows| each(rows.mapv(f64::from).view()));
            })?;
            let scale = 1.0 / (shape.samples as f32).sqrt();
            for head in parameters.iter_mut().filter(|p| p.name == "head.weight") {
                head.values = whitening.matrix().iter().map(|w| w * scale).collect();
            }
        }
        Ok((Self { front, parameters }, rows))
    }

    /// Unit prints of epochs `[epochs, channels, samples]`: `[epochs, dim]`.
    pub fn embed(
        &self,
        plan: &Plan,
        epochs: ArrayView3<f32>,
        device: &Device,
    ) -> Result<Array2<f32>, EncoderError> {
        self.embed_seen(plan, epochs, device, &mut |_, _| Ok(()))
    }

    /// The same; `seen` is handed what the network takes of some epochs, and which they are.
    pub fn embed_seen(
        &self,
        plan: &Plan,
        epochs: ArrayView3<f32>,
        device: &Device,
        seen: &mut Seen,
    ) -> Result<Array2<f32>, EncoderError> {
        let tensors: Vec<Tensor<1>> = self.parameters.iter().map(|p| p.tensor(device)).collect();
        let bound = Bound::new(&self.parameters, &tensors);
        let (count, shape) = (epochs.dim().0, self.front.shape());
        let dim = plan.architecture.dim(shape);
        let mut prints = Array2::zeros((count, dim));
        for start in (0..count).step_by(CHUNK) {
            let end = (start + CHUNK).min(count);
            let rows = self.front.rows(epochs.slice(s![start..end, .., ..]));
            seen(start..end, rows.view())?;
            let (n, width) = rows.dim();
            let rows = matrix(rows.into_raw_vec_and_offset().0, n, width, device);
            let out = plan.architecture.forward(shape, rows, &bound, &mut Pass::new(false))?;
            let values = read(out)?;
            prints.slice_mut(s![start..end, ..]).iter_mut().zip(values).for_each(|(x, v)| *x = v);
        }
        normalise_rows(&mut prints);
        Ok(prints)
    }
}

#[cfg(test)]
#[path = "member_tests.rs"]
mod tests;
