//! Convolution, bias, batch norm, ReLU and max-pooling of a whole batch, forward and backward.
//!
//! The batch is split into groups of examples whose size depends on the shape alone. Each group is computed by one thread,
//! and what groups contribute to sums over the batch is added in the order of the examples, so results are the same
//! to the bit for any number of threads.

mod backward;

pub(crate) use backward::backward;

use super::elementwise::{self, Finish};
use super::engine::{Engine, resized, with_scratch};
use super::shape::Batch;
use rayon::prelude::*;

/// Parts of the batch whose weight gradients are summed apart, then together in order.
const PARTS: usize = 8;

/// Where the normalisation of a block gets its statistics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Norm<'a> {
    /// The convolution as it is.
    None,
    /// By mean and variance of the batch at hand, as in training.
    Batch(Affine<'a>),
    /// Given: the running statistics.
    Fixed { affine: Affine<'a>, mean: &'a [f32], variance: &'a [f32] },
}

/// The learned part of a batch norm, per channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine<'a> {
    pub(crate) gamma: &'a [f32],
    pub(crate) beta: &'a [f32],
    pub(crate) epsilon: f64,
}

/// Everything after the convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail<'a> {
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) norm: Norm<'a>,
    pub(crate) relu: bool,
    /// 1 for no pooling, at most [`elementwise::MAX_POOL`].
    pub(crate) pool: usize,
}

/// Result of a block.
#[derive(Debug)]
pub(crate) struct Forward {
    /// `[batch, time_out / pool, out]`
    pub(crate) output: Vec<f32>,
    /// Mean of the convolution with its bias and (biased) variance per channel, for batch statistics only.
    pub(crate) statistics: Option<(Vec<f32>, Vec<f32>)>,
    pub(crate) saved: Saved,
}

/// What the backward pass needs besides inputs and weights.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// The convolution `[batch, time_out, out]` without bias; empty if nothing follows it or no gradient is wanted.
    convolution: Vec<f32>,
    finish: Option<Finish>,
    /// Mean of the convolution without bias and 1/deviation, per channel.
    mean: Vec<f32>,
    inverse: Vec<f32>,
}

/// Gradients of a block; those not asked for are absent.
#[derive(Debug)]
pub(crate) struct Backward {
    /// `[batch, time_in, in]`
    pub(crate) input: Option<Vec<f32>>,
    /// `[out, in, kernel]`
    pub(crate) weight: Option<Vec<f32>>,
    pub(crate) bias: Vec<f32>,
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
}

impl Tail<'_> {
    /// Whether the output is the convolution itself.
    fn is_identity(&self) -> bool {
        self.bias.is_none() && self.norm == Norm::None && !self.relu && self.pool == 1
    }
}

/// Runs a block; `keep` says whether a backward pass will follow.
pub(crate) fn forward(
    engine: &Engine,
    input: &Batch<'_>,
    weight: &[f32],
    tail: &Tail<'_>,
    keep: bool,
) -> Forward {
    let weights = engine.forward_weights(weight);
    if tail.is_identity() {
        let mut output = vec![0.0; engine.shape.batch * engine.shape.output_len()];
        convolve(engine, input, &weights, &mut output, |_, _| {});
        return Forward { output, statistics: None, saved: Saved::default() };
    }
    match tail.norm {
        Norm::Batch(affine) => forward_batch_norm(engine, input, &weights, tail, affine),
        Norm::None => {
            let channels = engine.shape.out_channels;
            let shift = tail.bias.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec);
            let (mean, inverse) = (vec![0.0; channels], vec![1.0; channels]);
            let finish = Finish { scale: vec![1.0; channels], shift, relu: tail.relu, pool: tail.pool };
            forward_fixed(engine, input, &weights, finish, (mean, inverse), keep)
        }
        Norm::Fixed { affine, mean, variance } => {
            let mean = without_bias(mean, tail.bias);
            let inverse = inverse_deviation(variance.iter().map(|&v| f64::from(v)), affine.epsilon);
            let finish = normalising(affine, &mean, &inverse, tail);
            forward_fixed(engine, input, &weights, finish, (mean, inverse), keep)
        }
    }
}

fn without_bias(mean: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    match bias {
        Some(bias) => mean.iter().zip(bias).map(|(m, b)| m - b).collect(),
        None => mean.to_vec(),
    }
}

fn inverse_deviation(variance: impl Iterator<Item = f64>, epsilon: f64) -> Vec<f32> {
    variance.map(|v| (1.0 / (v + epsilon).sqrt()) as f32).collect()
}

fn normalising(affine: Affine<'_>, mean: &[f32], inverse: &[f32], tail: &Tail<'_>) -> Finish {
    let scale: Vec<f32> = affine.gamma.iter().zip(inverse).map(|(g, i)| g * i).collect();
    let shift = affine.beta.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
    Finish { scale, shift, relu: tail.relu, pool: tail.pool }
}

