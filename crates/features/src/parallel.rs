//! One row of features an epoch, epochs spread over threads.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::{FeatureError, View};

/// Calls `work(state, epoch's position, epoch [channels, samples], row)` for every epoch; `state` is made once a piece of work
/// so that buffers are reused. A row depends on its epoch alone, so the result is the same for any number of threads.
pub(crate) fn rows<S, I, W>(
    view: View<'_>,
    columns: usize,
    state: I,
    work: W,
) -> Result<Array2<f32>, FeatureError>
where
    I: Fn() -> S + Sync + Send,
    W: Fn(&mut S, usize, ArrayView2<'_, f32>, &mut [f32]) -> Result<(), FeatureError> + Sync + Send,
{
    let mut table = vec![0.0; view.epochs() * columns];
    if columns > 0 {
        table
            .par_chunks_mut(columns)
            .enumerate()
            .with_min_len(8)
            .try_for_each_init(&state, |state, (epoch, row)| {
                work(state, epoch, view.samples.index_axis(Axis(0), epoch), row)
            })?;
    }
    Array2::from_shape_vec((view.epochs(), columns), table).map_err(|_| FeatureError::Empty {
        channels: view.channels(),
        samples: view.length(),
        least: 1,
    })
}
