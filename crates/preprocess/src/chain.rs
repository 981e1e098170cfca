//! The filters and the resampler that one segment goes through, two channels at a time.
//!
//! Every step is linear with real coefficients, so a pair of channels travels as the real and imaginary parts of one
//! complex signal and costs one complex transform instead of two.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};
use rustfft::FftPlanner;
use twinprint_signal::Hertz;

use crate::convolve::Convolver;
use crate::error::PreprocessError;
use crate::fourier::{Fourier, resampled_len};
use crate::fused::{Fused, Tables};
use crate::iir::Sections;
use crate::operation::Operation;
use crate::pair::{Pair, Real, Work, mean, pack, power};
use crate::plan::{FilterMethod, Plan, ResampleMethod};
use crate::polyphase::Polyphase;
use crate::{convolve, fir, iir};

/// What the plan's filters and resampler are at one recorded rate.
pub(crate) struct Design {
    rate: Hertz,
    /// The notch and FIR band filter in one symmetric impulse response: filtering by both is filtering by their convolution.
    fir: Option<Vec<f64>>,
    iir: Option<Vec<iir::Section>>,
    resample: Option<(f64, Option<(u32, u32)>)>,
    /// The filters and the resampler in the order they run.
    pub operations: Vec<Operation>,
    /// Least samples of a segment, and the step that sets it.
    pub shortest: (usize, &'static str),
}

/// What to do about a filter that is longer than the recording.
pub(crate) const FILTER_REMEDY: &str = "widen the filter's transitions, raise preprocess.filter.l_freq or switch it off with preprocess.filter = false";

/// Samples a segment needs to be resampled: fewer cannot be mirrored at both ends.
const SHORTEST: usize = 16;

impl Design {
    /// Designs for segments of at most `longest` samples; a filter longer than that is not computed, since no recording
    /// bounds how long it may be.
    pub fn new(plan: &Plan, rate: Hertz, longest: usize) -> Result<Self, PreprocessError> {
        let within = |response: fir::Response, step: &'static str| {
            if response.len() > longest {
                return Err(PreprocessError::TooShort {
                    longest,
                    step,
                    needed: response.len(),
                    rate,
                    remedy: FILTER_REMEDY,
                });
            }
            Ok(response.taps())
        };
        let mut shortest = (SHORTEST, "a segment");
        let mut taps: Option<Vec<f64>> = None;
        let mut iir = None;
        let mut operations = Vec::new();
        if let Some(notch) = &plan.notch {
            let response = within(fir::notch(notch, rate.get()), "the notch filter")?;
            shortest = shortest.max((response.len(), "the notch filter"));
            taps = Some(response);
            operations.push(Operation::Filter("notch"));
        }
        operations.extend(plan.filter.as_ref().map(|_| Operation::Filter("band filter")));
        match &plan.filter {
            Some(filter) if filter.method == FilterMethod::Fir => {
                let response = within(fir::band(filter, rate.get()), "the band filter")?;
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
        operations.extend(resample.map(|_| Operation::Filter("resampling")));
        Ok(Self { rate, fir: taps, iir, resample, operations, shortest })
    }

    /// Whether a segment of `len` samples is filtered, rather than left out.
    pub fn is_long_enough(&self, len: usize) -> bool {
        len >= self.shortest.0
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

/// Rates that differ by less than one in a million are one rate.
fn same_rate(left: Hertz, right: Hertz) -> bool {
    (left.get() / right.get() - 1.0).abs() <= 1e-6
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
