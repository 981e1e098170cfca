//! One encoder of an ensemble: a front end fitted to the training subjects, and a network.

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, ArrayView3, s};

use crate::architecture::{Architecture, Features, InputShape, Pass};
use crate::linalg::normalise_rows;
use crate::plan::{Init, Plan};
use crate::seed::stream;
use crate::standardise::Standardise;
use crate::weights::{Bound, Parameter, matrix, read};
use crate::whitening::Whitening;
use crate::{EncoderError, TrainingEpochs};

/// Epochs encoded at a time: bounds memory, and is the same everywhere so that results repeat.
const CHUNK: usize = 256;

/// What turns an epoch into the rows a network takes.
#[derive(Debug, Clone)]
pub(crate) enum Front {
    /// Standardised log powers.
    Features { features: Features, standardise: Standardise },
    /// The samples, standardised channel by channel.
    Samples { standardise: Standardise, samples: usize },
}

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
    /// Fits to the training epochs; also returns the rows of all of them where they are worth keeping.
    fn fit(
        plan: &Plan,
        data: &TrainingEpochs,
        seed: u64,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let (_, channels, samples) = data.samples.dim();
        match &plan.architecture {
            Architecture::Filterbank(bank) => {
                let features = bank.features(channels, samples, data.rate, seed)?;
                let mut rows = features.compute(data.samples);
                let standardise = Standardise::fit(rows.view())?;
                standardise.apply(&mut rows);
                Ok((Self::Features { features, standardise }, Some(rows)))
            }
            _ => Ok((Self::Samples { standardise: fit_channels(data.samples)?, samples }, None)),
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
                for (mut row, epoch) in rows.outer_iter_mut().zip(epochs.outer_iter()) {
                    row.iter_mut().zip(epoch.indexed_iter()).for_each(|(out, ((c, _), x))| {
                        *out = (x - standardise.mean()[c]) / standardise.deviation()[c];
                    });
                }
                rows
            }
        }
    }
}

/// The mean and the deviation of each channel over all epochs.
fn fit_channels(epochs: ArrayView3<f32>) -> Result<Standardise, EncoderError> {
    let (count, channels, samples) = epochs.dim();
    let n = (count * samples) as f64;
    let (mut means, mut deviations) = (Vec::new(), Vec::new());
    for c in 0..channels {
        let channel = epochs.slice(s![.., c, ..]);
        let mean = channel.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let square = channel.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        means.push(mean as f32);
        deviations.push(if square > 0.0 { square.sqrt() as f32 } else { 1.0 });
    }
    Standardise::from_parts(means, deviations)
}

impl Member {
    /// Fits the front end and sets the weights where the plan starts them, or at random where `random`; also returns
    /// the rows of all training epochs where they are worth keeping.
    pub fn initial(
        plan: &Plan,
        data: &TrainingEpochs,
        seed: u64,
        random: bool,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let (front, rows) = Front::fit(plan, data, seed)?;
        let shape = front.shape();
        let mut parameters = plan.architecture.parameters(shape, &mut stream(seed, "weights"));
        if let (Some(true), false, Some(rows)) = (plan.initialise.whitening, random, &rows) {
            let Init { shrinkage, across_recordings, .. } = plan.initialise;
            let whitening = Whitening::fit_across(
                rows.view(),
                data.subject,
                data.recording,
                shrinkage,
                across_recordings,
            )?;
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
        let tensors: Vec<Tensor<1>> = self.parameters.iter().map(|p| p.tensor(device)).collect();
        let bound = Bound::new(&self.parameters, &tensors);
        let (count, shape) = (epochs.dim().0, self.front.shape());
        let dim = plan.architecture.dim(shape);
        let mut prints = Array2::zeros((count, dim));
        for start in (0..count).step_by(CHUNK) {
            let end = (start + CHUNK).min(count);
            let rows = self.front.rows(epochs.slice(s![start..end, .., ..]));
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