/// Convolves the batch into `output`, then hands every example (index, output) to `each` while it is in the cache.
fn convolve(
    engine: &Engine,
    input: &Batch<'_>,
    weights: &[f32],
    output: &mut [f32],
    each: impl Fn(usize, &[f32]) + Sync,
) {
    let (group, len) = (engine.group(), engine.shape.output_len());
    output.par_chunks_mut(group * len).enumerate().for_each(|(index, chunk)| {
        let first = index * group;
        let count = chunk.len() / len;
        with_scratch(|scratch| engine.forward(input, first..first + count, weights, chunk, scratch));
        for (place, example) in chunk.chunks_exact(len).enumerate() {
            each(first + place, example);
        }
    });
}

/// Statistics known beforehand: convolution and all that follows in one pass.
fn forward_fixed(
    engine: &Engine,
    input: &Batch<'_>,
    weights: &[f32],
    finish: Finish,
    (mean, inverse): (Vec<f32>, Vec<f32>),
    keep: bool,
) -> Forward {
    let shape = &engine.shape;
    let (group, len) = (engine.group(), shape.output_len());
    let pooled = shape.time_out / finish.pool * shape.out_channels;
    let mut output = vec![0.0; shape.batch * pooled];
    let mut convolution = vec![0.0; if keep { shape.batch * len } else { 0 }];
    let run = |index: usize, chunk: &mut [f32], results: &mut [f32]| {
        let first = index * group;
        let count = chunk.len() / len;
        with_scratch(|scratch| engine.forward(input, first..first + count, weights, chunk, scratch));
        for (y, out) in chunk.chunks_exact(len).zip(results.chunks_exact_mut(pooled)) {
            elementwise::finish(engine.arch, &finish, y, out);
        }
    };
    let results = output.par_chunks_mut(group * pooled).enumerate();
    if keep {
        results
            .zip(convolution.par_chunks_mut(group * len))
            .for_each(|((index, results), chunk)| run(index, chunk, results));
    } else {
        results.for_each(|(index, results)| {
            let mut chunk = with_scratch(|scratch| std::mem::take(&mut scratch.outputs));
            run(index, resized(&mut chunk, results.len() / pooled * len), results);
            with_scratch(|scratch| scratch.outputs = chunk);
        });
    }
    let saved = Saved { convolution, finish: Some(finish), mean, inverse };
    Forward { output, statistics: None, saved }
}

fn forward_batch_norm(
    engine: &Engine,
    input: &Batch<'_>,
    weights: &[f32],
    tail: &Tail<'_>,
    affine: Affine<'_>,
) -> Forward {
    let shape = &engine.shape;
    let (channels, len) = (shape.out_channels, shape.output_len());
    let mut convolution = vec![0.0; shape.batch * len];
    let mut moments = vec![0.0f32; shape.batch * 2 * channels];
    let group = engine.group();
    convolution
        .par_chunks_mut(group * len)
        .zip(moments.par_chunks_mut(group * 2 * channels))
        .enumerate()
        .for_each(|(index, (chunk, moments))| {
            let first = index * group;
            let examples = first..first + chunk.len() / len;
            with_scratch(|scratch| engine.forward(input, examples, weights, chunk, scratch));
            for (y, moments) in chunk.chunks_exact(len).zip(moments.chunks_exact_mut(2 * channels)) {
                let (mean, deviations) = moments.split_at_mut(channels);
                elementwise::moments(engine.arch, y, mean, deviations);
            }
        });
    let (mean, variance) = merge_moments(&moments, channels, shape.time_out);
    let inverse = inverse_deviation(variance.iter().copied(), affine.epsilon);
    let mean: Vec<f32> = mean.into_iter().map(|m| m as f32).collect();
    let finish = normalising(affine, &mean, &inverse, tail);
    let pooled = shape.time_out / finish.pool * channels;
    let mut output = vec![0.0; shape.batch * pooled];
    output
        .par_chunks_mut(pooled)
        .zip(convolution.par_chunks(len))
        .for_each(|(out, y)| elementwise::finish(engine.arch, &finish, y, out));
    let reported = match tail.bias {
        Some(bias) => mean.iter().zip(bias).map(|(m, b)| m + b).collect(),
        None => mean.clone(),
    };
    let variance = variance.into_iter().map(|v| v as f32).collect();
    let saved = Saved { convolution, finish: Some(finish), mean, inverse };
    Forward { output, statistics: Some((reported, variance)), saved }
}

/// Mean and variance per channel of all examples from those of each (Chan, Golub and LeVeque, 1983: equal sizes).
fn merge_moments(moments: &[f32], channels: usize, time: usize) -> (Vec<f64>, Vec<f64>) {
    let examples = (moments.len() / (2 * channels)) as f64;
    let mut mean = vec![0.0f64; channels];
    let mut variance = vec![0.0f64; channels];
    for row in moments.chunks_exact(2 * channels) {
        for c in 0..channels {
            mean[c] += f64::from(row[c]) / examples;
        }
    }
    for row in moments.chunks_exact(2 * channels) {
        for c in 0..channels {
            let offset = f64::from(row[c]) - mean[c];
            variance[c] += (f64::from(row[channels + c]) / time as f64 + offset * offset) / examples;
        }
    }
    (mean, variance)
}
