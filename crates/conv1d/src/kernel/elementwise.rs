//! What follows a convolution, in one pass each way: affine map per channel, ReLU, max-pooling.
//!
//! Every function walks rows of channels with the widest vectors of the CPU, chosen by `pulp` at run time; channels that do
//! not fill a vector go through the same code one by one.

use pulp::{Arch, Scalar, Simd, WithSimd};

/// Largest pooling width that is fused; wider pools are done by burn.
pub(crate) const MAX_POOL: usize = 4;

/// `max_pool(relu(y · scale + shift))` over `[time, channels]`.
#[derive(Clone, Debug)]
pub(crate) struct Finish {
    /// Per channel.
    pub(crate) scale: Vec<f32>,
    /// Per channel.
    pub(crate) shift: Vec<f32>,
    pub(crate) relu: bool,
    /// Samples per maximum, 1 for none; samples left over at the end are dropped.
    pub(crate) pool: usize,
}

/// Per channel `dy = through · dz + slope · y + constant`, dz being the gradient before ReLU and pooling.
#[derive(Clone, Debug)]
pub(crate) struct GradientMap {
    pub(crate) through: Vec<f32>,
    pub(crate) slope: Vec<f32>,
    pub(crate) constant: Vec<f32>,
}

/// Mean and sum of squared deviations per channel of one example `[time, channels]`.
pub(crate) fn moments(arch: Arch, y: &[f32], mean: &mut [f32], deviations: &mut [f32]) {
    let channels = mean.len();
    let time = (y.len() / channels) as f32;
    arch.dispatch(|| {
        mean.fill(0.0);
        deviations.fill(0.0);
        for row in y.chunks_exact(channels) {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += value;
            }
        }
        for value in mean.iter_mut() {
            *value /= time;
        }
        for row in y.chunks_exact(channels) {
            for ((sum, &value), &mean) in deviations.iter_mut().zip(row).zip(mean.iter()) {
                *sum += (value - mean) * (value - mean);
            }
        }
    });
}

/// `POOL` consecutive rows of `channels` floats.
#[inline(always)]
fn split<const POOL: usize>(rows: &[f32], channels: usize) -> [&[f32]; POOL] {
    std::array::from_fn(|p| &rows[p * channels..][..channels])
}

/// The whole vectors of some slices.
#[inline(always)]
fn heads<S: Simd, const N: usize>(slices: [&[f32]; N]) -> [&[S::f32s]; N] {
    slices.map(|slice| S::as_simd_f32s(slice).0)
}

/// What the whole vectors leave over.
#[inline(always)]
fn tails<S: Simd, const N: usize>(slices: [&[f32]; N]) -> [&[f32]; N] {
    slices.map(|slice| S::as_simd_f32s(slice).1)
}

/// The first largest of `y · scale + shift`: that value, its y and its index. NaN counts as largest of all, so that it
/// is not lost.
#[inline(always)]
fn largest<S: Simd, const POOL: usize>(
    simd: S,
    y: [S::f32s; POOL],
    scale: S::f32s,
    shift: S::f32s,
) -> (S::f32s, S::f32s, S::f32s) {
    let affine = |y| simd.add_f32s(simd.mul_f32s(y, scale), shift);
    let (mut best, mut chosen, mut index) = (affine(y[0]), y[0], simd.splat_f32s(0.0));
    for (p, &y) in y.iter().enumerate().skip(1) {
        let value = affine(y);
        // a NaN that is the best so far is less than nothing; a NaN that comes does not equal itself
        let nan = simd.not_m32s(simd.equal_f32s(value, value));
        let takes = simd.or_m32s(simd.less_than_f32s(best, value), nan);
        best = simd.select_f32s(takes, value, best);
        chosen = simd.select_f32s(takes, y, chosen);
        index = simd.select_f32s(takes, simd.splat_f32s(p as f32), index);
    }
    (best, chosen, index)
}

/// Runs a pass over `POOL` samples at a time for the pool width of its [`Finish`].
trait Pass {
    fn run<S: Simd, const POOL: usize>(self, simd: S);
    fn pool(&self) -> usize;
}

struct Dispatched<P>(P);

