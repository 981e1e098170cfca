//! The filters and the resampler that one segment goes through, two channels at a time.
//!
//! Every step is linear with real coefficients, so a pair of channels travels as the real and imaginary parts of one
//! complex signal and costs one complex transform instead of two.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};
use rustfft::num_complex::Complex;
use rustfft::{FftNum, FftPlanner};
use twinprint_signal::Hertz;

use crate::convolve::Convolver;
use crate::error::PreprocessError;
use crate::fourier::Fourier;
use crate::fused::{Fused, Tables};
use crate::iir::Sections;
use crate::plan::{FilterMethod, Plan, ResampleMethod};
use crate::polyphase::Polyphase;
use crate::{convolve, fir, iir};

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

/// What the plan's filters and resampler are at one recorded rate.
pub(crate) struct Design {
    rate: Hertz,
    /// The notch and FIR band filter in one symmetric impulse response: filtering by both is filtering by their convolution.
    fir: Option<Vec<f64>>,
    iir: Option<Vec<iir::Section>>,
    resample: Option<(f64, Option<(u32, u32)>)>,
    /// Least samples of a segment, and the step that sets it.
    pub shortest: (usize, &'static str),
}

/// Samples a segment needs to be resampled: fewer cannot be mirrored at both ends.
const SHORTEST: usize = 16;

impl Design {
    pub fn new(plan: &Plan, rate: Hertz) -> Result<Self, PreprocessError> {
        let mut shortest = (SHORTEST, "a segment");
        let mut taps: Option<Vec<f64>> = None;
        let mut iir = None;
        if let Some(notch) = &plan.notch {
            let response = fir::notch(notch, rate.get());
            shortest = shortest.max((response.len(), "the notch filter"));
            taps = Some(response);
        }
        match &plan.filter {
            Some(filter) if filter.method == FilterMethod::Fir => {
                let response = fir::band(filter, rate.get());
                shortest = shortest.max((response.len(), "the band filter"));
                taps = Some(match taps {
                    Some(notch) => convolve::direct(&notch, &response),
                    None => response,
                });
            }
            Some(filter) => {
                let sections = iir::butterworth(filter, rate.get());
                shortest = shortest.max((iir::padding(&sections) + 1, "the band filter"));
                iir = Some(sections);
            }
            None => {}
        }
        let resample = match &plan.resample {
            Some(resample) if !same_rate(resample.sfreq, rate) => Some((
                resample.sfreq.get() / rate.get(),
                match resample.method {
                    ResampleMethod::Fft => None,
                    ResampleMethod::Polyphase => Some(crate::polyphase::ratio(rate, resample.sfreq)?),
                },
            )),
            _ => None,
        };
        Ok(Self { rate, fir: taps, iir, resample, shortest })
    }

    /// Samples that `len` samples become.
    pub fn output_len(&self, len: usize) -> usize {
        match self.resample {
            Some((ratio, _)) => resampled_len(ratio, len),
            None => len,
        }
    }

    /// The gain at 0 Hz of everything that comes before rounding.
    fn gain_at_zero(&self) -> f64 {
        self.fir.as_ref().map_or(1.0, |taps| taps.iter().sum())
    }

    /// Whether 32-bit transforms can be tried. Recursive filters at low cut-offs need 64 bits; the mean cannot be taken
    /// past a polyphase filter, whose phases differ in gain; and a short segment may be padded with zeros.
    fn may_be_single(&self, len: usize) -> bool {
        self.iir.is_none() && !matches!(self.resample, Some((_, Some(_)))) && len >= 4096
    }

    fn steps<T: Real>(&self, len: usize, planner: &mut FftPlanner<T>) -> Vec<Step<T>> {
        let mut steps = Vec::new();
        if let Some(taps) = &self.fir {
            steps.push(Step::Fir(Convolver::new(taps, len, planner)));
        }
        if let Some(sections) = &self.iir {
            steps.push(Step::Iir(Sections::new(sections)));
        }
        match self.resample {
            Some((ratio, None)) => steps.push(Step::Fourier(Fourier::new(len, ratio, planner))),
            Some((ratio, Some(whole))) => {
                steps.push(Step::Polyphase(Polyphase::new(whole, resampled_len(ratio, len))));
            }
            None => {}
        }
        steps
    }
}

/// Samples that `len` samples become at `ratio` times the rate; MNE-Python's rounding.
pub(crate) fn resampled_len(ratio: f64, len: usize) -> usize {
    ((ratio * len as f64).round_ties_even() as usize).max(1)
}

/// Rates that differ by less than one in a million are one rate.
pub(crate) fn same_rate(left: Hertz, right: Hertz) -> bool {
    (left.get() / right.get() - 1.0).abs() <= 1e-6
}

impl Design {
    /// Filter and resampler in 32 bits, in one step where both are there and the segment is long enough.
    fn single_steps(&self, len: usize, planners: &mut Planners) -> Vec<Step<f32>> {
        if let (Some(taps), Some((ratio, None))) = (&self.fir, self.resample) {
            let padded = Fused::<f32>::padded(len);
            let planner = planners.single.get_or_insert_with(FftPlanner::new);
            let tables = planners
                .fused
                .entry((self.rate.get().to_bits(), padded))
                .or_insert_with(|| Tables::new(taps, ratio, padded, planner).map(Arc::new));
            if let Some(step) = tables.clone().and_then(|tables| Fused::new(tables, len, ratio)) {
                return vec![Step::Fused(step)];
            }
        }
        self.steps(len, planners.single())
    }
}

enum Step<T: Real> {
    Fused(Fused<T>),
    Fir(Convolver<T>),
    Iir(Sections<T>),
    Fourier(Fourier<T>),
    Polyphase(Polyphase<T>),
}

impl<T: Real> Step<T> {
    fn run(&self, signal: &mut Pair<T>, work: &mut Work<T>) {
        match self {
            Self::Fused(step) => step.run(signal, work),
            Self::Fir(step) => step.run(signal, work),
            Self::Iir(step) => step.run(signal, work),
            Self::Fourier(step) => step.run(signal, work),
            Self::Polyphase(step) => step.run(signal, work),
        }
    }
}

/// Planned transforms of one plan, kept from recording to recording.
#[derive(Default)]
pub(crate) struct Planners {
    single: Option<FftPlanner<f32>>,
    double: Option<FftPlanner<f64>>,
    /// By the bits of the recorded rate and the padded length; the plan is one and the same.
    fused: HashMap<(u64, usize), Option<Arc<Tables<f32>>>>,
}

impl Planners {
    pub fn single(&mut self) -> &mut FftPlanner<f32> {
        self.single.get_or_insert_with(FftPlanner::new)
    }
    fn double(&mut self) -> &mut FftPlanner<f64> {
        self.double.get_or_insert_with(FftPlanner::new)
    }
}

/// All steps for segments of one length.
///
/// Transforms are in 32 bits where that keeps six digits of the output: the mean is taken out first, and when the output of
/// a channel is still less than a quarter of its input in root mean square (slow drifts, strong hum), its pair is done again in
/// 64 bits.
pub(crate) struct Chain<'a> {
    design: &'a Design,
    planners: &'a Mutex<Planners>,
    len: usize,
    single: Option<Vec<Step<f32>>>,
    /// Planned when first needed.
    double: OnceCell<Vec<Step<f64>>>,
}

