//! Convolution of channels-last examples in the frequency domain, sixteen samples at a time.
//!
//! A tile of sixteen input samples gives `17 − kernel` outputs (overlap-save). Per frequency the tiles of a few examples
//! form one real matrix `[tiles, 2·in]` (real parts, then imaginary parts) that is multiplied by the transformed weights
//! `[2·in, 2·out]`. With kernel 9 that is 120 multiplications per eight outputs and channel pair in place of 288.
//!
//! With `F` the transform of a tile and `W` the block matrices of the weights, the output is `crop(Fᵀ·(F·x)·W)`: the scale
//! 1/16 and the doubled middle frequencies of the inverse transform live in `W`. Each step is linear, so the gradients
//! are the transposed steps: `F` of the output gradient serves both the weights and the input.
//! Source: overlap-save, Stockham (1966); transformed products over channels, Mathieu, Henaff and LeCun (2014).

use super::fourier::{POINTS, transform, transposed};
use super::matmul::{View, Write, multiply};
use super::shape::ConvShape;
use super::weights::{PLANES, plane_range};
use pulp::{Arch, Simd, WithSimd};

/// Channels must be a multiple of this: then every row starts on a whole vector of any supported CPU.
const LANES: usize = 16;

/// Whether this convolution can be done here, and is long enough to gain from it.
pub(crate) fn suits(shape: &ConvShape) -> bool {
    shape.stride == 1
        && shape.in_channels.is_multiple_of(LANES)
        && shape.out_channels.is_multiple_of(LANES)
        && (4..=13).contains(&shape.kernel)
        && shape.time_out >= POINTS - shape.kernel
}

/// Outputs of one tile.
fn step(shape: &ConvShape) -> usize {
    POINTS + 1 - shape.kernel
}

/// Tiles of one example.
pub(crate) fn tiles(shape: &ConvShape) -> usize {
    shape.time_out.div_ceil(step(shape))
}

/// Floats of the sixteen planes of `rows` tiles.
pub(crate) fn planes_len(rows: usize, channels: usize) -> usize {
    POINTS * rows * channels
}

/// Where the tiles of one example lie: tile `i` starts at sample `i·step − lead` and covers `taken` samples.
#[derive(Clone, Copy)]
struct Tiling {
    step: usize,
    lead: usize,
    taken: usize,
    tiles: usize,
}

impl Tiling {
    /// Sixteen overlapping input samples per tile.
    fn of_input(shape: &ConvShape) -> Self {
        Self { step: step(shape), lead: shape.padding, taken: POINTS, tiles: tiles(shape) }
    }

    /// The outputs of each tile; the rest of the sixteen is zero.
    fn of_output(shape: &ConvShape) -> Self {
        Self { step: step(shape), lead: 0, taken: step(shape), tiles: tiles(shape) }
    }

    /// The sample at point `n` of tile `tile`, where the example of `time` samples has one.
    #[inline(always)]
    fn sample(&self, tile: usize, n: usize, time: usize) -> Option<usize> {
        let position = (tile * self.step + n).checked_sub(self.lead)?;
        (n < self.taken && position < time).then_some(position)
    }
}

/// Index, in vectors, of the row of every transform value of one tile.
#[inline(always)]
fn value_rows(row: usize, rows: usize, width: usize) -> [usize; POINTS] {
    std::array::from_fn(|value| match value {
        0 => row * width,
        1 => (rows + row) * width,
        _ => {
            let (frequency, imaginary) = (value / 2, value % 2);
            2 * rows * width * frequency + (2 * row + imaginary) * width
        }
    })
}

/// Transforms the tiles of one example into rows `first_row…` of `planes`.
struct Analyse<'a> {
    example: &'a [f32],
    channels: usize,
    tiling: Tiling,
    planes: &'a mut [f32],
    rows: usize,
    first_row: usize,
}

impl WithSimd for Analyse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.channels / S::F32_LANES;
        let (source, _) = S::as_simd_f32s(self.example);
        let (planes, _) = S::as_mut_simd_f32s(self.planes);
        let time = self.example.len() / self.channels;
        let zero = simd.splat_f32s(0.0);
        for tile in 0..self.tiling.tiles {
            let starts: [usize; POINTS] = std::array::from_fn(|n| {
                self.tiling.sample(tile, n, time).map_or(usize::MAX, |sample| sample * width)
            });
            let targets = value_rows(self.first_row + tile, self.rows, width);
            let inside = starts.iter().all(|&start| start != usize::MAX);
            for lane in 0..width {
                let x =
                    if inside {
                        std::array::from_fn(|n| source[starts[n] + lane])
                    } else {
                        std::array::from_fn(|n| {
                            if starts[n] == usize::MAX { zero } else { source[starts[n] + lane] }
                        })
                    };
                let values = transform(simd, x);
                for (value, target) in values.into_iter().zip(targets) {
                    planes[target + lane] = value;
                }
            }
        }
    }
}

