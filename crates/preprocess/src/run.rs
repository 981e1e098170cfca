//! One recording through all steps of a plan.

use std::sync::Mutex;

use ndarray::{Array2, Array3, ArrayView1, Axis, s};
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording, Seconds};

use crate::chain::{Chain, ChainWork, Design, Planners, planned};
use crate::channels::Selection;
use crate::epoch::{self, Stretch, Window};
use crate::error::PreprocessError;
use crate::mixing::{self, Mixing};
use crate::operation::Operation;
use crate::plan::EpochPlan;
use crate::quality::Quality;
use crate::reject::{self, Spread};
use crate::statistics::median;
use crate::validate::CheckedPlan;
use crate::{bad, length, line_noise, scale};

/// The epochs of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessed {
    /// Samples a second.
    pub rate: Hertz,
    /// The channels, in the order of the second axis.
    pub channels: Vec<ChannelName>,
    /// `[epochs, channels, samples]`, in the unit of the plan's `scale`.
    pub samples: Array3<f32>,
    /// Seconds between the recording's start and each epoch's first sample.
    pub starts: Vec<Seconds>,
    /// The label of the event each epoch is locked to; None for epochs of fixed length.
    pub event_labels: Vec<Option<String>>,
    /// What was found and done.
    pub quality: Quality,
}

/// A checked plan with the transforms planned so far; share one between threads to preprocess a cohort.
///
/// ```
/// use ndarray::Array2;
/// use twinprint_preprocess::{Plan, Preprocessor};
/// use twinprint_signal::{ChannelName, Hertz, Recording};
///
/// // 10 s of two channels at 250 Hz, in microvolts: 8 and 12 Hz on an offset that the filter takes away.
/// let wave = |(channel, sample): (usize, usize)| 500.0 + 20.0 * ((8 + 4 * channel) as f32 * sample as f32 * 0.0251).sin();
/// let samples = Array2::from_shape_fn((2, 2500), wave);
/// let channels = ["O1", "O2"].map(ChannelName::new).to_vec();
/// let recording = Recording::continuous(Hertz::new(250.0)?, channels, samples, Vec::new())?;
///
/// let preprocessor = Preprocessor::new(Plan::default().checked()?);
/// let cut = preprocessor.run(recording, &[], None)?;
/// assert_eq!(cut.samples.dim(), (5, 2, 256), "epochs of 2 s at 128 Hz");
/// assert!(cut.samples.iter().all(|microvolts| microvolts.abs() < 50.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Memory of one [`run`](Preprocessor::run): the recording, its picked channels at the new rate twice over, and for two
/// channels some ten padded segments.
pub struct Preprocessor {
    plan: CheckedPlan,
    planners: Mutex<Planners>,
}

impl Preprocessor {
    /// A preprocessor that has planned nothing yet.
    pub fn new(plan: CheckedPlan) -> Self {
        Self { plan, planners: Mutex::default() }
    }

    /// Preprocesses one recording on this thread.
    ///
    /// `known_bad` are channels the dataset calls bad. `events` are what epochs are locked to, and what marks bad stretches;
    /// without them the recording's own annotations are taken.
    ///
    /// # Errors
    /// When the plan does not fit the recording's rate or channels, a sample of a picked channel is NaN or infinite, or no
    /// stretch without a gap is long enough for the filters and one epoch.
    pub fn run(
        &self,
        recording: Recording,
        known_bad: &[ChannelName],
        events: Option<&[Annotation]>,
    ) -> Result<Preprocessed, PreprocessError> {
        let plan = &self.plan;
        plan.fits(recording.rate())?;
        let selection = Selection::new(&recording, &plan.channels, &plan.reference)?;
        let rows: Vec<usize> = selection.rows.iter().map(|(row, _)| *row).collect();
        check_finite(&recording, &rows)?;
        let mut quality = Quality { recorded_seconds: recording.duration(), ..Quality::default() };
        let rate = plan.resample.as_ref().map_or(recording.rate(), |r| r.sfreq);
        let (length, _) = plan.epochs.samples(rate);

        self.measure_hum(&recording, &rows, &mut quality);
        let (signal, stretches) = self.filter(&recording, &rows, length, &mut quality)?;
        let events = events.map_or_else(|| recording.annotations().to_vec(), <[Annotation]>::to_vec);
        let found = match &plan.bad_channels.detect {
            Some(rules) => bad::detect(signal.view(), rate, rules),
            None => bad::Found::default(),
        };
        let mixing = mixing::plan(plan, &selection, known_bad, &found, &mut quality)?;
        let (mut windows, outside) = epoch::windows(&plan.epochs, &stretches, &events, rate);
        quality.events_outside = outside;
        let recorded: Vec<usize> = mixing.rows().map(|row| rows[row]).collect();
        for window in &mut windows {
            let seconds = length as f64 / rate.get();
            window.still = reject::stands_still(&recording, &recorded, window.start, seconds);
        }
        drop(recording);
        let signal = mixing.apply(signal, &mut quality.operations);
        Ok(self.cut(signal, mixing, windows, &events, rate, quality))
    }

    fn measure_hum(&self, recording: &Recording, rows: &[usize], quality: &mut Quality) {
        // The planners are held no longer than planning takes: other recordings wait for them.
        let plan = |length| planned(&self.planners).single().plan_fft_forward(length);
        let (samples, segments) = (recording.samples().view(), recording.segments());
        if let Some((ratio, line)) = line_noise::ratio(samples, rows, segments, recording.rate(), plan) {
            quality.line_noise_ratio = Some(ratio);
            quality.line_frequency = Some(line);
        }
    }

