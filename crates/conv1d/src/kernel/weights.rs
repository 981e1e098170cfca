//! Weights in the forms the kernels multiply by, and their gradients back in burn's `[out, in, kernel]`.

use super::fourier::POINTS;
use pulp::Arch;
use rayon::prelude::*;
use std::f64::consts::PI;
use std::ops::Range;

/// Frequencies of a real transform: plane 0 is frequency 0, plane 1 frequency 8, plane `f + 1` frequency `f`.
pub(crate) const PLANES: usize = POINTS / 2 + 1;

/// Floats of all planes of weights.
pub(crate) fn planes_len(from: usize, to: usize) -> usize {
    plane_range(PLANES - 1, from, to).end
}

/// Where one plane of weights lies: `[from, to]` for the real frequencies, `[2·from, 2·to]` for the complex ones.
pub(crate) fn plane_range(plane: usize, from: usize, to: usize) -> Range<usize> {
    let pair = from * to;
    match plane {
        0 | 1 => plane * pair..(plane + 1) * pair,
        _ => {
            let start = 2 * pair + (plane - 2) * 4 * pair;
            start..start + 4 * pair
        }
    }
}

fn frequency(plane: usize) -> usize {
    match plane {
        0 => 0,
        1 => 8,
        _ => plane - 1,
    }
}

/// Cosine and sine of each tap, with the scale of the inverse transform.
fn coefficients(plane: usize, kernel: usize) -> Vec<(f32, f32)> {
    let scale = if plane < 2 { 1.0 / 16.0 } else { 1.0 / 8.0 };
    (0..kernel)
        .map(|tap| {
            let angle = 2.0 * PI * (frequency(plane) * tap) as f64 / POINTS as f64;
            ((scale * angle.cos()) as f32, (scale * angle.sin()) as f32)
        })
        .collect()
}

/// `[kernel, in, out]` from `[out, in, kernel]`: the matrix `[kernel·in, out]` of the direct convolution.
pub(crate) fn taps_in_out(weight: &[f32], outputs: usize, inputs: usize, kernel: usize) -> Vec<f32> {
    let mut taps = vec![0.0; weight.len()];
    taps.par_chunks_mut(inputs * outputs).enumerate().for_each(|(tap, matrix)| {
        for (i, row) in matrix.chunks_exact_mut(outputs).enumerate() {
            for (o, value) in row.iter_mut().enumerate() {
                *value = weight[(o * inputs + i) * kernel + tap];
            }
        }
    });
    taps
}

/// `[kernel, out, in]` from `[out, in, kernel]`.
pub(crate) fn taps_out_in(weight: &[f32], outputs: usize, inputs: usize, kernel: usize) -> Vec<f32> {
    let mut taps = vec![0.0; weight.len()];
    taps.par_chunks_mut(inputs * outputs).enumerate().for_each(|(tap, matrix)| {
        for (value, window) in matrix.iter_mut().zip(weight.chunks_exact(kernel)) {
            *value = window[tap];
        }
    });
    taps
}

/// `[kernel·out, in]` with the taps in reverse order: the matrix that gives the input gradient of the direct convolution.
pub(crate) fn flipped_taps(weight: &[f32], outputs: usize, inputs: usize, kernel: usize) -> Vec<f32> {
    let taps = taps_out_in(weight, outputs, inputs, kernel);
    taps.chunks_exact(outputs * inputs).rev().flatten().copied().collect()
}

