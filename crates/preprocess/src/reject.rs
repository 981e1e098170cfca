//! Which epochs are left out, and why.

use std::borrow::Cow;

use ndarray::{Array2, Array3, ArrayView1};
use twinprint_signal::{Annotation, Hertz, Seconds, Segment};

use crate::epoch::Window;
use crate::plan::Reject;
use crate::quality::Rejected;
use crate::statistics::median;

/// How far the median absolute deviation of a normal distribution is from its standard deviation.
const NORMAL: f64 = 1.4826;

/// Per epoch and channel, in the unit of the samples; both arrays are `[epochs, channels]`.
pub(crate) struct Spread {
    /// Maximum minus minimum.
    pub peak_to_peak: Array2<f64>,
    /// Standard deviation about the mean.
    pub deviation: Array2<f64>,
}

impl Spread {
    /// Measures `[epochs, channels, samples]`.
    pub fn of(epochs: &Array3<f32>) -> Self {
        let (count, channels, _) = epochs.dim();
        let mut peak_to_peak = Array2::zeros((count, channels));
        let mut deviation = Array2::zeros((count, channels));
        for (e, epoch) in epochs.outer_iter().enumerate() {
            for (c, row) in epoch.outer_iter().enumerate() {
                let row = row.to_slice().map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed);
                (peak_to_peak[[e, c]], deviation[[e, c]]) = spread(&row);
            }
        }
        Self { peak_to_peak, deviation }
    }
}

/// Maximum minus minimum, and standard deviation, of a row in memory order.
fn spread(row: &[f32]) -> (f64, f64) {
    // Measured from the first sample, so that an offset costs no digits; in lanes that the processor fills at once.
    let origin = row.first().copied().unwrap_or(0.0);
    let (eights, rest) = row.as_chunks::<8>();
    let (mut low, mut high) = ([origin; 8], [origin; 8]);
    let (mut sum, mut squares) = ([0.0_f64; 8], [0.0_f64; 8]);
    for part in eights.iter().map(<[f32; 8]>::as_slice).chain(std::iter::once(rest)) {
        for (lane, &value) in part.iter().enumerate() {
            low[lane] = if value < low[lane] { value } else { low[lane] };
            high[lane] = if value > high[lane] { value } else { high[lane] };
            let value = f64::from(value - origin);
            sum[lane] += value;
            squares[lane] += value * value;
        }
    }
    let len = row.len().max(1) as f64;
    let (low, high) = (low.into_iter().fold(origin, f32::min), high.into_iter().fold(origin, f32::max));
    let mean = sum.iter().sum::<f64>() / len;
    let variance = squares.iter().sum::<f64>() / len - mean * mean;
    (f64::from(high) - f64::from(low), variance.max(0.0).sqrt())
}

/// Whether each epoch is kept, and how many are left out for each reason.
pub(crate) fn judge(
    rules: &Reject,
    spread: &Spread,
    windows: &[Window],
    seconds: f64,
    annotations: &[Annotation],
) -> (Vec<bool>, Rejected) {
    let mut counts = Rejected::default();
    let mut keep = vec![true; windows.len()];
    let mut leave_out = |count: &mut usize, bad: &dyn Fn(usize) -> bool| {
        for (index, kept) in keep.iter_mut().enumerate() {
            if *kept && bad(index) {
                *kept = false;
                *count += 1;
            }
        }
    };
    if rules.by_annotation {
        let bad = BadSpans::of(annotations);
        leave_out(&mut counts.annotation, &|index| {
            let start = windows[index].start.get();
            bad.touch(start, start + seconds)
        });
    }
    if let Some(limit) = rules.peak_to_peak {
        leave_out(&mut counts.peak_to_peak, &|index| {
            spread.peak_to_peak.row(index).iter().any(|&v| v > limit.get())
        });
    }
    if let Some(limit) = rules.flat {
        leave_out(&mut counts.flat, &|index| spread.peak_to_peak.row(index).iter().any(|&v| v < limit.get()));
    }
    if rules.constant {
        let constant = |index| spread.peak_to_peak.row(index).iter().all(|&v| v == 0.0);
        leave_out(&mut counts.flat, &|index| windows[index].still || constant(index));
    }
    if let Some(limit) = rules.deviation {
        let scores = robust_scores(&spread.deviation);
        leave_out(&mut counts.deviation, &|index| scores.row(index).iter().any(|v| v.abs() > limit));
    }
    (keep, counts)
}

/// For how long no channel may change: a recorder that holds its last value, or pads its last record, has stopped.
const STILL_SECONDS: f64 = 0.1;
/// Fewest equal steps that are told from chance, whatever the rate.
const STILL_STEPS: usize = 8;

/// Which samples of a row are those before them once more, a bit a sample: all that is asked of a row as recorded once it
/// is filtered.
pub(crate) struct Repeats(Vec<u64>);

impl Repeats {
    /// Looks at a row in time order; its first sample repeats nothing.
    pub fn of(row: ArrayView1<f32>) -> Self {
        let mut bits = vec![0_u64; row.len().div_ceil(64)];
        for (before, (now, next)) in row.iter().zip(row.iter().skip(1)).enumerate() {
            let at = before + 1;
            bits[at / 64] |= u64::from(now == next) << (at % 64);
        }
        Self(bits)
    }

    fn at(&self, sample: usize) -> bool {
        self.0[sample / 64] >> (sample % 64) & 1 == 1
    }
}