impl<P: Pass> WithSimd for Dispatched<P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.0.pool() {
            2 => self.0.run::<S, 2>(simd),
            3 => self.0.run::<S, 3>(simd),
            4 => self.0.run::<S, 4>(simd),
            _ => self.0.run::<S, 1>(simd),
        }
    }
}

/// Applies `finish` to one example; `output` is `[time / pool, channels]`.
pub(crate) fn finish(arch: Arch, finish: &Finish, y: &[f32], output: &mut [f32]) {
    arch.dispatch(Dispatched(FinishPass { finish, y, output }));
}

struct FinishPass<'a> {
    finish: &'a Finish,
    y: &'a [f32],
    output: &'a mut [f32],
}

impl Pass for FinishPass<'_> {
    fn pool(&self) -> usize {
        self.finish.pool
    }

    #[inline(always)]
    fn run<S: Simd, const POOL: usize>(self, simd: S) {
        let Finish { scale, shift, relu, .. } = self.finish;
        let channels = scale.len();
        let maps = [scale.as_slice(), shift.as_slice()];
        let outputs = self.output.chunks_exact_mut(channels);
        for (rows, output) in self.y.chunks_exact(POOL * channels).zip(outputs) {
            let rows = split::<POOL>(rows, channels);
            let (head, tail) = S::as_mut_simd_f32s(output);
            finish_row(simd, heads::<S, POOL>(rows), heads::<S, 2>(maps), *relu, head);
            finish_row(Scalar, tails::<S, POOL>(rows), tails::<S, 2>(maps), *relu, tail);
        }
    }
}

#[inline(always)]
fn finish_row<S: Simd, const POOL: usize>(
    simd: S,
    rows: [&[S::f32s]; POOL],
    [scale, shift]: [&[S::f32s]; 2],
    relu: bool,
    output: &mut [S::f32s],
) {
    let zero = simd.splat_f32s(0.0);
    for (c, output) in output.iter_mut().enumerate() {
        let (best, ..) = largest(simd, rows.map(|row| row[c]), scale[c], shift[c]);
        // a comparison, not a maximum: NaN stays NaN
        let cut = simd.less_than_f32s(best, zero);
        *output = if relu { simd.select_f32s(cut, zero, best) } else { best };
    }
}

/// Adds up, per channel, dz and dz·(y − center) of one example; `gradient` is `[time / pool, channels]`.
pub(crate) fn gradient_sums(
    arch: Arch,
    finish: &Finish,
    center: &[f32],
    y: &[f32],
    gradient: &[f32],
    (sums, products): (&mut [f32], &mut [f32]),
) {
    sums.fill(0.0);
    products.fill(0.0);
    arch.dispatch(Dispatched(SumPass { finish, center, y, gradient, sums, products }));
}

struct SumPass<'a> {
    finish: &'a Finish,
    center: &'a [f32],
    y: &'a [f32],
    gradient: &'a [f32],
    sums: &'a mut [f32],
    products: &'a mut [f32],
}

impl Pass for SumPass<'_> {
    fn pool(&self) -> usize {
        self.finish.pool
    }

    #[inline(always)]
    fn run<S: Simd, const POOL: usize>(self, simd: S) {
        let Finish { scale, shift, relu, .. } = self.finish;
        let channels = scale.len();
        let (sums, last_sums) = S::as_mut_simd_f32s(self.sums);
        let (products, last_products) = S::as_mut_simd_f32s(self.products);
        let gradients = self.gradient.chunks_exact(channels);
        for (rows, gradient) in self.y.chunks_exact(POOL * channels).zip(gradients) {
            let rows = split::<POOL>(rows, channels);
            let maps = [scale.as_slice(), shift, self.center, gradient];
            let (head, tail) = (heads::<S, 4>(maps), tails::<S, 4>(maps));
            sum_row(simd, heads::<S, POOL>(rows), head, *relu, (sums, products));
            sum_row(Scalar, tails::<S, POOL>(rows), tail, *relu, (last_sums, last_products));
        }
    }
}