/// The planes of `taps` (`[kernel, from, to]`): blocks `[[V, U], [−U, V]]`, with V the cosine and U the sine sums; U changes
/// its sign for the input gradient, whose matrices are the transposed ones.
pub(crate) fn planes(arch: Arch, taps: &[f32], from: usize, to: usize, transpose: bool) -> Vec<f32> {
    let pair = from * to;
    let kernel = taps.len() / pair;
    let sign = if transpose { -1.0 } else { 1.0 };
    let mut planes = vec![0.0; planes_len(from, to)];
    let mut parts = Vec::with_capacity(PLANES);
    let mut rest = planes.as_mut_slice();
    for plane in 0..PLANES {
        let (part, tail) = rest.split_at_mut(plane_range(plane, from, to).len());
        parts.push(part);
        rest = tail;
    }
    parts.into_par_iter().enumerate().for_each(|(plane, part)| {
        let coefficients = coefficients(plane, kernel);
        let rows = taps.chunks_exact(pair);
        arch.dispatch(|| {
            if plane < 2 {
                for (matrix, &(cosine, _)) in rows.zip(&coefficients) {
                    add_scaled(part, matrix, cosine);
                }
                return;
            }
            let (top, bottom) = part.split_at_mut(2 * pair);
            for row in 0..from {
                let (real, imaginary) = top[2 * row * to..2 * (row + 1) * to].split_at_mut(to);
                for (tap, &(cosine, sine)) in coefficients.iter().enumerate() {
                    let line = &taps[tap * pair + row * to..][..to];
                    add_scaled(real, line, cosine);
                    add_scaled(imaginary, line, sign * sine);
                }
                let mirrored = &mut bottom[2 * row * to..2 * (row + 1) * to];
                for (value, &source) in mirrored.iter_mut().zip(imaginary.iter()) {
                    *value = -source;
                }
                mirrored[to..].copy_from_slice(real);
            }
        });
    });
    planes
}

#[inline(always)]
fn add_scaled(target: &mut [f32], source: &[f32], scale: f32) {
    for (value, &addend) in target.iter_mut().zip(source) {
        *value += addend * scale;
    }
}

/// The gradient `[out, in, kernel]` from the gradient of the planes, the transpose of [`planes`].
pub(crate) fn from_planes(
    arch: Arch,
    sums: &[f32],
    inputs: usize,
    outputs: usize,
    kernel: usize,
) -> Vec<f32> {
    let pair = inputs * outputs;
    let tables: Vec<_> = (0..PLANES).map(|plane| coefficients(plane, kernel)).collect();
    let mut taps = vec![0.0; pair * kernel];
    // [in, kernel, out], so that each task owns the rows of one input channel
    taps.par_chunks_mut(kernel * outputs).enumerate().for_each(|(input, rows)| {
        arch.dispatch(|| {
            let mut real = vec![0.0f32; outputs];
            let mut imaginary = vec![0.0f32; outputs];
            for (plane, table) in tables.iter().enumerate() {
                let part = &sums[plane_range(plane, inputs, outputs)];
                if plane < 2 {
                    real.copy_from_slice(&part[input * outputs..(input + 1) * outputs]);
                    imaginary.fill(0.0);
                } else {
                    let width = 2 * outputs;
                    let top = &part[input * width..(input + 1) * width];
                    let bottom = &part[(inputs + input) * width..(inputs + input + 1) * width];
                    for o in 0..outputs {
                        real[o] = top[o] + bottom[outputs + o];
                        imaginary[o] = top[outputs + o] - bottom[o];
                    }
                }
                for (row, &(cosine, sine)) in rows.chunks_exact_mut(outputs).zip(table) {
                    add_scaled(row, &real, cosine);
                    add_scaled(row, &imaginary, sine);
                }
            }
        });
    });
    let mut gradient = vec![0.0; pair * kernel];
    gradient.par_chunks_mut(inputs * kernel).enumerate().for_each(|(o, rows)| {
        for (index, value) in rows.iter_mut().enumerate() {
            *value = taps[index * outputs + o];
        }
    });
    gradient
}

/// The gradient `[out, in, kernel]` from that of the direct convolution's matrix `[kernel·in, out]`.
pub(crate) fn from_taps(taps: &[f32], inputs: usize, outputs: usize, kernel: usize) -> Vec<f32> {
    let mut gradient = vec![0.0; taps.len()];
    gradient.par_chunks_mut(inputs * kernel).enumerate().for_each(|(o, rows)| {
        for (index, value) in rows.iter_mut().enumerate() {
            let (i, tap) = (index / kernel, index % kernel);
            *value = taps[(tap * inputs + i) * outputs + o];
        }
    });
    gradient
}
