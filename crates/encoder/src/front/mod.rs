//! The front end: what turns an epoch into the rows that a network takes. For the default road these are features in closed
//! form, under a linear head; learned networks take the samples.

mod band_power;
mod channels;
mod covariances;
mod filterbank;
mod shared;

use std::cell::RefCell;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayView3, Axis, Zip, s};
use rayon::prelude::*;
use twinprint_closed::{ClosedError, Standardise};
use twinprint_signal::ChannelName;

pub(crate) use band_power::Features;
pub use shared::{Known, SharedFeatures};

use crate::joined::{JoinedFeatures, Recipe};
use crate::pass::InputShape;
use crate::plan::{Architecture, CheckedPlan};
use crate::weights::Parameter;
use crate::{EncoderError, TrainingEpochs};

/// Epochs encoded at a time: bounds memory, and is the same everywhere so that results repeat.
pub(crate) const CHUNK: usize = 256;

/// Features of all training epochs are kept up to this many bytes; beyond, they are computed again for every batch.
pub(crate) const KEEP: usize = 1 << 30;

/// Hands rows to whoever asks, a chunk at a time.
pub(crate) type Chunks<'a> = dyn Fn(&mut dyn FnMut(ArrayView2<f32>)) + 'a;

/// Where the rows of training epochs come from: kept, shared, or computed each time.
pub(crate) struct Rows<'a, 'b> {
    pub data: &'a TrainingEpochs<'b>,
    /// Those of all of them, as the front end gives them now.
    pub kept: Option<&'a Array2<f32>>,
    pub shared: Option<&'a SharedFeatures>,
}

/// What turns an epoch into the rows a network takes.
#[derive(Debug, Clone)]
pub(crate) enum Front {
    /// Standardised log powers, and the learnt features that are joined to them.
    Features { features: Box<Features>, joined: JoinedFeatures, standardise: Standardise },
    /// The samples, standardised channel by channel.
    Samples { standardise: Standardise, samples: usize },
}

impl Front {
    /// Features of nothing yet fitted, which leave what they give as it is; none where the plan's networks take samples.
    fn unfitted(
        Recipe { plan, joined, .. }: Recipe,
        data: &TrainingEpochs,
        seed: u64,
    ) -> Result<Option<Self>, EncoderError> {
        let (_, channels, samples) = data.shape();
        let Architecture::Filterbank(bank) = &plan.architecture else { return Ok(None) };
        let features = Box::new(bank.features(channels, samples, data.rate, seed)?);
        let width = features.len() + joined.width(channels);
        let joined = joined.on(data.channels)?;
        Ok(Some(Self::Features { features, joined, standardise: Standardise::identity(width) }))
    }

    /// Fits to the training epochs, a chunk at a time; also returns the rows of all of them where they take at most `keep`
    /// bytes.
    pub fn fit(
        recipe: Recipe,
        data: &TrainingEpochs,
        seed: u64,
        keep: usize,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let (count, _, samples) = data.shape();
        let Some(mut front) = Self::unfitted(recipe, data, seed)? else {
            return Ok((Self::Samples { standardise: channels::fit_channels(data)?, samples }, None));
        };
        let width = front.shape().samples;
        // What is shared is kept already.
        let fits =
            recipe.shared.is_none() && count.saturating_mul(width).saturating_mul(size_of::<f32>()) <= keep;
        let mut kept = fits.then(|| Array2::zeros((count, width)));
        if let Some(kept) = &mut kept {
            for (range, epochs) in data.chunks(CHUNK) {
                kept.slice_mut(s![range, ..]).assign(&front.rows(epochs.view())?);
            }
        }
        let rows = Rows { data, kept: kept.as_ref(), shared: recipe.shared };
        let fitted = front.reading(&rows, |chunks| Standardise::fit_in_chunks(width, data.weight, chunks))?;
        if let Some(kept) = &mut kept {
            fitted.apply(kept);
        }
        if let Self::Features { standardise, .. } = &mut front {
            *standardise = fitted;
        }
        Ok((front, kept))
    }

    /// Has `fit` fit something to the rows of all training epochs, which it is handed a chunk at a time as often as it asks.
    pub fn reading<T>(
        &self,
        from: &Rows,
        fit: impl FnOnce(&Chunks) -> Result<T, ClosedError>,
    ) -> Result<T, EncoderError> {
        let failed = RefCell::new(None);
        let fitted = fit(&|each| match from.kept {
            Some(rows) => rows.axis_chunks_iter(Axis(0), CHUNK).for_each(each),
            None => {
                let count = from.data.len();
                let read = |start: usize| {
                    self.rows_of(from, start..(start + CHUNK).min(count)).map(|rows| each(rows.view()))
                };
                if let Err(error) = (0..count).step_by(CHUNK).try_for_each(read) {
                    failed.replace(Some(error));
                }
            }
        });
        match failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(fitted?),
        }
    }

    /// The rows of some training epochs: what several encoders share, standardised, or computed anew.
    fn rows_of(&self, from: &Rows, range: Range<usize>) -> Result<Array2<f32>, EncoderError> {
        let which = range.clone().map(|at| from.data.row(at));
        let known = from.shared.and_then(|shared| shared.rows(self, which));
        match known {
            Some(mut rows) => {
                self.standardise().apply(&mut rows);
                Ok(rows)
            }
            None => self.rows(from.data.gather(&range.collect::<Vec<_>>()).view()),
        }
    }

    /// A front end for epochs of a shape, with a standardisation that was fitted before.
    pub fn restore(
        Recipe { plan, joined, .. }: Recipe,
        names: &[ChannelName],
        samples: usize,
        rate: f64,
        seed: u64,
        standardise: Standardise,
    ) -> Result<Self, EncoderError> {
        let channels = names.len();
        let front = match &plan.architecture {
            Architecture::Filterbank(bank) => {
                let features = Box::new(bank.features(channels, samples, rate, seed)?);
                Self::Features { features, joined: joined.on(names)?, standardise }
            }
            _ => Self::Samples { standardise, samples },
        };
        let expected = match &front {
            Self::Features { .. } => front.shape().samples,
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

    /// The learnt features that are joined to its own; none for samples.
    pub fn joined(&self) -> &JoinedFeatures {
        static NONE: JoinedFeatures = JoinedFeatures::none();
        match self {
            Self::Features { joined, .. } => joined,
            Self::Samples { .. } => &NONE,
        }
    }

    /// The weights of the learnt features, by name; none where there are none.
    pub fn joined_tensors(&self) -> Vec<Parameter> {
        match self {
            Self::Features { joined, .. } => joined.tensors(),
            Self::Samples { .. } => Vec::new(),
        }
    }

    /// The shape of what it gives.
    pub fn shape(&self) -> InputShape {
        match self {
            Self::Features { features, joined, .. } => {
                let joined = joined.width(features.settings.channels);
                InputShape { channels: 1, samples: features.len() + joined }
            }
            Self::Samples { standardise, samples } => {
                InputShape { channels: standardise.mean().len(), samples: *samples }
            }
        }
    }

    /// Rows of epochs `[epochs, channels, samples]`: `[epochs, channels · samples]` of [`Front::shape`].
    pub fn rows(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        match self {
            Self::Features { features, joined, standardise } => {
                let mut rows = joined.beside(features.compute(epochs), epochs)?;
                standardise.apply(&mut rows);
                Ok(rows)
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
                Ok(rows)
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
