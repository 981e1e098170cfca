//! Convolution of channels-last examples as one matrix product per example over overlapping rows.
//!
//! With the example zero-padded, the `kernel · in` floats that one output sample sees are contiguous, so the im2col
//! matrix is a view whose rows start `stride · in` floats apart; nothing is copied but the padding. For the gradient of
//! the input, the output's gradient is spread out again, with zeros between its samples where the stride is above one.

use super::matmul::{View, Write, multiply};
use super::shape::ConvShape;

/// Copies the rows of `example` (each of `channels` floats) into `padded`: row `i` becomes row `lead + i · step`; rows
/// that come from nowhere are zero, rows that `padded` does not have are left out.
fn spread(
    example: &[f32],
    channels: usize,
    (lead, step): (isize, usize),
    padded_rows: usize,
    padded: &mut Vec<f32>,
) {
    padded.resize(padded_rows * channels, 0.0);
    let rows = example.len() / channels;
    if step == 1 {
        let first = lead.clamp(0, padded_rows as isize) as usize;
        let skipped = (-lead).clamp(0, rows as isize) as usize;
        let count = (rows - skipped).min(padded_rows - first);
        padded[..first * channels].fill(0.0);
        padded[first * channels..(first + count) * channels]
            .copy_from_slice(&example[skipped * channels..(skipped + count) * channels]);
        padded[(first + count) * channels..].fill(0.0);
        return;
    }
    padded.fill(0.0);
    for (index, row) in example.chunks_exact(channels).enumerate() {
        let place = lead + (index * step) as isize;
        if (0..padded_rows as isize).contains(&place) {
            padded[place as usize * channels..][..channels].copy_from_slice(row);
        }
    }
}

fn windows<'a>(shape: &ConvShape, padded: &'a [f32]) -> View<'a> {
    View::new(padded, shape.time_out, shape.kernel * shape.in_channels, shape.stride * shape.in_channels)
}

fn pad_input(shape: &ConvShape, example: &[f32], padded: &mut Vec<f32>) {
    let rows = shape.time_in + 2 * shape.padding;
    spread(example, shape.in_channels, (shape.padding as isize, 1), rows, padded);
}

/// `[time_out, out]` from `[time_in, in]` and the taps `[kernel·in, out]`.
pub(crate) fn forward(
    shape: &ConvShape,
    example: &[f32],
    taps: &[f32],
    output: &mut [f32],
    spare: &mut Vec<f32>,
) {
    pad_input(shape, example, spare);
    let weights = View::new(taps, shape.kernel * shape.in_channels, shape.out_channels, shape.out_channels);
    multiply(output, windows(shape, spare), weights, Write::Replace);
}

/// Adds the gradient of the taps `[kernel·in, out]`.
pub(crate) fn add_weight_gradient(
    shape: &ConvShape,
    example: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
    spare: &mut Vec<f32>,
) {
    pad_input(shape, example, spare);
    let gradient = View::new(gradient, shape.time_out, shape.out_channels, shape.out_channels);
    multiply(sums, windows(shape, spare).transposed(), gradient, Write::Add);
}

/// The gradient of the example from that of its output and the flipped taps `[kernel·out, in]`.
pub(crate) fn input_gradient(
    shape: &ConvShape,
    gradient: &[f32],
    flipped: &[f32],
    example: &mut [f32],
    spare: &mut Vec<f32>,
) {
    let lead = shape.kernel as isize - 1 - shape.padding as isize;
    let rows = shape.time_in + shape.kernel - 1;
    spread(gradient, shape.out_channels, (lead, shape.stride), rows, spare);
    let depth = shape.kernel * shape.out_channels;
    let rows = View::new(spare, shape.time_in, depth, shape.out_channels);
    let weights = View::new(flipped, depth, shape.in_channels, shape.in_channels);
    multiply(example, rows, weights, Write::Replace);
}