#[inline(always)]
fn sum_row<S: Simd, const POOL: usize>(
    simd: S,
    rows: [&[S::f32s]; POOL],
    [scale, shift, center, gradient]: [&[S::f32s]; 4],
    relu: bool,
    (sums, products): (&mut [S::f32s], &mut [S::f32s]),
) {
    let zero = simd.splat_f32s(0.0);
    for (c, (sum, product)) in sums.iter_mut().zip(products).enumerate() {
        let (best, chosen, _) = largest(simd, rows.map(|row| row[c]), scale[c], shift[c]);
        let cut = simd.less_than_or_equal_f32s(best, zero);
        let passed = if relu { simd.select_f32s(cut, zero, gradient[c]) } else { gradient[c] };
        *sum = simd.add_f32s(*sum, passed);
        *product = simd.add_f32s(*product, simd.mul_f32s(passed, simd.sub_f32s(chosen, center[c])));
    }
}

/// The gradient of the convolution's output for one example; `target` is `[time, channels]`.
pub(crate) fn gradient(
    arch: Arch,
    finish: &Finish,
    map: &GradientMap,
    y: &[f32],
    gradient: &[f32],
    target: &mut [f32],
) {
    let channels = finish.scale.len();
    let pooled = gradient.len() / channels * finish.pool * channels;
    let (body, dropped) = target.split_at_mut(pooled);
    arch.dispatch(Dispatched(GradientPass { finish, map, y, gradient, target: body }));
    // samples that pooling dropped reach the output only through the batch statistics
    for (row, out) in y[pooled..].chunks_exact(channels).zip(dropped.chunks_exact_mut(channels)) {
        for (c, (value, &y)) in out.iter_mut().zip(row).enumerate() {
            *value = y * map.slope[c] + map.constant[c];
        }
    }
}

struct GradientPass<'a> {
    finish: &'a Finish,
    map: &'a GradientMap,
    y: &'a [f32],
    gradient: &'a [f32],
    target: &'a mut [f32],
}

impl Pass for GradientPass<'_> {
    fn pool(&self) -> usize {
        self.finish.pool
    }

    #[inline(always)]
    fn run<S: Simd, const POOL: usize>(self, simd: S) {
        let Finish { scale, shift, relu, .. } = self.finish;
        let GradientMap { through, slope, constant } = self.map;
        let channels = scale.len();
        let targets = self.target.chunks_exact_mut(POOL * channels);
        let gradients = self.gradient.chunks_exact(channels);
        for ((rows, gradient), target) in self.y.chunks_exact(POOL * channels).zip(gradients).zip(targets) {
            let rows = split::<POOL>(rows, channels);
            let maps = [scale.as_slice(), shift, through, slope, constant, gradient];
            let (head, tail) = (heads::<S, 6>(maps), tails::<S, 6>(maps));
            let mut rest = target;
            let targets: [&mut [f32]; POOL] = std::array::from_fn(|_| {
                let (row, others) = std::mem::take(&mut rest).split_at_mut(channels);
                rest = others;
                row
            });
            let mut last: [&mut [f32]; POOL] = std::array::from_fn(|_| Default::default());
            let mut p = 0;
            let whole = targets.map(|row| {
                let (whole, left) = S::as_mut_simd_f32s(row);
                last[p] = left;
                p += 1;
                whole
            });
            gradient_row(simd, heads::<S, POOL>(rows), head, *relu, whole);
            gradient_row(Scalar, tails::<S, POOL>(rows), tail, *relu, last);
        }
    }
}

#[inline(always)]
fn gradient_row<S: Simd, const POOL: usize>(
    simd: S,
    rows: [&[S::f32s]; POOL],
    [scale, shift, through, slope, constant, gradient]: [&[S::f32s]; 6],
    relu: bool,
    target: [&mut [S::f32s]; POOL],
) {
    let zero = simd.splat_f32s(0.0);
    for c in 0..scale.len() {
        let y = rows.map(|row| row[c]);
        let (best, _, index) = largest(simd, y, scale[c], shift[c]);
        let passed = simd.mul_f32s(gradient[c], through[c]);
        let cut = simd.less_than_or_equal_f32s(best, zero);
        let passed = if relu { simd.select_f32s(cut, zero, passed) } else { passed };
        for p in 0..POOL {
            let wins = simd.equal_f32s(index, simd.splat_f32s(p as f32));
            let dz = simd.select_f32s(wins, passed, zero);
            let direct = simd.add_f32s(simd.mul_f32s(y[p], slope[c]), constant[c]);
            target[p][c] = simd.add_f32s(dz, direct);
        }
    }
}
