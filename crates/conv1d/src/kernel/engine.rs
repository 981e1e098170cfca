//! The convolution of a few examples and its gradients, in the time or in the frequency domain.

use super::shape::{Batch, ConvShape};
use super::{direct, spectral, weights};
use pulp::Arch;
use std::cell::RefCell;
use std::ops::Range;

/// Matrix rows that a group of examples should have at least, so that the weights read for it pay.
const GROUP_ROWS: usize = 64;

/// Buffers of one thread, kept between calls.
#[derive(Default)]
pub(crate) struct Scratch {
    example: Vec<f32>,
    padded: Vec<f32>,
    input_planes: Vec<f32>,
    output_planes: Vec<f32>,
    /// For the caller: convolution outputs or gradients of a group.
    pub(crate) outputs: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Runs `work` with this thread's buffers.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => work(&mut scratch),
        // only if a caller's work re-enters on the same thread
        Err(_) => work(&mut Scratch::default()),
    })
}

/// Sets the length without clearing what is already there; callers overwrite it.
pub(crate) fn resized(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}

/// Which domain a convolution is computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Time,
    Frequency,
}

/// One convolution's sizes and where it is computed. Depends on the sizes alone, never on threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engine {
    pub(crate) shape: ConvShape,
    pub(crate) domain: Domain,
    pub(crate) arch: Arch,
}

impl Engine {
    pub(crate) fn new(shape: ConvShape, arch: Arch) -> Self {
        let domain = if spectral::suits(&shape) { Domain::Frequency } else { Domain::Time };
        Self { shape, domain, arch }
    }

    /// Examples that are computed together.
    pub(crate) fn group(&self) -> usize {
        match self.domain {
            Domain::Time => 1,
            Domain::Frequency => GROUP_ROWS.div_ceil(spectral::tiles(&self.shape)),
        }
    }

    /// Weights `[out, in, kernel]` in the form the forward pass multiplies by.
    pub(crate) fn forward_weights(&self, weight: &[f32]) -> Vec<f32> {
        let shape = &self.shape;
        let (from, to) = (shape.in_channels, shape.out_channels);
        let taps = weights::taps_in_out(weight, to, from, shape.kernel);
        match self.domain {
            Domain::Time => taps,
            Domain::Frequency => weights::planes(self.arch, &taps, from, to, false),
        }
    }

    /// The same for the gradient of the input.
    pub(crate) fn backward_weights(&self, weight: &[f32]) -> Vec<f32> {
        let shape = &self.shape;
        let (from, to) = (shape.in_channels, shape.out_channels);
        match self.domain {
            Domain::Time => weights::flipped_taps(weight, to, from, shape.kernel),
            Domain::Frequency => {
                let taps = weights::taps_out_in(weight, to, from, shape.kernel);
                weights::planes(self.arch, &taps, to, from, true)
            }
        }
    }

    /// Floats of the sums that [`Engine::backward`] adds to.
    pub(crate) fn sums_len(&self) -> usize {
        match self.domain {
            Domain::Time => self.shape.weight_len(),
            Domain::Frequency => weights::planes_len(self.shape.in_channels, self.shape.out_channels),
        }
    }

    /// The weight gradient `[out, in, kernel]` from those sums.
    pub(crate) fn weight_gradient(&self, sums: &[f32]) -> Vec<f32> {
        let ConvShape { in_channels, out_channels, kernel, .. } = self.shape;
        match self.domain {
            Domain::Time => weights::from_taps(sums, in_channels, out_channels, kernel),
            Domain::Frequency => weights::from_planes(self.arch, sums, in_channels, out_channels, kernel),
        }
    }

