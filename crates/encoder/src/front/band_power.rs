//! Log powers of channel pairs in Gabor bands, in vector code for the processor at hand.
//!
//! Kernels are symmetric, so the two samples at equal distance from a frame's centre are added first: half the products.
//! Samples are sorted by their position modulo the stride, which makes the samples that neighbouring frames see neighbours
//! in memory; so a block of frames and bands is accumulated in registers and the im2col matrix is never written. A pair's
//! signal is never written either: its power is summed from the two channels' signals.

use ndarray::{Array2, ArrayView2, ArrayView3, s};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::covariances::Covariances;

/// Rows of frames are filled up to a multiple of this, so that the vectors of any processor divide them.
const LANES: usize = 16;
/// Bands and vectors of frames that are accumulated together: 12 sums, 3 operands and a factor fill 16 registers.
const BANDS: usize = 4;
const VECTORS: usize = 3;

/// One spatial filter: a channel, or the difference of two over √2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    Channel(usize),
    Pair(usize, usize),
}

/// What a filterbank for epochs of one shape and rate is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub channels: usize,
    pub samples: usize,
    /// Samples between two frames.
    pub stride: usize,
    /// Symmetric kernels of equal odd length, one a band.
    pub kernels: Vec<Vec<f64>>,
    /// The sites of each band.
    pub sites: Vec<Vec<Site>>,
    /// Whether the mean over channels is subtracted.
    pub reference: bool,
    pub scale: f32,
    pub floor: f32,
    /// What follows the powers.
    pub covariances: Option<Covariances>,
}

/// A filterbank ready to compute.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    pub settings: Settings,
    frames: usize,
    /// `frames`, filled up.
    padded: usize,
    /// `[half + 1]` rows of `bands`: the kernels from their centre outward.
    folded: Vec<f32>,
    /// Where the samples before and after each frame's centre start, by their distance from it.
    starts: Vec<[usize; 2]>,
    /// Samples of one position modulo the stride.
    phase: usize,
}

impl Features {
    pub(crate) fn new(settings: Settings) -> Self {
        let taps = settings.kernels.first().map_or(1, Vec::len);
        let (half, stride) = (taps / 2, settings.stride);
        let frames = (settings.samples - taps) / stride + 1;
        let padded = frames.next_multiple_of(LANES);
        let phase = settings.samples.div_ceil(stride).max(2 * half / stride + padded);
        let start = |offset: usize| (offset % stride) * phase + offset / stride;
        let folded = (0..=half).flat_map(|j| settings.kernels.iter().map(move |k| k[half + j] as f32));
        Self {
            frames,
            padded,
            folded: folded.collect(),
            starts: (0..=half).map(|j| [start(half - j), start(half + j)]).collect(),
            phase,
            settings,
        }
    }

    /// The number of features of an epoch: bands × sites, and the covariances.
    pub(crate) fn len(&self) -> usize {
        self.powers() + self.settings.covariances.map_or(0, |covariances| covariances.len())
    }

    fn powers(&self) -> usize {
        self.settings.sites.iter().map(Vec::len).sum()
    }

    /// Features of epochs `[epochs, channels, samples]`: `[epochs, features]`, log powers band by band, then covariances.
    pub(crate) fn compute(&self, epochs: ArrayView3<f32>) -> Array2<f32> {
        self.compute_with(Arch::new(), epochs)
    }

    pub(super) fn compute_with(&self, arch: Arch, epochs: ArrayView3<f32>) -> Array2<f32> {
        let mut out = Array2::zeros((epochs.dim().0, self.len()));
        out.outer_iter_mut().into_par_iter().zip(epochs.outer_iter()).for_each_init(
            || Scratch::new(self),
            |scratch, (mut row, epoch)| {
                arch.dispatch(Powers { features: self, scratch, epoch });
                let frames = self.frames as f32;
                row.iter_mut().zip(&scratch.powers).for_each(|(x, power)| {
                    *x = (power / frames + self.settings.floor).ln();
                });
            },
        );
        if let Some(covariances) = &self.settings.covariances {
            out.slice_mut(s![.., self.powers()..]).assign(&covariances.compute(epochs));
        }
        out
    }
}

