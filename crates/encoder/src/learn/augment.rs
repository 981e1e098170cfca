//! Augmentation: named, seeded changes to raw epochs before they are encoded.

use ndarray::ArrayViewMut2;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::plan::Augment;

impl Augment {
    /// Changes `epoch` `[channels, samples]` at `rate`.
    pub(crate) fn apply(&self, mut epoch: ArrayViewMut2<f32>, rate: f64, rng: &mut impl Rng) {
        match *self {
            Self::Noise { microvolts } => epoch.mapv_inplace(|x| {
                let noise: f32 = StandardNormal.sample(rng);
                x + microvolts as f32 * noise
            }),
            Self::ChannelDropout { probability } => {
                for mut channel in epoch.outer_iter_mut() {
                    if rng.random_bool(probability) {
                        channel.fill(0.0);
                    }
                }
            }
            Self::TimeShift { seconds } => {
                let samples = epoch.ncols() as i64;
                let most = (seconds * rate).round() as i64;
                let shift = rng.random_range(-most..=most).rem_euclid(samples.max(1)) as usize;
                for mut channel in epoch.outer_iter_mut() {
                    let mut values = channel.to_vec();
                    values.rotate_right(shift);
                    channel.iter_mut().zip(values).for_each(|(x, value)| *x = value);
                }
            }
            Self::Gain { decibels } => {
                for mut channel in epoch.outer_iter_mut() {
                    let factor = 10f64.powf(decibels * rng.random_range(-1.0..=1.0) / 20.0) as f32;
                    channel.mapv_inplace(|x| x * factor);
                }
            }
            Self::BandStop { width, highest } => {
                let centre = rng.random_range(0.0..=highest.min(rate / 2.0));
                band_stop(epoch, rate, centre - width / 2.0, centre + width / 2.0);
            }
        }
    }
}

/// Projects out the cosines of frequencies `low` to `high` hertz (the type-II discrete cosine basis).
fn band_stop(mut epoch: ArrayViewMut2<f32>, rate: f64, low: f64, high: f64) {
    let samples = epoch.ncols();
    let frequency = |k: usize| k as f64 * rate / (2 * samples) as f64;
    for k in (1..samples).filter(|&k| (low..=high).contains(&frequency(k))) {
        let step = std::f64::consts::PI * k as f64 / samples as f64;
        let basis: Vec<f32> = (0..samples)
            .map(|t| ((2.0 / samples as f64).sqrt() * (step * (t as f64 + 0.5)).cos()) as f32)
            .collect();
        for mut channel in epoch.outer_iter_mut() {
            let part: f32 = channel.iter().zip(&basis).map(|(x, b)| x * b).sum();
            channel.iter_mut().zip(&basis).for_each(|(x, b)| *x -= part * b);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::seed::stream;

    fn changed(step: Augment, epoch: &Array2<f32>) -> Array2<f32> {
        let mut copy = epoch.clone();
        step.apply(copy.view_mut(), 128.0, &mut stream(5, "augment"));
        copy
    }

    #[test]
    fn each_step_repeats_by_seed_and_does_what_its_name_says() {
        let epoch = Array2::from_shape_fn((3, 128), |(c, t)| ((t * (c + 1)) as f32 * 0.37).sin() * 10.0);
        for step in [
            Augment::Noise { microvolts: 1.0 },
            Augment::ChannelDropout { probability: 0.9 },
            Augment::TimeShift { seconds: 0.3 },
            Augment::Gain { decibels: 6.0 },
            Augment::BandStop { width: 8.0, highest: 40.0 },
        ] {
            assert_eq!(changed(step.clone(), &epoch), changed(step.clone(), &epoch));
            assert_ne!(changed(step.clone(), &epoch), epoch, "{step:?}");
        }
        let shifted = changed(Augment::TimeShift { seconds: 0.3 }, &epoch);
        let sum = |x: &Array2<f32>| x.iter().map(|v| v * v).sum::<f32>();
        assert!((sum(&shifted) - sum(&epoch)).abs() < 1e-2);
    }

    #[test]
    fn a_band_stop_removes_its_band_and_nothing_else() {
        let tone = |f: f64| {
            Array2::from_shape_fn((1, 256), |(_, t)| {
                (std::f64::consts::PI * (f * 4.0) * (t as f64 + 0.5) / 256.0).cos() as f32
            })
        };
        let mut both = tone(10.0) + tone(20.0);
        band_stop(both.view_mut(), 128.0, 9.0, 11.0);
        assert!((both - tone(20.0)).iter().all(|x| x.abs() < 1e-4));
    }
}