    /// Convolves `examples` of `input`; `output` is `[examples, time_out, out]`, without bias.
    pub(crate) fn forward(
        &self,
        input: &Batch<'_>,
        examples: Range<usize>,
        weights: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let shape = &self.shape;
        let outputs = output.chunks_exact_mut(shape.output_len());
        if self.domain == Domain::Time {
            for (index, output) in examples.zip(outputs) {
                let example = input.example(shape, index, &mut scratch.example);
                direct::forward(shape, example, weights, output, &mut scratch.padded);
            }
            return;
        }
        let tiles = spectral::tiles(shape);
        let rows = tiles * examples.len();
        self.analyse(input, examples, rows, scratch);
        let planes = resized(&mut scratch.output_planes, spectral::planes_len(rows, shape.out_channels));
        let sizes = (shape.in_channels, shape.out_channels);
        spectral::multiply_planes(&scratch.input_planes, weights, planes, rows, sizes);
        for (index, output) in outputs.enumerate() {
            spectral::synthesise_output(self.arch, shape, planes, (index * tiles, rows), output);
        }
    }

    fn analyse(&self, input: &Batch<'_>, examples: Range<usize>, rows: usize, scratch: &mut Scratch) {
        let shape = &self.shape;
        let tiles = spectral::tiles(shape);
        let planes = resized(&mut scratch.input_planes, spectral::planes_len(rows, shape.in_channels));
        for (place, index) in examples.enumerate() {
            let example = input.example(shape, index, &mut scratch.example);
            spectral::analyse_input(self.arch, shape, example, (place * tiles, rows), planes);
        }
    }

    /// Adds the weight gradient of `examples` to `sums` and, where wanted, writes the gradient of the input
    /// (`[examples, time_in, in]`), from the output's gradient `[examples, time_out, out]`.
    pub(crate) fn backward(
        &self,
        input: &Batch<'_>,
        examples: Range<usize>,
        gradient: &[f32],
        sums: Option<&mut [f32]>,
        to_input: Option<(&[f32], &mut [f32])>,
        scratch: &mut Scratch,
    ) {
        match self.domain {
            Domain::Time => self.backward_in_time(input, examples, gradient, sums, to_input, scratch),
            Domain::Frequency => {
                self.backward_in_frequency(input, examples, gradient, sums, to_input, scratch)
            }
        }
    }

    fn backward_in_time(
        &self,
        input: &Batch<'_>,
        examples: Range<usize>,
        gradient: &[f32],
        sums: Option<&mut [f32]>,
        to_input: Option<(&[f32], &mut [f32])>,
        scratch: &mut Scratch,
    ) {
        let shape = &self.shape;
        let gradients = gradient.chunks_exact(shape.output_len());
        if let Some(sums) = sums {
            for (index, gradient) in examples.zip(gradients.clone()) {
                let example = input.example(shape, index, &mut scratch.example);
                direct::add_weight_gradient(shape, example, gradient, sums, &mut scratch.padded);
            }
        }
        if let Some((weights, target)) = to_input {
            for (gradient, example) in gradients.zip(target.chunks_exact_mut(shape.input_len())) {
                direct::input_gradient(shape, gradient, weights, example, &mut scratch.padded);
            }
        }
    }

    fn backward_in_frequency(
        &self,
        input: &Batch<'_>,
        examples: Range<usize>,
        gradient: &[f32],
        sums: Option<&mut [f32]>,
        to_input: Option<(&[f32], &mut [f32])>,
        scratch: &mut Scratch,
    ) {
        let shape = &self.shape;
        let (from, to) = (shape.in_channels, shape.out_channels);
        let tiles = spectral::tiles(shape);
        let rows = tiles * examples.len();
        let planes = resized(&mut scratch.output_planes, spectral::planes_len(rows, to));
        for (place, gradient) in gradient.chunks_exact(shape.output_len()).enumerate() {
            spectral::analyse_gradient(self.arch, shape, gradient, (place * tiles, rows), planes);
        }
        if let Some(sums) = sums {
            self.analyse(input, examples, rows, scratch);
            let planes = &scratch.output_planes;
            spectral::add_weight_planes(&scratch.input_planes, planes, sums, rows, (from, to));
        }
        if let Some((weights, target)) = to_input {
            let planes = resized(&mut scratch.input_planes, spectral::planes_len(rows, from));
            spectral::multiply_planes(&scratch.output_planes, weights, planes, rows, (to, from));
            for (place, example) in target.chunks_exact_mut(shape.input_len()).enumerate() {
                spectral::synthesise_gradient(self.arch, shape, planes, (place * tiles, rows), example);
            }
        }
    }
}
