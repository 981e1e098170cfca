//! Augmentation: named, seeded changes to raw epochs before they are encoded.

use ndarray::{ArrayViewMut2, ArrayViewMut3};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use realfft::RealFftPlanner;
use twinprint_signal::ChannelName;

use crate::EncoderError;
use crate::head::{Head, mixed};
use crate::plan::Augment;

/// The frequency whose power a tilt leaves as it is.
const PIVOT: f64 = 10.0;

/// The changes that are made to the epochs of one montage.
#[derive(Debug, Clone)]
pub(crate) struct Augmentation<'a> {
    steps: &'a [Augment],
    rate: f64,
    /// Where the channels lie, if a change asks.
    head: Option<Head>,
}

impl<'a> Augmentation<'a> {
    /// These changes to epochs of these channels at `rate`; `key` is where they are set.
    ///
    /// # Errors
    /// When electrodes are to be moved that are too few, or whose places are not known.
    pub fn new(
        steps: &'a [Augment],
        channels: &[ChannelName],
        rate: f64,
        key: &str,
    ) -> Result<Self, EncoderError> {
        let moves = steps.iter().any(|step| matches!(step, Augment::MoveElectrodes { .. }));
        let head = moves.then(|| Head::of(channels, key)).transpose()?;
        head.iter().try_for_each(Head::check_movable)?;
        Ok(Self { steps, rate, head })
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Changes epochs `[epochs, channels, samples]`, one after the other.
    pub fn apply(&self, mut epochs: ArrayViewMut3<f32>, rng: &mut ChaCha8Rng) {
        for mut epoch in epochs.outer_iter_mut() {
            for step in self.steps {
                step.apply(epoch.view_mut(), self, rng);
            }
        }
    }
}

impl Augment {
    fn apply(&self, mut epoch: ArrayViewMut2<f32>, of: &Augmentation, rng: &mut ChaCha8Rng) {
        let rate = of.rate;
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
            Self::SpectralTilt { exponent } => {
                for mut channel in epoch.outer_iter_mut() {
                    let power = exponent * rng.random_range(-1.0..=1.0);
                    let mut values = channel.to_vec();
                    tilt(&mut values, rate, power);
                    channel.iter_mut().zip(values).for_each(|(x, value)| *x = value);
                }
            }
            Self::MoveElectrodes { degrees } => {
                if let Some(head) = &of.head {
                    let moved = mixed(&head.moved(degrees, rng), epoch.view());
                    epoch.assign(&moved);
                }
            }
            Self::BandStop { width, highest } => {
                let centre = rng.random_range(0.0..=highest.min(rate / 2.0));
                band_stop(epoch, rate, centre - width / 2.0, centre + width / 2.0);
            }
        }
    }
}

/// Multiplies the spectrum of a signal by (f / [`PIVOT`])^`power`; its mean stays.
fn tilt(values: &mut [f32], rate: f64, power: f64) {
    let samples = values.len();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, back) = (planner.plan_fft_forward(samples), planner.plan_fft_inverse(samples));
    let mut spectrum = forward.make_output_vec();
    // The buffers are the transform's own or of its length, which is all that it could refuse.
    if forward.process(values, &mut spectrum).is_err() {
        return;
    }
    for (k, z) in spectrum.iter_mut().enumerate() {
        let factor = if k == 0 { 1.0 } else { (k as f64 * rate / samples as f64 / PIVOT).powf(power) };
        *z *= (factor / samples as f64) as f32;
    }
    let _ = back.process(&mut spectrum, values);
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
        let channels = ["Fp1", "C4", "Pz", "O2"].map(ChannelName::new);
        let steps = [step];
        let all = Augmentation::new(&steps, &channels, 128.0, "batch.augment").unwrap();
        all.apply(copy.view_mut().insert_axis(ndarray::Axis(0)), &mut stream(5, "augment"));
        copy
    }

    #[test]
    fn each_step_repeats_by_seed_and_does_what_its_name_says() {
        let epoch = Array2::from_shape_fn((4, 128), |(c, t)| ((t * (c + 1)) as f32 * 0.37).sin() * 10.0);
        for step in [
            Augment::Noise { microvolts: 1.0 },
            Augment::ChannelDropout { probability: 0.9 },
            Augment::TimeShift { seconds: 0.3 },
            Augment::Gain { decibels: 6.0 },
            Augment::BandStop { width: 8.0, highest: 40.0 },
            Augment::SpectralTilt { exponent: 0.5 },
            Augment::MoveElectrodes { degrees: 10.0 },
        ] {
            assert_eq!(changed(step.clone(), &epoch), changed(step.clone(), &epoch));
            assert_ne!(changed(step.clone(), &epoch), epoch, "{step:?}");
        }
        let shifted = changed(Augment::TimeShift { seconds: 0.3 }, &epoch);
        let sum = |x: &Array2<f32>| x.iter().map(|v| v * v).sum::<f32>();
        assert!((sum(&shifted) - sum(&epoch)).abs() < 1e-2);
    }

    #[test]
    fn a_tilt_lifts_fast_tones_and_lowers_slow_ones_about_10_hz() {
        let tone = |f: f64| -> Vec<f32> {
            (0..256).map(|t| (std::f64::consts::TAU * f * f64::from(t) / 128.0).cos() as f32).collect()
        };
        for (f, factor) in [(5.0, 0.5f32), (10.0, 1.0), (20.0, 2.0)] {
            let mut changed = tone(f);
            tilt(&mut changed, 128.0, 1.0);
            assert!(changed.iter().zip(tone(f)).all(|(a, b)| (a - factor * b).abs() < 1e-4), "{f} Hz");
        }
        let mut constant = vec![3.0; 256];
        tilt(&mut constant, 128.0, 1.0);
        assert!(constant.iter().all(|x| (x - 3.0).abs() < 1e-4));
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