/// Transforms rows of `planes` back; overlapping samples of neighbouring tiles add up.
struct Synthesise<'a> {
    planes: &'a [f32],
    rows: usize,
    first_row: usize,
    channels: usize,
    tiling: Tiling,
    example: &'a mut [f32],
}

impl WithSimd for Synthesise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.channels / S::F32_LANES;
        let time = self.example.len() / self.channels;
        let overlap = self.tiling.taken - self.tiling.step;
        let (planes, _) = S::as_simd_f32s(self.planes);
        let (target, _) = S::as_mut_simd_f32s(self.example);
        for tile in 0..self.tiling.tiles {
            let sources = value_rows(self.first_row + tile, self.rows, width);
            let starts: [usize; POINTS] = std::array::from_fn(|n| {
                self.tiling.sample(tile, n, time).map_or(usize::MAX, |sample| sample * width)
            });
            let adds: [bool; POINTS] = std::array::from_fn(|n| tile > 0 && n < overlap);
            for lane in 0..width {
                let values = transposed(simd, std::array::from_fn(|v| planes[sources[v] + lane]));
                for n in 0..POINTS {
                    if starts[n] != usize::MAX {
                        let place = &mut target[starts[n] + lane];
                        *place = if adds[n] { simd.add_f32s(*place, values[n]) } else { values[n] };
                    }
                }
            }
        }
    }
}

/// Transforms examples `[time_in, in]` laid one after the other into `planes`; `rows` is the number of all their tiles.
pub(crate) fn analyse_input(
    arch: Arch,
    shape: &ConvShape,
    example: &[f32],
    (first_row, rows): (usize, usize),
    planes: &mut [f32],
) {
    arch.dispatch(Analyse {
        example,
        channels: shape.in_channels,
        tiling: Tiling::of_input(shape),
        planes,
        rows,
        first_row,
    });
}

/// Output `[time_out, out]` of one example from the planes of its group.
pub(crate) fn synthesise_output(
    arch: Arch,
    shape: &ConvShape,
    planes: &[f32],
    (first_row, rows): (usize, usize),
    example: &mut [f32],
) {
    arch.dispatch(Synthesise {
        planes,
        rows,
        first_row,
        channels: shape.out_channels,
        tiling: Tiling::of_output(shape),
        example,
    });
}

/// The transpose of [`synthesise_output`].
pub(crate) fn analyse_gradient(
    arch: Arch,
    shape: &ConvShape,
    example: &[f32],
    (first_row, rows): (usize, usize),
    planes: &mut [f32],
) {
    arch.dispatch(Analyse {
        example,
        channels: shape.out_channels,
        tiling: Tiling::of_output(shape),
        planes,
        rows,
        first_row,
    });
}

/// The transpose of [`analyse_input`]. The tiles reach past the last sample, so every sample is written.
pub(crate) fn synthesise_gradient(
    arch: Arch,
    shape: &ConvShape,
    planes: &[f32],
    (first_row, rows): (usize, usize),
    example: &mut [f32],
) {
    arch.dispatch(Synthesise {
        planes,
        rows,
        first_row,
        channels: shape.in_channels,
        tiling: Tiling::of_input(shape),
        example,
    });
}

/// One plane of `rows` tiles as a matrix `[rows, channels]` (real frequencies) or `[rows, 2·channels]`.
fn plane(plane: usize, rows: usize, channels: usize) -> (usize, usize) {
    match plane {
        0 | 1 => (plane * rows * channels, channels),
        _ => (2 * rows * channels * (plane - 1), 2 * channels),
    }
}

/// Per frequency `output = input · weights`, with weights `[in, out]` planes.
pub(crate) fn multiply_planes(
    input: &[f32],
    weights: &[f32],
    output: &mut [f32],
    rows: usize,
    (from, to): (usize, usize),
) {
    for index in 0..PLANES {
        let (start, columns) = plane(index, rows, from);
        let (target, target_columns) = plane(index, rows, to);
        let weight = &weights[plane_range(index, from, to)];
        multiply(
            &mut output[target..target + rows * target_columns],
            View::new(&input[start..], rows, columns, columns),
            View::new(weight, columns, target_columns, target_columns),
            Write::Replace,
        );
    }
}

/// Per frequency `sums += inputᵀ · gradient`.
pub(crate) fn add_weight_planes(
    input: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
    rows: usize,
    (from, to): (usize, usize),
) {
    for index in 0..PLANES {
        let (start, columns) = plane(index, rows, from);
        let (other, other_columns) = plane(index, rows, to);
        multiply(
            &mut sums[plane_range(index, from, to)],
            View::new(&input[start..], rows, columns, columns).transposed(),
            View::new(&gradient[other..], rows, other_columns, other_columns),
            Write::Add,
        );
    }
}
