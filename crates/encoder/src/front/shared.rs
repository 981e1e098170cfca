//! Features of epochs that several encoders are fitted to, computed once for all.

use ndarray::{Array2, Axis};

use super::{CHUNK, Front, KEEP};
use crate::joined::Recipe;
use crate::member::member_seed;
use crate::{EncoderError, TrainingEpochs};

/// What the front end of a plan gives of epochs before anything is fitted to them: the same for the encoder of every fold.
///
/// Only plans that take no step have some: their encoders read each row two or three times, and nothing else of it.
#[derive(Debug, Clone)]
pub struct SharedFeatures {
    seed: u64,
    /// `[epochs, features]`.
    rows: Array2<f32>,
    /// The place of each row of the samples in `rows`, where it has one.
    places: Vec<Option<usize>>,
}

impl SharedFeatures {
    /// Computes those of the epochs in `data`, whose labels are not looked at; none where the plan takes steps or its networks take
    /// samples, and where they would take more than half a gibibyte.
    ///
    /// # Errors
    /// When the plan does not fit the epochs.
    pub fn compute(recipe: Recipe, data: &TrainingEpochs) -> Result<Option<Self>, EncoderError> {
        let plan = recipe.plan;
        let seed = member_seed(plan.seed, 0);
        if plan.optimiser.steps > 0 || plan.ensemble > 1 {
            return Ok(None);
        }
        let Some(front) = Front::unfitted(recipe, data, seed)? else { return Ok(None) };
        let (count, width) = (data.len(), front.shape().samples);
        if count.saturating_mul(width).saturating_mul(size_of::<f32>()) > KEEP / 2 {
            return Ok(None);
        }
        let mut rows = Array2::zeros((count, width));
        for (range, epochs) in data.chunks(CHUNK) {
            rows.slice_mut(ndarray::s![range, ..]).assign(&front.rows(epochs.view())?);
        }
        let mut places = vec![None; data.samples.dim().0];
        (0..count).for_each(|at| places[data.row(at)] = Some(at));
        Ok(Some(Self { seed, rows, places }))
    }

    /// The number of features of an epoch.
    pub fn width(&self) -> usize {
        self.rows.ncols()
    }

    /// The features of some of the epochs in `data`, by their places there; none where one of them is missing, or they are of another
    /// front end.
    pub(super) fn rows(
        &self,
        (seed, width): (u64, usize),
        data: &TrainingEpochs,
        range: std::ops::Range<usize>,
    ) -> Option<Array2<f32>> {
        if (seed, width) != (self.seed, self.rows.ncols()) || data.samples.dim().0 != self.places.len() {
            return None;
        }
        let places: Vec<usize> = range.map(|at| self.places[data.row(at)]).collect::<Option<_>>()?;
        Some(self.rows.select(Axis(0), &places))
    }
}
