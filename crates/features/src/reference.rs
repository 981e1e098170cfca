//! The average reference.

use ndarray::{ArrayViewMut3, Axis};
use rayon::prelude::*;

use crate::FeatureError;

/// Subtracts from every sample the mean over channels at that instant, in place; `samples` is `[epochs, channels, samples]`.
///
/// # Errors
/// With fewer than two channels, where the result would be zero.
pub fn average_reference(mut samples: ArrayViewMut3<'_, f32>) -> Result<(), FeatureError> {
    let (_, channels, length) = samples.dim();
    if channels < 2 {
        return Err(FeatureError::TooFewChannels(channels));
    }
    samples.axis_iter_mut(Axis(0)).into_par_iter().for_each_init(
        || vec![0.0f64; length],
        |mean, mut epoch| {
            mean.fill(0.0);
            for channel in epoch.axis_iter(Axis(0)) {
                mean.iter_mut().zip(channel).for_each(|(m, x)| *m += f64::from(*x));
            }
            mean.iter_mut().for_each(|m| *m /= channels as f64);
            for mut channel in epoch.axis_iter_mut(Axis(0)) {
                channel.iter_mut().zip(mean.iter()).for_each(|(x, m)| *x = (f64::from(*x) - m) as f32);
            }
        },
    );
    Ok(())
}
