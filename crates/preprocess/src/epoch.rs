//! Where epochs lie in the processed signal, and cutting them out.

use ndarray::{Array3, ArrayView2, ArrayViewMut2, Axis, Slice, s};
use twinprint_signal::{Annotation, Hertz, Seconds};

use crate::plan::{EpochPlan, nearest};

/// A stretch of processed samples without a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    /// The first sample's column.
    pub first: usize,
    /// Samples without a gap.
    pub len: usize,
    /// Seconds between the recording's start and the first sample.
    pub onset: f64,
}

/// One window to be cut.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// The first sample's column.
    pub first: usize,
    /// Seconds between the recording's start and the first sample.
    pub start: Seconds,
    /// The label of the event it is locked to.
    pub label: Option<String>,
    /// Whether every channel recorded one value throughout it.
    pub still: bool,
}

/// The windows of a plan, in time order within a stretch, and the events whose window does not fit.
pub(crate) fn windows(
    plan: &EpochPlan,
    stretches: &[Stretch],
    events: &[Annotation],
    rate: Hertz,
) -> (Vec<Window>, usize) {
    let (length, step) = plan.samples(rate);
    let mut found = Vec::new();
    let mut outside = 0;
    match plan {
        EpochPlan::Fixed { .. } => {
            for stretch in stretches {
                let mut offset = 0;
                while offset + length <= stretch.len {
                    found.push(window(stretch, offset, rate, None));
                    offset += step.max(1);
                }
            }
        }
        EpochPlan::Events { events: labels, tmin, .. } => {
            let mut locked: Vec<&Annotation> = events.iter().filter(|e| labels.contains(&e.label)).collect();
            locked.sort_by(|a, b| a.onset.get().total_cmp(&b.onset.get()));
            for event in locked {
                // The stretch it lies in, and the one before where rounding may put it.
                let begun = stretches
                    .partition_point(|stretch| stretch.onset <= event.onset.get() + 0.5 / rate.get());
                let fit = stretches[begun.saturating_sub(2)..begun].iter().find_map(|stretch| {
                    let moment = ((event.onset.get() - stretch.onset) * rate.get()).round();
                    let inside = moment >= 0.0 && moment < stretch.len as f64;
                    let offset = moment as i64 + nearest(rate, *tmin);
                    let fits = inside && offset >= 0 && offset as usize + length <= stretch.len;
                    fits.then(|| window(stretch, offset as usize, rate, Some(event.label.clone())))
                });
                match fit {
                    Some(fit) => found.push(fit),
                    None => outside += 1,
                }
            }
        }
    }
    (found, outside)
}

fn window(stretch: &Stretch, offset: usize, rate: Hertz, label: Option<String>) -> Window {
    let start = stretch.onset + offset as f64 / rate.get();
    Window {
        first: stretch.first + offset,
        start: Seconds::new(start).unwrap_or_default(),
        label,
        still: false,
    }
}

/// Copies windows out of `[channels, samples]` into `[epochs, channels, samples]`.
pub(crate) fn cut(signal: ArrayView2<f32>, windows: &[Window], length: usize) -> Array3<f32> {
    let mut epochs = Array3::zeros((windows.len(), signal.nrows(), length));
    for (mut epoch, window) in epochs.outer_iter_mut().zip(windows) {
        epoch.assign(&signal.slice(s![.., window.first..window.first + length]));
    }
    epochs
}

/// Leaves out the epochs that are not among `kept`, places in rising order, where they lie: without a second copy.
pub(crate) fn keep(epochs: &mut Array3<f32>, kept: &[usize]) {
    for (to, &from) in kept.iter().enumerate().filter(|(to, from)| to < *from) {
        let (mut place, epoch) = epochs.multi_slice_mut((s![to, .., ..], s![from, .., ..]));
        place.assign(&epoch);
    }
    epochs.slice_axis_inplace(Axis(0), Slice::from(..kept.len()));
}

/// Takes the mean between two times around the event from each channel of `[epochs, channels, samples]`.
pub(crate) fn subtract_baseline(epochs: &mut Array3<f32>, rate: Hertz, tmin: Seconds, span: [Seconds; 2]) {
    let length = epochs.len_of(Axis(2));
    let column =
        |time: Seconds| (nearest(rate, time) - nearest(rate, tmin)).clamp(0, length as i64 - 1) as usize;
    let (from, to) = (column(span[0]), column(span[1]));
    for epoch in epochs.outer_iter_mut() {
        center(epoch, from, to);
    }
}

fn center(mut epoch: ArrayViewMut2<f32>, from: usize, to: usize) {
    for mut row in epoch.outer_iter_mut() {
        let part = row.slice(s![from..=to]);
        let mean = part.iter().map(|&v| f64::from(v)).sum::<f64>() / part.len() as f64;
        row.mapv_inplace(|v| (f64::from(v) - mean) as f32);
    }
}
