//! The mean and the deviation of each channel over all epochs.

use rayon::prelude::*;
use twinprint_closed::Standardise;

use super::CHUNK;
use crate::{EncoderError, TrainingEpochs};

/// The mean and the deviation of each channel over all epochs, in one pass over them: the moments of each epoch are merged
/// in their order (Chan, Golub and LeVeque, 1983), each as many times as its weight says.
pub(super) fn fit_channels(data: &TrainingEpochs) -> Result<Standardise, EncoderError> {
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
    let mut seen = 0.0;
    for start in (0..count).step_by(CHUNK) {
        let range = start..(start + CHUNK).min(count);
        let chunk: Vec<Vec<(f64, f64)>> = range.clone().into_par_iter().map(of_epoch).collect();
        for (index, moments) in range.zip(chunk) {
            let counts = data.weight.get(index).map_or(size, |&weight| f64::from(weight) * size);
            let (before, after) = (seen, seen + counts);
            for ((mean, square), (new_mean, new_square)) in merged.iter_mut().zip(moments) {
                let step = new_mean - *mean;
                *square += new_square * (counts / size) + step * step * before * counts / after;
                *mean += step * counts / after;
            }
            seen = after;
        }
    }
    let deviation = |square: f64| if square > 0.0 { (square / seen).sqrt() as f32 } else { 1.0 };
    let (means, deviations) = merged.into_iter().map(|(m, square)| (m as f32, deviation(square))).unzip();
    Ok(Standardise::from_parts(means, deviations)?)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, s};
    use rand::RngExt;
    use twinprint_signal::ChannelName;

    use super::*;
    use crate::seed::stream;

    #[test]
    fn channels_are_standardised_by_their_mean_and_deviation_over_everything() {
        let mut rng = stream(2, "noise");
        let file = Array3::from_shape_simple_fn((600, 9, 128), || rng.random_range(-37.0f32..43.0));
        let standardise = {
            let owner: Vec<u32> = (0..600).map(|index| index % 2).collect();
            let channels: Vec<ChannelName> = (0..9).map(|c| ChannelName::new(format!("X{c}"))).collect();
            let (subject, recording) = (owner.as_slice(), owner.as_slice());
            let samples = file.view();
            fit_channels(&TrainingEpochs::new(samples, subject, recording, 128.0, &channels))
        }
        .unwrap();
        for (c, (mean, deviation)) in standardise.mean().iter().zip(standardise.deviation()).enumerate() {
            let values: Vec<f64> = file.slice(s![.., c, ..]).iter().map(|&x| f64::from(x)).collect();
            let expected = values.iter().sum::<f64>() / values.len() as f64;
            let square = values.iter().map(|x| (x - expected).powi(2)).sum::<f64>() / values.len() as f64;
            assert!(
                (f64::from(*mean) - expected).abs() < 1e-5
                    && (f64::from(*deviation) - square.sqrt()).abs() < 1e-4
            );
        }
    }
}
