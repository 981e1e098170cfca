//! Two channels as one complex signal: its number type, its buffers and its sums.

use rustfft::FftNum;
use rustfft::num_complex::Complex;

/// The number type a chain computes in.
pub(crate) trait Real: FftNum + Default {
    fn of(value: f64) -> Self;
    fn get(self) -> f64;
    fn of_sample(sample: f32) -> Self;
    fn to_sample(self) -> f32;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    fn get(self) -> f64 {
        f64::from(self)
    }
    fn of_sample(sample: f32) -> Self {
        sample
    }
    fn to_sample(self) -> f32 {
        self
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn get(self) -> f64 {
        self
    }
    fn of_sample(sample: f32) -> Self {
        f64::from(sample)
    }
    fn to_sample(self) -> f32 {
        self as f32
    }
}

/// Two channels as one complex signal.
pub(crate) type Pair<T> = Vec<Complex<T>>;

/// Buffers that steps reuse from channel to channel.
#[derive(Default)]
pub(crate) struct Work<T> {
    pub padded: Pair<T>,
    pub block: Pair<T>,
    pub scratch: Pair<T>,
    pub coarse: Pair<T>,
}

/// Two rows less their means as one complex signal, and their mean squares, taken while the samples are at hand.
pub(crate) fn pack<T: Real>(input: [&[f32]; 2], [m0, m1]: [f32; 2], signal: &mut Pair<T>) -> [f64; 2] {
    signal.clear();
    signal.reserve(input[0].len());
    let mut total = [0.0; 2];
    for (left, right) in input[0].chunks(BLOCK).zip(input[1].chunks(BLOCK)) {
        let start = signal.len();
        signal.extend(
            left.iter()
                .zip(right)
                .map(|(&a, &b)| Complex { re: T::of_sample(a - m0), im: T::of_sample(b - m1) }),
        );
        let block = squares(&signal[start..]);
        total = [total[0] + block[0], total[1] + block[1]];
    }
    total.map(|sum| sum / signal.len().max(1) as f64)
}

/// Samples whose sum is kept in the short number type before it joins a 64-bit total.
const BLOCK: usize = 256;

/// The mean, exact to 32 bits: short sums side by side, which the processor adds at once.
pub(crate) fn mean(samples: &[f32]) -> f64 {
    let mut total = 0.0;
    for block in samples.chunks(BLOCK) {
        let (eights, rest) = block.as_chunks::<8>();
        let mut lanes = [0.0_f32; 8];
        for eight in eights {
            for (lane, value) in lanes.iter_mut().zip(eight) {
                *lane += value;
            }
        }
        total += lanes.iter().chain(rest).map(|&v| f64::from(v)).sum::<f64>();
    }
    total / samples.len().max(1) as f64
}

/// Mean square of both channels.
pub(crate) fn power<T: Real>(signal: &[Complex<T>]) -> [f64; 2] {
    let total =
        signal.chunks(BLOCK).map(squares).fold([0.0; 2], |sum, block| [sum[0] + block[0], sum[1] + block[1]]);
    total.map(|sum| sum / signal.len().max(1) as f64)
}

/// Sums of squares of both channels over at most [`BLOCK`] samples.
fn squares<T: Real>(block: &[Complex<T>]) -> [f64; 2] {
    let (fours, rest) = block.as_chunks::<4>();
    let mut lanes = [Complex::<T>::default(); 4];
    let add = |lane: &mut Complex<T>, value: &Complex<T>| {
        lane.re = lane.re + value.re * value.re;
        lane.im = lane.im + value.im * value.im;
    };
    for four in fours {
        lanes.iter_mut().zip(four).for_each(|(lane, value)| add(lane, value));
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, value)| add(lane, value));
    lanes.iter().fold([0.0; 2], |sum, lane| [sum[0] + lane.re.get(), sum[1] + lane.im.get()])
}
