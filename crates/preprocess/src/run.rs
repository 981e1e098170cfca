//! One recording through all steps of a plan.

use std::sync::Mutex;

use ndarray::{Array2, Array3};
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording, Seconds};

use crate::chain::Planners;
use crate::epoch::{self, Window};
use crate::error::PreprocessError;
use crate::filtered::{Filtered, Outcome};
use crate::mixing::{self, Mixing};
use crate::operation::Operation;
use crate::plan::EpochPlan;
use crate::quality::Quality;
use crate::reject::{self, Repeats, Spread};
use crate::statistics::median;
use crate::validate::CheckedPlan;
use crate::{bad, scale};

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
/// Memory of one [`run`](Preprocessor::run): the recording, its picked channels at the new rate, and for two channels some ten
/// padded segments; then, without the recording, those channels and their epochs. [`begin`](Preprocessor::begin) takes a
/// recording in parts.
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
        let mut filtered = Filtered::new(&self.plan, &self.planners, recording.rate(), recording.channels())?;
        let rows = filtered.rows().to_vec();
        filtered.add(&recording, &rows)?;
        drop(recording);
        self.finish(filtered, known_bad, events)
    }

    /// Begins a recording whose channels are read some at a time, so that it is never in memory whole.
    ///
    /// `rate` and `channels` are those that [`run`](Preprocessor::run) would be given with the recording.
    ///
    /// # Errors
    /// When the plan does not fit the rate or the channels, or two channels name one electrode.
    pub fn begin(&self, rate: Hertz, channels: &[ChannelName]) -> Result<Gathering<'_>, PreprocessError> {
        let filtered = Filtered::new(&self.plan, &self.planners, rate, channels)?;
        Ok(Gathering { preprocessor: self, filtered })
    }

    fn finish(
        &self,
        filtered: Filtered,
        known_bad: &[ChannelName],
        events: Option<&[Annotation]>,
    ) -> Result<Preprocessed, PreprocessError> {
        let plan = &self.plan;
        let Outcome {
            signal,
            stretches,
            segments,
            repeats,
            annotations,
            recorded_rate,
            selection,
            mut quality,
        } = filtered.finish()?;
        let rate = plan.resample.as_ref().map_or(recorded_rate, |r| r.sfreq);
        let (length, _) = plan.epochs.samples(rate);
        let events = events.map_or(annotations, <[Annotation]>::to_vec);
        let found = match &plan.bad_channels.detect {
            Some(rules) => bad::detect(signal.view(), rate, rules),
            None => bad::Found::default(),
        };
        let mixing = mixing::plan(plan, &selection, known_bad, &found, &mut quality)?;
        let (mut windows, outside) = epoch::windows(&plan.epochs, &stretches, &events, rate);
        quality.events_outside = outside;
        let recorded: Vec<&Repeats> = mixing.rows().map(|row| &repeats[row]).collect();
        for window in &mut windows {
            let seconds = length as f64 / rate.get();
            window.still = reject::stands_still((&segments, recorded_rate), &recorded, window.start, seconds);
        }
        drop(repeats);
        let signal = mixing.apply(signal, &mut quality.operations);
        Ok(self.cut(signal, mixing, windows, &events, rate, quality))
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
            epoch::keep(&mut samples, &kept);
            windows = kept.iter().map(|&index| windows[index].clone()).collect();
        }
        quality.used_seconds = covered(&windows, length, rate);
        scale::scale(&mut samples, &plan.scale);
        quality.operations.push(Operation::Pointwise("scale"));
        let (starts, event_labels) = windows.into_iter().map(|w| (w.start, w.label)).unzip();
        Preprocessed { rate, channels: mixing.into_channels(), samples, starts, event_labels, quality }
    }
}

/// A recording whose channels come some at a time; the epochs are those of [`Preprocessor::run`], to the bit.
///
/// ```
/// use ndarray::Array2;
/// use twinprint_preprocess::{Plan, Preprocessor};
/// use twinprint_signal::{ChannelName, Hertz, Recording};
///
/// let rate = Hertz::new(250.0)?;
/// let channels = ["O1", "Oz", "O2"].map(ChannelName::new);
/// // In place of a file: the channels at some places.
/// let read = |places: &[usize]| {
///     let wave = |(row, sample)| 20.0 * ((8 + places[row]) as f32 * sample as f32 * 0.0251).sin();
///     let names = places.iter().map(|&place| channels[place].clone()).collect();
///     Recording::continuous(rate, names, Array2::from_shape_fn((places.len(), 2500), wave), Vec::new())
/// };
/// let preprocessor = Preprocessor::new(Plan::default().checked()?);
/// let mut gathering = preprocessor.begin(rate, &channels)?;
/// for places in gathering.groups(2) {
///     gathering.add(read(&places)?)?;
/// }
/// let cut = gathering.finish(&[], None)?;
/// assert_eq!(cut, preprocessor.run(read(&[0, 1, 2])?, &[], None)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Memory: the group at hand, all channels at the new rate with a bit a recorded sample, and for two channels some ten padded
/// segments; then, without the group, those channels and their epochs.
pub struct Gathering<'a> {
    preprocessor: &'a Preprocessor,
    filtered: Filtered<'a>,
}

impl Gathering<'_> {
    /// Which channels to add together, by their places among those begun with, in the order to add them: at most `most` at a
    /// time, but always two, since two channels share their transforms.
    pub fn groups(&self, most: usize) -> Vec<Vec<usize>> {
        let pairs = (most / 2).max(1);
        self.filtered.rows().chunks(2 * pairs).map(<[usize]>::to_vec).collect()
    }

    /// Filters and resamples the next group of [`groups`](Gathering::groups); the recording holds its channels in that order
    /// and no others.
    ///
    /// # Errors
    /// As [`Preprocessor::run`], and when the channels are not the next ones or their rate or gaps are not the first group's.
    pub fn add(&mut self, group: Recording) -> Result<(), PreprocessError> {
        let rows: Vec<usize> = (0..group.channels().len()).collect();
        self.filtered.add(&group, &rows)
    }

    /// The epochs, once all groups are added.
    ///
    /// # Errors
    /// As [`Preprocessor::run`], and when a group was not added.
    pub fn finish(
        self,
        known_bad: &[ChannelName],
        events: Option<&[Annotation]>,
    ) -> Result<Preprocessed, PreprocessError> {
        self.preprocessor.finish(self.filtered, known_bad, events)
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
