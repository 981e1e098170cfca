//! Features of epochs that several encoders are fitted to, computed once for all.

use ndarray::{Array2, Axis, s};
use twinprint_closed::Standardise;
use twinprint_signal::EpochRow;

use super::{CHUNK, Front, KEEP};
use crate::joined::Recipe;
use crate::seed::member_seed;
use crate::{EncoderError, TrainingEpochs};

/// What the front end of a plan gives of epochs before anything is fitted to them: the same for the encoder of every fold.
#[derive(Debug, Clone)]
pub struct SharedFeatures {
    /// What computed them, which leaves them as they are.
    front: Front,
    /// `[epochs, features]`.
    rows: Array2<f32>,
    /// The place of each row of the samples in `rows`, where it has one.
    places: Vec<Option<usize>>,
}

impl SharedFeatures {
    /// Those of the epochs in `data`, whose labels are not looked at, for encoders that are fitted by a recipe; none where its plan
    /// has networks that take samples or an ensemble, and where they would take more than half a gibibyte.
    ///
    /// # Errors
    /// When the plan does not fit the epochs.
    pub fn compute(recipe: Recipe, data: &TrainingEpochs) -> Result<Option<Self>, EncoderError> {
        match Front::unfitted(recipe, data, member_seed(recipe.plan.seed, 0))? {
            Some(front) if recipe.plan.ensemble == 1 => Self::by(front, data),
            _ => Ok(None),
        }
    }

    /// Those for encoders like one that is fitted; none where its networks take samples or they would take too much.
    pub(crate) fn like(front: &Front, data: &TrainingEpochs) -> Result<Option<Self>, EncoderError> {
        let Front::Features { features, joined, standardise } = front else { return Ok(None) };
        let standardise = Standardise::identity(standardise.mean().len());
        let (features, joined) = (features.clone(), joined.clone());
        Self::by(Front::Features { features, joined, standardise }, data)
    }

    fn by(front: Front, data: &TrainingEpochs) -> Result<Option<Self>, EncoderError> {
        let (count, width) = (data.len(), front.shape().samples);
        if count.saturating_mul(width).saturating_mul(size_of::<f32>()) > KEEP / 2 {
            return Ok(None);
        }
        let mut rows = Array2::zeros((count, width));
        for (range, epochs) in data.chunks(CHUNK) {
            rows.slice_mut(s![range, ..]).assign(&front.rows(epochs.view())?);
        }
        let mut places = vec![None; data.samples.dim().0];
        (0..count).for_each(|at| places[data.row(at).0] = Some(at));
        Ok(Some(Self { front, rows, places }))
    }

    /// The number of features of an epoch.
    pub fn width(&self) -> usize {
        self.rows.ncols()
    }

    /// The features of some rows of the samples, `[which, features]`; none where one of them was not computed, or the front end is
    /// another one. A front end that joins nothing finds its own.
    pub(crate) fn rows(&self, front: &Front, which: impl Iterator<Item = EpochRow>) -> Option<Array2<f32>> {
        let (
            Front::Features { features, joined, .. },
            Front::Features { features: known, joined: beside, .. },
        ) = (front, &self.front)
        else {
            return None;
        };
        if features.settings != known.settings || !(joined.is_none() || joined.same(beside)) {
            return None;
        }
        let width = front.shape().samples;
        let place = |row: EpochRow| self.places.get(row.0).copied().flatten();
        let places: Vec<usize> = which.map(place).collect::<Option<_>>()?;
        Some(self.rows.slice(s![.., ..width]).select(Axis(0), &places))
    }
}

/// Rows of samples whose features may be known.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What is known.
    pub features: &'a SharedFeatures,
    /// The rows, of the samples that the features were computed of, in the order of the epochs that come with this.
    pub rows: &'a [EpochRow],
}
