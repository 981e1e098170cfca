//! A multi-layer perceptron on prints: what a small non-linear classifier can read from them.
//!
//! One hidden layer with ReLU, softmax cross-entropy, AdamW (Loshchilov and Hutter 2019). The framework that trains it
//! stays inside this file.

use burn::optim::{AdamW, AdamWConfig, AdamWState, Optimizer};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{Array2, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use twinprint_closed::Moments;

use twinprint_comparison::{ComparisonError, same_dimension};

use crate::PrintError;
use crate::bootstrap::draws::Bootstrap;
use crate::classification::Classification;
use crate::prints::{LabelledPrints, distinct};

/// Prints whose answers are computed at a time: an answer has as many numbers as there are labels.
const ANSWERED: usize = 4096;

/// Settings of the classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mlp {
    /// Units of the hidden layer, 1 to 65536. Default 128.
    pub hidden: usize,
    /// Passes over the training prints, at least 1. Default 60.
    pub epochs: usize,
    /// Prints per step, at least 1. Default 64.
    pub batch: usize,
    /// Learning rate of AdamW, above 0; falls to 0 along a cosine. Default 0.002.
    pub learning_rate: f64,
    /// Decoupled weight decay of the two weight matrices, above 0. Default 0.01.
    pub weight_decay: f64,
    /// Seed of the initial weights and of the order of the prints. Default 0.
    pub seed: u64,
}

impl Default for Mlp {
    fn default() -> Self {
        Self { hidden: 128, epochs: 60, batch: 64, learning_rate: 2e-3, weight_decay: 0.01, seed: 0 }
    }
}

impl Mlp {
    /// Checks every setting against its range.
    pub fn validate(&self) -> Result<(), PrintError> {
        let counts = [
            ("mlp.hidden", self.hidden, 65_536),
            ("mlp.epochs", self.epochs, usize::MAX),
            ("mlp.batch", self.batch, usize::MAX),
        ];
        for (what, value, most) in counts {
            if value == 0 || value > most {
                return Err(PrintError::Count { what, value, least: 1, most });
            }
        }
        for (what, value) in
            [("mlp.learning_rate", self.learning_rate), ("mlp.weight_decay", self.weight_decay)]
        {
            if !value.is_finite() || value <= 0.0 {
                return Err(PrintError::Setting { what, value });
            }
        }
        Ok(())
    }
}

/// Trains on `train`, labels `test`, and compares. `groups[test]` are the subjects over which the interval is taken.
///
/// Prints are standardised by mean and deviation of the training prints. The same settings and prints give the same
/// answer.
pub fn classify(
    train: &LabelledPrints,
    test: &LabelledPrints,
    groups: &[u32],
    settings: &Mlp,
    bootstrap: &Bootstrap,
) -> Result<Classification, PrintError> {
    settings.validate()?;
    train.check("the training prints")?;
    test.check("the test prints")?;
    same_dimension(train.prints, test.prints)?;
    let known = distinct(train.labels);
    let targets: Vec<usize> =
        train.labels.iter().map(|label| known.partition_point(|other| other < label)).collect();
    let moments = Moments::of(train.prints)?;
    let mut network = Network::new(train.prints.ncols(), known.len(), settings);
    network.train(&moments.standardise(train.prints), &targets, settings)?;
    let predicted: Vec<u32> =
        network.predict(&moments.standardise(test.prints))?.into_iter().map(|slot| known[slot]).collect();
    Classification::new(train.labels, test.labels, &predicted, groups, bootstrap)
}

/// Weights `[dim, hidden]`, `[1, hidden]`, `[hidden, labels]`, `[1, labels]`.
struct Network {
    weights: [Tensor<2>; 4],
    labels: usize,
    device: Device,
    generator: ChaCha8Rng,
}

