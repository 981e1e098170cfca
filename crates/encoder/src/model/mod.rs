//! A fitted encoder: everything needed to turn epochs into prints.

mod interchange;
mod packed;
mod save;

use ndarray::{Array1, Array2, ArrayView3, Axis, concatenate, s};
use rayon::prelude::*;
use twinprint_closed::normalise_rows;
use twinprint_signal::ChannelName;

use crate::attend::FittedAttention;
use crate::back::{FittedBackend, FittedFusion};
use crate::compute::Compute;
use crate::data::is_finite;
use crate::front::{CHUNK, Known, SharedFeatures};
use crate::member::Member;
use crate::plan::CheckedPlan;
use crate::{EncoderError, TrainingEpochs};

/// A fitted encoder: channels, rate and length of the epochs it takes, and all that was fitted.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) plan: CheckedPlan,
    pub(crate) channels: Vec<ChannelName>,
    pub(crate) rate: f64,
    pub(crate) samples: usize,
    pub(crate) members: Vec<Member>,
    pub(crate) backend: FittedBackend,
    pub(crate) fusion: FittedFusion,
    pub(crate) attention: Option<FittedAttention>,
    pub(crate) compute: Compute,
}

impl Model {
    /// Prints of epochs `[epochs, channels, samples]` in microvolts at the model's rate, channels in the model's order:
    /// `[epochs, dim]`, to be compared by cosine. Rows are of unit length; where the plan has attention, of the length, at most
    /// 1, by which a print counts where several are averaged.
    ///
    /// ```
    /// # use ndarray::Array3;
    /// # use twinprint_encoder::{Compute, EncoderError, Model, Plan, TrainingEpochs};
    /// # use twinprint_signal::ChannelName;
    /// # let samples = Array3::from_shape_fn((20, 2, 128), |(e, c, t)| ((7 * t + 31 * e * t + 13 * c) % 17) as f32);
    /// # let owner: Vec<u32> = (0..20).map(|epoch| epoch / 5).collect();
    /// # let channels = [ChannelName::new("O1"), ChannelName::new("O2")];
    /// # let data = TrainingEpochs::new(samples.view(), &owner, &owner, 128.0, &channels);
    /// let model = Model::whitened(&Plan::default().check()?, &data, &Compute::cpu())?;
    /// let prints = model.embed(samples.view())?;
    /// assert_eq!(prints.dim(), (20, model.dim()));
    ///
    /// let shorter = samples.slice(ndarray::s![.., .., ..64]);
    /// assert!(matches!(model.embed(shorter), Err(EncoderError::Shape { got_samples: 64, samples: 128, .. })));
    /// # Ok::<(), EncoderError>(())
    /// ```
    ///
    /// # Errors
    /// When the epochs have another number of channels or samples than the model's, or are not finite.
    pub fn embed(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        self.embed_known(epochs, None)
    }

    /// [`Model::embed`] of epochs whose features may be `known` before the encoder's standardisation.
    ///
    /// # Errors
    /// As [`Model::embed`]; and when there is not one row an epoch.
    pub fn embed_known(
        &self,
        epochs: ArrayView3<f32>,
        known: Option<Known>,
    ) -> Result<Array2<f32>, EncoderError> {
        let (prints, lengths) = self.directions(epochs, known)?;
        Ok(scaled(self.fusion.apply(prints, epochs, self.rate)?, lengths))
    }

    /// [`Model::embed`] without what the plan's `fusion` joins to prints: `[epochs, encoder's dim]`.
    ///
    /// # Errors
    /// As [`Model::embed`].
    pub fn embed_alone(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        let (prints, lengths) = self.directions(epochs, None)?;
        Ok(scaled(prints, lengths))
    }

    /// Unit prints without what fusion joins to them, and their lengths where there is attention.
    fn directions(
        &self,
        epochs: ArrayView3<f32>,
        known: Option<Known>,
    ) -> Result<(Array2<f32>, Option<Array1<f32>>), EncoderError> {
        let (count, channels, samples) = epochs.dim();
        if let Some(rows) = known.map(|known| known.rows.len()).filter(|&rows| rows != count) {
            return Err(EncoderError::data(format!("{rows} rows of features come with {count} epochs")));
        }
        if channels != self.channels.len() || samples != self.samples {
            return Err(EncoderError::Shape {
                got_channels: channels,
                got_samples: samples,
                channels: self.channels.len(),
                samples: self.samples,
            });
        }
        let broken = |&index: &usize| !is_finite(epochs.index_axis(Axis(0), index));
        if let Some(epoch) = (0..count).into_par_iter().find_first(broken) {
            return Err(EncoderError::data(format!(
                "epoch {epoch} holds samples that are not finite; reject it"
            )));
        }
        let device = self.compute.device();
        let mut lengths = self.attention.as_ref().map(|_| Array1::ones(count));
        let mut parts = Vec::with_capacity(self.members.len());
        for (index, member) in self.members.iter().enumerate() {
            parts.push(member.embed_seen(&self.plan, (epochs, known), device, &mut |range, rows| {
                if let (0, Some(attention), Some(lengths)) = (index, &self.attention, &mut lengths) {
                    lengths.slice_mut(s![range]).assign(&attention.lengths(rows, device)?);
                }
                Ok(())
            })?);
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let mut prints = concatenate(Axis(1), &views).map_err(EncoderError::compute)?;
        if self.members.len() > 1 {
            normalise_rows(&mut prints);
        }
        Ok((self.backend.apply(prints)?, lengths))
    }

    /// The features of the epochs in `data`, whose labels are not looked at, for all encoders with the front end of this one: those of
    /// the other folds, its baselines. None where it has several, one takes samples, or the features would take more than half a gibibyte.
    ///
    /// # Errors
    /// When the model takes other epochs.
    pub fn shared_features(&self, data: &TrainingEpochs) -> Result<Option<SharedFeatures>, EncoderError> {
        match &self.members[..] {
            [member] => SharedFeatures::like(&member.front, data),
            _ => Ok(None),
        }
    }

    /// Prints of the training epochs, read a chunk at a time: `[epochs, dim]`.
    pub(crate) fn embed_training(&self, data: &TrainingEpochs) -> Result<Array2<f32>, EncoderError> {
        let mut prints = Array2::zeros((data.len(), self.dim()));
        for (range, epochs) in data.chunks(CHUNK) {
            prints.slice_mut(s![range, ..]).assign(&self.embed(epochs.view())?);
        }
        Ok(prints)
    }

    /// The length of a print.
    pub fn dim(&self) -> usize {
        let each = |member: &Member| self.plan.architecture.dim(member.front.shape());
        self.backend.dim(self.members.iter().map(each).sum()) + self.fusion.dim()
    }

    /// The channels it takes, in order.
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// Samples a second it takes.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The plan it was fitted under.
    pub fn plan(&self) -> &CheckedPlan {
        &self.plan
    }

    /// Samples of an epoch it takes.
    pub fn samples(&self) -> usize {
        self.samples
    }
}

/// Rows scaled by `lengths`, where there are any.
fn scaled(mut rows: Array2<f32>, lengths: Option<Array1<f32>>) -> Array2<f32> {
    if let Some(lengths) = lengths {
        rows *= &lengths.insert_axis(Axis(1));
    }
    rows
}