/// Buffers for one epoch, kept by each thread.
struct Scratch {
    /// One channel, its samples sorted by their position modulo the stride.
    phases: Vec<f32>,
    common: Vec<f32>,
    /// `[bands, channels, padded frames]`; zero where a row is filled up.
    filtered: Vec<f32>,
    /// Sums of squares over the frames, `[bands · sites]`.
    powers: Vec<f32>,
}

impl Scratch {
    fn new(features: &Features) -> Self {
        let Settings { channels, samples, stride, kernels, .. } = &features.settings;
        Self {
            phases: vec![0.0; features.phase * stride],
            common: vec![0.0; *samples],
            filtered: vec![0.0; kernels.len() * channels * features.padded],
            powers: vec![0.0; features.powers()],
        }
    }
}

/// The sums of squares of one epoch `[channels, samples]`.
struct Powers<'a> {
    features: &'a Features,
    scratch: &'a mut Scratch,
    epoch: ArrayView2<'a, f32>,
}

impl WithSimd for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { features, scratch, epoch } = self;
        scratch.average(features, epoch);
        for channel in 0..features.settings.channels {
            scratch.sort(features, epoch, channel);
            scratch.filter(simd, features, channel);
        }
        scratch.sum(simd, features);
    }
}

impl Scratch {
    #[inline(always)]
    fn average(&mut self, features: &Features, epoch: ArrayView2<f32>) {
        self.common.fill(0.0);
        if !features.settings.reference {
            return;
        }
        for channel in epoch.outer_iter() {
            match channel.as_slice() {
                Some(values) => self.common.iter_mut().zip(values).for_each(|(sum, x)| *sum += x),
                None => self.common.iter_mut().zip(channel).for_each(|(sum, x)| *sum += x),
            }
        }
        let count = epoch.nrows() as f32;
        self.common.iter_mut().for_each(|sum| *sum /= count);
    }

    #[inline(always)]
    fn sort(&mut self, features: &Features, epoch: ArrayView2<f32>, channel: usize) {
        let Settings { stride, scale, .. } = features.settings;
        let values = epoch.row(channel);
        let phases = self.phases.chunks_exact_mut(features.phase);
        for (first, phase) in phases.enumerate() {
            let places = phase.iter_mut().zip((first..features.settings.samples).step_by(stride));
            match values.as_slice() {
                Some(values) => places.for_each(|(x, t)| *x = (values[t] - self.common[t]) * scale),
                None => places.for_each(|(x, t)| *x = (values[t] - self.common[t]) * scale),
            }
        }
    }

    #[inline(always)]
    fn filter<S: Simd>(&mut self, simd: S, features: &Features, channel: usize) {
        let bands = features.settings.kernels.len();
        let whole = bands - bands % BANDS;
        for band in (0..whole).step_by(BANDS) {
            self.filter_bands::<S, BANDS>(simd, features, channel, band);
        }
        for band in whole..bands {
            self.filter_bands::<S, 1>(simd, features, channel, band);
        }
    }

    #[inline(always)]
    fn filter_bands<S: Simd, const B: usize>(
        &mut self,
        simd: S,
        features: &Features,
        channel: usize,
        band: usize,
    ) {
        let vectors = features.padded / S::F32_LANES;
        let whole = vectors - vectors % VECTORS;
        for first in (0..whole).step_by(VECTORS) {
            self.filter_block::<S, B, VECTORS>(simd, features, channel, band, first * S::F32_LANES);
        }
        for first in whole..vectors {
            self.filter_block::<S, B, 1>(simd, features, channel, band, first * S::F32_LANES);
        }
        for b in band..band + B {
            let row = (b * features.settings.channels + channel) * features.padded;
            self.filtered[row + features.frames..row + features.padded].fill(0.0);
        }
    }

