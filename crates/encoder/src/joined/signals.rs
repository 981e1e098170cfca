//! What the shared network sees of an epoch: its channels, one at a time, without their amplitude.

use ndarray::{Array2, ArrayView3, Axis};
use rayon::prelude::*;

/// The channels of epochs `[epochs, channels, samples]`, each without its mean, divided by its mean absolute value and clipped at
/// `clip`: `[epochs · channels, samples]`. A channel without any amplitude stays 0.
pub(crate) fn signals(epochs: ArrayView3<f32>, clip: f32) -> Array2<f32> {
    let (count, channels, samples) = epochs.dim();
    let mut rows = Array2::zeros((count * channels, samples));
    rows.axis_chunks_iter_mut(Axis(0), channels.max(1)).into_par_iter().zip(epochs.outer_iter()).for_each(
        |(mut rows, epoch)| {
            rows.assign(&epoch);
            for mut row in rows.outer_iter_mut() {
                let mean = row.sum() / samples as f32;
                row -= mean;
                let size = row.iter().map(|x| x.abs()).sum::<f32>() / samples as f32;
                let factor = if size > 0.0 { 1.0 / size } else { 0.0 };
                row.mapv_inplace(|x| (x * factor).clamp(-clip, clip));
            }
        },
    );
    rows
}