impl Network {
    fn new(dim: usize, labels: usize, settings: &Mlp) -> Self {
        let device = Device::flex();
        let mut generator = Bootstrap { seed: settings.seed, ..Bootstrap::default() }.generator(0);
        let mut uniform = |rows: usize, columns: usize, limit: f64| {
            let values: Vec<f32> = (0..rows * columns)
                .map(|_| (limit * (2.0 * generator.random::<f64>() - 1.0)) as f32)
                .collect();
            Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device)
        };
        // He et al. 2015 for the ReLU layer, Glorot and Bengio 2010 for the output; biases start at 0.
        let weights = [
            uniform(dim, settings.hidden, (6.0 / dim as f64).sqrt()),
            uniform(1, settings.hidden, 0.0),
            uniform(settings.hidden, labels, (6.0 / (settings.hidden + labels) as f64).sqrt()),
            uniform(1, labels, 0.0),
        ];
        Self { weights, labels, device, generator }
    }

    fn train(&mut self, prints: &Array2<f32>, targets: &[usize], settings: &Mlp) -> Result<(), PrintError> {
        let decay =
            |decay: f64| AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(decay as f32).build();
        let rules = [decay(settings.weight_decay), decay(0.0)];
        let mut states: [Option<AdamWState<2>>; 4] = [None, None, None, None];
        let mut order: Vec<usize> = (0..prints.nrows()).collect();
        let steps = settings.epochs * order.len().div_ceil(settings.batch);
        let mut step = 0;
        for _ in 0..settings.epochs {
            for place in (1..order.len()).rev() {
                order.swap(place, self.generator.random_range(0..=place as u64) as usize);
            }
            for rows in order.chunks(settings.batch) {
                let share = step as f64 / steps as f64;
                let rate = settings.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
                self.step(prints, targets, rows, rate, &rules, &mut states);
                step += 1;
            }
        }
        Ok(())
    }

    fn step(
        &mut self,
        prints: &Array2<f32>,
        targets: &[usize],
        rows: &[usize],
        rate: f64,
        rules: &[AdamW; 2],
        states: &mut [Option<AdamWState<2>>; 4],
    ) {
        let input = self.input(&prints.select(Axis(0), rows)).autodiff();
        let mut wanted = vec![0f32; rows.len() * self.labels];
        for (place, &row) in rows.iter().enumerate() {
            wanted[place * self.labels + targets[row]] = -1.0 / rows.len() as f32;
        }
        let wanted = Tensor::<2>::from_data(TensorData::new(wanted, [rows.len(), self.labels]), &self.device);
        let leaves = self.weights.clone().map(|weight| weight.autodiff().require_grad());
        let loss = (log_softmax(forward(&leaves, input), 1) * wanted.autodiff()).sum();
        let mut gradients = loss.backward();
        for (place, leaf) in leaves.iter().enumerate() {
            if let Some(gradient) = leaf.grad_remove(&mut gradients) {
                let weight = self.weights[place].clone();
                let (weight, state) = rules[place % 2].step(rate, weight, gradient, states[place].take());
                self.weights[place] = weight;
                states[place] = state;
            }
        }
    }

    fn input(&self, prints: &Array2<f32>) -> Tensor<2> {
        let values: Vec<f32> = prints.iter().copied().collect();
        Tensor::from_data(TensorData::new(values, [prints.nrows(), prints.ncols()]), &self.device)
    }

    /// Number of the most probable label for each print; the lowest of equals.
    fn predict(&self, prints: &Array2<f32>) -> Result<Vec<usize>, PrintError> {
        let blocks = prints.axis_chunks_iter(Axis(0), ANSWERED).enumerate();
        let answers = blocks.map(|(number, block)| self.predict_block(&block.to_owned(), number * ANSWERED));
        Ok(answers.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// [`Network::predict`] for prints of which the first has the number `first`.
    fn predict_block(&self, prints: &Array2<f32>, first: usize) -> Result<Vec<usize>, PrintError> {
        let logits = forward(&self.weights, self.input(prints)).into_data();
        let logits =
            logits.try_to_vec::<f32>().map_err(|_| PrintError::Empty { what: "the classifier's answer" })?;
        // A diverged network answers NaN, which must not pass for label 0.
        if let Some(place) = logits.iter().position(|logit| !logit.is_finite()) {
            return Err(ComparisonError::NotFinite {
                what: "the classifier's answers (lower mlp.learning_rate)",
                row: first + place / self.labels,
            }
            .into());
        }
        let best = |row: &[f32]| (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
        Ok(logits.chunks(self.labels).map(best).collect())
    }
}

/// Logits `[prints, labels]` of `input[prints, dim]`.
fn forward([weight_in, bias_in, weight_out, bias_out]: &[Tensor<2>; 4], input: Tensor<2>) -> Tensor<2> {
    let hidden = relu(input.matmul(weight_in.clone()) + bias_in.clone());
    hidden.matmul(weight_out.clone()) + bias_out.clone()
}
