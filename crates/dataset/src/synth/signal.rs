//! From causes to microvolts.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, StandardNormal};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::cohort::Cohort;
use super::montage::{NAMES, Place, angle, place};
use super::traits::{Traits, stream};

/// Width of a source's field on the scalp in radians: volume conduction blurs over a few centimetres.
const RHYTHM_WIDTH: f64 = 0.55;
const BACKGROUND_WIDTH: f64 = 0.7;
/// Noise of each electrode and amplifier channel, microvolts.
const SENSOR_NOISE: f64 = 0.8;
/// Below this frequency nothing is recorded: the amplifier's high-pass.
const LOWEST: f64 = 0.5;

/// The samples of one recording, and the blinks in them.
pub(crate) struct Signal {
    /// `[channels][samples]` in microvolts.
    pub(crate) channels: Vec<Vec<f32>>,
    /// Onset and duration of each blink in seconds.
    pub(crate) blinks: Vec<(f64, f64)>,
}

/// Makes a recording of `samples` samples; person and session are counted from 0.
pub(crate) fn generate(
    cohort: &Cohort,
    traits: &Traits,
    subject: usize,
    session: usize,
    samples: usize,
) -> Signal {
    let mut random = stream(cohort.seed, 4, subject, session);
    let places: Vec<Place> = NAMES[..cohort.channels].iter().map(|name| place(name)).collect();
    let noise = Noise::new(samples, cohort.rate);
    let mut channels = vec![vec![0.0; samples]; cohort.channels];
    for rhythm in &traits.rhythms {
        let band = |f: f64| (-((f - rhythm.frequency) / rhythm.bandwidth).powi(2) / 2.0).exp();
        let wave = noise.draw(&mut random, rhythm.amplitude, band);
        add(&mut channels, &places, &rhythm.place, RHYTHM_WIDTH, &wave);
    }
    for (amplitude, source) in &traits.background {
        let wave = noise.draw(&mut random, *amplitude, |f| f.powf(-traits.exponent / 2.0));
        add(&mut channels, &places, source, BACKGROUND_WIDTH, &wave);
    }
    let blinks = blinks(&mut random, cohort, samples);
    add(&mut channels, &places, &eyes(), 0.5, &blink_wave(&blinks, cohort.rate, samples));
    for (channel, gain) in channels.iter_mut().zip(&traits.gains) {
        finish(channel, *gain, cohort, &mut random);
    }
    Signal { channels, blinks: blinks.into_iter().map(|(onset, duration, _)| (onset, duration)).collect() }
}

/// Between and a little below Fp1 and Fp2.
fn eyes() -> Place {
    [0.0, 0.99, 0.14]
}

/// Adds a source's wave to the electrodes, weighted by a Gaussian of the angle to the source.
fn add(channels: &mut [Vec<f32>], places: &[Place], source: &Place, width: f64, wave: &[f32]) {
    for (channel, place) in channels.iter_mut().zip(places) {
        let weight = (-(angle(place, source) / width).powi(2) / 2.0).exp() as f32;
        for (sample, value) in channel.iter_mut().zip(wave) {
            *sample += weight * value;
        }
    }
}

/// Amplification, mains hum and noise of one electrode.
fn finish(channel: &mut [f32], gain: f64, cohort: &Cohort, random: &mut ChaCha8Rng) {
    let is_heard = cohort.line_frequency < cohort.rate / 2.0;
    let hum = if is_heard { cohort.line_noise * random.random_range(0.5..1.5) } else { 0.0 };
    let phase = random.random_range(0.0..TAU);
    let step = TAU * cohort.line_frequency / cohort.rate;
    for (index, sample) in channel.iter_mut().enumerate() {
        let z: f32 = StandardNormal.sample(random);
        let hum = hum * (phase + step * index as f64).sin();
        *sample = gain as f32 * *sample + hum as f32 + SENSOR_NOISE as f32 * z;
    }
}

/// Onset, duration (both seconds) and height (microvolts) of each blink: a Poisson process with a pause after each.
fn blinks(random: &mut ChaCha8Rng, cohort: &Cohort, samples: usize) -> Vec<(f64, f64, f64)> {
    let mut blinks = Vec::new();
    let Ok(wait) = Exp::new(cohort.blinks_per_minute / 60.0) else { return blinks };
    if cohort.blinks_per_minute == 0.0 {
        return blinks;
    }
    let end = samples as f64 / cohort.rate;
    let mut onset = wait.sample(random);
    loop {
        let duration = random.random_range(0.25..0.4);
        let height = random.random_range(60.0..120.0);
        if onset + duration > end {
            return blinks;
        }
        blinks.push((onset, duration, height));
        onset += duration + wait.sample(random);
    }
}

fn blink_wave(blinks: &[(f64, f64, f64)], rate: f64, samples: usize) -> Vec<f32> {
    let mut wave = vec![0.0; samples];
    for (onset, duration, height) in blinks {
        let first = (onset * rate).ceil() as usize;
        let last = (((onset + duration) * rate).floor() as usize).min(samples.saturating_sub(1));
        for (index, value) in wave.iter_mut().enumerate().take(last + 1).skip(first) {
            let share = (index as f64 / rate - onset) / duration;
            *value = (height * (1.0 - (TAU * share).cos()) / 2.0) as f32;
        }
    }
    wave
}

/// Gaussian noise of a given spectrum.
struct Noise {
    samples: usize,
    rate: f64,
    transform: std::sync::Arc<dyn realfft::ComplexToReal<f32>>,
}

impl Noise {
    fn new(samples: usize, rate: f64) -> Self {
        Self { samples, rate, transform: RealFftPlanner::new().plan_fft_inverse(samples) }
    }

    /// Noise with amplitude spectrum proportional to `shape(frequency in hertz)` and the expected root mean square `rms`.
    fn draw(&self, random: &mut ChaCha8Rng, rms: f64, shape: impl Fn(f64) -> f64) -> Vec<f32> {
        let mut bins = self.transform.make_input_vec();
        let last = bins.len() - 1;
        let mut power = 0.0;
        for (index, bin) in bins.iter_mut().enumerate() {
            let frequency = index as f64 * self.rate / self.samples as f64;
            let (re, im): (f64, f64) = (StandardNormal.sample(random), StandardNormal.sample(random));
            if frequency < LOWEST || index == 0 || index == last {
                continue;
            }
            let height = shape(frequency);
            // A bin and its mirror image, each with two degrees of freedom of mean square 1.
            power += 4.0 * height * height;
            *bin = Complex::new((height * re) as f32, (height * im) as f32);
        }
        let mut wave = self.transform.make_output_vec();
        let done = self.transform.process(&mut bins, &mut wave);
        debug_assert!(done.is_ok(), "lengths come from the transform itself");
        let scale = if power > 0.0 { (rms / power.sqrt()) as f32 } else { 0.0 };
        wave.iter_mut().for_each(|value| *value *= scale);
        wave
    }
}
