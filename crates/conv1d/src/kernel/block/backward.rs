//! The gradients of a block.

use rayon::prelude::*;

use super::super::elementwise::{self, Finish, GradientMap};
use super::super::engine::{Engine, resized, with_scratch};
use super::super::shape::Batch;
use super::{Backward, Norm, PARTS, Saved, Tail};

/// Gradients from that of the output, `[batch, time_out / pool, out]`.
pub(crate) fn backward(
    engine: &Engine,
    input: &Batch<'_>,
    weight: &[f32],
    tail: &Tail<'_>,
    saved: &Saved,
    gradient: &[f32],
    (want_input, want_weight): (bool, bool),
) -> Backward {
    let shape = &engine.shape;
    let channels = shape.out_channels;
    let Some(finish) = &saved.finish else {
        let zeros = vec![0.0; channels];
        let (input, weight) =
            convolution_gradients(engine, input, weight, (want_input, want_weight), &|examples, _| {
                Gradient::Given(
                    &gradient[examples.start * shape.output_len()..examples.end * shape.output_len()],
                )
            });
        return Backward { input, weight, bias: zeros.clone(), gamma: zeros.clone(), beta: zeros };
    };
    let (sums, products) = channel_sums(engine, finish, saved, gradient);
    let map = gradient_map(tail, finish, saved, &sums, &products, shape.batch * shape.time_out);
    let len = shape.output_len();
    let pooled = shape.time_out / finish.pool * channels;
    let fill = |examples: std::ops::Range<usize>, target: &mut [f32]| {
        for (index, target) in examples.zip(target.chunks_exact_mut(len)) {
            let y = &saved.convolution[index * len..(index + 1) * len];
            let gradient = &gradient[index * pooled..(index + 1) * pooled];
            elementwise::gradient(engine.arch, finish, &map, y, gradient, target);
        }
        Gradient::Filled
    };
    let (input, weight) = convolution_gradients(engine, input, weight, (want_input, want_weight), &fill);
    let bias = match tail.norm {
        // a constant added before batch statistics are subtracted changes nothing
        Norm::Batch(_) => vec![0.0; channels],
        Norm::None | Norm::Fixed { .. } => {
            sums.iter().zip(&finish.scale).map(|(sum, scale)| (sum * f64::from(*scale)) as f32).collect()
        }
    };
    let gamma = products.iter().zip(&saved.inverse).map(|(p, i)| (p * f64::from(*i)) as f32).collect();
    let beta = sums.iter().map(|&sum| sum as f32).collect();
    Backward { input, weight, bias, gamma, beta }
}

/// Σ dz and Σ dz·(y − mean) per channel.
fn channel_sums(engine: &Engine, finish: &Finish, saved: &Saved, gradient: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let shape = &engine.shape;
    let (channels, len) = (shape.out_channels, shape.output_len());
    let pooled = shape.time_out / finish.pool * channels;
    let mut parts = vec![0.0f32; shape.batch * 2 * channels];
    parts
        .par_chunks_mut(2 * channels)
        .zip(saved.convolution.par_chunks(len))
        .zip(gradient.par_chunks(pooled))
        .for_each(|((part, y), gradient)| {
            let sums = part.split_at_mut(channels);
            elementwise::gradient_sums(engine.arch, finish, &saved.mean, y, gradient, sums);
        });
    let mut sums = vec![0.0f64; channels];
    let mut products = vec![0.0f64; channels];
    for part in parts.chunks_exact(2 * channels) {
        for c in 0..channels {
            sums[c] += f64::from(part[c]);
            products[c] += f64::from(part[channels + c]);
        }
    }
    (sums, products)
}

/// The gradient of batch norm (Ioffe and Szegedy, 2015), as an affine function of dz and y.
fn gradient_map(
    tail: &Tail<'_>,
    finish: &Finish,
    saved: &Saved,
    sums: &[f64],
    products: &[f64],
    count: usize,
) -> GradientMap {
    let channels = finish.scale.len();
    let through = finish.scale.clone();
    let (mut slope, mut constant) = (vec![0.0; channels], vec![0.0; channels]);
    if let Norm::Batch(_) = tail.norm {
        for c in 0..channels {
            let (scale, inverse) = (f64::from(finish.scale[c]), f64::from(saved.inverse[c]));
            let per_y = -scale * inverse * inverse * products[c] / count as f64;
            slope[c] = per_y as f32;
            constant[c] = (-scale * sums[c] / count as f64 - per_y * f64::from(saved.mean[c])) as f32;
        }
    }
    GradientMap { through, slope, constant }
}

/// Where the gradient of a group's convolution is.
enum Gradient<'a> {
    Given(&'a [f32]),
    /// In the buffer that was handed over.
    Filled,
}

/// Input and weight gradients; `gradient_of(examples, buffer)` gives the gradient of the convolution of a group.
fn convolution_gradients<'g>(
    engine: &Engine,
    input: &Batch<'_>,
    weight: &[f32],
    (want_input, want_weight): (bool, bool),
    gradient_of: &(dyn Fn(std::ops::Range<usize>, &mut [f32]) -> Gradient<'g> + Sync),
) -> (Option<Vec<f32>>, Option<Vec<f32>>) {
    let shape = &engine.shape;
    let (group, in_len, out_len) = (engine.group(), shape.input_len(), shape.output_len());
    let weights = if want_input { engine.backward_weights(weight) } else { Vec::new() };
    let part = shape.batch.div_ceil(PARTS).next_multiple_of(group);
    let mut target = vec![0.0; if want_input { shape.batch * in_len } else { 0 }];
    let mut targets: Vec<&mut [f32]> = target.chunks_mut(part * in_len).collect();
    targets.resize_with(shape.batch.div_ceil(part), Default::default);
    let sums: Vec<Vec<f32>> = targets
        .into_par_iter()
        .enumerate()
        .map(|(index, target)| {
            let mut sums = vec![0.0; if want_weight { engine.sums_len() } else { 0 }];
            let end = ((index + 1) * part).min(shape.batch);
            let mut buffer = with_scratch(|scratch| std::mem::take(&mut scratch.outputs));
            for (place, first) in (index * part..end).step_by(group).enumerate() {
                let examples = first..(first + group).min(end);
                let filled = resized(&mut buffer, examples.len() * out_len);
                let gradient = match gradient_of(examples.clone(), filled) {
                    Gradient::Given(gradient) => gradient,
                    Gradient::Filled => filled,
                };
                let to_input = want_input.then(|| {
                    let start = place * group * in_len;
                    (weights.as_slice(), &mut target[start..start + examples.len() * in_len])
                });
                let sums = want_weight.then_some(sums.as_mut_slice());
                with_scratch(|scratch| engine.backward(input, examples, gradient, sums, to_input, scratch));
            }
            with_scratch(|scratch| scratch.outputs = buffer);
            sums
        })
        .collect();
    let weight = want_weight.then(|| engine.weight_gradient(&add_in_order(sums)));
    (want_input.then_some(target), weight)
}

/// The sum of equally long vectors, each element added in the order of the vectors.
fn add_in_order(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    let others: Vec<Vec<f32>> = parts.collect();
    total.par_chunks_mut(1 << 14).enumerate().for_each(|(index, chunk)| {
        for other in &others {
            let other = &other[index << 14..(index << 14) + chunk.len()];
            for (sum, &value) in chunk.iter_mut().zip(other) {
                *sum += value;
            }
        }
    });
    total
}
