//! The front end: what turns an epoch into the rows that a network takes. For the default road these are features in closed
//! form, under a linear head; learned networks take the samples.

mod band_power;
mod channels;
mod covariances;
mod filterbank;
mod gabor;

use ndarray::{Array2, ArrayView2, ArrayView3, Axis, Zip, s};
use rayon::prelude::*;
use twinprint_closed::Standardise;

pub(crate) use band_power::Features;

use crate::pass::InputShape;
use crate::plan::{Architecture, CheckedPlan};
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

impl Front {
    /// Fits to the training epochs, a chunk at a time; also returns the rows of all of them where they take at most `keep`
    /// bytes.
    pub fn fit(
        plan: &CheckedPlan,
        data: &TrainingEpochs,
        seed: u64,
        keep: usize,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let (count, channels, samples) = data.shape();
        let Architecture::Filterbank(bank) = &plan.architecture else {
            return Ok((Self::Samples { standardise: channels::fit_channels(data)?, samples }, None));
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
    pub fn each_chunk(
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
        plan: &CheckedPlan,
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

impl CheckedPlan {
    /// Checks what depends on the length and the rate of epochs, before there are any.
    ///
    /// # Errors
    /// Names the key, its value, the limit and what to write instead.
    pub fn check_epochs(&self, samples: usize, rate: f64) -> Result<(), EncoderError> {
        self.architecture.check_samples(samples)?;
        match &self.architecture {
            // Of how many channels makes no difference to what is refused.
            Architecture::Filterbank(bank) => bank.features(2, samples, rate, 0).map(|_| ()),
            _ => Ok(()),
        }
    }
}
