//! Made-up people to learn from, and small plans.
#![allow(dead_code, reason = "each test file uses a part")]

use ndarray::Array3;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use twinprint_encoder::{Architecture, Compute, Conv, Model, Plan, TrainingEpochs};
use twinprint_signal::ChannelName;

pub const SAMPLES: usize = 128;

pub struct Cohort {
    pub samples: Array3<f32>,
    pub subject: Vec<u32>,
    pub recording: Vec<u32>,
    pub channels: Vec<ChannelName>,
}

/// People who differ in the frequency and the channel of a rhythm; two recordings each.
pub fn cohort(subjects: u32, channels: usize, epochs: usize) -> Cohort {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let rows = subjects as usize * 2 * epochs;
    let owner: Vec<(u32, u32)> = (0..subjects)
        .flat_map(|s| (0..2).flat_map(move |r| (0..epochs).map(move |_| (s, 2 * s + r))))
        .collect();
    let mut samples = Array3::zeros((rows, channels, SAMPLES));
    for (mut epoch, &(subject, _)) in samples.outer_iter_mut().zip(&owner) {
        let (frequency, phase) =
            (6.0 + 2.0 * f64::from(subject), rng.random_range(0.0..std::f64::consts::TAU));
        for ((c, t), x) in epoch.indexed_iter_mut() {
            let rhythm = (frequency * t as f64 / 128.0 * std::f64::consts::TAU + phase).sin();
            let strength = if c % subjects as usize == subject as usize { 20.0 } else { 3.0 };
            *x = (strength * rhythm) as f32 + rng.random_range(-10.0f32..10.0);
        }
    }
    let channels = (0..channels).map(|c| ChannelName::new(format!("X{c}"))).collect();
    let (subject, recording) = owner.into_iter().unzip();
    Cohort { samples, subject, recording, channels }
}

impl Cohort {
    pub fn epochs(&self) -> TrainingEpochs<'_> {
        TrainingEpochs::new(self.samples.view(), &self.subject, &self.recording, 128.0, &self.channels)
    }
}

/// Fits with one thread, with two and with four: each time the same model to the bit, and it comes back from disk as it was.
pub fn repeats_and_survives(cohort: &Cohort, fit: impl Fn() -> Model + Sync) {
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(&fit)
    };
    let model = fit(1);
    let hash = model.content_hash().unwrap();
    assert!([2, 4].iter().all(|&threads| fit(threads).content_hash().unwrap() == hash));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let back = Model::load(folder.path(), &Compute::cpu()).unwrap();
    assert_eq!(back.embed(cohort.samples.view()).unwrap(), model.embed(cohort.samples.view()).unwrap());
    assert_eq!(back.content_hash().unwrap(), hash);
}

/// Few features, so that fitting them takes no time.
pub const SMALL: &str = "[architecture]\nname = \"filterbank\"\npairs = 6\nbands = { count = 4 }\n";

pub fn small(extra: &str) -> Plan {
    let text = format!(
        "seed = 5\n{extra}\n[batch]\nsubjects = 6\nepochs = 4\n[optimiser]\nsteps = 6\nlearning_rate = 0.001\n{SMALL}"
    );
    toml::from_str(&text).unwrap()
}

pub fn tiny_conv() -> Architecture {
    Architecture::Conv(Conv { widths: vec![6, 8], dim: 10, ..Conv::default() })
}