    /// `B` bands of `V` vectors of frames from `frame` on.
    #[inline(always)]
    fn filter_block<S: Simd, const B: usize, const V: usize>(
        &mut self,
        simd: S,
        features: &Features,
        channel: usize,
        band: usize,
        frame: usize,
    ) {
        let bands = features.settings.kernels.len();
        let load = |start: usize| -> [S::f32s; V] {
            let values = &self.phases[start + frame..][..V * S::F32_LANES];
            let vectors = S::as_simd_f32s(values).0;
            std::array::from_fn(|v| vectors[v])
        };
        let mut sums = [[simd.splat_f32s(0.0); V]; B];
        for (j, (&[before, after], factors)) in
            features.starts.iter().zip(features.folded.chunks_exact(bands)).enumerate()
        {
            let mut x = load(before);
            if j > 0 {
                let other = load(after);
                x = std::array::from_fn(|v| simd.add_f32s(x[v], other[v]));
            }
            let factors = &factors[band..band + B];
            for (sums, &factor) in sums.iter_mut().zip(factors) {
                let factor = simd.splat_f32s(factor);
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = simd.mul_add_e_f32s(factor, x, *sum);
                }
            }
        }
        for (b, sums) in sums.iter().enumerate() {
            let row = ((band + b) * features.settings.channels + channel) * features.padded + frame;
            let target = S::as_mut_simd_f32s(&mut self.filtered[row..][..V * S::F32_LANES]).0;
            target.copy_from_slice(sums);
        }
    }

    #[inline(always)]
    fn sum<S: Simd>(&mut self, simd: S, features: &Features) {
        let size = features.settings.channels * features.padded;
        let mut powers = self.powers.iter_mut();
        for (band, sites) in features.settings.sites.iter().enumerate() {
            let signals = &self.filtered[band * size..(band + 1) * size];
            let signal = |c: usize| S::as_simd_f32s(&signals[c * features.padded..][..features.padded]).0;
            for (site, power) in sites.iter().zip(&mut powers) {
                *power = match *site {
                    Site::Channel(a) => energy(simd, signal(a)),
                    Site::Pair(a, b) => 0.5 * energy_of_difference(simd, signal(a), signal(b)),
                };
            }
        }
    }
}

/// Sums that are accumulated side by side, so that one addition need not wait for another.
const SUMS: usize = 4;

#[inline(always)]
fn energy<S: Simd>(simd: S, a: &[S::f32s]) -> f32 {
    let mut sums = [simd.splat_f32s(0.0); SUMS];
    let chunks = a.chunks_exact(SUMS);
    for &x in chunks.remainder() {
        sums[0] = simd.mul_add_e_f32s(x, x, sums[0]);
    }
    for x in chunks {
        sums = std::array::from_fn(|i| simd.mul_add_e_f32s(x[i], x[i], sums[i]));
    }
    total(simd, sums)
}

#[inline(always)]
fn energy_of_difference<S: Simd>(simd: S, a: &[S::f32s], b: &[S::f32s]) -> f32 {
    let mut sums = [simd.splat_f32s(0.0); SUMS];
    let (left, right) = (a.chunks_exact(SUMS), b.chunks_exact(SUMS));
    for (&a, &b) in left.remainder().iter().zip(right.remainder()) {
        let x = simd.sub_f32s(a, b);
        sums[0] = simd.mul_add_e_f32s(x, x, sums[0]);
    }
    for (a, b) in left.zip(right) {
        sums = std::array::from_fn(|i| {
            let x = simd.sub_f32s(a[i], b[i]);
            simd.mul_add_e_f32s(x, x, sums[i])
        });
    }
    total(simd, sums)
}

#[inline(always)]
fn total<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; SUMS]) -> f32 {
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)))
}