/// Whether all of `rows` stand still together for [`STILL_SECONDS`] within `seconds` from `start` on, as recorded at `rate`
/// in `segments`: behind a filter the ends of such a stretch ring, and a reference moves still channels with the others.
pub(crate) fn stands_still(
    (segments, rate): (&[Segment], Hertz),
    rows: &[&Repeats],
    start: Seconds,
    seconds: f64,
) -> bool {
    let rate = rate.get();
    let begun = |segment: &Segment| segment.onset.get() <= start.get() + 0.5 / rate;
    let Some(segment) = segments[..segments.partition_point(begun)].last() else { return false };
    let offset = ((start.get() - segment.onset.get()) * rate).round().max(0.0) as usize;
    let end = (offset + (seconds * rate).round() as usize).min(segment.len);
    if offset >= end || rows.is_empty() {
        return false;
    }
    let first = segment.first.0 as usize;
    let enough = ((STILL_SECONDS * rate).round() as usize).max(STILL_STEPS).min(end - offset - 1);
    let mut steps = 0;
    for at in first + offset + 1..first + end {
        steps = if rows.iter().all(|row| row.at(at)) { steps + 1 } else { 0 };
        if steps >= enough {
            return true;
        }
    }
    enough == 0
}

/// The stretches that annotations call bad, in order of their starts; each window is looked up and not compared with all.
struct BadSpans {
    starts: Vec<f64>,
    /// The latest end of each stretch and those before it.
    ends: Vec<f64>,
}

impl BadSpans {
    fn of(annotations: &[Annotation]) -> Self {
        let mut spans: Vec<(f64, f64)> = annotations.iter().filter_map(bad_span).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let latest = |latest: &mut f64, (_, end): &(f64, f64)| {
            *latest = latest.max(*end);
            Some(*latest)
        };
        let ends = spans.iter().scan(f64::NEG_INFINITY, latest).collect();
        Self { starts: spans.iter().map(|(start, _)| *start).collect(), ends }
    }

    /// Whether one of them has a moment in common with a window.
    fn touch(&self, start: f64, end: f64) -> bool {
        let begun = self.starts.partition_point(|from| *from < end);
        self.ends[..begun].last().is_some_and(|to| *to > start)
    }
}

fn bad_span(annotation: &Annotation) -> Option<(f64, f64)> {
    let start = annotation.label.trim().get(..3)?;
    if !start.eq_ignore_ascii_case("bad") {
        return None;
    }
    let onset = annotation.onset.get();
    // One without a duration still marks its own moment.
    let end = onset + annotation.duration.map_or(0.0, |d| d.get()).max(f64::EPSILON * onset.abs().max(1.0));
    Some((onset, end))
}

/// Per channel, the log deviation's distance from its median over epochs in robust deviations; 0 where all are alike.
fn robust_scores(deviation: &Array2<f64>) -> Array2<f64> {
    let mut scores = deviation.mapv(|v| v.max(1e-9).ln());
    for mut column in scores.columns_mut() {
        let middle = median(&mut column.to_vec());
        let mut distances: Vec<f64> = column.iter().map(|v| (v - middle).abs()).collect();
        let spread = NORMAL * median(&mut distances);
        column.mapv_inplace(|v| if v == middle { 0.0 } else { (v - middle) / spread });
    }
    scores
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;
    use twinprint_signal::SampleIndex;

    use super::*;

    proptest! {
        /// Read off the definition, from the samples themselves.
        #[test]
        fn a_bit_a_sample_tells_still_stretches_as_the_samples_do(
            steps in prop::collection::vec((any::<bool>(), 1_usize..30), 1..12),
            cut in 0.0..1.0_f64,
            start in 0.0..4.0_f64,
            seconds in 0.01..3.0_f64,
        ) {
            let moves: Vec<bool> = steps.iter().flat_map(|&(moves, len)| vec![moves; len]).collect();
            let value = |(row, at): (usize, usize)| (0..=at).filter(|&i| moves[i] && i % 2 == row).count() as f32;
            let samples = Array2::from_shape_fn((2, moves.len()), value);
            let (rate, len) = (Hertz::new(100.0).unwrap(), moves.len());
            let at = (cut * len as f64) as usize;
            let segment = |first: usize, end: usize, onset| Segment {
                first: SampleIndex(first as u64),
                len: end - first,
                onset: Seconds::new(onset).unwrap_or_default(),
            };
            let segments = [segment(0, at, 0.0), segment(at, len, at as f64 / 100.0 + 0.7)];
            let begun = segments.iter().rfind(|s| s.onset.get() <= start + 0.005);
            let expected = begun.is_some_and(|segment| {
                let offset = ((start - segment.onset.get()) * 100.0).round().max(0.0) as usize;
                let end = (offset + (seconds * 100.0).round() as usize).min(segment.len);
                let first = segment.first.0 as usize;
                let window: Vec<usize> = (first + offset..first + end.max(offset)).collect();
                let enough = 10.min(window.len().saturating_sub(1));
                let still = |part: &[usize]| part[1..].iter().all(|&i| samples.column(i) == samples.column(i - 1));
                !window.is_empty() && window.windows(enough + 1).any(still)
            });
            let repeats: Vec<Repeats> = samples.outer_iter().map(Repeats::of).collect();
            let start = Seconds::new(start).unwrap_or_default();
            prop_assert_eq!(
                stands_still((&segments, rate), &repeats.iter().collect::<Vec<_>>(), start, seconds),
                expected
            );
        }
    }
}
