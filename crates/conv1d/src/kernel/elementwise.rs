//! What follows a convolution, in one pass each way: affine map per channel, ReLU, max-pooling.
//!
//! Plain loops over rows of channels; `pulp` compiles them once per instruction set and picks one at run time.

use pulp::Arch;

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

/// Applies `finish` to one example; `output` is `[time / pool, channels]`.
pub(crate) fn finish(arch: Arch, finish: &Finish, y: &[f32], output: &mut [f32]) {
    match finish.pool {
        2 => arch.dispatch(|| finish_rows::<2>(finish, y, output)),
        3 => arch.dispatch(|| finish_rows::<3>(finish, y, output)),
        4 => arch.dispatch(|| finish_rows::<4>(finish, y, output)),
        _ => arch.dispatch(|| finish_rows::<1>(finish, y, output)),
    }
}

#[inline(always)]
fn finish_rows<const POOL: usize>(finish: &Finish, y: &[f32], output: &mut [f32]) {
    let channels = finish.scale.len();
    let (scale, shift) = (&finish.scale[..channels], &finish.shift[..channels]);
    for (rows, out) in y.chunks_exact(POOL * channels).zip(output.chunks_exact_mut(channels)) {
        let rows: [&[f32]; POOL] = std::array::from_fn(|p| &rows[p * channels..][..channels]);
        for c in 0..channels {
            let mut best = rows[0][c] * scale[c] + shift[c];
            for row in &rows[1..] {
                let value = row[c] * scale[c] + shift[c];
                best = if value <= best { best } else { value };
            }
            // written so that NaN stays NaN
            out[c] = if finish.relu && best < 0.0 { 0.0 } else { best };
        }
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
    match finish.pool {
        2 => arch.dispatch(|| sum_rows::<2>(finish, center, y, gradient, (sums, products))),
        3 => arch.dispatch(|| sum_rows::<3>(finish, center, y, gradient, (sums, products))),
        4 => arch.dispatch(|| sum_rows::<4>(finish, center, y, gradient, (sums, products))),
        _ => arch.dispatch(|| sum_rows::<1>(finish, center, y, gradient, (sums, products))),
    }
}

#[inline(always)]
fn sum_rows<const POOL: usize>(
    finish: &Finish,
    center: &[f32],
    y: &[f32],
    gradient: &[f32],
    (sums, products): (&mut [f32], &mut [f32]),
) {
    let channels = finish.scale.len();
    let (scale, shift) = (&finish.scale[..channels], &finish.shift[..channels]);
    let (center, sums, products) =
        (&center[..channels], &mut sums[..channels], &mut products[..channels]);
    sums.fill(0.0);
    products.fill(0.0);
    for (rows, gradient) in y.chunks_exact(POOL * channels).zip(gradient.chunks_exact(channels)) {
        let rows: [&[f32]; POOL] = std::array::from_fn(|p| &rows[p * channels..][..channels]);
        for c in 0..channels {
            let mut chosen = rows[0][c];
            let mut best = chosen * scale[c] + shift[c];
            for row in &rows[1..] {
                let value = row[c] * scale[c] + shift[c];
                chosen = if value <= best { chosen } else { row[c] };
                best = if value <= best { best } else { value };
            }
            let passed = if finish.relu && best <= 0.0 { 0.0 } else { gradient[c] };
            sums[c] += passed;
            products[c] += passed * (chosen - center[c]);
        }
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
    match finish.pool {
        2 => arch.dispatch(|| gradient_rows::<2>(finish, map, y, gradient, target)),
        3 => arch.dispatch(|| gradient_rows::<3>(finish, map, y, gradient, target)),
        4 => arch.dispatch(|| gradient_rows::<4>(finish, map, y, gradient, target)),
        _ => arch.dispatch(|| gradient_rows::<1>(finish, map, y, gradient, target)),
    }
}

#[inline(always)]
fn gradient_rows<const POOL: usize>(
    finish: &Finish,
    map: &GradientMap,
    y: &[f32],
    gradient: &[f32],
    target: &mut [f32],
) {
    let channels = finish.scale.len();
    let (scale, shift) = (&finish.scale[..channels], &finish.shift[..channels]);
    let (through, slope) = (&map.through[..channels], &map.slope[..channels]);
    let constant = &map.constant[..channels];
    let pooled = gradient.len() / channels * POOL * channels;
    let (body, tail) = target.split_at_mut(pooled);
    for ((rows, gradient), out) in y
        .chunks_exact(POOL * channels)
        .zip(gradient.chunks_exact(channels))
        .zip(body.chunks_exact_mut(POOL * channels))
    {
        let rows: [&[f32]; POOL] = std::array::from_fn(|p| &rows[p * channels..][..channels]);
        let mut rest = out;
        let outs: [&mut [f32]; POOL] = std::array::from_fn(|_| {
            let (row, others) = std::mem::take(&mut rest).split_at_mut(channels);
            rest = others;
            row
        });
        for c in 0..channels {
            let values: [f32; POOL] = std::array::from_fn(|p| rows[p][c] * scale[c] + shift[c]);
            let (mut best, mut winner) = (values[0], 0u32);
            for (p, &value) in values.iter().enumerate().skip(1) {
                winner = if value <= best { winner } else { p as u32 };
                best = if value <= best { best } else { value };
            }
            let passed = if finish.relu && best <= 0.0 { 0.0 } else { gradient[c] * through[c] };
            for p in 0..POOL {
                let dz = if winner == p as u32 { passed } else { 0.0 };
                outs[p][c] = dz + (rows[p][c] * slope[c] + constant[c]);
            }
        }
    }
    // samples that pooling dropped reach the output only through the batch statistics
    for (row, out) in y[pooled..].chunks_exact(channels).zip(tail.chunks_exact_mut(channels)) {
        for c in 0..channels {
            out[c] = row[c] * slope[c] + constant[c];
        }
    }
}
