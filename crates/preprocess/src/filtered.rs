//! The picked channels of one recording filtered and resampled, some channels at a time.

use std::sync::Mutex;

use ndarray::{Array2, s};
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording, RecordingError, Segment};

use crate::chain::{Chain, ChainWork, Design, Planners, planned};
use crate::channels::Selection;
use crate::epoch::Stretch;
use crate::error::{PreprocessError, list};
use crate::finite::check_finite;
use crate::length;
use crate::line_noise::Hum;
use crate::quality::Quality;
use crate::reject::Repeats;
use crate::validate::CheckedPlan;

/// What has been made of the rows added so far.
pub(crate) struct Filtered<'a> {
    plan: &'a CheckedPlan,
    planners: &'a Mutex<Planners>,
    rate: Hertz,
    selection: Selection,
    rows: Vec<usize>,
    /// Rows added.
    done: usize,
    work: ChainWork,
    /// What the first group tells of the whole recording.
    common: Option<Common>,
}

/// What all rows have in common, and what is kept of each.
struct Common {
    design: Design,
    segments: Vec<Segment>,
    annotations: Vec<Annotation>,
    stretches: Vec<Stretch>,
    quality: Quality,
    hum: Option<Hum>,
    /// `[rows, samples]` at the new rate.
    signal: Array2<f32>,
    /// One a row, at the recorded rate.
    repeats: Vec<Repeats>,
}

/// All rows of a selection.
pub(crate) struct Outcome {
    /// `[rows, samples]` at the new rate.
    pub signal: Array2<f32>,
    /// Where stretches without a gap lie in it.
    pub stretches: Vec<Stretch>,
    /// The recording's segments.
    pub segments: Vec<Segment>,
    /// One a row, at the recorded rate.
    pub repeats: Vec<Repeats>,
    /// The recording's own.
    pub annotations: Vec<Annotation>,
    /// Samples a second before resampling.
    pub recorded_rate: Hertz,
    /// The rows.
    pub selection: Selection,
    /// What was found and done.
    pub quality: Quality,
}

impl<'a> Filtered<'a> {
    /// Nothing added yet of a recording with these channels.
    pub fn new(
        plan: &'a CheckedPlan,
        planners: &'a Mutex<Planners>,
        rate: Hertz,
        channels: &[ChannelName],
    ) -> Result<Self, PreprocessError> {
        plan.fits(rate)?;
        let mut sorted: Vec<&ChannelName> = channels.iter().collect();
        sorted.sort();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RecordingError::Duplicate(pair[0].clone()).into());
        }
        let selection = Selection::new(channels, &plan.channels, &plan.reference)?;
        let rows = selection.rows.iter().map(|(row, _)| *row).collect();
        let work = ChainWork::default();
        Ok(Self { plan, planners, rate, selection, rows, done: 0, work, common: None })
    }

    /// The channels to add, in order, by their places among the recording's.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Adds `rows` of a recording, the next of the selection; an even number but at the end, so that pairs stay pairs.
    pub fn add(&mut self, recording: &Recording, rows: &[usize]) -> Result<(), PreprocessError> {
        let next = self.selection.rows.get(self.done..self.done + rows.len()).unwrap_or_default();
        let fits = next.len() == rows.len()
            && next.iter().zip(rows).all(|((_, name), &row)| recording.channels().get(row) == Some(name))
            && recording.rate() == self.rate
            && self.common.as_ref().is_none_or(|common| common.segments == recording.segments())
            && self.done.is_multiple_of(2);
        if !fits {
            return Err(PreprocessError::Group(format!(
                "channels {} at {} do not go on where those before ended: add each group of `groups`, in order, of one recording",
                list(recording.channels()),
                recording.rate()
            )));
        }
        check_finite(recording, rows)?;
        let common = match &mut self.common {
            Some(common) => common,
            None => {
                let begun = Common::new(self.plan, self.planners, recording, self.rows.len())?;
                self.common.insert(begun)
            }
        };
        if let Some(hum) = &mut common.hum {
            hum.add(recording.samples().view(), rows);
        }
        common.filter(recording, rows, self.done, self.planners, &mut self.work);
        common.repeats.extend(rows.iter().map(|&row| Repeats::of(recording.samples().row(row))));
        self.done += rows.len();
        Ok(())
    }

    /// What became of all rows.
    pub fn finish(self) -> Result<Outcome, PreprocessError> {
        let Some(common) = self.common.filter(|_| self.done == self.rows.len()) else {
            return Err(PreprocessError::Group(format!(
                "{} of {} channels were added: add every group of `groups`",
                self.done,
                self.rows.len()
            )));
        };
        let Common { design, segments, annotations, stretches, mut quality, hum, signal, repeats } = common;
        if let Some(hum) = hum {
            quality.spectrum_db = hum.spectrum();
            if let Some((ratio, line)) = hum.ratio() {
                quality.line_noise_ratio = Some(ratio);
                quality.line_frequency = Some(line);
            }
        }
        quality.operations = design.operations;
        let (recorded_rate, selection) = (self.rate, self.selection);
        Ok(Outcome { signal, stretches, segments, repeats, annotations, recorded_rate, selection, quality })
    }
}

impl Common {
    /// Decides which segments are long enough, and makes room for so many rows of them.
    fn new(
        plan: &CheckedPlan,
        planners: &Mutex<Planners>,
        recording: &Recording,
        rows: usize,
    ) -> Result<Self, PreprocessError> {
        let (rate, segments) = (recording.rate(), recording.segments());
        let (epoch, _) = plan.epochs.samples(plan.resample.as_ref().map_or(rate, |r| r.sfreq));
        let lens: Vec<usize> = segments.iter().map(|segment| segment.len).collect();
        let design = Design::new(plan, rate, lens.iter().copied().max().unwrap_or(0))?;
        length::check(&design, rate, &lens, epoch)?;
        let mut first = 0;
        let mut stretches = Vec::with_capacity(segments.len());
        for segment in segments.iter().filter(|segment| design.is_long_enough(segment.len)) {
            let len = design.output_len(segment.len);
            stretches.push(Stretch { first, len, onset: segment.onset.get() });
            first += len;
        }
        let quality = Quality {
            recorded_seconds: recording.duration(),
            segments_used: stretches.len(),
            segments_too_short: segments.len() - stretches.len(),
            ..Quality::default()
        };
        // The planners are held no longer than planning takes: other recordings wait for them.
        let plan_window = |length| planned(planners).single().plan_fft_forward(length);
        Ok(Self {
            hum: Hum::new(segments, rate, plan_window),
            design,
            segments: segments.to_vec(),
            annotations: recording.annotations().to_vec(),
            stretches,
            quality,
            signal: Array2::zeros((rows, first)),
            repeats: Vec::with_capacity(rows),
        })
    }

    /// Filters and resamples every segment that is long enough into the rows from `at` on.
    fn filter(
        &mut self,
        recording: &Recording,
        rows: &[usize],
        at: usize,
        planners: &Mutex<Planners>,
        work: &mut ChainWork,
    ) {
        let usable = self.segments.iter().filter(|segment| self.design.is_long_enough(segment.len));
        for (segment, stretch) in usable.zip(&self.stretches) {
            let chain = Chain::new(&self.design, segment.len, planners);
            let from = segment.first.0 as usize;
            let input = recording.samples().slice(s![.., from..from + segment.len]);
            let columns = stretch.first..stretch.first + stretch.len;
            let output = self.signal.slice_mut(s![at..at + rows.len(), columns]);
            chain.run_rows(input, rows, output, work);
        }
    }
}