/// Buffers of a [`Chain`].
#[derive(Default)]
pub(crate) struct ChainWork {
    single: (Pair<f32>, Work<f32>),
    double: (Pair<f64>, Work<f64>),
}

/// Output over input, in root mean square, below which 32-bit transforms are not trusted.
const TRUSTED: f64 = 0.25;

impl<'a> Chain<'a> {
    pub fn new(design: &'a Design, len: usize, planners: &'a Mutex<Planners>) -> Self {
        let single = design.may_be_single(len).then(|| design.single_steps(len, &mut planned(planners)));
        Self { design, planners, len, single, double: OnceCell::new() }
    }

    /// Runs two channels through all steps.
    fn run(&self, input: [&[f32]; 2], output: [&mut [f32]; 2], work: &mut ChainWork) {
        let [left, right] = output;
        if let Some(steps) = &self.single {
            let (signal, buffers) = &mut work.single;
            let gain = Some(self.design.gain_at_zero());
            if run_steps(steps, gain, input, [&mut *left, &mut *right], signal, buffers) {
                return;
            }
        }
        let steps = self.double.get_or_init(|| self.design.steps(self.len, planned(self.planners).double()));
        let (signal, buffers) = &mut work.double;
        run_steps(steps, None, input, [left, right], signal, buffers);
    }
}

/// The planners; a thread that died while planning left nothing half-made that matters.
pub(crate) fn planned(planners: &Mutex<Planners>) -> MutexGuard<'_, Planners> {
    planners.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs two channels, taking their means past the steps where the gain at 0 Hz is given; says whether enough of the input
/// is left for 32 bits.
fn run_steps<T: Real>(
    steps: &[Step<T>],
    gain_at_zero: Option<f64>,
    input: [&[f32]; 2],
    output: [&mut [f32]; 2],
    signal: &mut Pair<T>,
    work: &mut Work<T>,
) -> bool {
    let means = if gain_at_zero.is_some() { input.map(|row| mean(row) as f32) } else { [0.0; 2] };
    let before = pack(input, means, signal);
    for step in steps {
        step.run(signal, work);
    }
    let after = power(signal);
    let back = means.map(|m| T::of(f64::from(m) * gain_at_zero.unwrap_or(0.0)));
    let [left, right] = output;
    for ((value, l), r) in signal.iter().zip(left).zip(right) {
        *l = (value.re + back[0]).to_sample();
        *r = (value.im + back[1]).to_sample();
    }
    (0..2).all(|c| after[c] >= TRUSTED * TRUSTED * before[c])
}

/// Two rows less their means as one complex signal, and their mean squares, taken while the samples are at hand.
fn pack<T: Real>(input: [&[f32]; 2], [m0, m1]: [f32; 2], signal: &mut Pair<T>) -> [f64; 2] {
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
fn mean(samples: &[f32]) -> f64 {
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
fn power<T: Real>(signal: &[Complex<T>]) -> [f64; 2] {
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

impl Chain<'_> {
    /// Runs the given rows of `[channels, samples]` two by two into the rows of `output`, in that order.
    pub fn run_rows(
        &self,
        input: ArrayView2<f32>,
        rows: &[usize],
        mut output: ArrayViewMut2<f32>,
        work: &mut ChainWork,
    ) {
        let mut unused = vec![0.0; output.ncols()];
        let mut columns = output.outer_iter_mut();
        for pair in rows.chunks(2) {
            let Some(mut left) = columns.next() else { return };
            let right = columns.next();
            let source = [pair[0], *pair.last().unwrap_or(&pair[0])].map(|row| contiguous(input.row(row)));
            let Some(left) = left.as_slice_mut() else { return };
            match right {
                Some(mut right) => {
                    let Some(right) = right.as_slice_mut() else { return };
                    self.run([&source[0], &source[1]], [left, right], work);
                }
                None => self.run([&source[0], &source[1]], [left, &mut unused], work),
            }
        }
    }
}

fn contiguous(row: ArrayView1<'_, f32>) -> Cow<'_, [f32]> {
    row.to_slice().map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}