    /// Filters and resamples every segment that is long enough: `[rows, samples]` and where its stretches lie.
    fn filter(
        &self,
        recording: &Recording,
        rows: &[usize],
        epoch: usize,
        quality: &mut Quality,
    ) -> Result<(Array2<f32>, Vec<Stretch>), PreprocessError> {
        let stretches: Vec<usize> = recording.segments().iter().map(|segment| segment.len).collect();
        let longest = stretches.iter().copied().max().unwrap_or(0);
        let design = Design::new(&self.plan, recording.rate(), longest)?;
        length::check(&design, recording.rate(), &stretches, epoch)?;
        let needed = design.shortest.0;
        let usable: Vec<_> = recording.segments().iter().filter(|s| s.len >= needed).collect();
        quality.segments_used = usable.len();
        quality.segments_too_short = recording.segments().len() - usable.len();
        let lens: Vec<usize> = usable.iter().map(|s| design.output_len(s.len)).collect();
        let mut signal = Array2::zeros((rows.len(), lens.iter().sum()));
        let mut work = ChainWork::default();
        let mut stretches = Vec::with_capacity(usable.len());
        let mut first = 0;
        for (segment, len) in usable.into_iter().zip(lens) {
            let chain = Chain::new(&design, segment.len, &self.planners);
            let from = segment.first.0 as usize;
            let input = recording.samples().slice(s![.., from..from + segment.len]);
            chain.run_rows(input, rows, signal.slice_mut(s![.., first..first + len]), &mut work);
            stretches.push(Stretch { first, len, onset: segment.onset.get() });
            first += len;
        }
        quality.operations = design.operations;
        Ok((signal, stretches))
    }

    fn cut(
        &self,
        signal: Array2<f32>,
        mixing: Mixing,
        mut windows: Vec<Window>,
        events: &[Annotation],
        rate: Hertz,
        mut quality: Quality,
    ) -> Preprocessed {
        let plan = &self.plan;
        let (length, _) = plan.epochs.samples(rate);
        quality.operations.push(Operation::Epoching);
        let mut samples = epoch::cut(signal.view(), &windows, length);
        drop(signal);
        if let EpochPlan::Events { tmin, baseline: Some(span), .. } = &plan.epochs {
            epoch::subtract_baseline(&mut samples, rate, *tmin, *span);
            quality.operations.push(Operation::Pointwise("baseline"));
        }
        let spread = Spread::of(&samples);
        let (keep, rejected) =
            reject::judge(&plan.reject, &spread, &windows, length as f64 / rate.get(), events);
        quality.epochs_cut = windows.len();
        quality.rejected = rejected;
        quality.operations.push(Operation::Pointwise("rejection"));
        let kept: Vec<usize> = (0..keep.len()).filter(|&index| keep[index]).collect();
        quality.epochs_kept = kept.len();
        let over_kept = |values: &Array2<f64>| {
            let mut values: Vec<f64> = kept.iter().flat_map(|&index| values.row(index).to_vec()).collect();
            (!values.is_empty()).then(|| median(&mut values))
        };
        quality.peak_to_peak_uv = over_kept(&spread.peak_to_peak);
        quality.deviation_uv = over_kept(&spread.deviation);
        if kept.len() < keep.len() {
            samples = samples.select(Axis(0), &kept);
            windows = kept.iter().map(|&index| windows[index].clone()).collect();
        }
        quality.used_seconds = covered(&windows, length, rate);
        scale::scale(&mut samples, &plan.scale);
        quality.operations.push(Operation::Pointwise("scale"));
        let (starts, event_labels) = windows.into_iter().map(|w| (w.start, w.label)).unzip();
        Preprocessed { rate, channels: mixing.into_channels(), samples, starts, event_labels, quality }
    }
}

/// Seconds that windows cover, overlap counted once.
fn covered(windows: &[Window], length: usize, rate: Hertz) -> Seconds {
    let mut firsts: Vec<usize> = windows.iter().map(|w| w.first).collect();
    firsts.sort_unstable();
    let between: usize = firsts.windows(2).map(|pair| length.min(pair[1] - pair[0])).sum();
    let last = if firsts.is_empty() { 0 } else { length };
    Seconds::new((between + last) as f64 / rate.get()).unwrap_or_default()
}

/// Refuses NaN and infinite samples in the given rows.
pub(crate) fn check_finite(recording: &Recording, rows: &[usize]) -> Result<(), PreprocessError> {
    for &row in rows {
        let samples = recording.samples().row(row);
        if all_finite(samples) {
            continue;
        }
        if let Some((sample, &value)) = samples.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(PreprocessError::NotFinite {
                channel: recording.channels()[row].clone(),
                sample,
                at: recording.rate().time_of(twinprint_signal::SampleIndex(sample as u64)),
                value,
            });
        }
    }
    Ok(())
}

/// Zero times a finite number is zero; the sum tells without a branch a sample.
fn all_finite(samples: ArrayView1<f32>) -> bool {
    match samples.as_slice() {
        Some(slice) => {
            let mut lanes = [0.0_f32; 16];
            let (chunks, rest) = slice.as_chunks::<16>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane += value * 0.0;
                }
            }
            lanes.iter().chain(rest).all(|v| v.is_finite())
        }
        None => samples.iter().all(|v| v.is_finite()),
    }
}
